/* New orders (RFC 8555 7.4; RFC 9773 5; draft-ietf-acme-profiles): what is asked for, judged as a whole. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autocsr/rules.h"
#include "base/clock.h"
#include "base/rnd.h"
#include "core/acme/orders.h"
#include "core/acme/terms.h"

enum { HOUR = 3600, DAY = 86400, FUTURE = 2 * DAY }; /* BR 7.1.2.7: notBefore within 48 hours of signing */

/* --- the times that were asked for --- */

static enum acsr_result read_time(json_t *payload, const char *name, int64_t *out, struct acsr_err *e)
{
	json_t *v = json_object_get(payload, name);

	*out = 0;
	if (v == NULL || json_is_null(v))
		return ACSR_OK;
	if (!json_is_string(v) || clock_parse_rfc3339(json_string_value(v), out, e) != ACSR_OK || *out <= 0)
		return err_rule(e, "acme.order.times", NULL, "RFC 8555 7.1.3",
			"%s is not a time such as 2026-11-23T08:15:00Z", name);
	return ACSR_OK;
}

static enum acsr_result check_begin(struct core *c, int64_t not_before, struct acsr_err *e)
{
	char text[21];

	if (not_before == 0 || (not_before >= c->now - HOUR && not_before <= c->now + FUTURE))
		return ACSR_OK;
	clock_rfc3339(not_before, text);
	return err_set(e, "acme.order.times",
		"notBefore %s is out of reach: it may be an hour ago to two days ahead; leave it out for now",
		text);
}

static enum acsr_result check_times(
	struct core *c, const struct product *p, int64_t not_before, int64_t not_after, struct acsr_err *e)
{
	int64_t most = acsr_rule_value("cert.validity.max", c->now, 200 * DAY);
	int64_t from = not_before != 0 ? not_before : c->now;
	char text[21];

	if (p->validity != 0 && p->validity < most)
		most = p->validity;
	TRY(check_begin(c, not_before, e));
	if (not_after == 0)
		return ACSR_OK;
	clock_rfc3339(not_after, text);
	if (not_after <= from)
		return err_set(e, "acme.order.times", "notAfter %s is not after %s", text,
			not_before != 0 ? "notBefore" : "now");
	if (not_after - from + 1 > most)
		return err_set(e, "acme.order.times",
			"notAfter %s is too far ahead: a certificate of the profile %s lasts at most %lld "
			"days and %lld hours",
			text, p->id, (long long)(most / DAY), (long long)(most % DAY / HOUR));
	return ACSR_OK;
}

/* --- what it replaces (RFC 9773 5) --- */

static enum acsr_result shares_name(
	const char *identifiers, const struct strv *names, bool *shares, struct acsr_err *e)
{
	CLEANUP_STRV struct strv before = { 0 };

	*shares = false;
	TRY(acme_names_split(identifiers, &before, e));
	for (size_t i = 0; i < before.n && !*shares; i++)
		*shares = strv_has(names, before.v[i]);
	return ACSR_OK;
}

static enum acsr_result not_yours(struct acsr_err *e)
{
	return err_rule(e, "acme.order.replaces", NULL, "RFC 9773 5",
		"\"replaces\" names no certificate that this account got here");
}

static enum acsr_result check_replaces(struct core *c, const struct acme_request *a, const char *id,
	const struct strv *names, struct acsr_err *e)
{
	CLEANUP_ACME_ORDER struct acme_order before = { 0 };
	struct certificate cert;
	bool have, shares, replaced;

	TRY(acme_certificate_of_id(c, id, &cert, &have, e));
	if (!have)
		return not_yours(e);
	TRY(acme_order_by_serial(c->db, cert.serial, &before, &have, e));
	if (!have || strcmp(before.acme_account_id, a->account.id) != 0)
		return not_yours(e);
	TRY(shares_name(before.identifiers, names, &shares, e));
	if (!shares)
		return err_rule(e, "acme.order.replaces", NULL, "RFC 9773 5",
			"the certificate that \"replaces\" names shares no identifier with this order");
	TRY(acme_order_replaced(c->db, id, c->now, &replaced, e));
	if (replaced)
		return err_rule(e, "acme.replaced", NULL, "RFC 9773 5",
			"another order replaces that certificate already");
	return ACSR_OK;
}

/* --- reading --- */

struct wish {
	struct strv names;
	struct product product;
	const char *profile, *replaces; /* loans, or NULL */
	int64_t not_before, not_after;
};

