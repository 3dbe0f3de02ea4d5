/*
 * From proven names to a certificate (RFC 8555 7.4). The order is always looked at before anything is sent, so a CSR that
 * was sent before a crash is not sent twice. What comes back is judged by accept.c before it is stored.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/jsontext.h"
#include "core/upstream/accept.h"
#include "core/upstream/jobs.h"
#include "core/upstream/orders.h"
#include "store/jobs.h"

enum { POLL_FIRST = 1, POLL_MOST = 60, SETTLING = 6 /* looks */ };

/* Only an order that is still issuing, at this CA. */
static enum acsr_result load_issuing(
	struct core *c, const char *order_id, struct errand *x, bool *wanted, struct acsr_err *e)
{
	TRY(errand_load(c, order_id, x, wanted, e));
	*wanted = *wanted && strcmp(x->o.state, "issuing") == 0;
	return ACSR_OK;
}

static enum acsr_result trouble(struct core *c, struct errand *x, const struct acsr_err *why,
	const struct upstream_reply *r, struct acsr_err *e)
{
	if (err_is(why, "upstream.absent"))
		return errand_again(c, x, why, e);
	return errand_trouble(c, x, "issue", x->o.id, why, r->retry_at, e);
}

/* --- the certificate --- */

static enum acsr_result download(struct core *c, struct errand *x, struct acsr_err *e);

/* Does this chain end below the root that the issuer's settings prefer? */
static bool is_preferred(const struct errand *x, const struct acsr_blob *certs, size_t n)
{
	struct acsr_cert_view *v = NULL;
	const char *root;
	bool yes = false;

	if (x->i.preferred_chain[0] == '\0')
		return true;
	for (size_t k = 0; k < n && !yes; k++) {
		if (acsr_cert_parse(&v, certs[k].p, certs[k].len, NULL) != ACSR_OK)
			continue;
		root = acsr_dn_get(&v->issuer, "CN");
		yes = k > 0 && root != NULL && strcmp(root, x->i.preferred_chain) == 0;
		acsr_cert_view_free(v);
	}
	return yes;
}

static enum acsr_result store(struct core *c, struct errand *x, const struct acsr_blob *certs, size_t n,
	struct acsr_err *why, struct acsr_err *e)
{
	CLEANUP_ACCEPTED struct accepted a = { 0 };
	struct accept_from from;
	struct product p;
	char serial[43], url[UPSTREAM_URL];

	TRY(products_load(c->db, x->o.product_id, &p, e));
	from = accept_of(&x->i, &p);
	if (accept_check(c, &x->o, &from, certs, n, &a, why) != ACSR_OK)
		return ACSR_OK; /* why says it */
	TRY(errand_step(c, x, "done", e));
	TRY(accept_store(c, &x->o, &from, &a, "system", serial, e));
	upstream_directory_url(&x->i, "renewalInfo", url);
	return *url != '\0' ? core_want_job(c, "upstream-ari", x->o.id, c->now, e) : ACSR_OK;
}

/* The default chain is fetched first, then each alternate, until one is the preferred one; else the default again. */
static enum acsr_result next_chain(
	struct core *c, struct errand *x, const struct upstream_reply *r, struct acsr_err *e)
{
	json_t *list = json_object_get(x->detail, "chains");

	if (list == NULL) {
		list = json_array();
		json_object_set_new(x->detail, "chains", list);
		for (size_t k = 0; k < r->alternates.n; k++)
			json_array_append_new(list, json_string(r->alternates.v[k]));
	} else if (json_array_size(list) > 0) {
		json_array_remove(list, 0);
	}
	if (json_array_size(list) == 0)
		json_object_set_new(x->detail, "any_chain", json_true());
	TRY(errand_save(c, x, e));
	return download(c, x, e);
}

/* The certificate exists: what cannot be had is asked for again, never ordered anew, and another chain may do as well. */
static enum acsr_result not_had(struct core *c, struct errand *x, const struct acsr_err *why,
	const struct upstream_reply *r, struct acsr_err *e)
{
	if (json_array_size(json_object_get(x->detail, "chains")) > 0)
		return next_chain(c, x, r, e);
	return errand_trouble(c, x, "issue", x->o.id, why, r->retry_at, e);
}

