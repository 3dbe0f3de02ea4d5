/* Jobs. */
#include "store/jobs.h"

#include <stdio.h>

#include "base/rnd.h"
#include "store/column.h"

/* Seconds: more than any pause of jobs_pause, and more than half the life of a root's CRL. */
enum { LONGEST_RETRY = 2 * 3600, LONGEST_REGULAR = 200 * 86400 };

enum acsr_result jobs_want(
	struct db *d, const char *kind, const char *object, int64_t due_at, struct acsr_err *e)
{
	return db_exec(d, NULL,
		"INSERT INTO jobs (kind, object, due_at, lease_until, attempts, error) VALUES ($1, $2, $3, "
		"0, 0, '') "
		"ON CONFLICT (kind, object) DO UPDATE SET due_at = "
		"CASE WHEN jobs.due_at > excluded.due_at THEN excluded.due_at ELSE jobs.due_at END",
		DB_ARGS(DB_TEXT(kind), DB_TEXT(object), DB_INT(due_at)), e);
}

enum acsr_result jobs_begin(
	struct db *d, const char *kind, const char *object, int64_t now, int64_t lease, struct acsr_err *e)
{
	return db_exec(d, NULL,
		"INSERT INTO jobs (kind, object, due_at, lease_until, attempts, error) VALUES ($1, $2, $3, "
		"$4, 0, '') ON CONFLICT (kind, object) DO UPDATE SET lease_until = excluded.lease_until",
		DB_ARGS(DB_TEXT(kind), DB_TEXT(object), DB_INT(now), DB_INT(now + lease)), e);
}

enum acsr_result jobs_done(struct db *d, const char *kind, const char *object, struct acsr_err *e)
{
	return db_exec(d, NULL, "DELETE FROM jobs WHERE kind = $1 AND object = $2",
		DB_ARGS(DB_TEXT(kind), DB_TEXT(object)), e);
}

enum acsr_result jobs_again(struct db *d, const char *kind, const char *object, int64_t due_at,
	const char *error, struct acsr_err *e)
{
	return db_exec(d, NULL,
		"UPDATE jobs SET due_at = $3, lease_until = 0, attempts = attempts + 1, error = $4 "
		"WHERE kind = $1 AND object = $2",
		DB_ARGS(DB_TEXT(kind), DB_TEXT(object), DB_INT(due_at), DB_TEXT(error)), e);
}

enum acsr_result jobs_attempts(
	struct db *d, const char *kind, const char *object, int64_t *attempts, struct acsr_err *e)
{
	return column_count(d, attempts,
		"SELECT COALESCE(MAX(attempts), 0) FROM jobs WHERE kind = $1 AND object = $2",
		DB_ARGS(DB_TEXT(kind), DB_TEXT(object)), e);
}

enum acsr_result jobs_exists(
	struct db *d, const char *kind, const char *object, bool *exists, struct acsr_err *e)
{
	int64_t n;

	TRY(column_count(d, &n, "SELECT COUNT(*) FROM jobs WHERE kind = $1 AND object = $2",
		DB_ARGS(DB_TEXT(kind), DB_TEXT(object)), e));
	*exists = n > 0;
	return ACSR_OK;
}

enum acsr_result jobs_claim(
	struct db *d, int64_t now, int64_t lease, struct job *out, bool *have, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;

	TRY(db_query(d, &rows,
		"UPDATE jobs SET lease_until = $1 WHERE (kind, object) IN "
		"(SELECT kind, object FROM jobs WHERE due_at <= $2 AND lease_until <= $2 ORDER BY due_at "
		"LIMIT 1) "
		"RETURNING kind, object, attempts",
		DB_ARGS(DB_INT(now + lease), DB_INT(now)), e));
	TRY(db_next(rows, have, e));
	if (!*have)
		return ACSR_OK;
	snprintf(out->kind, sizeof(out->kind), "%s", db_text(rows, 0));
	snprintf(out->object, sizeof(out->object), "%s", db_text(rows, 1));
	out->attempts = db_int(rows, 2);
	return ACSR_OK;
}

enum acsr_result jobs_lease(
	struct db *d, const char *kind, const char *object, int64_t until, struct acsr_err *e)
{
	return db_exec(d, NULL, "UPDATE jobs SET lease_until = $3 WHERE kind = $1 AND object = $2",
		DB_ARGS(DB_TEXT(kind), DB_TEXT(object), DB_INT(until)), e);
}

enum acsr_result jobs_next_due(struct db *d, int64_t *at, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	bool have;

	/* Two halves, because each has an index: this is asked after every batch, and most jobs lie far
	 * ahead. */
	TRY(db_query(d, &rows,
		"SELECT MIN(at) FROM (SELECT MIN(due_at) AS at FROM jobs WHERE lease_until = 0 UNION ALL "
		"SELECT MIN(CASE WHEN lease_until > due_at THEN lease_until ELSE due_at END) AS at FROM jobs "
		"WHERE lease_until > 0) AS halves",
		DB_NO_ARGS, e));
	TRY(db_next(rows, &have, e));
	*at = have ? db_int(rows, 0) : 0;
	return ACSR_OK;
}

enum acsr_result jobs_free_leases(struct db *d, struct acsr_err *e)
{
	return db_exec(d, NULL, "UPDATE jobs SET lease_until = 0 WHERE lease_until > 0", DB_NO_ARGS, e);
}

enum acsr_result jobs_recall(struct db *d, int64_t now, struct acsr_err *e)
{
	return db_exec(d, NULL,
		"UPDATE jobs SET due_at = $1, lease_until = 0 WHERE "
		"(kind IN ('validate', 'acme-challenge', 'issue', 'mail', 'archive-mail', 'receipt', "
		"'publish', 'unpublish') AND (due_at > $2 OR lease_until > "
		"$2)) "
		"OR (kind IN ('crl', 'housekeeping', 'acme-tidy', 'upstream', 'upstream-tidy', "
		"'upstream-revoke', 'upstream-ari', 'upstream-roll') AND due_at > $3)",
		DB_ARGS(DB_INT(now), DB_INT(now + LONGEST_RETRY), DB_INT(now + LONGEST_REGULAR)), e);
}

int64_t jobs_pause(int64_t first, int64_t most, int64_t attempts)
{
	int64_t pause = first > 0 ? first : 1;
	uint32_t r;

	for (int64_t i = 0; i < attempts && pause < most; i++)
		pause *= 2;
	if (pause > most)
		pause = most;
	rnd_bytes(&r, sizeof(r));
	return pause + (int64_t)(r % (uint32_t)(pause / 4 + 1));
}

enum acsr_result jobs_is_leased(
	struct db *d, const char *kind, const char *object, int64_t now, bool *leased, struct acsr_err *e)
{
	int64_t n;

	TRY(column_count(d, &n,
		"SELECT COUNT(*) FROM jobs WHERE kind = $1 AND object = $2 AND lease_until > $3",
		DB_ARGS(DB_TEXT(kind), DB_TEXT(object), DB_INT(now)), e));
	*leased = n > 0;
	return ACSR_OK;
}
