/*
 * Having it published, and taken away again: courier or hook are asked, their answers kept. One question at a time for each
 * publication, so that a removal cannot overtake what it is to remove.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "core/publish.h"
#include "core/request.h"
#include "store/jobs.h"
#include "store/publications.h"

enum {
	ANSWER_WITHIN =
		3000, /* seconds; whoever is asked has limits of its own and works on one after the other */
	LONGEST_PAUSE = 3600,
	BUSY_PAUSE = 2,
	BUSY_MOST = 60,
	LOOK_AGAIN = 300,   /* whether what is published is needed at all */
	LATE_PAUSE = 60,    /* an update whose answer was lost has taken effect by then, or never will */
	GIVE_UP = 7 * 86400 /* taking away */
};

static bool asked_already(const struct core *c, const char *id)
{
	for (const struct call *call = c->calls; call != NULL; call = call->next)
		if ((call->asked == MSG_publish || call->asked == MSG_hook_run) &&
			strcmp(call->object, id) == 0)
			return true;
	return false;
}

/* Whoever is to be asked is just starting: nothing was asked then, so nothing can come of it later. */
static bool nobody_to_ask(const struct core *c, const struct publication *p)
{
	return c->proc->peers[strcmp(p->automation, "hook") == 0 ? ROLE_HOOK : ROLE_COURIER] == NULL;
}

static bool not_now(const struct core *c, const struct publication *p)
{
	return asked_already(c, p->id) || nobody_to_ask(c, p);
}

static enum acsr_result wait_for_them(
	struct core *c, const char *kind, const char *id, int64_t attempts, struct acsr_err *e)
{
	return jobs_again(c->db, kind, id, c->now + jobs_pause(BUSY_PAUSE, BUSY_MOST, attempts), "", e);
}

/* --- asking --- */

static enum acsr_result ask_courier(
	struct core *c, const struct publication *p, bool remove, const struct call *like, struct acsr_err *e)
{
	bool moved = remove && p->published_as[0] != '\0';
	struct msg_publish m = { .way = (char *)(uintptr_t)p->automation,
		.remove = remove,
		.name = (char *)(uintptr_t)(moved ? p->published_as : p->place),
		.value = p->value };

	return core_ask(c, ROLE_COURIER, MSG_publish, &m, ANSWER_WITHIN, like, e);
}

static enum acsr_result ask_hook(
	struct core *c, const struct publication *p, bool remove, const struct call *like, struct acsr_err *e)
{
	struct msg_hook_run m = { .remove = remove,
		.kind = (char *)(uintptr_t)p->method,
		.name = (char *)(uintptr_t)p->place,
		.value = p->value };

	return core_ask(c, ROLE_HOOK, MSG_hook_run, &m, ANSWER_WITHIN, like, e);
}

static enum acsr_result ask(
	struct core *c, const struct publication *p, bool remove, struct call like, struct acsr_err *e)
{
	snprintf(like.object, sizeof(like.object), "%s", p->id);
	return strcmp(p->automation, "hook") == 0 ? ask_hook(c, p, remove, &like, e)
						  : ask_courier(c, p, remove, &like, e);
}

/* --- answers --- */

static enum acsr_result keep_error(struct publication *p, const struct acsr_err *why, struct acsr_err *e)
{
	free(p->error_text);
	p->error_text = NULL;
	snprintf(p->error, sizeof(p->error), "%s", why != NULL ? why->id : "");
	return str_dup(&p->error_text, why != NULL ? why->text : "", e);
}

/* Nothing was said: the other process ended, or a server fell silent. It may have been done, or be done yet. */
static bool unanswered(const struct acsr_err *why)
{
	return err_is(why, "busy.") || err_is(why, "publish.unknown");
}

static enum acsr_result wake(struct core *c, const struct publication *p, struct acsr_err *e)
{
	return p->wake[0] != '\0' ? core_want_job(c, p->wake, p->validation_id, c->now, e) : ACSR_OK;
}

static enum acsr_result try_again(struct core *c, const char *kind, struct publication *p,
	const struct acsr_err *why, struct acsr_err *e)
{
	int64_t first = conf_span(&c->proc->conf, "publish.first_retry"), attempts, pause = BUSY_PAUSE;

	TRY(jobs_attempts(c->db, kind, p->id, &attempts, e));
	if (!err_is(why, "busy.") || attempts > 3)
		pause = jobs_pause(first, LONGEST_PAUSE, attempts);
	p->retry_at = c->now + pause;
	TRY(keep_error(p, why, e));
	TRY(publication_save(c->db, p, e));
	log_event(LOG_WARN, "publication.waiting", "job", kind, "order", p->order_id, "place", p->place,
		"error", why->id, "text", why->text, NULL);
	return jobs_again(c->db, kind, p->id, p->retry_at, why->text, e);
}

static const char *where_it_went(const struct msg *m, const char *place)
{
	const struct msg_published *r = m->body;

	return m->type == MSG_published && *r->name != '\0' ? r->name : place;
}

static const char *detail_of(const struct msg *m)
{
	return m->type == MSG_published ? ((const struct msg_published *)m->body)->detail : "by the hook";
}

static enum acsr_result is_published(
	struct core *c, struct publication *p, const struct msg *m, struct acsr_err *e)
{
	snprintf(p->published_as, sizeof(p->published_as), "%s", where_it_went(m, p->place));
	snprintf(p->state, sizeof(p->state), "published");
	p->unsure = false;
	p->retry_at = 0;
	p->published_at = c->now;
	TRY(keep_error(p, NULL, e));
	TRY(publication_save(c->db, p, e));
	TRY(core_audit(
		c, "system", "", "proof.published", p->order_id, e, "%s, %s", p->published_as, detail_of(m)));
	TRY(jobs_done(c->db, "publish", p->id, e));
	TRY(core_want_job(c, "publish", p->id, c->now + LOOK_AGAIN, e));
	return wake(c, p, e);
}

