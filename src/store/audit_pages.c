/* Reading the audit log. */
#include "store/audit_pages.h"

#define ENTRY_SELECT "SELECT seq, at, actor, account_id, action, object, detail, hash FROM audit "

static enum acsr_result start(struct db *d, const char *account_id, int64_t after, int64_t limit,
	struct db_rows **rows, struct acsr_err *e)
{
	if (account_id == NULL)
		return db_query(d, rows, ENTRY_SELECT "WHERE seq > $1 ORDER BY seq LIMIT $2",
			DB_ARGS(DB_INT(after), DB_INT(limit)), e);
	return db_query(d, rows, ENTRY_SELECT "WHERE account_id = $3 AND seq > $1 ORDER BY seq LIMIT $2",
		DB_ARGS(DB_INT(after), DB_INT(limit), DB_TEXT(account_id)), e);
}

enum acsr_result audit_page(struct db *d, const char *account_id, int64_t after, int64_t limit,
	audit_each_fn *fn, void *arg, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	bool have;

	TRY(start(d, account_id, after, limit, &rows, e));
	for (;;) {
		struct audit_entry a;

		TRY(db_next(rows, &have, e));
		if (!have)
			return ACSR_OK;
		a = (struct audit_entry){ .seq = db_int(rows, 0),
			.at = db_int(rows, 1),
			.actor = db_text(rows, 2),
			.account_id = db_text(rows, 3),
			.action = db_text(rows, 4),
			.object = db_text(rows, 5),
			.detail = db_text(rows, 6) };
		TRY(fn(arg, &a, db_text(rows, 7), e));
	}
}
