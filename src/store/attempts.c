/* SQL of the table attempts. */
#include "store/attempts.h"

#include <string.h>

enum acsr_result attempts_get(struct db *d, const char *bucket, struct attempts *out, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	bool have;

	*out = (struct attempts){ 0 };
	TRY(db_query(d, &rows, "SELECT count, since, blocked_until FROM attempts WHERE bucket = $1",
		DB_ARGS(DB_TEXT(bucket)), e));
	TRY(db_next(rows, &have, e));
	if (have)
		*out = (struct attempts){ db_int(rows, 0), db_int(rows, 1), db_int(rows, 2) };
	return ACSR_OK;
}

enum acsr_result attempts_put(struct db *d, const char *bucket, const struct attempts *a, struct acsr_err *e)
{
	return db_exec(d, NULL,
		"INSERT INTO attempts (bucket, count, since, blocked_until) VALUES ($1, $2, $3, $4) "
		"ON CONFLICT (bucket) DO UPDATE SET count = $2, since = $3, blocked_until = $4",
		DB_ARGS(DB_TEXT(bucket), DB_INT(a->count), DB_INT(a->since), DB_INT(a->blocked_until)), e);
}

enum acsr_result attempts_count(struct db *d, const char *bucket, int64_t now, int64_t span, int64_t *n,
	int64_t *since, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	bool have;

	TRY(db_query(d, &rows,
		"INSERT INTO attempts (bucket, count, since, blocked_until) VALUES ($1, 1, $2, 0) "
		"ON CONFLICT (bucket) DO UPDATE SET "
		"count = CASE WHEN attempts.since > $3 THEN attempts.count + 1 ELSE 1 END, "
		"since = CASE WHEN attempts.since > $3 THEN attempts.since ELSE $2 END RETURNING count, "
		"since",
		DB_ARGS(DB_TEXT(bucket), DB_INT(now), DB_INT(now - span)), e));
	TRY(db_next(rows, &have, e));
	*n = have ? db_int(rows, 0) : 0;
	*since = have ? db_int(rows, 1) : now;
	return ACSR_OK;
}

enum acsr_result attempts_clear(struct db *d, const char *bucket, struct acsr_err *e)
{
	return db_exec(d, NULL, "DELETE FROM attempts WHERE bucket = $1", DB_ARGS(DB_TEXT(bucket)), e);
}

enum acsr_result attempts_prune(
	struct db *d, int64_t before, const char *kept_prefix, int64_t kept_before, struct acsr_err *e)
{
	return db_exec(d, NULL,
		"DELETE FROM attempts WHERE since < CASE WHEN SUBSTR(bucket, 1, $3) = $2 THEN $4 ELSE $1 END "
		"AND blocked_until < $1",
		DB_ARGS(DB_INT(before), DB_TEXT(kept_prefix), DB_INT(strlen(kept_prefix)),
			DB_INT(kept_before)),
		e);
}
