/*
 * One name at the other CA. We look first, with our own prober; only when we see the proof is the CA told to look
 * (RFC 8555 7.5.1), for a failed look of its own ends the whole order there. Then its authorization is read until it is
 * valid or invalid.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/control.h"
#include "core/jsontext.h"
#include "core/publish.h"
#include "core/upstream/orders.h"
#include "store/jobs.h"

enum {
	POLL_FIRST = 1,
	POLL_MOST = 60,
	TELL_AGAIN = 10,
	PUBLISHING = 60, /* its end wakes us earlier */
	FRESH = 120,     /* just published: name servers are about to follow */
	FRESH_PAUSE = 2
};

static const char *host_of(const struct validation *v)
{
	return v->wildcard ? v->name + 2 : v->name;
}

/* --- the end --- */

enum acsr_result prove_passed(
	struct core *c, struct errand *x, struct validation *v, json_t *authz, struct acsr_err *e)
{
	int64_t until = errand_time(json_object_get(authz, "expires"));

	free(v->evidence);
	v->evidence = NULL;
	TRY(json_text(json_pack("{s:s,s:s,s:s,s:I}", "by", x->i.name, "authorization", v->authz_url,
			      "challenge", v->challenge_url, "at", (json_int_t)c->now),
		&v->evidence, e));
	TRY(str_set(&v->error, "", e));
	v->proved_at = v->caa_at = v->checked_at = c->now;
	v->next_check_at = 0;
	v->valid_until = until;
	snprintf(v->state, sizeof(v->state), "valid");
	TRY(validation_save(c->db, v, e));
	TRY(jobs_done(c->db, "validate", v->id, e));
	TRY(publish_drop(c, v->id, e));
	TRY(core_audit(c, "system", x->o.account_id, "name.validated", x->o.id, e, "%s by %s, as %s says",
		v->name, v->method, x->i.name));
	TRY(errand_well(c, x, v->id, e));
	if (x->o.waiting_reason != NULL && str_starts(x->o.waiting_reason, v->name))
		TRY(order_wait(c, &x->o, 0, e, "%s", ""));
	return order_advance(c, &x->o, "system", e);
}

static enum acsr_result failed(struct core *c, struct errand *x, struct validation *v,
	const struct acsr_err *why, struct acsr_err *e)
{
	free(v->error);
	v->error = NULL;
	TRY(json_text(json_pack("{s:s,s:s}", "id", why->id, "text", why->text), &v->error, e));
	v->checked_at = c->now;
	v->told_at = 0;
	TRY(validation_save(c->db, v, e));
	TRY(jobs_done(c->db, "validate", v->id, e));
	return errand_again(c, x, why, e);
}

/* --- what the CA says --- */

static enum acsr_result tell(struct core *c, struct errand *x, struct validation *v, struct acsr_err *e);

static enum acsr_result load_pair(struct core *c, const char *validation_id, struct validation *v,
	struct errand *x, bool *wanted, struct acsr_err *e)
{
	*wanted = false;
	if (validation_load(c->db, validation_id, v, e) != ACSR_OK)
		return err_is(e, "object.absent") ? jobs_done(c->db, "validate", validation_id, e)
						  : ACSR_FAIL;
	TRY(errand_load(c, v->order_id, x, wanted, e));
	*wanted = *wanted && strcmp(v->state, "pending") == 0 && strcmp(x->o.state, "validating") == 0 &&
		  strcmp(x->u.step, "prove") == 0 && v->authz_url[0] != '\0';
	return ACSR_OK;
}

static enum acsr_result poll_again(struct core *c, struct errand *x, struct validation *v,
	const struct upstream_reply *r, struct acsr_err *e)
{
	int64_t most = conf_span(&c->proc->conf, "validation.give_up"), attempts, at;
	struct acsr_err why;

	if (x->u.told_at != 0 && c->now - x->u.told_at > most && c->now - v->created_at > most) {
		(void)err_set(&why, "upstream.refused.other", "%.100s: %.60s does not say what it has seen",
			v->name, x->i.title);
		return failed(c, x, v, &why, e);
	}
	TRY(jobs_attempts(c->db, "validate", v->id, &attempts, e));
	at = r->retry_at > c->now ? r->retry_at : c->now + jobs_pause(POLL_FIRST, POLL_MOST, attempts);
	v->next_check_at = at;
	TRY(validation_save(c->db, v, e));
	TRY(jobs_again(c->db, "validate", v->id, at, "", e));
	return order_wait(c, &x->o, at, e, "%s: %s is looking at it", v->name, x->i.title);
}

/* We saw the proof, and the CA took it: it is this account's. A standing record names only the account at the CA, which all
 * customers share: it shows nothing about one of them. */
