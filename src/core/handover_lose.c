/* What becomes of archives and codes when nobody takes them, whoever holds them dies, or their time is over. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/code.h"
#include "core/handover.h"
#include "store/jobs.h"

/* What the service itself does to an order; the account's own audit log shows it too. */
static enum acsr_result audit_of_order(
	struct core *c, const char *action, const char *order_id, const char *detail, struct acsr_err *e)
{
	CLEANUP_ORDER struct order o = { 0 };

	TRY(order_load(c->db, order_id, NULL, &o, e));
	return core_audit(c, "system", o.account_id, action, o.id, e, "%s", detail);
}

enum acsr_result handover_lose(struct core *c, struct csr_request *r, const char *why, struct acsr_err *e)
{
	struct msg_ticket_drop drop = { .ticket = r->ticket };

	if (strcmp(r->archive_state, "waiting") == 0)
		TRY(core_tell(c, ROLE_FRONT, MSG_ticket_drop, 0, &drop, e));
	/* The ticket stays on record, so that who comes with it hears "gone" and not "never heard of". */
	snprintf(r->archive_state, sizeof(r->archive_state), "lost");
	r->code_expires_at = 0;
	TRY(csr_request_save(c->db, r, e));
	TRY(code_destroy(c, r, "its archive was lost", e));
	return audit_of_order(c, "archive.lost", r->order_id, why, e);
}

static enum acsr_result lose_unfetched(struct core *c, bool mails, struct acsr_err *e)
{
	CLEANUP_STRV struct strv ids = { 0 };

	TRY(csr_request_unfetched(c->db, mails, &ids, e));
	for (size_t i = 0; i < ids.n; i++) {
		struct csr_request r;

		TRY(csr_request_load(c->db, ids.v[i], &r, e));
		snprintf(r.archive_state, sizeof(r.archive_state), "lost");
		TRY(csr_request_save(c->db, &r, e));
		TRY(code_destroy(c, &r, "its archive was lost", e));
	}
	return ACSR_OK;
}

enum acsr_result handover_after_restart(struct core *c, struct acsr_err *e)
{
	return lose_unfetched(c, true, e);
}

static enum acsr_result lose_fronts(struct core *c, void *arg, struct acsr_err *e)
{
	(void)arg;
	return lose_unfetched(c, false, e);
}

void handover_front_gone(struct core *c)
{
	core_step(c, NULL, lose_fronts, NULL, NULL);
}

struct sent {
	char ticket[65];
	bool complete;
};

static enum acsr_result archive_sent(struct core *c, void *arg, struct acsr_err *e)
{
	const struct sent *s = arg;
	struct csr_request r;

	TRY(csr_request_by_any_ticket(c->db, s->ticket, &r, e));
	if (s->complete)
		return audit_of_order(c, "archive.sent", r.order_id, "the archive was sent whole", e);
	if (strcmp(r.archive_state, "fetched") != 0)
		return ACSR_OK;
	return handover_lose(c, &r, "the download broke off; a new archive has a new key", e);
}

void handover_archive_sent(struct core *c, const struct msg_archive_sent *m)
{
	struct sent *s = calloc(1, sizeof(*s));

	if (s == NULL)
		abort();
	snprintf(s->ticket, sizeof(s->ticket), "%s", m->ticket);
	s->complete = m->complete != 0;
	core_step(c, NULL, archive_sent, s, free);
}

static enum acsr_result key_gone(struct core *c, void *arg, struct acsr_err *e)
{
	return csr_request_gone(c->db, arg, c->now, e);
}

void handover_key_gone(struct core *c, const struct msg_key_gone *m)
{
	char *ticket = strdup(m->ticket);

	if (ticket == NULL)
		abort();
	core_step(c, NULL, key_gone, ticket, free);
}
/* --- jobs --- */

/* Until when may this archive be as it is? 0: for ever. */
static int64_t good_until(const struct csr_request *r)
{
	if (strcmp(r->archive_state, "making") == 0)
		return r->made_at + HANDOVER_MADE_WITHIN;
	if (strcmp(r->archive_state, "waiting") == 0)
		return r->ticket_expires_at;
	/* Fetched, and never acknowledged: its code is not kept longer than any other. */
	if (strcmp(r->archive_state, "fetched") == 0)
		return r->ticket_expires_at + r->code_window;
	return 0;
}

enum acsr_result handover_expire_job(
	struct core *c, const char *request_id, int64_t attempts, struct acsr_err *e)
{
	struct csr_request r;
	int64_t until;

	(void)attempts;
	TRY(jobs_done(c->db, "archive-expire", request_id, e));
	TRY(csr_request_load(c->db, request_id, &r, e));
	until = good_until(&r);
	if (until == 0)
		return ACSR_OK;
	if (until > c->now)
		return core_want_job(c, "archive-expire", request_id, until, e);
	return handover_lose(c, &r,
		strcmp(r.archive_state, "making") == 0    ? "no key was made in time"
		: strcmp(r.archive_state, "waiting") == 0 ? "nobody fetched the archive in time"
							  : "nobody acknowledged the archive in time",
		e);
}

enum acsr_result handover_code_job(
	struct core *c, const char *request_id, int64_t attempts, struct acsr_err *e)
{
	struct csr_request r;

	(void)attempts;
	TRY(jobs_done(c->db, "code-destroy", request_id, e));
	TRY(csr_request_load(c->db, request_id, &r, e));
	return code_destroy(c, &r, "its window is over", e);
}
