/*
 * When the CA does not do it: the order waits with the reason, another issuer takes over when the product says so, and
 * there is an end. Waiting for the operator (the issuer is switched off, or its CA has new terms) has none.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "core/publish.h"
#include "core/upstream/orders.h"
#include "store/jobs.h"

enum { LONGEST_PAUSE = 1800 };

static int64_t noted(const struct errand *x, const char *member)
{
	return json_integer_value(json_object_get(x->detail, member));
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

/* The CSR is with the CA, as far as we know: whatever we do now, it may issue. */
static bool may_issue(const struct errand *x)
{
	return strcmp(x->u.step, "download") == 0 || json_object_get(x->detail, "sent_at") != NULL;
}

/* Seconds until the product lets another one take over from this one, which has done nothing since; -1: never. */
static enum acsr_result until_fallback(struct core *c, const struct errand *x, int64_t since,
	struct product *p, int64_t *left, struct acsr_err *e)
{
	bool on;

	*left = -1;
	if (may_issue(x))
		return ACSR_OK;
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

static enum acsr_result take_over(struct core *c, struct errand *x, const struct product *p,
	const struct acsr_err *why, struct acsr_err *e)
{
	TRY(errand_step(c, x, "failed", e));
	TRY(core_audit(c, "system", x->o.account_id, "order.fallback", x->o.id, e,
		"%s takes over from %s: %s", p->fallback_issuer, x->i.name, why->text));
	TRY(jobs_done(c->db, "upstream", x->o.id, e));
	TRY(jobs_done(c->db, "issue", x->o.id, e));
	TRY(publish_drop_order(c, x->o.id, e));
	TRY(errand_leave(c, x, e));
	snprintf(x->o.issuer, sizeof(x->o.issuer), "%s", p->fallback_issuer);
	if (strcmp(x->o.state, "issuing") == 0)
		TRY(order_move(c, &x->o, "validating", "system", "another issuer takes over", e));
	TRY(order_wait(c, &x->o, 0, e, "%s", ""));
	TRY(validations_delete(c->db, x->o.id, e));
	TRY(validate_prepare(c, &x->o, p, e));
	return order_start_validation(c, &x->o, "system", e);
}

/* --- waiting for the operator --- */

const char *errand_holds(const struct upstream_issuer *i)
{
	return !i->active ? "issuer-off" : i->terms_wanted[0] != '\0' ? "terms" : NULL;
}

static void say_held(const struct upstream_issuer *i, struct acsr_err *why)
{
	if (!i->active)
		(void)err_set(why, "state.issuer-off",
			"the operator has switched %.100s off; the order goes on when it is switched on "
			"again",
			i->title);
	else
		(void)err_set(why, "upstream.terms",
			"%.100s has new terms of service; the order goes on when the operator has agreed to "
			"them",
			i->title);
}

/* Every clock that ran in the meantime is put forward: nobody could do anything. */
static enum acsr_result resume(struct core *c, struct errand *x, struct acsr_err *e)
{
	static const char *const clocks[] = { "refused_since", "sent_at" };
	int64_t pause = c->now - noted(x, "held_since");
	enum acsr_result r = ACSR_OK;
	struct validation *v;
	size_t n;

	for (size_t i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++)
		if (json_object_get(x->detail, clocks[i]) != NULL)
			json_object_set_new(x->detail, clocks[i], json_integer(noted(x, clocks[i]) + pause));
	(void)json_object_del(x->detail, "held_since");
	(void)json_object_del(x->detail, "fault_since");
	TRY(errand_save(c, x, e));
	TRY(validations_of(c->db, x->o.id, &v, &n, e));
	for (size_t i = 0; i < n && r == ACSR_OK; i++) {
		v[i].created_at += pause;
		r = strcmp(v[i].state, "pending") == 0 ? validation_save(c->db, &v[i], e) : ACSR_OK;
	}
	validations_free(v, n);
	TRY(r);
	return order_wait(c, &x->o, 0, e, "%s", "");
}

static enum acsr_result hold(
	struct core *c, struct errand *x, const char *job, const char *object, struct acsr_err *e)
{
	struct acsr_err why;
	struct product p;
	int64_t attempts, left, at;

