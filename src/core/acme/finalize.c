/*
 * Finalizing (RFC 8555 7.4): the CSR is judged, and the order becomes one of `orders` too, with the proofs that its
 * authorizations are, on its way to be signed. All in one transaction; the issuing that follows never signs twice.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autocsr/jwk.h"
#include "autocsr/name.h"
#include "base/rnd.h"
#include "core/acme/orders.h"
#include "core/acme/proof.h"
#include "core/acme/wait.h"
#include "core/order.h"
#include "store/jobs.h"

enum { ISSUE_LEASE = 150, CSR_TEXT = 90000 };

/* --- the CSR --- */

static enum acsr_result read_csr(json_t *payload, struct blob *der, struct acsr_err *e)
{
	const char *text = json_string_value(json_object_get(payload, "csr"));
	CLEANUP_BUF struct buf b = { 0 };

	buf_init(&b, CSR_TEXT);
	if (text == NULL)
		return err_rule(e, "acme.order.csr", NULL, "RFC 8555 7.4",
			"\"csr\" is missing: the request as DER in base64url");
	if (strlen(text) > CSR_TEXT || b64_decode(text, strlen(text), true, &b, NULL) != ACSR_OK ||
		b.len == 0)
		return err_rule(e, "acme.bad-csr", NULL, "RFC 8555 7.4",
			"\"csr\" is not base64url of DER: no PEM lines, no padding");
	return blob_set(der, b.p, b.len, e);
}

/* Whatever is wrong with it, the client is told badCSR (7.4, 6.7). */
static enum acsr_result bad_csr(struct acsr_err *e)
{
	if (err_is(e, "busy.") || err_is(e, "sys."))
		return ACSR_FAIL;
	snprintf(e->id, sizeof(e->id), "acme.bad-csr");
	return ACSR_FAIL;
}

static enum acsr_result add_csr_name(struct core *c, const char *name, struct strv *out, struct acsr_err *e)
{
	struct acsr_name n;

	TRY(acsr_name_check(name, strlen(name), acme_name_policy(c), &n, e));
	return strv_has(out, n.ascii) ? ACSR_OK : strv_add(out, n.ascii, e);
}

/* Every name that it asks for, in the subject too. */
static enum acsr_result names_of(
	struct core *c, const struct acsr_csr_view *v, struct strv *out, struct acsr_err *e)
{
	const char *cn = acsr_dn_get(&v->subject, "CN");

	for (size_t i = 0; i < v->sans.n; i++) {
		if (v->sans.v[i].type != ACSR_SAN_DNS && v->sans.v[i].type != ACSR_SAN_IP)
			return err_set(e, "acme.bad-csr",
				"the CSR asks for a name that is neither a DNS name nor an IP address: "
				"%.120s",
				v->sans.v[i].value);
		TRY(add_csr_name(c, v->sans.v[i].value, out, e));
	}
	return cn != NULL && *cn != '\0' ? add_csr_name(c, cn, out, e) : ACSR_OK;
}

static enum acsr_result check_names(
	struct core *c, const struct acsr_csr_view *v, const struct strv *names, struct acsr_err *e)
{
	CLEANUP_STRV struct strv asked = { 0 };

	TRY(names_of(c, v, &asked, e));
	for (size_t i = 0; i < asked.n; i++)
		if (!strv_has(names, asked.v[i]))
			return err_rule(e, "acme.bad-csr", NULL, "RFC 8555 7.4",
				"the CSR asks for %s, which the order does not", asked.v[i]);
	for (size_t i = 0; i < names->n; i++)
		if (!strv_has(&asked, names->v[i]))
			return err_rule(e, "acme.bad-csr", NULL, "RFC 8555 7.4",
				"the order is for %s too, which the CSR does not ask for", names->v[i]);
	return ACSR_OK;
}

static enum acsr_result check_key(struct core *c, const struct acsr_key *key, struct acsr_err *e)
{
	char thumbprint[44];
	bool known;

