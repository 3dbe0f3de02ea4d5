/* The order at the other CA (RFC 8555 7.4): asked for once. When it is not known whether the CA got the request, recover.c
 * finds out. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autocsr/cert.h"
#include "core/jsontext.h"
#include "core/upstream/jobs.h"
#include "core/upstream/orders.h"
#include "store/certificate.h"
#include "store/jobs.h"

enum { TOO_MANY_PAUSE = 300 };

bool place_wanted(const struct errand *x)
{
	return strcmp(x->u.step, "ordering") == 0 && strcmp(x->o.state, "validating") == 0;
}

/* --- what is asked for --- */

static bool is_address(const char *name)
{
	uint8_t addr[16];

	return network_parse_address(name, addr);
}

static json_t *identifiers_of(const struct strv *names)
{
	json_t *list = json_array();

	for (size_t i = 0; i < names->n; i++)
		json_array_append_new(
			list, json_pack("{s:s,s:s}", "type", is_address(names->v[i]) ? "ip" : "dns", "value",
				      names->v[i]));
	return list;
}

/* RFC 9773 4.1: the issuer's key and the serial, of the certificate that this one takes the place of. */
enum acsr_result upstream_certid(
	struct core *c, const struct order *o, const char *issuer, char out[256], struct acsr_err *e)
{
	CLEANUP_BUF struct buf der = { 0 };
	struct acsr_cert_view *view = NULL;
	struct certificate cert;
	struct acsr_err none;
	uint8_t serial[22] = { 0 };
	char aki[B64_LEN(64)], number[B64_LEN(22)];
	size_t pad;

	out[0] = '\0';
	buf_init(&der, 65536);
	if (certificate_der(c->db, o->id, "", &cert, &der, &none) != ACSR_OK)
		return err_is(&none, "state.") ? ACSR_OK : (*e = none, ACSR_FAIL);
	if (strcmp(cert.issuer, issuer) != 0 || acsr_cert_parse(&view, der.p, der.len, NULL) != ACSR_OK)
		return ACSR_OK;
	pad = view->serial_len > 0 && (view->serial[0] & 0x80) != 0 ? 1 : 0; /* as DER has it */
	memcpy(serial + pad, view->serial, view->serial_len < 21 ? view->serial_len : 21);
	b64_encode(view->aki, view->aki_len, true, aki);
	b64_encode(serial, view->serial_len + pad, true, number);
	if (view->aki_len > 0)
		snprintf(out, 256, "%s.%s", aki, number);
	acsr_cert_view_free(view);
	return ACSR_OK;
}

static enum acsr_result body_of(struct core *c, struct errand *x, char **out, struct acsr_err *e)
{
	CLEANUP_STRV struct strv names = { 0 };
	char url[UPSTREAM_URL];
	json_t *body;

	TRY(order_names_list(&x->o, &names, e));
	upstream_directory_url(&x->i, "renewalInfo", url);
	x->u.replaces[0] = '\0';
	if (*url != '\0' && !json_is_true(json_object_get(x->detail, "replaces_nothing")))
		TRY(upstream_certid(c, &x->o, x->i.name, x->u.replaces, e));
	body = json_pack("{s:o}", "identifiers", identifiers_of(&names));
	if (x->i.profile[0] != '\0')
		json_object_set_new(body, "profile", json_string(x->i.profile));
	if (x->u.replaces[0] != '\0')
		json_object_set_new(body, "replaces", json_string(x->u.replaces));
	return json_text(body, out, e);
}

/* --- the CA's order --- */

/* Has it our names, all of them and no other? */
static bool names_fit(json_t *order, const struct strv *names)
{
	json_t *list = json_object_get(order, "identifiers"), *one;
	size_t i;

	if (json_array_size(list) != names->n)
		return false;
	json_array_foreach(list, i, one)
	{
		const char *value = json_string_value(json_object_get(one, "value"));
		char name[256];

		if (value == NULL || strlen(value) > 255)
			return false;
		snprintf(name, sizeof(name), "%s", value);
		str_lower(name);
		if (!strv_has(names, name))
			return false;
	}
	return true;
}

