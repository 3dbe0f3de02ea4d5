/* Loading and saving, waiting for the CA, giving the order to another issuer, and beginning again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "core/jsontext.h"
#include "core/publish.h"
#include "core/upstream/orders.h"
#include "store/jobs.h"

enum { LONGEST_PAUSE = 1800, LEASE = 900, AGAIN_FIRST = 900, AGAIN_MOST = 86400 };

void errand_clear(struct errand *x)
{
	order_clear(&x->o);
	upstream_issuer_clear(&x->i);
	upstream_order_clear(&x->u);
	json_decref(x->detail);
	x->detail = NULL;
}

enum acsr_result upstream_of(
	struct core *c, const struct order *o, struct upstream_issuer *out, bool *have, struct acsr_err *e)
{
	struct acsr_err why;

	*have = false;
	if (o->issuer[0] == '\0')
		return ACSR_OK;
	if (upstream_issuer_load(c->db, o->issuer, out, &why) == ACSR_OK) {
		*have = true;
		return ACSR_OK;
	}
	if (err_is(&why, "object.absent"))
		return ACSR_OK; /* one of our own, by name */
	*e = why;
	return ACSR_FAIL;
}

static enum acsr_result load(
	struct core *c, const char *order_id, struct errand *x, bool *have, struct acsr_err *e)
{
	TRY(order_load(c->db, order_id, NULL, &x->o, e));
	TRY(upstream_of(c, &x->o, &x->i, have, e));
	if (!*have || strcmp(x->i.kind, "acme") != 0) {
		*have = false;
		return ACSR_OK;
	}
	TRY(upstream_order_load(c->db, x->o.id, x->o.round, x->i.name, &x->u, have, e));
	if (!*have)
		return ACSR_OK;
	x->detail = json_loads(x->u.detail, 0, NULL);
	if (!json_is_object(x->detail)) {
		json_decref(x->detail);
		x->detail = json_object();
	}
	return ACSR_OK;
}

enum acsr_result errand_load(
	struct core *c, const char *order_id, struct errand *out, bool *have, struct acsr_err *e)
{
	struct errand x = { 0 };

	*have = false;
	if (load(c, order_id, &x, have, e) != ACSR_OK) {
		errand_clear(&x);
		return ACSR_FAIL;
	}
	if (*have)
		*out = x;
	else
		errand_clear(&x);
	return ACSR_OK;
}

enum acsr_result errand_save(struct core *c, struct errand *x, struct acsr_err *e)
{
	char *text = NULL;

	TRY(json_text(json_incref(x->detail), &text, e));
	free(x->u.detail);
	x->u.detail = text;
	return upstream_order_save(c->db, &x->u, e);
}

enum acsr_result errand_step(struct core *c, struct errand *x, const char *step, struct acsr_err *e)
{
	snprintf(x->u.step, sizeof(x->u.step), "%s", step);
	return errand_save(c, x, e);
}

#define SWITCHED_OFF "the operator has switched "

enum acsr_result errand_off(
	struct core *c, struct errand *x, const char *job, const char *object, bool *off, struct acsr_err *e)
{
	struct acsr_err why;

	*off = !x->i.active;
	if (!*off && x->o.waiting_reason != NULL && str_starts(x->o.waiting_reason, SWITCHED_OFF))
		return order_wait(c, &x->o, 0, e, "%s", "");
	if (!*off)
		return ACSR_OK;
	(void)err_set(&why, "state.issuer-off",
		SWITCHED_OFF "%.100s off; the order goes on when it is switched on again", x->i.title);
	return errand_trouble(c, x, job, object, &why, 0, e);
}

enum acsr_result errand_ask(struct core *c, struct errand *x, const struct upstream_ask *a, const char *job,
	const char *object, upstream_fn *fn, struct acsr_err *e)
{
	struct upstream_then t = { .fn = fn };
	struct upstream_ask ask = *a;
	struct acsr_err why;
	bool off;

	ask.issuer = x->i.name;
	TRY(errand_off(c, x, job, object, &off, e));
	if (off)
		return ACSR_OK;
	snprintf(t.object, sizeof(t.object), "%s", object);
	/* The exchange may take longer than the job's own lease: nonces, retries. */
	TRY(jobs_lease(c->db, job, object, c->now + LEASE, e));
	if (upstream_call(c, &ask, &t, &why) == ACSR_OK)
		return ACSR_OK;
	return errand_trouble(
		c, x, job, object, &why, err_is(&why, "upstream.paused") ? x->i.paused_until : 0, e);
}

/* --- another issuer --- */

/* One that is switched off takes nothing over. */
static enum acsr_result is_on(struct core *c, const char *issuer, bool *on, struct acsr_err *e)
{
	CLEANUP_UPSTREAM_ISSUER struct upstream_issuer i = { 0 };
	struct acsr_err why;

	*on = true;
	if (upstream_issuer_load(c->db, issuer, &i, &why) != ACSR_OK)
		return err_is(&why, "object.absent") ? ACSR_OK : (*e = why, ACSR_FAIL);
	*on = i.active;
	return ACSR_OK;
}