	/* A key that JWK has no name for is no account's. */
	if (acsr_jwk_thumbprint(key, thumbprint, NULL) != ACSR_OK)
		return ACSR_OK;
	TRY(acme_account_key_known(c->db, thumbprint, &known, e));
	if (known)
		return err_rule(e, "acme.bad-csr", NULL, "RFC 8555 11.1",
			"the CSR has an account's key; a certificate needs one of its own");
	return ACSR_OK;
}

static enum acsr_result judge(struct core *c, struct acme_request *a, const struct acme_order *o,
	struct blob der, struct intake_csr *csr, struct acsr_err *e)
{
	CLEANUP_STRV struct strv names = { 0 };
	struct product p;

	TRY(acme_names_split(o->identifiers, &names, e));
	/* It may have been withdrawn, or its issuer changed, since it was ordered. */
	if (acme_choose_product(c, a, o->product_id, &names, &p, e) != ACSR_OK) {
		blob_free(&der);
		return ACSR_FAIL;
	}
	if (intake_csr_der(c, der, &p, "", false, csr, e) != ACSR_OK)
		return bad_csr(e);
	if (check_names(c, csr->view, &names, e) != ACSR_OK)
		return bad_csr(e);
	return check_key(c, csr->view->key, e);
}

/* --- the order of the account --- */

static enum acsr_result insert_request(struct core *c, const struct acme_order *o, const char *request_id,
	const struct intake_csr *csr, struct acsr_err *e)
{
	struct csr_request r = { .made_at = c->now };

	snprintf(r.id, sizeof(r.id), "%s", request_id);
	snprintf(r.order_id, sizeof(r.order_id), "%s", o->id);
	snprintf(r.key_source, sizeof(r.key_source), "own-csr");
	snprintf(r.grade, sizeof(r.grade), "own-csr");
	snprintf(r.format, sizeof(r.format), "zip");
	snprintf(r.key_type, sizeof(r.key_type), "%s", csr->key_type);
	snprintf(r.spki_sha256, sizeof(r.spki_sha256), "%s", csr->spki_sha256);
	return csr_request_insert(c->db, &r, (struct bytes){ csr->der.p, csr->der.len }, NULL, e);
}

/* The proof that an authorization is, as the order keeps it. */
static enum acsr_result insert_validation(struct core *c, const struct acme_request *a,
	const struct acme_order *o, const struct acme_authz *z, struct acsr_err *e)
{
	char uri[700];
	struct validation v = { .wildcard = z->wildcard,
		.evidence = z->evidence, /* a loan */
		.account_uri = uri,
		.proved_at = z->proved_at,
		.caa_at = z->caa_at,
		.created_at = z->created_at,
		.valid_until = z->expires_at };

	acme_account_uri(c, a->dir.name, a->account.id, uri);
	rnd_id("val_", v.id, sizeof(v.id));
	snprintf(v.order_id, sizeof(v.order_id), "%s", o->id);
	snprintf(v.name, sizeof(v.name), "%s%.253s", z->wildcard ? "*." : "", z->name);
	snprintf(v.method, sizeof(v.method), "%s", acme_proof_method(z->type));
	snprintf(v.state, sizeof(v.state), "valid");
	return validation_insert(c->db, &v, e);
}

static enum acsr_result insert_order(struct core *c, const struct acme_request *a,
	const struct acme_order *ao, const char *request_id, struct acsr_err *e)
{
	struct order o = { .round = 1,
		.created_at = c->now,
		.names = ao->identifiers, /* a loan */
		.subject = (char *)(uintptr_t) "{}" };

	snprintf(o.id, sizeof(o.id), "%s", ao->id);
	snprintf(o.account_id, sizeof(o.account_id), "%s", a->account.account_id);
	snprintf(o.product_id, sizeof(o.product_id), "%s", ao->product_id);
	snprintf(o.state, sizeof(o.state), "issuing");
	snprintf(o.delivery, sizeof(o.delivery), "download");
	snprintf(o.method, sizeof(o.method), "acme");
	snprintf(o.request_id, sizeof(o.request_id), "%s", request_id);
	TRY(order_insert(c->db, &o, e));
	return core_audit(c, a->account.id, o.account_id, "order.created", o.id, e, "%s for %s, by ACME",
		o.product_id, o.names);
}

