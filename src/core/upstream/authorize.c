/*
 * The authorizations of an order at the other CA (RFC 8555 7.1.4). All our customers share one account there, so that the CA
 * may hand out one customer's proof to another: an authorization that is valid already is used only when this order's own
 * account has shown control of the name, or the operator vouches for it. Otherwise the CA is asked to let go of it (7.5.2),
 * and the order is begun anew.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autocsr/rules.h"
#include "core/jsontext.h"
#include "core/upstream/orders.h"
#include "store/jobs.h"

/* The order may have been cancelled while the CA was asked. */
static bool still_at(const struct errand *x, const char *step)
{
	return strcmp(x->u.step, step) == 0 &&
	       (strcmp(x->o.state, "validating") == 0 || strcmp(x->o.state, "issuing") == 0);
}

/* --- letting go of what is not ours --- */

static enum acsr_result on_let_go(struct core *c, struct upstream_then *t, const struct upstream_reply *r,
	const struct acsr_err *why, struct acsr_err *e)
{
	CLEANUP_ERRAND struct errand x = { 0 };
	struct acsr_err told;
	bool have;

	TRY(errand_load(c, t->object, &x, &have, e));
	if (!have || !(still_at(&x, "authorize") || still_at(&x, "ordering")))
		return ACSR_OK;
	if (why != NULL && upstream_is_their_fault(why))
		return errand_trouble(c, &x, "upstream", x.o.id, why, r->retry_at, e);
	if (why != NULL) {
		(void)err_set(&told, why->id,
			"%.60s keeps an authorization that is another customer's of this service: %.250s",
			x.i.title, why->text);
		return errand_again(c, &x, &told, e);
	}
	TRY(errand_begin_again(c, &x, e));
	return jobs_again(c->db, "upstream", x.o.id, c->now, "", e);
}

/* Once for each authorization and once more; a CA that has yet another is asked later. */
static enum acsr_result let_go(
	struct core *c, struct errand *x, const char *url, const struct acsr_err *why, struct acsr_err *e)
{
	struct upstream_ask a = { .url = url, .payload = "{\"status\":\"deactivated\"}" };
	int64_t n = json_integer_value(json_object_get(x->detail, "let_go"));

	json_object_set_new(x->detail, "let_go", json_integer(n + 1));
	if (n > (int64_t)json_array_size(json_object_get(x->detail, "authorizations"))) {
		json_object_del(x->detail, "let_go");
		return errand_again(c, x, why, e);
	}
	TRY(errand_save(c, x, e));
	TRY(core_audit(c, "system", x->o.account_id, "order.refused-upstream", x->o.id, e, "%s", why->text));
	return errand_ask(c, x, &a, "upstream", x->o.id, on_let_go, e);
}

enum acsr_result authorize_taken(struct core *c, struct errand *x, const char *authz_url,
	const struct acsr_err *why, struct acsr_err *e)
{
	CLEANUP_STR char *url = NULL;

	if (json_integer_value(json_object_get(x->detail, "failures")) == 0 || authz_url == NULL)
		return errand_again(c, x, why, e);
	TRY(str_dup(&url, authz_url, e));
	return let_go(c, x, url, why, e);
}

/* --- whose proof it is --- */

static enum acsr_result is_vouched(
	struct core *c, const struct errand *x, const struct validation *v, bool *vouched, struct acsr_err *e)
{
	struct product p;

	*vouched = false;
	TRY(products_load(c->db, x->o.product_id, &p, e));
	if (!p.preauthorised)
		return ACSR_OK;
	return preauthorised_has(c->db, x->o.account_id, v->wildcard ? v->name + 2 : v->name, vouched, e);
}

/* To us, or, when we saw it, to a CA; for as long as the rules let a proof be used again. */
static enum acsr_result has_shown(
	struct core *c, const struct errand *x, const struct validation *v, bool *shown, struct acsr_err *e)
{
	int64_t since = c->now - acsr_rule_value("dv.reuse.max", c->now, 200 * 86400), at;
	CLEANUP_STR char *text = NULL;
	char method[16];

