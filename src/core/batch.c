/*
 * Group commit: every waiting step in one transaction, then everything that they want to say. Before an answer or a message
 * leaves that tells of what was stored, it is on the disk; a question to the prober tells nobody anything. The lines of
 * the process's log do not wait: after a power cut they may tell of the last second's work that is lost.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "core/code.h"
#include "core/request.h"
#include "store/audit.h"

struct step {
	struct step *next;
	struct request *q;
	step_fn *run;
	void *arg;
	void (*done)(void *arg);
	bool tells_nothing; /* it saw and did nothing that is not on the disk; its answer need not wait */
};

enum { STEPS_A_BATCH = 200 };

void core_step(struct core *c, struct request *q, step_fn *run, void *arg, void (*done)(void *arg))
{
	struct step *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		log_event(LOG_ERROR, "step.nomem", NULL);
		abort(); /* a lost step would leave somebody waiting for ever; autocsrd starts us again */
	}
	*s = (struct step){ .q = q, .run = run, .arg = arg, .done = done };
	request_hold(q);
	*c->steps_tail = s;
	c->steps_tail = &s->next;
}

static struct step *take_steps(struct core *c)
{
	struct step *first = c->steps, *last = first;

	if (first == NULL)
		return NULL;
	for (int i = 1; i < STEPS_A_BATCH && last->next != NULL; i++)
		last = last->next;
	c->steps = last->next;
	if (c->steps == NULL)
		c->steps_tail = &c->steps;
	last->next = NULL;
	return first;
}

static enum acsr_result run_inside(struct core *c, struct step *s, struct acsr_err *e)
{
	TRY(db_savepoint(c->db, e));
	if (s->run(c, s->arg, e) == ACSR_OK && db_release(c->db, e) == ACSR_OK)
		return ACSR_OK;
	db_rollback_to(c->db);
	return ACSR_FAIL;
}

static void refuse(struct request *q, const struct acsr_err *why)
{
	q->later = false;
	request_problem(q, why);
}

static void run_step(struct core *c, struct step *s)
{
	struct outgoing **mark = c->outbox_tail;
	struct acsr_err e = { 0 };

	if (s->q != NULL && s->q->answered)
		return;
	c->count.steps++;
	if (run_inside(c, s, &e) == ACSR_OK)
		return;
	call_drop_after(c, mark);
	if (s->q != NULL) {
		refuse(s->q, &e);
	} else {
		log_error(LOG_WARN, "step.failed", &e);
	}
}

/* The commit failed, or never began: nobody's work was done, and everybody is told so. */
static void refuse_all(struct core *c, struct step *steps, const struct acsr_err *why)
{
	struct outgoing **start = &c->outbox;

	log_error(LOG_ERROR, "commit.failed", why);
	call_drop_after(c, start);
	for (struct step *s = steps; s != NULL; s = s->next) {
		if (s->q == NULL || s->q->answered)
			continue;
		refuse(s->q, why);
	}
}

static bool waits_for_answer(const struct step *s)
{
	return s->q != NULL && !s->q->later && !s->q->answered;
}

static void finish(struct core *c, struct step *steps)
{
	while (steps != NULL) {
		struct step *s = steps;

		steps = s->next;
		if (waits_for_answer(s))
			request_send(c, s->q);
		if (s->done != NULL)
			s->done(s->arg);
		request_release(s->q);
		free(s);
	}
}

static bool tells(const struct core *c, const struct step *steps)
{
	for (const struct outgoing *o = c->outbox; o != NULL; o = o->next)
		if (o->to != ROLE_PROBER && (o->to != ROLE_ANY || o->code_of[0] != '\0'))
			return true;
	for (const struct step *s = steps; s != NULL; s = s->next)
		if (waits_for_answer(s))
			return true;
	return false;
}

static enum acsr_result sync(struct core *c, struct acsr_err *e)
{
	TRY(db_sync(c->db, e));
	c->unsynced = false;
	return ACSR_OK;
}