static enum acsr_result read_text(
	json_t *payload, const char *name, size_t most, const char **out, struct acsr_err *e)
{
	json_t *v = json_object_get(payload, name);

	*out = NULL;
	if (v == NULL || json_is_null(v))
		return ACSR_OK;
	if (!json_is_string(v) || json_string_length(v) > most)
		return err_set(
			e, "acme.order.field", "\"%s\" is not a string of at most %zu bytes", name, most);
	*out = json_string_value(v);
	return ACSR_OK;
}

static enum acsr_result read_wish(struct core *c, struct acme_request *a, struct wish *w, struct acsr_err *e)
{
	json_t *p = a->payload;

	TRY(acme_want_payload(a, e));
	TRY(acme_terms_check(a, e));
	TRY(acme_identifiers_read(c, a, json_object_get(p, "identifiers"), &w->names, e));
	TRY(read_text(p, "profile", 63, &w->profile, e));
	TRY(read_text(p, "replaces", 90, &w->replaces, e));
	TRY(read_time(p, "notBefore", &w->not_before, e));
	TRY(read_time(p, "notAfter", &w->not_after, e));
	TRY(acme_choose_product(c, a, w->profile, &w->names, &w->product, e));
	TRY(check_times(c, &w->product, w->not_before, w->not_after, e));
	if (w->replaces != NULL)
		TRY(check_replaces(c, a, w->replaces, &w->names, e));
	return acme_limit_orders(c, a, &w->names, e);
}

/* --- storing --- */

struct authz_id {
	char id[40];
};

/* What each name needs; the order ends when the first of them does. */
static enum acsr_result find_authzs(struct core *c, struct acme_request *a, const struct strv *names,
	struct authz_id *ids, int64_t *expires_at, struct acsr_err *e)
{
	bool reuse = conf_span(&c->proc->conf, "acme.authorization_reuse") > 0;
	struct acsr_err first = { 0 }, why;
	size_t refused = 0;

	for (size_t i = 0; i < names->n; i++) {
		int64_t until = 0;

		if (acme_authz_for(c, a, names->v[i], reuse, ids[i].id, &until, &why) != ACSR_OK) {
			if (!err_is(&why, "acme.identifier.")) {
				*e = why;
				return ACSR_FAIL;
			}
			if (refused++ == 0)
				first = why;
			TRY(acme_subproblem(a, names->v[i], &why, e));
			continue;
		}
		if (until < *expires_at)
			*expires_at = until;
	}
	if (refused > 0)
		*e = first;
	return refused == 0 ? ACSR_OK : ACSR_FAIL;
}

static enum acsr_result store(struct core *c, struct acme_request *a, const struct wish *w,
	struct authz_id *ids, struct acme_order *o, struct acsr_err *e)
{
	rnd_id("ord_", o->id, sizeof(o->id));
	snprintf(o->acme_account_id, sizeof(o->acme_account_id), "%s", a->account.id);
	snprintf(o->product_id, sizeof(o->product_id), "%s", w->product.id);
	snprintf(o->profile, sizeof(o->profile), "%s", w->profile != NULL ? w->profile : "");
	snprintf(o->status, sizeof(o->status), "pending");
	snprintf(o->replaces, sizeof(o->replaces), "%s", w->replaces != NULL ? w->replaces : "");
	o->not_before = w->not_before;
	o->not_after = w->not_after;
	o->created_at = c->now;
	o->expires_at = c->now + acme_order_life(c);
	TRY(acme_names_join(&w->names, &o->identifiers, e));
	TRY(acme_names_hash(&w->names, o->names_hash, e));
	TRY(find_authzs(c, a, &w->names, ids, &o->expires_at, e));
	TRY(acme_order_insert(c->db, o, e));
	for (size_t i = 0; i < w->names.n; i++)
		TRY(acme_order_link(c->db, o->id, ids[i].id, e));
	return ACSR_OK;
}

static enum acsr_result make(struct core *c, struct acme_request *a, const struct wish *w, struct acsr_err *e)
{
	CLEANUP_ACME_ORDER struct acme_order o = { 0 };
	struct authz_id *ids = calloc(w->names.n, sizeof(*ids));
	enum acsr_result r;

	if (ids == NULL)
		return err_nomem(e);
	r = store(c, a, w, ids, &o, e);
	free(ids);
	TRY(r);
	TRY(request_header(a->q, e, "Location: %s/order/%s", a->base, o.id));
	return acme_order_answer(c, a, o.id, 201, e);
}

enum acsr_result acme_order_new(struct core *c, struct acme_request *a, struct acsr_err *e)
{
	struct wish w = { 0 };
	enum acsr_result r = read_wish(c, a, &w, e);

	if (r == ACSR_OK)
		r = make(c, a, &w, e);
	strv_free(&w.names);
	return r;
}