	TRY(evidence_find(c->db, x->o.account_id, v->name, v->wildcard, since, shown, method, &text, &at, e));
	if (!*shown)
		TRY(upstream_authorization_shown(c->db, x->o.account_id, v->name, since, shown, e));
	return *shown ? ACSR_OK : is_vouched(c, x, v, shown, e);
}

/* "upstream.unproven" */
static enum acsr_result keep_valid(struct core *c, struct errand *x, const char *url, json_t *authz,
	struct validation *v, struct acsr_err *e)
{
	bool shown;

	TRY(has_shown(c, x, v, &shown, e));
	if (!shown)
		return err_set(e, "upstream.unproven",
			"%s: %.60s has an authorization that this account has not earned: control is to be "
			"shown anew",
			v->name, x->i.title);
	TRY(str_set(&v->authz_url, url, e));
	return prove_passed(c, x, v, authz, e);
}

/* "upstream.taken": another account of ours has it, and may publish its proof at any time. */
static enum acsr_result keep_pending(struct core *c, struct errand *x, const char *url, json_t *authz,
	struct validation *v, struct acsr_err *e)
{
	bool ours;

	TRY(upstream_authorization_take(c->db, x->i.name, url, x->o.account_id, v->name, c->now, &ours, e));
	if (!ours)
		return err_set(e, "upstream.taken",
			"%s: %.60s gave an authorization that another customer of this service has already",
			v->name, x->i.title);
	TRY(offer_read(c, x, url, authz, v, e));
	v->created_at = v->next_check_at = c->now;
	return validation_save(c->db, v, e);
}

static enum acsr_result keep_authorization(struct core *c, struct errand *x, const char *url, json_t *authz,
	struct validation *v, struct acsr_err *e)
{
	const char *status = json_string_value(json_object_get(authz, "status"));

	if (v->authz_url[0] != '\0' && strcmp(v->authz_url, url) != 0)
		return err_set(e, "upstream.answer", "%.60s gave two authorizations for %.100s", x->i.title,
			v->name);
	if (status != NULL && strcmp(status, "valid") == 0)
		return keep_valid(c, x, url, authz, v, e);
	if (status != NULL && strcmp(status, "pending") == 0)
		return keep_pending(c, x, url, authz, v, e);
	return err_set(e, "upstream.refused.authorization", "%.60s gave an authorization for %s that is %s",
		x->i.title, v->name, status != NULL ? status : "nothing");
}

/* --- reading them --- */

static enum acsr_result match_authorization(
	struct core *c, struct errand *x, const char *url, json_t *authz, struct acsr_err *e)
{
	struct validation *v;
	enum acsr_result r = ACSR_FAIL;
	char name[256];
	size_t n;

	if (!offer_name(authz, name))
		return err_set(e, "upstream.answer", "%.60s gave an authorization for nothing", x->i.title);
	TRY(validations_of(c->db, x->o.id, &v, &n, e));
	(void)err_set(e, "upstream.answer", "%.60s gave an authorization for %.100s, which was not asked for",
		x->i.title, name);
	for (size_t k = 0; k < n; k++) {
		if (strcmp(v[k].name, name) == 0) {
			r = keep_authorization(c, x, url, authz, &v[k], e);
			break;
		}
	}
	validations_free(v, n);
	return r;
}

static enum acsr_result not_kept(
	struct core *c, struct errand *x, const char *url, const struct acsr_err *no, struct acsr_err *e)
{
	if (err_is(no, "upstream.refused."))
		return errand_again(c, x, no, e);
	if (err_is(no, "upstream.unproven"))
		return let_go(c, x, url, no, e);
	if (err_is(no, "upstream.taken"))
		return authorize_taken(c, x, url, no, e);
	return errand_trouble(c, x, "upstream", x->o.id, no, 0, e);
}

