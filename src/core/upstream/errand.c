/* An order with its issuer and its row at the CA: loading, saving, asking, and beginning again. */
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

enum acsr_result errand_ask(struct core *c, struct errand *x, const struct upstream_ask *a, const char *job,
	const char *object, upstream_fn *fn, struct acsr_err *e)
{
	struct upstream_then t = { .fn = fn };
	struct upstream_ask ask = *a;
	struct acsr_err why;
	bool held;

	ask.issuer = x->i.name;
	TRY(errand_held(c, x, job, object, &held, e));
	if (held)
		return ACSR_OK;
	snprintf(t.object, sizeof(t.object), "%s", object);
	/* The exchange may take longer than the job's own lease: nonces, retries. */
	TRY(jobs_lease(c->db, job, object, c->now + LEASE, e));
	if (upstream_call(c, &ask, &t, &why) == ACSR_OK)
		return ACSR_OK;
	return errand_trouble(
		c, x, job, object, &why, err_is(&why, "upstream.paused") ? x->i.paused_until : 0, e);
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

enum acsr_result errand_begin_again(struct core *c, struct errand *x, struct acsr_err *e)
{
	static const char *const of_the_old[] = { "chains", "any_chain", "asking", "candidates", "sent_at" };

	for (size_t i = 0; i < sizeof(of_the_old) / sizeof(of_the_old[0]); i++)
		(void)json_object_del(x->detail, of_the_old[i]);
	TRY(publish_drop_order(c, x->o.id, e));
	TRY(forget_challenges(c, x, e));
	TRY(str_set(&x->u.url, "", e));
	TRY(str_set(&x->u.finalize_url, "", e));
	TRY(str_set(&x->u.certificate_url, "", e));
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