static enum acsr_result proved(
	struct core *c, struct errand *x, struct validation *v, json_t *authz, struct acsr_err *e)
{
	if (strcmp(v->method, "dns-persist") != 0)
		TRY(upstream_authorization_proved(c->db, x->i.name, v->authz_url, c->now, e));
	return prove_passed(c, x, v, authz, e);
}

static enum acsr_result judge(struct core *c, struct errand *x, struct validation *v,
	const struct upstream_reply *r, struct acsr_err *e)
{
	const char *status = json_string_value(json_object_get(r->json, "status"));
	json_t *challenge = offer_challenge(r->json, v->challenge_url);
	const char *state = json_string_value(json_object_get(challenge, "status"));
	struct acsr_err why;

	if (status == NULL) {
		(void)err_set(&why, "upstream.answer", "%.60s answers with no authorization", x->i.title);
		return errand_trouble(c, x, "validate", v->id, &why, r->retry_at, e);
	}
	if (strcmp(status, "valid") == 0)
		return proved(c, x, v, r->json, e);
	if (strcmp(status, "pending") != 0) {
		offer_why(&x->i, json_object_get(challenge, "error"), v->name, &why);
		return failed(c, x, v, &why, e);
	}
	/* It may not have heard of us, or another core told it before it was killed. That it answers here is no sign that the
	 * telling works. */
	if (state != NULL && strcmp(state, "pending") == 0 &&
		(c->now - v->told_at >= TELL_AGAIN || errand_has_fault(x, v->id)))
		return tell(c, x, v, e);
	TRY(errand_well(c, x, v->id, e));
	return poll_again(c, x, v, r, e);
}

static enum acsr_result on_authorization(struct core *c, struct upstream_then *t,
	const struct upstream_reply *r, const struct acsr_err *why, struct acsr_err *e)
{
	CLEANUP_VALIDATION struct validation v = { 0 };
	CLEANUP_ERRAND struct errand x = { 0 };
	bool wanted;

	TRY(load_pair(c, t->object, &v, &x, &wanted, e));
	if (!wanted)
		return ACSR_OK;
	if (why != NULL && err_is(why, "upstream.absent"))
		return failed(c, &x, &v, why, e);
	if (why != NULL)
		return errand_trouble(c, &x, "validate", v.id, why, r->retry_at, e);
	return judge(c, &x, &v, r, e);
}

static enum acsr_result look(struct core *c, struct errand *x, const struct validation *v, struct acsr_err *e)
{
	struct upstream_ask a = { .url = v->authz_url, .payload = "" };

	return errand_ask(c, x, &a, "validate", v->id, on_authorization, e);
}

static enum acsr_result on_told(struct core *c, struct upstream_then *t, const struct upstream_reply *r,
	const struct acsr_err *why, struct acsr_err *e)
{
	CLEANUP_VALIDATION struct validation v = { 0 };
	CLEANUP_ERRAND struct errand x = { 0 };
	bool wanted;

	TRY(load_pair(c, t->object, &v, &x, &wanted, e));
	if (!wanted)
		return ACSR_OK;
	/* A refusal may mean that it is decided already: the authorization says how. */
	if (why != NULL && upstream_is_their_fault(why))
		return errand_trouble(c, &x, "validate", v.id, why, r->retry_at, e);
	if (why == NULL)
		TRY(errand_well(c, &x, v.id, e));
	return look(c, &x, &v, e);
}

static enum acsr_result tell(struct core *c, struct errand *x, struct validation *v, struct acsr_err *e)
{
	struct upstream_ask a = { .url = v->challenge_url, .payload = "{}" };

	v->told_at = c->now;
	TRY(validation_save(c->db, v, e));
	if (x->u.told_at == 0) {
		x->u.told_at = c->now;
		TRY(errand_save(c, x, e));
	}
	return errand_ask(c, x, &a, "validate", v->id, on_told, e);
}

/* --- our own look --- */

/* What every resolver saw, for the customer. */
static enum acsr_result keep_evidence(const struct msg *m, struct validation *v, struct acsr_err *e)
{
	const struct msg_probe_result *r = m != NULL ? m->body : NULL;
	json_t *seen, *list;

	if (r == NULL)
		return ACSR_OK;
	list = json_array();
	for (size_t i = 0; i < r->perspectives.n; i++) {
		json_t *one = json_loads(r->perspectives.v[i], 0, NULL);

		if (one != NULL)
			json_array_append_new(list, one);
	}
	seen = json_loads(r->evidence, 0, NULL);
	free(v->evidence);
	v->evidence = NULL;
	return json_text(
		json_pack("{s:o,s:o}", "preflight", seen != NULL ? seen : json_null(), "perspectives", list),
		&v->evidence, e);
}

/* --- what the service publishes itself --- */