static enum acsr_result on_published(
	struct core *c, struct call *call, struct msg *m, const struct acsr_err *why, struct acsr_err *e)
{
	CLEANUP_PUBLICATION struct publication p = { 0 };
	bool have;

	TRY(publication_load(c->db, call->object, &p, &have, e));
	if (!have)
		return ACSR_OK;
	if (strcmp(p.state, "wanted") != 0) {
		/* Dropped meanwhile: its removal waits for this answer and needs to know where it went. */
		if (m != NULL)
			snprintf(p.published_as, sizeof(p.published_as), "%s", where_it_went(m, p.place));
		else
			p.unsure = p.unsure || unanswered(why);
		return publication_save(c->db, &p, e);
	}
	if (m != NULL)
		return is_published(c, &p, m, e);
	p.unsure = p.unsure || unanswered(why);
	TRY(try_again(c, "publish", &p, why, e));
	return wake(c, &p, e);
}

static enum acsr_result is_removed(struct core *c, struct publication *p, const char *how, struct acsr_err *e)
{
	if (p->unsure) {
		p->unsure = false;
		TRY(publication_save(c->db, p, e));
		return jobs_again(c->db, "unpublish", p->id, c->now + LATE_PAUSE, "", e);
	}
	TRY(core_audit(c, "system", "", "proof.removed", p->order_id, e, "%s, %s",
		p->published_as[0] != '\0' ? p->published_as : p->place, how));
	TRY(publication_delete(c->db, p->id, e));
	return jobs_done(c->db, "unpublish", p->id, e);
}

static enum acsr_result on_removed(
	struct core *c, struct call *call, struct msg *m, const struct acsr_err *why, struct acsr_err *e)
{
	CLEANUP_PUBLICATION struct publication p = { 0 };
	bool have;

	TRY(publication_load(c->db, call->object, &p, &have, e));
	if (!have || strcmp(p.state, "unwanted") != 0)
		return ACSR_OK; /* wanted again: its job publishes it once more */
	return m != NULL ? is_removed(c, &p, detail_of(m), e) : try_again(c, "unpublish", &p, why, e);
}

/* --- jobs --- */

/* An order that was cancelled has let go of its validations, whoever cancelled it. */
static enum acsr_result look_after(struct core *c, struct publication *p, struct acsr_err *e)
{
	bool needed;

	TRY(publication_needed(c->db, p, &needed, e));
	if (!needed)
		return publish_drop(c, p->validation_id, e);
	return jobs_again(c->db, "publish", p->id, c->now + LOOK_AGAIN, "", e);
}

enum acsr_result publish_job(struct core *c, const char *id, int64_t attempts, struct acsr_err *e)
{
	CLEANUP_PUBLICATION struct publication p = { 0 };
	bool have, needed;

	TRY(publication_load(c->db, id, &p, &have, e));
	if (!have || strcmp(p.state, "unwanted") == 0)
		return jobs_done(c->db, "publish", id, e);
	TRY(publication_needed(c->db, &p, &needed, e));
	if (strcmp(p.state, "published") == 0 || !needed)
		return look_after(c, &p, e);
	if (not_now(c, &p))
		return wait_for_them(c, "publish", id, attempts, e);
	p.asked_at = p.asked_at != 0 ? p.asked_at : c->now;
	TRY(publication_save(c->db, &p, e));
	return ask(c, &p, false, (struct call){ .fn = on_published }, e);
}

static enum acsr_result give_up(struct core *c, const struct publication *p, struct acsr_err *e)
{
	TRY(core_audit(c, "system", "", "proof.left", p->order_id, e, "%s could not be taken away: %s",
		p->published_as[0] != '\0' ? p->published_as : p->place, p->error_text));
	TRY(publication_delete(c->db, p->id, e));
	return jobs_done(c->db, "unpublish", p->id, e);
}

enum acsr_result unpublish_job(struct core *c, const char *id, int64_t attempts, struct acsr_err *e)
{
	CLEANUP_PUBLICATION struct publication p = { 0 };
	bool have, shared;

	TRY(publication_load(c->db, id, &p, &have, e));
	if (!have || strcmp(p.state, "unwanted") != 0)
		return jobs_done(c->db, "unpublish", id, e);
	if (c->now - p.unwanted_at > GIVE_UP)
		return give_up(c, &p, e);
	if (not_now(c, &p))
		return wait_for_them(c, "unpublish", id, attempts, e);
	TRY(publication_shared(c->db, &p, &shared, e));
	if (shared) { /* another order shows the same proof; the last one takes it away */
		TRY(publication_delete(c->db, id, e));
		return jobs_done(c->db, "unpublish", id, e);
	}
	return ask(c, &p, true, (struct call){ .fn = on_removed }, e);
}

/* --- our own web server --- */

enum acsr_result publish_respond(struct core *c, struct request *q, struct acsr_err *e)
{
	CLEANUP_STR char *value = NULL;

	TRY(publication_answer(c->db, q->param[0], &value, e));
	if (value == NULL)
		return err_set(e, "object.absent", "there is no such challenge here");
	q->content_type = "application/octet-stream";
	return buf_putstr(&q->raw, value, e);
}
