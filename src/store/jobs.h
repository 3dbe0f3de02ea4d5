/* Work that must get done: stored, claimed by a lease, repeatable, tried again with a growing pause. */
#ifndef STORE_JOBS_H
#define STORE_JOBS_H

#include "db/db.h"

/* A job is (kind, object): asking for one that is there moves its due time to the earlier. */
ACSR_MUST_USE enum acsr_result jobs_want(
	struct db *d, const char *kind, const char *object, int64_t due_at, struct acsr_err *e);
/* A job whose work the caller begins itself: there already, leased for `lease` seconds from now. */
ACSR_MUST_USE enum acsr_result jobs_begin(
	struct db *d, const char *kind, const char *object, int64_t now, int64_t lease, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result jobs_done(
	struct db *d, const char *kind, const char *object, struct acsr_err *e);
/* Try again at due_at; the lease ends, attempts grow, the error is kept for people. */
ACSR_MUST_USE enum acsr_result jobs_again(struct db *d, const char *kind, const char *object, int64_t due_at,
	const char *error, struct acsr_err *e);

/* How often it failed so far; 0 when there is no such job. */
ACSR_MUST_USE enum acsr_result jobs_attempts(
	struct db *d, const char *kind, const char *object, int64_t *attempts, struct acsr_err *e);

ACSR_MUST_USE enum acsr_result jobs_exists(
	struct db *d, const char *kind, const char *object, bool *exists, struct acsr_err *e);
/* Does somebody work on it right now? */
ACSR_MUST_USE enum acsr_result jobs_is_leased(
	struct db *d, const char *kind, const char *object, int64_t now, bool *leased, struct acsr_err *e);

struct job {
	char kind[32];
	char object[64];
	int64_t attempts; /* that ended without success so far */
};

/* Claim one job that is due and not leased, for `lease` seconds. *have is false when there is none. */
ACSR_MUST_USE enum acsr_result jobs_claim(
	struct db *d, int64_t now, int64_t lease, struct job *out, bool *have, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result jobs_lease(
	struct db *d, const char *kind, const char *object, int64_t until, struct acsr_err *e);
/* When the next job falls due, or its lease ends; 0 when there is none. */
ACSR_MUST_USE enum acsr_result jobs_next_due(struct db *d, int64_t *at, struct acsr_err *e);
/* Free every lease: nobody works on them any more (start of the only core). */
/* After the clock went back: what waits for a time that no retry waits for is due now. Jobs with a date of
 * their own (expire, code-destroy, archive-expire) stay. */
ACSR_MUST_USE enum acsr_result jobs_recall(struct db *d, int64_t now, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result jobs_free_leases(struct db *d, struct acsr_err *e);
/* The pause before attempt number n+1: first, 2·first, 4·first … up to most, plus up to a quarter at random.
 */
int64_t jobs_pause(int64_t first, int64_t most, int64_t attempts);

#endif
