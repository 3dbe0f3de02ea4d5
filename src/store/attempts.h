/* Counters of attempts, one row a bucket ("password:usr_…", "login:198.51.100.0/24"). */
#ifndef STORE_ATTEMPTS_H
#define STORE_ATTEMPTS_H

#include "db/db.h"

struct attempts {
	int64_t count, since, blocked_until;
};

/* All zero when the bucket is empty. */
ACSR_MUST_USE enum acsr_result attempts_get(
	struct db *d, const char *bucket, struct attempts *out, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result attempts_put(
	struct db *d, const char *bucket, const struct attempts *a, struct acsr_err *e);
/* One more in the window of `span` seconds that runs, or begins now: *n with this one, *since when it began. */
ACSR_MUST_USE enum acsr_result attempts_count(struct db *d, const char *bucket, int64_t now, int64_t span,
	int64_t *n, int64_t *since, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result attempts_clear(struct db *d, const char *bucket, struct acsr_err *e);
/* Drop what has been quiet since before these times; `kept_prefix` names the buckets that are kept longer. */
ACSR_MUST_USE enum acsr_result attempts_prune(
	struct db *d, int64_t before, const char *kept_prefix, int64_t kept_before, struct acsr_err *e);

#endif