static enum acsr_result have_published(struct core *c, const struct errand *x, const struct validation *v,
	struct publish_state *state, struct acsr_err *e)
{
	struct publish p = { .automation = x->i.automation,
		.account_id = x->o.account_id,
		.order_id = x->o.id,
		.validation_id = v->id,
		.method = v->method,
		.name = host_of(v),
		.where = v->record,
		.value = v->value,
		.wake = "validate" };

	*state = (struct publish_state){ .step = PUBLISH_BY_HAND };
	return publish_want(c, &p, state, e);
}

static enum acsr_result being_published(
	struct core *c, struct errand *x, struct validation *v, struct acsr_err *e)
{
	v->next_check_at = c->now + PUBLISHING;
	TRY(validation_save(c->db, v, e));
	TRY(jobs_again(c->db, "validate", v->id, v->next_check_at, "", e));
	return order_wait(c, &x->o, v->next_check_at, e, "%s: its proof is being published", v->name);
}

/* Why it is not there, when that is known. */
static void add_reason(const struct validation *v, const struct publish_state *state, struct acsr_err *why)
{
	struct acsr_err seen = *why;

	if (state->why.id[0] != '\0')
		(void)err_set(why, seen.id, "%.240s (%.150s)", state->why.text, seen.text);
	else if (state->cname[0] != '\0')
		(void)err_set(why, seen.id, "%.200s; is %.90s a CNAME to %.90s?", seen.text, v->record,
			state->cname);
}

static enum acsr_result not_seen(
	struct core *c, struct errand *x, struct validation *v, const struct acsr_err *no, struct acsr_err *e)
{
	struct publish_state state;
	struct acsr_err why = *no;

	TRY(have_published(c, x, v, &state, e));
	add_reason(v, &state, &why);
	TRY(validate_not_yet(c, &x->o, v, &why, e));
	if (strcmp(v->state, "pending") != 0 || state.step != PUBLISH_DONE ||
		c->now - state.published_at > FRESH)
		return ACSR_OK;
	return core_want_job(c, "validate", v->id, c->now + FRESH_PAUSE, e);
}

static enum acsr_result on_look(
	struct core *c, struct call *call, struct msg *m, const struct acsr_err *why, struct acsr_err *e)
{
	CLEANUP_VALIDATION struct validation v = { 0 };
	CLEANUP_ERRAND struct errand x = { 0 };
	struct acsr_err no;
	bool wanted;

	TRY(load_pair(c, call->object, &v, &x, &wanted, e));
	if (!wanted || strcmp(v.method, call->detail) != 0)
		return wanted ? core_want_job(c, "validate", v.id, c->now, e) : ACSR_OK;
	TRY(keep_evidence(m, &v, e));
	if (control_seen_here(m, why, &no) != ACSR_OK)
		return not_seen(c, &x, &v, &no, e);
	v.checked_at = c->now;
	return tell(c, &x, &v, e);
}

static enum acsr_result ask_prober(
	struct core *c, const struct validation *v, const char *account_url, struct acsr_err *e)
{
	struct call like = { .fn = on_look };
	struct control k = { .name = host_of(v),
		.wildcard = v->wildcard,
		.method = str_starts(v->method, "dns") ? "dns" : v->method,
		.where = v->record,
		.value = v->value,
		.account_uri = account_url };

	snprintf(like.object, sizeof(like.object), "%s", v->id);
	snprintf(like.detail, sizeof(like.detail), "%s", v->method);
	return control_ask(c, &k, &like, e);
}

static bool has_expired(const struct core *c, const struct errand *x)
{
	return x->u.expires_at != 0 && x->u.expires_at <= c->now;
}

enum acsr_result upstream_prove(struct core *c, struct order *o, struct validation *v, struct acsr_err *e)
{
	CLEANUP_ERRAND struct errand x = { 0 };
	struct publish_state state;
	struct acsr_err why;
	bool have, held;

	TRY(errand_load(c, o->id, &x, &have, e));
	if (!have || strcmp(x.u.step, "prove") != 0) {
		/* Nothing to look at yet; the customer who asks for it after a refusal begins anew. */
		TRY(jobs_done(c->db, "validate", v->id, e));
		return have && strcmp(x.u.step, "failed") == 0
			       ? core_want_job(c, "upstream", o->id, c->now, e)
			       : ACSR_OK;
	}
	TRY(errand_held(c, &x, "validate", v->id, &held, e));
	if (held)
		return ACSR_OK;
	if (has_expired(c, &x)) {
		(void)err_set(&why, "upstream.absent",
			"%s: the order at %s has expired before control was shown", v->name, x.i.title);
		return failed(c, &x, v, &why, e);
	}
	if (v->told_at != 0)
		return look(c, &x, v, e);
	TRY(have_published(c, &x, v, &state, e));
	if (state.step == PUBLISH_UNDER_WAY)
		return being_published(c, &x, v, e);
	return ask_prober(c, v, x.i.account_url, e);
}