static enum acsr_result judge(struct core *c, struct errand *x, const struct acsr_blob *certs, size_t n,
	const struct upstream_reply *r, struct acsr_err *e)
{
	struct acsr_err why = { 0 }, told;

	TRY(store(c, x, certs, n, &why, e));
	if (why.id[0] == '\0')
		return ACSR_OK;
	(void)err_set(&told, "upstream.certificate", "%.50s sent a certificate that is not accepted: %.280s",
		x->i.title, why.text);
	return not_had(c, x, &told, r, e);
}

static enum acsr_result on_certificate(struct core *c, struct upstream_then *t,
	const struct upstream_reply *r, const struct acsr_err *why, struct acsr_err *e)
{
	CLEANUP_ERRAND struct errand x = { 0 };
	struct acsr_blob *certs = NULL;
	struct acsr_err no, told;
	enum acsr_result result;
	bool wanted;
	size_t n = 0;

	TRY(load_issuing(c, t->object, &x, &wanted, e));
	if (!wanted)
		return ACSR_OK;
	if (why != NULL)
		return not_had(c, &x, why, r, e);
	if (acsr_input_certs(r->body.p, r->body.len, &certs, &n, &no) != ACSR_OK) {
		(void)err_set(&told, "upstream.certificate",
			"%.50s sent something that is no certificate: %.280s", x.i.title, no.text);
		return not_had(c, &x, &told, r, e);
	}
	if (is_preferred(&x, certs, n) || json_is_true(json_object_get(x.detail, "any_chain")))
		result = judge(c, &x, certs, n, r, e);
	else
		result = next_chain(c, &x, r, e);
	acsr_certs_free(certs, n);
	return result;
}

static enum acsr_result download(struct core *c, struct errand *x, struct acsr_err *e)
{
	const char *alternate = json_string_value(json_array_get(json_object_get(x->detail, "chains"), 0));
	struct upstream_ask a = { .url = alternate != NULL ? alternate : x->u.certificate_url,
		.payload = "",
		.accept = "application/pem-certificate-chain" };

	return errand_ask(c, x, &a, "issue", x->o.id, on_certificate, e);
}

/* --- the order --- */

static enum acsr_result send_csr(struct core *c, struct errand *x, struct acsr_err *e);

static enum acsr_result is_valid(
	struct core *c, struct errand *x, const struct upstream_reply *r, struct acsr_err *e)
{
	const char *url = json_string_value(json_object_get(r->json, "certificate"));
	struct acsr_err why;

	if (url == NULL || !upstream_url_ok(&x->i, url)) {
		(void)err_set(&why, "upstream.answer",
			"%.60s says that the certificate is ready, but not where", x->i.title);
		return errand_trouble(c, x, "issue", x->o.id, &why, r->retry_at, e);
	}
	TRY(str_set(&x->u.certificate_url, url, e));
	TRY(errand_well(c, x, NULL, e));
	TRY(errand_step(c, x, "download", e));
	return download(c, x, e);
}

static enum acsr_result poll_again(
	struct core *c, struct errand *x, const struct upstream_reply *r, struct acsr_err *e)
{
	int64_t sent_at = json_integer_value(json_object_get(x->detail, "sent_at")), attempts, at;
	struct acsr_err why;

	if (sent_at != 0 && c->now - sent_at > conf_span(&c->proc->conf, "validation.give_up")) {
		(void)err_set(
			&why, "upstream.answer", "%.60s has not come to an end with the order", x->i.title);
		return errand_give_up(c, x, "issue", x->o.id, &why, e);
	}
	TRY(errand_well(c, x, NULL, e));
	TRY(jobs_attempts(c->db, "issue", x->o.id, &attempts, e));
	at = r->retry_at > c->now ? r->retry_at : c->now + jobs_pause(POLL_FIRST, POLL_MOST, attempts);
	TRY(jobs_again(c->db, "issue", x->o.id, at, "", e));
	return order_wait(c, &x->o, at, e, "%s is issuing the certificate", x->i.title);
}

static enum acsr_result on_status(
	struct core *c, struct errand *x, const struct upstream_reply *r, bool may_send, struct acsr_err *e)
{
	const char *status = json_string_value(json_object_get(r->json, "status"));
	struct acsr_err why;
	int64_t attempts;