static enum acsr_result on_authorization(struct core *c, struct upstream_then *t,
	const struct upstream_reply *r, const struct acsr_err *why, struct acsr_err *e)
{
	CLEANUP_ERRAND struct errand x = { 0 };
	CLEANUP_STR char *url = NULL;
	struct acsr_err no;
	bool have;

	TRY(errand_load(c, t->object, &x, &have, e));
	if (!have || !still_at(&x, "authorize"))
		return ACSR_OK;
	if (why != NULL && err_is(why, "upstream.absent"))
		return errand_again(c, &x, why, e);
	if (why != NULL)
		return errand_trouble(c, &x, "upstream", x.o.id, why, r->retry_at, e);
	TRY(str_dup(&url, json_string_value(json_object_get(x.detail, "asking")), e));
	if (match_authorization(c, &x, url, r->json, &no) != ACSR_OK)
		return not_kept(c, &x, url, &no, e);
	return authorize_next(c, &x, e);
}

/* --- all are read --- */

/* A CA whose order is ready may want nothing more for a name; then our own rule is what is left. */
static enum acsr_result without(struct core *c, struct errand *x, struct validation *v, struct acsr_err *e)
{
	bool shown = false;

	if (json_is_true(json_object_get(x->detail, "ready")))
		TRY(has_shown(c, x, v, &shown, e));
	if (shown)
		return prove_passed(c, x, v, NULL, e);
	return err_set(e, "upstream.answer", "%.60s gave no authorization for %.100s", x->i.title, v->name);
}

static enum acsr_result each_has_one(
	struct core *c, struct errand *x, struct validation *v, size_t n, struct acsr_err *e)
{
	for (size_t k = 0; k < n; k++)
		if (v[k].authz_url[0] == '\0' && strcmp(v[k].state, "pending") == 0)
			TRY(without(c, x, &v[k], e));
	return ACSR_OK;
}

static enum acsr_result begin_proving(struct core *c, struct errand *x, struct acsr_err *e)
{
	json_object_del(x->detail, "let_go");
	TRY(errand_step(c, x, "prove", e));
	TRY(errand_well(c, x, x->o.id, e));
	TRY(order_wait(c, &x->o, 0, e, "%s", ""));
	TRY(jobs_done(c->db, "upstream", x->o.id, e));
	TRY(order_check_names(c, &x->o, true, e));
	return order_advance(c, &x->o, "system", e);
}

/* The first whose URL no validation has yet. */
static const char *unread(const struct errand *x, const struct validation *v, size_t n)
{
	json_t *list = json_object_get(x->detail, "authorizations"), *one;
	size_t i;

	json_array_foreach(list, i, one)
	{
		const char *url = json_string_value(one);
		bool seen = false;

		for (size_t k = 0; k < n && !seen; k++)
			seen = strcmp(v[k].authz_url, url) == 0;
		if (!seen)
			return url;
	}
	return NULL;
}

static enum acsr_result ask_about(struct core *c, struct errand *x, const char *url, struct acsr_err *e)
{
	struct upstream_ask a = { .url = url, .payload = "" };

	json_object_set_new(x->detail, "asking", json_string(url));
	TRY(errand_save(c, x, e));
	return errand_ask(c, x, &a, "upstream", x->o.id, on_authorization, e);
}

enum acsr_result authorize_next(struct core *c, struct errand *x, struct acsr_err *e)
{
	CLEANUP_STR char *url = NULL;
	struct validation *v;
	struct acsr_err no = { 0 };
	enum acsr_result r = ACSR_OK;
	size_t n;

	TRY(validations_of(c->db, x->o.id, &v, &n, e));
	if (unread(x, v, n) != NULL)
		r = str_dup(&url, unread(x, v, n), e);
	else if (each_has_one(c, x, v, n, &no) != ACSR_OK)
		r = errand_trouble(c, x, "upstream", x->o.id, &no, 0, e);
	validations_free(v, n);
	if (r != ACSR_OK || no.id[0] != '\0')
		return r;
	return url != NULL ? ask_about(c, x, url, e) : begin_proving(c, x, e);
}