static enum acsr_result read_authorizations(struct errand *x, json_t *order, size_t names, struct acsr_err *e)
{
	json_t *list = json_object_get(order, "authorizations"), *one;
	size_t i;

	if (json_array_size(list) == 0)
		return err_set(
			e, "upstream.answer", "%.60s: its order has no list of authorizations", x->i.title);
	if (json_array_size(list) > names)
		return err_set(e, "upstream.answer", "%.60s: its order has more authorizations than names",
			x->i.title);
	json_array_foreach(list, i, one)
	{
		if (json_string_value(one) == NULL || !upstream_url_ok(&x->i, json_string_value(one)))
			return err_set(e, "upstream.answer",
				"%.60s: an authorization's URL is none of its own servers", x->i.title);
	}
	json_object_set(x->detail, "authorizations", list);
	return ACSR_OK;
}

/* An order there is of one order here. */
enum acsr_result place_take(
	struct core *c, struct errand *x, const char *url, json_t *order, struct acsr_err *e)
{
	const char *finalize = json_string_value(json_object_get(order, "finalize"));
	const char *status = json_string_value(json_object_get(order, "status"));
	CLEANUP_STRV struct strv names = { 0 };
	bool known;

	TRY(order_names_list(&x->o, &names, e));
	if (*url == '\0' || finalize == NULL || !upstream_url_ok(&x->i, finalize) ||
		!names_fit(order, &names))
		return err_set(e, "upstream.answer", "%.60s gave an order that is not what was asked for",
			x->i.title);
	TRY(read_authorizations(x, order, names.n, e));
	TRY(upstream_order_known(c->db, x->i.name, url, &known, e));
	if (known)
		return err_set(e, "upstream.taken",
			"%.60s gave an order that another order of this service has already", x->i.title);
	json_object_set_new(x->detail, "ready", json_boolean(status != NULL && strcmp(status, "ready") == 0));
	TRY(str_set(&x->u.url, url, e));
	TRY(str_set(&x->u.finalize_url, finalize, e));
	x->u.expires_at = errand_time(json_object_get(order, "expires"));
	TRY(errand_step(c, x, "authorize", e));
	return core_audit(
		c, "system", x->o.account_id, "order.placed-upstream", x->o.id, e, "%s: %s", x->i.name, url);
}

/* --- newOrder --- */

/* Refusals that no waiting mends: the names, or what the product asks for. "malformed" is none while nobody knows which key
 * the account has: it may be the signature. */
static bool is_final(const struct errand *x, const struct upstream_reply *r)
{
	static const char *const types[] = { "rejectedIdentifier", "unsupportedIdentifier", "malformed",
		"invalidProfile", "invalidContact", "badCSR", "badPublicKey" };

	if (x->i.next_key[0] != '\0' && strcmp(r->problem, "malformed") == 0)
		return false;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(types[i], r->problem) == 0)
			return true;
	return false;
}

static enum acsr_result not_ordered(struct core *c, struct errand *x, const struct upstream_reply *r,
	const struct acsr_err *why, struct acsr_err *e)
{
	bool sure = err_is(why, "net.connect") || err_is(why, "net.resolve") || err_is(why, "net.tls") ||
		    err_is(why, "net.address") || err_is(why, "upstream.limit") ||
		    err_is(why, "upstream.refused.");

	/* Only what surely did not reach the CA is sent again without looking. */
	TRY(errand_step(c, x, sure ? "order" : "ordering", e));
	if (x->u.replaces[0] != '\0' && (strcmp(r->problem, "alreadyReplaced") == 0 || r->status == 409)) {
		json_object_set_new(x->detail, "replaces_nothing", json_true());
		TRY(errand_save(c, x, e));
		return jobs_again(c->db, "upstream", x->o.id, c->now, why->text, e);
	}
	if (is_final(x, r)) {
		TRY(errand_step(c, x, "failed", e));
		TRY(jobs_done(c->db, "upstream", x->o.id, e));
		return order_fail(c, &x->o, why->text, e);
	}
	return errand_trouble(c, x, "upstream", x->o.id, why, r->retry_at, e);
}

