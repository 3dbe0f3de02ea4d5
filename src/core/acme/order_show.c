/* An order as its client sees it (RFC 8555 7.1.3). */
#include <stdlib.h>
#include <string.h>

#include "core/acme/orders.h"
#include "core/jsontext.h"

const char *acme_order_status(
	const struct acme_order *o, const struct acme_order_authz *z, size_t n, int64_t now)
{
	bool all = true;

	if (strcmp(o->status, "pending") != 0)
		return o->status;
	if (o->expires_at <= now)
		return "invalid";
	for (size_t i = 0; i < n; i++) {
		const char *is = acme_authz_status(z[i].status, z[i].expires_at, now);

		if (strcmp(is, "pending") != 0 && strcmp(is, "valid") != 0)
			return "invalid";
		all = all && strcmp(is, "valid") == 0;
	}
	return all && n > 0 ? "ready" : "pending";
}

/* --- why it is invalid --- */

static const char *text_of(json_t *problem, const char *member, const char *otherwise)
{
	const char *s = json_string_value(json_object_get(problem, member));

	return s != NULL ? s : otherwise;
}

/* One problem out of those of its authorizations, each of them a subproblem (6.7.1). */
static json_t *gather(const struct acme_authz *z, size_t n)
{
	json_t *subs = json_array(), *first, *whole;

	for (size_t i = 0; i < n; i++)
		if (z[i].error != NULL && *z[i].error != '\0' && strcmp(z[i].status, "invalid") == 0)
			json_array_append_new(subs, json_loads(z[i].error, 0, NULL));
	first = json_array_get(subs, 0);
	whole = json_pack("{s:s,s:s}", "type",
		text_of(first, "type", "urn:ietf:params:acme:error:unauthorized"), "detail",
		text_of(first, "detail", "an authorization of this order is not valid any more"));
	if (json_array_size(subs) > 0)
		json_object_set(whole, "subproblems", subs);
	json_decref(subs);
	return whole;
}

static enum acsr_result put_error(struct core *c, const struct acme_order *o, json_t *out, struct acsr_err *e)
{
	struct acme_authz *z;
	size_t n;

	if (*o->error != '\0') {
		json_object_set_new(out, "error", json_loads(o->error, 0, NULL));
		return ACSR_OK;
	}
	TRY(acme_authzs_of(c->db, o->id, &z, &n, e));
	if (o->expires_at <= c->now && strcmp(o->status, "pending") == 0)
		json_object_set_new(out, "error",
			json_pack("{s:s,s:s}", "type", "urn:ietf:params:acme:error:malformed", "detail",
				"the order was not finished before it expired"));
	else
		json_object_set_new(out, "error", gather(z, n));
	acme_authzs_free(z, n);
	return ACSR_OK;
}

/* --- the object --- */

static json_t *url(const char *base, const char *what, const char *id, const char *more)
{
	return json_sprintf("%s/%s/%s%s", base, what, id, more);
}

static enum acsr_result put_identifiers(json_t *out, const struct acme_order *o, struct acsr_err *e)
{
	CLEANUP_STRV struct strv names = { 0 };
	json_t *list = json_array();

	json_object_set_new(out, "identifiers", list);
	TRY(acme_names_split(o->identifiers, &names, e));
	for (size_t i = 0; i < names.n; i++) {
		json_array_append_new(list, acme_identifier_json(names.v[i]));
	}
	return ACSR_OK;
}

static void put_wishes(json_t *out, const struct acme_order *o)
{
	if (o->not_before != 0)
		json_object_set_new(out, "notBefore", json_time(o->not_before));
	if (o->not_after != 0)
		json_object_set_new(out, "notAfter", json_time(o->not_after));
	if (*o->replaces != '\0')
		json_object_set_new(out, "replaces", json_string(o->replaces));
	json_object_set_new(out, "profile", json_string(o->product_id));
}

static enum acsr_result fill(struct core *c, const struct acme_request *a, const struct acme_order *o,
	const struct acme_order_authz *z, size_t n, json_t *out, struct acsr_err *e)
{
	const char *status = acme_order_status(o, z, n, c->now);
	json_t *list = json_array();

	json_object_set_new(out, "status", json_string(status));
	json_object_set_new(out, "expires", json_time(o->expires_at));
	TRY(put_identifiers(out, o, e));
	put_wishes(out, o);
	json_object_set_new(out, "authorizations", list);
	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, url(a->base, "authz", z[i].id, ""));
	json_object_set_new(out, "finalize", url(a->base, "order", o->id, "/finalize"));
	if (strcmp(status, "valid") == 0)
		json_object_set_new(out, "certificate", url(a->base, "cert", o->serial, ""));
	if (strcmp(status, "processing") == 0)
		TRY(request_header(a->q, e, "Retry-After: 1"));
	return strcmp(status, "invalid") == 0 ? put_error(c, o, out, e) : ACSR_OK;
}

enum acsr_result acme_order_answer(
	struct core *c, struct acme_request *a, const char *id, unsigned status, struct acsr_err *e)
{
	CLEANUP_ACME_ORDER struct acme_order o = { 0 };
	struct acme_order_authz *z;
	json_t *out = json_object();
	enum acsr_result r;
	size_t n;

	if (acme_order_load_with(c->db, id, a->account.id, &o, &z, &n, e) != ACSR_OK) {
		json_decref(out);
		return ACSR_FAIL;
	}
	r = fill(c, a, &o, z, n, out, e);
	free(z);
	if (r == ACSR_OK)
		return request_answer(a->q, status, out);
	json_decref(out);
	return ACSR_FAIL;
}

enum acsr_result acme_order_show(struct core *c, struct acme_request *a, struct acsr_err *e)
{
	TRY(acme_want_empty(a, e));
	return acme_order_answer(c, a, a->param[0], 200, e);
}