static bool is_get(const struct request *q)
{
	return strcmp(q->m.method, "GET") == 0 || strcmp(q->m.method, "HEAD") == 0;
}

/* RFC 8555 6.3: what is only read by a signed request has an empty payload. A guess: it decides who runs first, no more. */
static bool is_post_as_get(const struct request *q)
{
	static const char compact[] = "\"payload\":\"\"", spaced[] = "\"payload\": \"\"";
	const struct blob *b = &q->m.body;

	return str_starts(q->m.path, "/acme/") &&
	       (memmem(b->p, b->len, compact, sizeof(compact) - 1) != NULL ||
		       memmem(b->p, b->len, spaced, sizeof(spaced) - 1) != NULL);
}

static bool only_reads(const struct step *s)
{
	return s->q != NULL && s->run == request_run && (is_get(s->q) || is_post_as_get(s->q));
}

/* Who only reads goes first, and is answered without waiting for what the others will write. */
static void run_all(struct core *c, struct step *steps, int64_t before)
{
	for (struct step *s = steps; s != NULL; s = s->next) {
		if (!only_reads(s))
			continue;
		run_step(c, s);
		s->tells_nothing =
			!c->unsynced && c->outbox == NULL && db_changes(c->db) - before == c->passing;
		if (s->tells_nothing && c->passing == 0 && waits_for_answer(s))
			request_send(c, s->q);
	}
	for (struct step *s = steps; s != NULL; s = s->next)
		if (!only_reads(s))
			run_step(c, s);
}

/* Nonces are used up by now, as far as anybody can see who does not cut the power. */
static void answer_readers(struct core *c, struct step *steps)
{
	for (struct step *s = steps; s != NULL; s = s->next)
		if (s->tells_nothing && waits_for_answer(s))
			request_send(c, s->q);
}

static enum acsr_result transact(struct core *c, struct step *steps, struct acsr_err *e)
{
	int64_t before = db_changes(c->db);

	c->passing = 0;
	TRY(db_begin(c->db, e));
	run_all(c, steps, before);
	TRY(code_before_commit(c, e));
	TRY(db_commit_unsynced(c->db, e));
	answer_readers(c, steps);
	c->unsynced = c->unsynced || db_changes(c->db) - before > c->passing;
	return c->unsynced && tells(c, steps) ? sync(c, e) : ACSR_OK;
}

void batch_tick(struct core *c)
{
	struct acsr_err e;

	if (c->unsynced && sync(c, &e) != ACSR_OK)
		log_error(LOG_ERROR, "commit.unsynced", &e);
}

static void run_batch(struct core *c, struct step *steps)
{
	struct acsr_err e = { 0 };

	c->now = clock_now();
	c->count.batches++;
	c->trouble = false;
	if (transact(c, steps, &e) != ACSR_OK) {
		db_rollback(c->db);
		c->trouble = true;
		code_commit_failed(c);
		refuse_all(c, steps, &e);
	} else {
		code_after_commit(c);
		call_flush(c);
	}
	finish(c, steps);
}

void batch_run(void *core)
{
	struct core *c = core;
	struct step *steps = take_steps(c);

	if (steps != NULL) {
		for (; steps != NULL; steps = take_steps(c))
			run_batch(c, steps);
		core_run_jobs(c);
	}
	code_turn(c);
}

enum acsr_result core_audit(struct core *c, const char *actor, const char *account_id, const char *action,
	const char *object, struct acsr_err *e, const char *detail, ...)
{
	struct audit_entry a = {
		.at = c->now, .actor = actor, .account_id = account_id, .action = action, .object = object
	};
	char text[1000];
	va_list ap;

	va_start(ap, detail);
	vsnprintf(text, sizeof(text), detail, ap);
	va_end(ap);
	str_whole(text);
	a.detail = text;
	TRY(audit_append(c->db, &a, e));
	return call_log(c, action, object, actor, text, e);
}