/* Seconds until the product lets another one take over; -1: never. */
static enum acsr_result until_fallback(
	struct core *c, struct errand *x, struct product *p, int64_t *left, struct acsr_err *e)
{
	int64_t since = json_integer_value(json_object_get(x->detail, "fault_since"));
	bool on;

	*left = -1;
	TRY(products_load(c->db, x->o.product_id, p, e));
	if (p->fallback_issuer[0] == '\0' || p->fallback_after <= 0 ||
		strcmp(p->fallback_issuer, x->i.name) == 0)
		return ACSR_OK;
	TRY(is_on(c, p->fallback_issuer, &on, e));
	if (!on)
		return ACSR_OK;
	*left = since + p->fallback_after - c->now;
	if (*left < 0)
		*left = 0;
	return ACSR_OK;
}

/* The CSR is with the CA, as far as we know: whatever we do now, it may issue. */
static bool may_issue(const struct errand *x)
{
	return strcmp(x->u.step, "download") == 0 || json_object_get(x->detail, "sent_at") != NULL;
}

static bool is_account_trouble(const struct acsr_err *why)
{
	return err_is(why, "upstream.account") || err_is(why, "upstream.refused.unauthorized") ||
	       err_is(why, "upstream.refused.accountDoesNotExist") ||
	       err_is(why, "upstream.refused.userActionRequired");
}

static enum acsr_result nobody_waits(struct core *c, struct upstream_then *t, const struct upstream_reply *r,
	const struct acsr_err *why, struct acsr_err *e)
{
	(void)c, (void)t, (void)r, (void)why, (void)e;
	return ACSR_OK;
}

/* Politeness to the CA that is left (RFC 8555 7.5.2): said once, for the names are about to belong to another. */
static enum acsr_result let_go(struct core *c, const struct errand *x, struct acsr_err *e)
{
	struct upstream_then t = { .fn = nobody_waits };
	struct upstream_ask a = { .issuer = x->i.name, .payload = "{\"status\":\"deactivated\"}" };
	struct validation *v;
	struct acsr_err no;
	size_t n;

	TRY(validations_of(c->db, x->o.id, &v, &n, e));
	for (size_t i = 0; i < n; i++) {
		if (v[i].authz_url[0] == '\0' || strcmp(v[i].state, "pending") != 0)
			continue;
		a.url = v[i].authz_url;
		if (upstream_call(c, &a, &t, &no) != ACSR_OK)
			break;
	}
	validations_free(v, n);
	return ACSR_OK;
}

static enum acsr_result take_over(struct core *c, struct errand *x, const struct product *p,
	const struct acsr_err *why, struct acsr_err *e)
{
	TRY(errand_step(c, x, "failed", e));
	TRY(core_audit(c, "system", x->o.account_id, "order.fallback", x->o.id, e,
		"%s takes over from %s: %s", p->fallback_issuer, x->i.name, why->text));
	TRY(jobs_done(c->db, "upstream", x->o.id, e));
	TRY(jobs_done(c->db, "issue", x->o.id, e));
	TRY(publish_drop_order(c, x->o.id, e));
	TRY(let_go(c, x, e));
	snprintf(x->o.issuer, sizeof(x->o.issuer), "%s", p->fallback_issuer);
	if (strcmp(x->o.state, "issuing") == 0)
		TRY(order_move(c, &x->o, "validating", "system", "another issuer takes over", e));
	TRY(order_wait(c, &x->o, 0, e, "%s", ""));
	TRY(validations_delete(c->db, x->o.id, e));
	TRY(validate_prepare(c, &x->o, p, e));
	return order_start_validation(c, &x->o, "system", e);
}

/* --- trouble --- */

enum acsr_result errand_give_up(struct core *c, struct errand *x, const char *job, const char *object,
	const struct acsr_err *why, struct acsr_err *e)
{
	CLEANUP_STR char *text = NULL;

	TRY(str_printf(&text, e, "%s%s", why->text,
		may_issue(x) ? "; it was asked to issue and may still do so" : ""));
	TRY(errand_step(c, x, "failed", e));
	TRY(jobs_done(c->db, job, object, e));
	return order_fail(c, &x->o, text, e);
}

static void say_when(char *out, size_t cap, const struct core *c, int64_t at)
{
	char text[21];

	out[0] = '\0';
	if (at <= c->now + 60)
		return;
	clock_rfc3339(at, text);
	snprintf(out, cap, " (asked again at %s)", text);
}