	if (status == NULL) {
		(void)err_set(&why, "upstream.answer", "%.60s answers with no order", x->i.title);
		return errand_trouble(c, x, "issue", x->o.id, &why, r->retry_at, e);
	}
	if (strcmp(status, "valid") == 0)
		return is_valid(c, x, r, e);
	if (strcmp(status, "ready") == 0 && may_send)
		return send_csr(c, x, e);
	if (strcmp(status, "processing") == 0 || strcmp(status, "ready") == 0)
		return poll_again(c, x, r, e);
	offer_why(&x->i, json_object_get(r->json, "error"), "", &why);
	if (strcmp(status, "pending") == 0) {
		/* Its parts may not know of each other yet. */
		TRY(jobs_attempts(c->db, "issue", x->o.id, &attempts, e));
		if (attempts < SETTLING)
			return poll_again(c, x, r, e);
		(void)err_set(&why, "upstream.refused.orderNotReady", "%.60s wants control shown again",
			x->i.title);
	}
	return errand_again(c, x, &why, e);
}

/* The CSR that no other answer will be given to. */
static bool is_final(const struct upstream_reply *r)
{
	return strcmp(r->problem, "badCSR") == 0 || strcmp(r->problem, "badPublicKey") == 0 ||
	       strcmp(r->problem, "rejectedIdentifier") == 0;
}

/* The CSR did not reach the CA, or it said no to it. */
static bool surely_not_taken(const struct acsr_err *why)
{
	return err_is(why, "net.connect") || err_is(why, "net.resolve") || err_is(why, "net.tls") ||
	       err_is(why, "net.address") || err_is(why, "upstream.limit") ||
	       err_is(why, "upstream.refused.");
}

static enum acsr_result on_sent(struct core *c, struct upstream_then *t, const struct upstream_reply *r,
	const struct acsr_err *why, struct acsr_err *e)
{
	CLEANUP_ERRAND struct errand x = { 0 };
	bool wanted;

	TRY(load_issuing(c, t->object, &x, &wanted, e));
	if (!wanted)
		return ACSR_OK;
	if (why != NULL && surely_not_taken(why))
		(void)json_object_del(x.detail, "sent_at");
	if (why != NULL && is_final(r)) {
		TRY(errand_step(c, &x, "failed", e));
		TRY(jobs_done(c->db, "issue", x.o.id, e));
		return order_fail(c, &x.o, why->text, e);
	}
	if (why != NULL) {
		TRY(errand_save(c, &x, e));
		return trouble(c, &x, why, r, e);
	}
	return on_status(c, &x, r, false, e);
}

static enum acsr_result send_csr(struct core *c, struct errand *x, struct acsr_err *e)
{
	struct upstream_ask a = { .url = x->u.finalize_url };
	CLEANUP_STR char *text = NULL, *payload = NULL;
	CLEANUP_BUF struct buf csr = { 0 };

	buf_init(&csr, 65536);
	TRY(csr_request_csr(c->db, x->o.request_id, &csr, e));
	text = malloc(B64_LEN(csr.len));
	if (text == NULL)
		return err_nomem(e);
	b64_encode(csr.p, csr.len, true, text);
	TRY(json_text(json_pack("{s:s}", "csr", text), &payload, e));
	if (json_object_get(x->detail, "sent_at") == NULL)
		json_object_set_new(x->detail, "sent_at", json_integer(c->now));
	TRY(errand_step(c, x, "finalize", e));
	a.payload = payload;
	return errand_ask(c, x, &a, "issue", x->o.id, on_sent, e);
}

static enum acsr_result on_order(struct core *c, struct upstream_then *t, const struct upstream_reply *r,
	const struct acsr_err *why, struct acsr_err *e)
{
	CLEANUP_ERRAND struct errand x = { 0 };
	bool wanted;

	TRY(load_issuing(c, t->object, &x, &wanted, e));
	if (!wanted)
		return ACSR_OK;
	if (why != NULL)
		return trouble(c, &x, why, r, e);
	return on_status(c, &x, r, true, e);
}

enum acsr_result upstream_issue(struct core *c, const struct order *o, struct acsr_err *e)
{
	CLEANUP_ERRAND struct errand x = { 0 };
	struct upstream_ask a = { .payload = "" };
	bool wanted, held;

	TRY(load_issuing(c, o->id, &x, &wanted, e));
	if (!wanted)
		return jobs_done(c->db, "issue", o->id, e);
	TRY(errand_held(c, &x, "issue", o->id, &held, e));
	if (held)
		return ACSR_OK;
	if (strcmp(x.u.step, "download") == 0)
		return download(c, &x, e);
	a.url = x.u.url;
	return errand_ask(c, &x, &a, "issue", x.o.id, on_order, e);
}
