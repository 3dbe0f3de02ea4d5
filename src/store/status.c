/* Counting. */
#include "store/status.h"

enum acsr_result status_jobs(struct db *d, int64_t now, int64_t *due, int64_t *waiting, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	bool have;

	*due = *waiting = 0;
	TRY(db_query(d, &rows,
		"SELECT SUM(CASE WHEN due_at <= $1 THEN 1 ELSE 0 END), "
		"SUM(CASE WHEN due_at > $1 THEN 1 ELSE 0 END) FROM jobs",
		DB_ARGS(DB_INT(now)), e));
	TRY(db_next(rows, &have, e));
	if (!have)
		return ACSR_OK;
	*due = db_int(rows, 0);
	*waiting = db_int(rows, 1);
	return ACSR_OK;
}

enum acsr_result status_orders(struct db *d, status_state_fn *fn, void *arg, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	bool have;

	TRY(db_query(
		d, &rows, "SELECT state, COUNT(*) FROM orders GROUP BY state ORDER BY state", DB_NO_ARGS, e));
	for (;;) {
		TRY(db_next(rows, &have, e));
		if (!have)
			return ACSR_OK;
		TRY(fn(arg, db_text(rows, 0), db_int(rows, 1), e));
	}
}

enum acsr_result status_ping(struct db *d, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	bool have;

	TRY(db_query(d, &rows, "SELECT 1 FROM meta LIMIT 1", DB_NO_ARGS, e));
	return db_next(rows, &have, e);
}