enum acsr_result errand_trouble(struct core *c, struct errand *x, const char *job, const char *object,
	const struct acsr_err *why, int64_t retry_at, struct acsr_err *e)
{
	int64_t attempts, left = -1, at;
	struct product p;
	char when[60];

	if (!err_is(why, "busy.")) {
		if (json_object_get(x->detail, "fault_since") == NULL) {
			json_object_set_new(x->detail, "fault_since", json_integer(c->now));
			TRY(errand_save(c, x, e));
		}
		if ((upstream_is_their_fault(why) || is_account_trouble(why)) && !may_issue(x))
			TRY(until_fallback(c, x, &p, &left, e));
		if (left == 0)
			return take_over(c, x, &p, why, e);
		if (c->now - json_integer_value(json_object_get(x->detail, "fault_since")) >
			conf_span(&c->proc->conf, "validation.give_up"))
			return errand_give_up(c, x, job, object, why, e);
	}
	TRY(jobs_attempts(c->db, job, object, &attempts, e));
	at = c->now + (err_is(why, "busy.") ? 2
					    : jobs_pause(conf_span(&c->proc->conf, "upstream.first_retry"),
						      LONGEST_PAUSE, attempts));
	if (retry_at > at)
		at = retry_at;
	say_when(when, sizeof(when), c, at);
	if (left > 0 && c->now + left < at)
		at = c->now + left;
	TRY(jobs_again(c->db, job, object, at, why->text, e));
	return order_wait(c, &x->o, at, e, "%s%s", why->text, when);
}

enum acsr_result errand_well(struct core *c, struct errand *x, struct acsr_err *e)
{
	if (json_object_del(x->detail, "fault_since") != 0)
		return ACSR_OK;
	TRY(order_wait(c, &x->o, 0, e, "%s", ""));
	return errand_save(c, x, e);
}

/* --- again --- */

static enum acsr_result forget_challenges(struct core *c, const struct errand *x, struct acsr_err *e)
{
	struct validation *v;
	enum acsr_result r = ACSR_OK;
	size_t n;

	TRY(validations_of(c->db, x->o.id, &v, &n, e));
	for (size_t i = 0; i < n && r == ACSR_OK; i++) {
		v[i].authz_url[0] = '\0';
		v[i].challenge_url[0] = '\0';
		v[i].offers[0] = '\0';
		v[i].token[0] = v[i].value[0] = v[i].record[0] = '\0';
		v[i].told_at = v[i].proved_at = v[i].valid_until = v[i].caa_at = 0;
		v[i].attempts = 0;
		v[i].created_at = c->now;
		snprintf(v[i].state, sizeof(v[i].state), "pending");
		r = validation_save(c->db, &v[i], e);
		if (r == ACSR_OK)
			r = jobs_done(c->db, "validate", v[i].id, e);
	}
	validations_free(v, n);
	return r;
}

static enum acsr_result blank(char **text, struct acsr_err *e)
{
	free(*text);
	*text = NULL;
	return str_dup(text, "", e);
}

enum acsr_result errand_begin_again(struct core *c, struct errand *x, struct acsr_err *e)
{
	static const char *const of_the_old[] = { "chains", "any_chain", "asking", "candidates", "sent_at" };

	for (size_t i = 0; i < sizeof(of_the_old) / sizeof(of_the_old[0]); i++)
		(void)json_object_del(x->detail, of_the_old[i]);
	TRY(publish_drop_order(c, x->o.id, e));
	TRY(forget_challenges(c, x, e));
	TRY(blank(&x->u.url, e));
	TRY(blank(&x->u.finalize_url, e));
	TRY(blank(&x->u.certificate_url, e));
	x->u.told_at = x->u.expires_at = 0;
	return errand_step(c, x, "order", e);
}

enum acsr_result errand_again(
	struct core *c, struct errand *x, const struct acsr_err *why, struct acsr_err *e)
{
	int64_t failures = json_integer_value(json_object_get(x->detail, "failures"));
	int64_t at = c->now + jobs_pause(AGAIN_FIRST, AGAIN_MOST, failures);
	char when[21];

	json_object_set_new(x->detail, "failures", json_integer(failures + 1));
	if (json_object_get(x->detail, "refused_since") == NULL)
		json_object_set_new(x->detail, "refused_since", json_integer(c->now));
	if (strcmp(x->o.state, "issuing") == 0)
		TRY(order_move(c, &x->o, "validating", "system", "the other CA wants control shown anew", e));
	TRY(jobs_done(c->db, "issue", x->o.id, e));
	TRY(publish_drop_order(c, x->o.id, e));
	TRY(errand_step(c, x, "failed", e));
	if (c->now - json_integer_value(json_object_get(x->detail, "refused_since")) >
		conf_span(&c->proc->conf, "validation.give_up"))
		return order_fail(c, &x->o, why->text, e);
	TRY(forget_challenges(c, x, e)); /* what was valid there is asked for again too */
	TRY(core_audit(c, "system", x->o.account_id, "order.refused-upstream", x->o.id, e, "%s", why->text));
	TRY(core_want_job(c, "upstream", x->o.id, at, e));
	TRY(jobs_again(c->db, "upstream", x->o.id, at, why->text, e));
	clock_rfc3339(at, when);
	return order_wait(
		c, &x->o, at, e, "%s; it is tried again at %s, or when you ask for it", why->text, when);
}
