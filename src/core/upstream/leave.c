/*
 * Letting go of what an order leaves pending at its CA (RFC 8555 7.5.2), when it was cancelled, has failed, or goes to
 * another issuer. The URLs are written down in the order's row there, so that the job which does it can be repeated
 * whatever has become of the order and its validations; a CA that is away is asked again.
 */
#include <stdio.h>
#include <string.h>

#include "core/jsontext.h"
#include "core/publish.h"
#include "core/upstream/jobs.h"
#include "core/upstream/orders.h"
#include "store/jobs.h"

enum { LONGEST_PAUSE = 3600, LEASE = 900 };

enum acsr_result errand_leave(struct core *c, struct errand *x, struct acsr_err *e)
{
	json_t *list = json_array();
	struct validation *v;
	size_t n;

	json_object_set_new(x->detail, "leaving", list);
	json_object_set_new(x->detail, "left_at", json_integer(c->now));
	TRY(validations_of(c->db, x->o.id, &v, &n, e));
	for (size_t i = 0; i < n; i++)
		if (v[i].authz_url[0] != '\0' &&
			(strcmp(v[i].state, "pending") == 0 || strcmp(v[i].state, "failed") == 0))
			json_array_append_new(list, json_string(v[i].authz_url));
	validations_free(v, n);
	if (json_array_size(list) == 0) {
		(void)json_object_del(x->detail, "leaving");
		return ACSR_OK;
	}
	TRY(errand_save(c, x, e));
	return core_want_job(c, "upstream-tidy", x->o.id, c->now, e);
}

enum acsr_result upstream_cancel(struct core *c, const struct order *o, struct acsr_err *e)
{
	CLEANUP_ERRAND struct errand x = { 0 };
	bool have;

	TRY(errand_load(c, o->id, &x, &have, e));
	if (!have)
		return ACSR_OK;
	TRY(jobs_done(c->db, "upstream", o->id, e));
	TRY(publish_drop_order(c, o->id, e));
	return errand_leave(c, &x, e);
}

/* --- the job --- */

/* A row with URLs that are to be let go of. */
struct leaver {
	struct upstream_order u;
	json_t *detail, *list;
	const char *url; /* the next; a loan */
};

static void leaver_clear(struct leaver *l)
{
	json_decref(l->detail);
	upstream_order_clear(&l->u);
}
#define CLEANUP_LEAVER __attribute__((cleanup(leaver_clear)))

static enum acsr_result load(
	struct core *c, const char *order_id, struct leaver *l, bool *have, struct acsr_err *e)
{
	TRY(upstream_order_leaving(c->db, order_id, &l->u, have, e));
	if (!*have)
		return ACSR_OK;
	l->detail = json_loads(l->u.detail, 0, NULL);
	l->list = json_object_get(l->detail, "leaving");
	l->url = json_string_value(json_array_get(l->list, 0));
	/* The row was found by its text, where the word may stand elsewhere too. */
	*have = json_is_array(l->list);
	return ACSR_OK;
}

/* The next one is done with, or all of them. */
static enum acsr_result strike(struct core *c, struct leaver *l, bool all, struct acsr_err *e)
{
	(void)json_array_remove(l->list, 0);
	if (all || json_array_size(l->list) == 0)
		(void)json_object_del(l->detail, "leaving");
	free(l->u.detail);
	l->u.detail = NULL;
	TRY(json_text(json_incref(l->detail), &l->u.detail, e));
	return upstream_order_save(c->db, &l->u, e);
}

static bool is_over(const struct core *c, const struct leaver *l)
{
	int64_t left_at = json_integer_value(json_object_get(l->detail, "left_at"));

	return (l->u.expires_at != 0 && l->u.expires_at <= c->now) ||
	       c->now - left_at > conf_span(&c->proc->conf, "validation.give_up");
}

static enum acsr_result leave_next(struct core *c, const char *order_id, struct acsr_err *e);

/* What it says is the end of it; only a CA that is away is asked again. */
static enum acsr_result answered(struct core *c, const char *order_id, struct leaver *l,
	const struct upstream_reply *r, const struct acsr_err *why, struct acsr_err *e)
{
	int64_t first = conf_span(&c->proc->conf, "upstream.first_retry"), attempts, at;

	if (why == NULL || !upstream_is_their_fault(why)) {
		TRY(strike(c, l, false, e));
		return leave_next(c, order_id, e);
	}
	TRY(jobs_attempts(c->db, "upstream-tidy", order_id, &attempts, e));
	at = c->now + jobs_pause(first, LONGEST_PAUSE, attempts);
	return jobs_again(
		c->db, "upstream-tidy", order_id, r->retry_at > at ? r->retry_at : at, why->text, e);
}

/* As much of a URL as a callback keeps. */
static const char *tail_of(const char *url)
{
	size_t n = strlen(url), most = sizeof(((struct upstream_then *)0)->detail) - 1;

	return n > most ? url + n - most : url;
}

static enum acsr_result on_left(struct core *c, struct upstream_then *t, const struct upstream_reply *r,
	const struct acsr_err *why, struct acsr_err *e)
{
	CLEANUP_LEAVER struct leaver l = { 0 };
	bool have;

	TRY(load(c, t->object, &l, &have, e));
	if (!have || l.url == NULL || strcmp(tail_of(l.url), t->detail) != 0)
		return ACSR_OK; /* its lease ends, and what is left then is looked at anew */
	return answered(c, t->object, &l, r, why, e);
}

static enum acsr_result leave_next(struct core *c, const char *order_id, struct acsr_err *e)
{
	struct upstream_ask a = { .payload = "{\"status\":\"deactivated\"}" };
	CLEANUP_LEAVER struct leaver l = { 0 };
	struct upstream_then t = { .fn = on_left };
	struct upstream_reply none = { 0 };
	bool have, used = false;
	struct acsr_err why;

	TRY(load(c, order_id, &l, &have, e));
	if (!have)
		return jobs_done(c->db, "upstream-tidy", order_id, e);
	if (l.url != NULL)
		TRY(upstream_authorization_used(c->db, l.url, order_id, &used, e));
	if (l.url == NULL || used || is_over(c, &l)) {
		TRY(strike(c, &l, !used, e));
		return leave_next(c, order_id, e);
	}
	TRY(jobs_lease(c->db, "upstream-tidy", order_id, c->now + LEASE, e));
	a.issuer = l.u.issuer;
	a.url = l.url;
	snprintf(t.object, sizeof(t.object), "%s", order_id);
	snprintf(t.detail, sizeof(t.detail), "%s", tail_of(l.url));
	if (upstream_call(c, &a, &t, &why) == ACSR_OK)
		return ACSR_OK;
	return answered(c, order_id, &l, &none, &why, e);
}

enum acsr_result upstream_tidy_job(struct core *c, const char *order_id, int64_t attempts, struct acsr_err *e)
{
	(void)attempts;
	return leave_next(c, order_id, e);
}