	if (json_object_get(x->detail, "held_since") == NULL) {
		json_object_set_new(x->detail, "held_since", json_integer(c->now));
		TRY(errand_save(c, x, e));
	}
	say_held(&x->i, &why);
	TRY(until_fallback(c, x, noted(x, "held_since"), &p, &left, e));
	if (left == 0)
		return take_over(c, x, &p, &why, e);
	TRY(jobs_attempts(c->db, job, object, &attempts, e));
	at = c->now + jobs_pause(conf_span(&c->proc->conf, "upstream.first_retry"), LONGEST_PAUSE, attempts);
	if (left > 0 && c->now + left < at)
		at = c->now + left;
	TRY(jobs_again(c->db, job, object, at, why.text, e));
	return order_wait(c, &x->o, 0, e, "%s", why.text);
}

enum acsr_result errand_held(
	struct core *c, struct errand *x, const char *job, const char *object, bool *held, struct acsr_err *e)
{
	*held = errand_holds(&x->i) != NULL;
	if (*held)
		return hold(c, x, job, object, e);
	return json_object_get(x->detail, "held_since") != NULL ? resume(c, x, e) : ACSR_OK;
}

/* --- trouble --- */

static bool is_account_trouble(const struct acsr_err *why)
{
	return err_is(why, "upstream.account") || err_is(why, "upstream.refused.unauthorized") ||
	       err_is(why, "upstream.refused.accountDoesNotExist");
}

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

/* The first fault counts, whatever else succeeds meanwhile, until that very thing does (errand_well). */
static enum acsr_result note_fault(struct core *c, struct errand *x, const char *object, struct acsr_err *e)
{
	if (json_object_get(x->detail, "fault_since") != NULL)
		return ACSR_OK;
	json_object_set_new(x->detail, "fault_since", json_integer(c->now));
	json_object_set_new(x->detail, "fault_of", json_string(object));
	return errand_save(c, x, e);
}

bool errand_has_fault(const struct errand *x, const char *object)
{
	const char *of = json_string_value(json_object_get(x->detail, "fault_of"));

	return json_object_get(x->detail, "fault_since") != NULL && of != NULL && strcmp(of, object) == 0;
}

enum acsr_result errand_well(struct core *c, struct errand *x, const char *object, struct acsr_err *e)
{
	if (json_object_get(x->detail, "fault_since") == NULL ||
		(object != NULL && !errand_has_fault(x, object)))
		return ACSR_OK;
	(void)json_object_del(x->detail, "fault_since");
	(void)json_object_del(x->detail, "fault_of");
	TRY(order_wait(c, &x->o, 0, e, "%s", ""));
	return errand_save(c, x, e);
}

/* Our own trouble, which is over soon. */
static enum acsr_result busy(struct core *c, struct errand *x, const char *job, const char *object,
	const struct acsr_err *why, struct acsr_err *e)
{
	TRY(jobs_again(c->db, job, object, c->now + 2, why->text, e));
	return order_wait(c, &x->o, c->now + 2, e, "%s", why->text);
}

static enum acsr_result wait_for_it(struct core *c, struct errand *x, const char *job, const char *object,
	const struct acsr_err *why, int64_t retry_at, int64_t left, struct acsr_err *e)
{
	int64_t attempts, at;
	char when[60];

	TRY(jobs_attempts(c->db, job, object, &attempts, e));
	at = c->now + jobs_pause(conf_span(&c->proc->conf, "upstream.first_retry"), LONGEST_PAUSE, attempts);
	if (retry_at > at)
		at = retry_at;
	say_when(when, sizeof(when), c, at);
	if (left > 0 && c->now + left < at)
		at = c->now + left;
	TRY(jobs_again(c->db, job, object, at, why->text, e));
	return order_wait(c, &x->o, at, e, "%s%s", why->text, when);
}

enum acsr_result errand_trouble(struct core *c, struct errand *x, const char *job, const char *object,
	const struct acsr_err *why, int64_t retry_at, struct acsr_err *e)
{
	int64_t left = -1;
	struct product p;

	if (err_is(why, "busy."))
		return busy(c, x, job, object, why, e);
	if (errand_holds(&x->i) != NULL)
		return hold(c, x, job, object, e);
	TRY(note_fault(c, x, object, e));
	if (upstream_is_their_fault(why) || is_account_trouble(why))
		TRY(until_fallback(c, x, noted(x, "fault_since"), &p, &left, e));
	if (left == 0)
		return take_over(c, x, &p, why, e);
	if (c->now - noted(x, "fault_since") > conf_span(&c->proc->conf, "validation.give_up"))
		return errand_give_up(c, x, job, object, why, e);
	return wait_for_it(c, x, job, object, why, retry_at, left, e);
}