static enum acsr_result on_ordered(struct core *c, struct upstream_then *t, const struct upstream_reply *r,
	const struct acsr_err *why, struct acsr_err *e)
{
	CLEANUP_ERRAND struct errand x = { 0 };
	struct acsr_err no;
	bool have;

	TRY(errand_load(c, t->object, &x, &have, e));
	if (!have || !place_wanted(&x))
		return ACSR_OK;
	if (why != NULL)
		return not_ordered(c, &x, r, why, e);
	if (place_take(c, &x, r->location, r->json, &no) != ACSR_OK)
		return err_is(&no, "upstream.taken")
			       ? authorize_taken(c, &x,
					 json_string_value(json_array_get(
						 json_object_get(x.detail, "authorizations"), 0)),
					 &no, e)
			       : errand_trouble(c, &x, "upstream", x.o.id, &no, 0, e);
	return authorize_next(c, &x, e);
}

enum acsr_result place_order(struct core *c, struct errand *x, struct acsr_err *e)
{
	struct upstream_ask a = { .url = "newOrder" };
	CLEANUP_STR char *payload = NULL;

	TRY(body_of(c, x, &payload, e));
	x->u.started_at = c->now;
	TRY(errand_step(c, x, "ordering", e));
	a.payload = payload;
	return errand_ask(c, x, &a, "upstream", x->o.id, on_ordered, e);
}

static enum acsr_result may_order(struct core *c, struct errand *x, bool *may, struct acsr_err *e)
{
	int64_t n;

	*may = true;
	if (x->i.orders_per_hour == 0)
		return ACSR_OK;
	TRY(upstream_order_count(c->db, x->i.name, c->now - 3600, &n, e));
	*may = n < x->i.orders_per_hour;
	if (*may)
		return ACSR_OK;
	TRY(jobs_again(c->db, "upstream", x->o.id, c->now + TOO_MANY_PAUSE, "pace", e));
	return order_wait(c, &x->o, c->now + TOO_MANY_PAUSE, e,
		"%s got %lld orders of ours within an hour, as many as this service sends it; the next goes "
		"when there is room",
		x->i.title, (long long)n);
}

/* --- the job --- */

static enum acsr_result run(struct core *c, struct errand *x, struct acsr_err *e)
{
	bool may, held;

	TRY(errand_held(c, x, "upstream", x->o.id, &held, e));
	if (held)
		return ACSR_OK;
	if (strcmp(x->u.step, "failed") == 0)
		TRY(errand_begin_again(c, x, e));
	if (strcmp(x->u.step, "order") == 0) {
		TRY(may_order(c, x, &may, e));
		return may ? place_order(c, x, e) : ACSR_OK;
	}
	if (strcmp(x->u.step, "ordering") == 0)
		return recover_order(c, x, e);
	if (strcmp(x->u.step, "authorize") == 0)
		return authorize_next(c, x, e);
	TRY(jobs_done(c->db, "upstream", x->o.id, e));
	return strcmp(x->u.step, "prove") == 0 ? order_check_names(c, &x->o, false, e) : ACSR_OK;
}

enum acsr_result upstream_job(struct core *c, const char *order_id, int64_t attempts, struct acsr_err *e)
{
	CLEANUP_ERRAND struct errand x = { 0 };
	bool have;

	(void)attempts;
	TRY(errand_load(c, order_id, &x, &have, e));
	if (!have || strcmp(x.o.state, "validating") != 0)
		return jobs_done(c->db, "upstream", order_id, e);
	return run(c, &x, e);
}

enum acsr_result upstream_begin(struct core *c, struct order *o, struct acsr_err *e)
{
	struct upstream_order u = { .round = o->round, .started_at = c->now };

	snprintf(u.order_id, sizeof(u.order_id), "%s", o->id);
	snprintf(u.issuer, sizeof(u.issuer), "%s", o->issuer);
	snprintf(u.step, sizeof(u.step), "order");
	TRY(upstream_order_save(c->db, &u, e));
	return core_want_job(c, "upstream", o->id, c->now, e);
}
