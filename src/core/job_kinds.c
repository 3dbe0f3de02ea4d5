/* The kinds of jobs, and the claiming of what is due. */
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "core/acme/orders.h"
#include "core/acme/outcome.h"
#include "core/handover.h"
#include "core/identity.h"
#include "core/issuers.h"
#include "core/mail.h"
#include "core/order.h"
#include "core/publish.h"
#include "core/receipt.h"
#include "core/upstream/jobs.h"
#include "store/jobs.h"

/* lease: seconds until a claimed job that nobody finished is tried again; longer than its questions take. */
static const struct job_kind {
	const char *name;
	int64_t lease;
	enum acsr_result (*run)(struct core *c, const char *object, int64_t attempts, struct acsr_err *e);
} kinds[] = {
	{ "archive-mail", 240, handover_mail_job },
	{ "archive-expire", 60, handover_expire_job },
	{ "code-destroy", 60, handover_code_job },
	{ "validate", 150, validate_job },
	{ "issue", 150, issue_job },
	{ "expire", 60, expire_job },
	{ "publish", 3600, publish_job },
	{ "unpublish", 3600, unpublish_job },
	{ "crl", 120, crl_job },
	{ "mail", 120, mail_job },
	{ "receipt", 60, receipt_job },
	{ "upstream", 900, upstream_job },
	{ "upstream-tidy", 900, upstream_tidy_job },
	{ "renewal-notice", 60, upstream_notice_job },
	{ "renewal-told", 60, upstream_told_job },
	{ "upstream-revoke", 900, upstream_revoke_job },
	{ "upstream-ari", 900, upstream_ari_job },
	{ "upstream-roll", 900, upstream_roll_job },
	{ "upstream-forget", 120, upstream_forget_job },
	{ "housekeeping", 600, housekeeping_job },
	{ "acme-challenge", 150, acme_challenge_job },
	{ "acme-tidy", 120, acme_tidy_job },
};

enum {
	LONGEST_SLEEP_MS = 3600 * 1000,
	FAILED_PAUSE = 5,
	JOBS_A_STEP = 16,
	FIRST_LEASE = 60,
	PAUSE_MS = 1000
};

static const struct job_kind *kind_of(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	return NULL;
}

enum acsr_result core_want_job(
	struct core *c, const char *kind, const char *object, int64_t due_at, struct acsr_err *e)
{
	return jobs_want(c->db, kind, object, due_at, e);
}

static enum acsr_result run_job(struct core *c, const struct job *j, struct acsr_err *e)
{
	const struct job_kind *k = kind_of(j->kind);

	if (k == NULL)
		return jobs_done(c->db, j->kind, j->object, e);
	TRY(jobs_lease(c->db, j->kind, j->object, c->now + k->lease, e));
	return k->run(c, j->object, j->attempts, e);
}

/* Undo what a failed job did and wanted to say, but keep that it failed. */
static enum acsr_result run_apart(struct core *c, const struct job *j, struct acsr_err *e)
{
	struct outgoing **mark = c->outbox_tail;
	struct acsr_err why;

	TRY(db_savepoint(c->db, e));
	if (run_job(c, j, &why) == ACSR_OK)
		return db_release(c->db, e);
	db_rollback_to(c->db);
	call_drop_after(c, mark);
	log_event(LOG_WARN, "job.failed", "kind", j->kind, "object", j->object, "error", why.id, "text",
		why.text, NULL);
	return jobs_again(
		c->db, j->kind, j->object, c->now + jobs_pause(FAILED_PAUSE, 600, j->attempts), why.text, e);
}

static enum acsr_result claim_some(struct core *c, struct acsr_err *e)
{
	for (int i = 0; i < JOBS_A_STEP; i++) {
		struct job job;
		bool have;

		TRY(jobs_claim(c->db, c->now, FIRST_LEASE, &job, &have, e));
		if (!have)
			break;
		TRY(run_apart(c, &job, e));
	}
	return ACSR_OK;
}

static enum acsr_result claim_and_run(struct core *c, void *arg, struct acsr_err *e)
{
	(void)arg;
	if (claim_some(c, e) == ACSR_OK)
		return ACSR_OK;
	c->trouble = true;
	return ACSR_FAIL;
}

static void on_timer(void *arg)
{
	struct core *c = arg;

	c->job_timer = NULL;
	core_step(c, NULL, claim_and_run, NULL, NULL);
}

void core_run_jobs(struct core *c)
{
	int64_t at, ms;
	struct acsr_err e;

	loop_cancel(c->job_timer);
	c->job_timer = NULL;
	if (jobs_next_due(c->db, &at, &e) != ACSR_OK) {
		log_error(LOG_WARN, "jobs.unreadable", &e);
		at = clock_now() + 1;
	}
	if (at == 0)
		return;
	ms = at - clock_now() > LONGEST_SLEEP_MS / 1000 ? LONGEST_SLEEP_MS : at * 1000 - clock_now_ms();
	if (c->trouble && ms < PAUSE_MS)
		ms = PAUSE_MS; /* a database that fails would be asked without end */
	if (loop_after(c->proc->loop, ms, on_timer, c, &c->job_timer, &e) != ACSR_OK)
		log_error(LOG_ERROR, "jobs.timer", &e);
}