static enum acsr_result begin(struct core *c, struct acme_request *a, struct acme_order *o,
	const struct acme_authz *z, size_t n, const struct intake_csr *csr, struct acsr_err *e)
{
	char request_id[40];

	if (!a->account.finalized)
		TRY(acme_account_finalized(c->db, a->account.id, e));
	rnd_id("req_", request_id, sizeof(request_id));
	TRY(insert_order(c, a, o, request_id, e));
	TRY(insert_request(c, o, request_id, csr, e));
	for (size_t i = 0; i < n; i++)
		TRY(insert_validation(c, a, o, &z[i], e));
	snprintf(o->status, sizeof(o->status), "processing");
	TRY(acme_order_save(c->db, o, e));
	TRY(jobs_begin(c->db, "issue", o->id, c->now, ISSUE_LEASE, e));
	return issue_job(c, o->id, 0, e);
}

/* --- the request --- */

static enum acsr_result check_ready(
	struct core *c, const struct acme_order *o, const struct acme_authz *z, size_t n, struct acsr_err *e)
{
	if (o->expires_at <= c->now)
		return err_set(e, "acme.order-not-ready", "the order has expired; make a new one");
	if (strcmp(o->status, "pending") != 0)
		return err_rule(e, "acme.order-not-ready", NULL, "RFC 8555 7.4",
			"the order is %s; if an answer was lost, look at the order", o->status);
	for (size_t i = 0; i < n; i++) {
		const char *is = acme_authz_status(z[i].status, z[i].expires_at, c->now);

		if (strcmp(is, "valid") == 0 && z[i].proved_at <= c->now - acme_proof_life_of(c, &z[i]))
			return err_rule(e, "acme.order-not-ready", NULL, "BR 4.2.1",
				"control of %s%s was shown too long ago; make a new order",
				z[i].wildcard ? "*." : "", z[i].name);
		if (strcmp(is, "valid") != 0)
			return err_rule(e, "acme.order-not-ready", NULL, "RFC 8555 7.4",
				"the authorization of %s%s is %s", z[i].wildcard ? "*." : "", z[i].name, is);
	}
	return n > 0 ? ACSR_OK : err_set(e, "acme.order-not-ready", "the order has no authorizations");
}

static enum acsr_result judge_and_begin(struct core *c, struct acme_request *a, struct acme_order *o,
	struct acme_authz *z, size_t n, struct blob *der, struct acsr_err *e)
{
	struct intake_csr csr = { 0 };
	struct blob taken = *der;
	enum acsr_result r;

	TRY(check_ready(c, o, z, n, e));
	*der = (struct blob){ 0 };
	r = judge(c, a, o, taken, &csr, e);
	if (r == ACSR_OK)
		r = begin(c, a, o, z, n, &csr, e);
	intake_csr_clear(&csr);
	return r;
}

static enum acsr_result show_decided(
	struct core *c, struct acme_request *a, const char *id, struct acsr_err *e)
{
	return acme_order_answer(c, a, id, 200, e);
}

static enum acsr_result finalize(struct core *c, struct acme_request *a, struct blob *der, struct acsr_err *e)
{
	CLEANUP_ACME_ORDER struct acme_order o = { 0 };
	struct acme_authz *z;
	enum acsr_result r;
	bool held = false;
	size_t n;

	TRY(acme_order_load(c->db, a->param[0], a->account.id, &o, e));
	TRY(acme_authzs_of(c->db, o.id, &z, &n, e));
	r = judge_and_begin(c, a, &o, z, n, der, e);
	acme_authzs_free(z, n);
	TRY(r);
	TRY(request_header(a->q, e, "Location: %s/order/%s", a->base, o.id));
	if (strcmp(o.status, "processing") == 0)
		TRY(acme_wait(c, a, o.id, show_decided, &held, e));
	return held ? ACSR_OK : acme_order_answer(c, a, o.id, 200, e);
}

enum acsr_result acme_finalize(struct core *c, struct acme_request *a, struct acsr_err *e)
{
	struct blob der = { 0 };
	enum acsr_result r;

	TRY(acme_want_payload(a, e));
	TRY(read_csr(a->payload, &der, e));
	r = finalize(c, a, &der, e);
	blob_free(&der);
	return r;
}
