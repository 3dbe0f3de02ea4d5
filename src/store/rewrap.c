/* users.totp, codes and acme_eab_keys, row by row. */
#include "store/rewrap.h"

#include <stdio.h>

/* Its own statement each, because statements are known by their address. */
static enum acsr_result next_after(
	struct db *d, enum wrapped_kind kind, const char *after, struct db_rows **rows, struct acsr_err *e)
{
	if (kind == WRAPPED_TOTP)
		return db_query(d, rows,
			"SELECT id, totp FROM users WHERE totp IS NOT NULL AND id > $1 ORDER BY id LIMIT 1",
			DB_ARGS(DB_TEXT(after)), e);
	if (kind == WRAPPED_EAB)
		return db_query(d, rows,
			"SELECT kid, key FROM acme_eab_keys WHERE kid > $1 ORDER BY kid LIMIT 1",
			DB_ARGS(DB_TEXT(after)), e);
	return db_query(d, rows,
		"SELECT request_id, code FROM codes WHERE request_id > $1 ORDER BY request_id LIMIT 1",
		DB_ARGS(DB_TEXT(after)), e);
}

static enum acsr_result replace(
	struct db *d, enum wrapped_kind kind, const char *id, const struct buf *b, struct acsr_err *e)
{
	if (kind == WRAPPED_TOTP)
		return db_exec(d, NULL, "UPDATE users SET totp = $2 WHERE id = $1",
			DB_ARGS(DB_TEXT(id), DB_BLOB(b->p, b->len)), e);
	if (kind == WRAPPED_EAB)
		return db_exec(d, NULL, "UPDATE acme_eab_keys SET key = $2 WHERE kid = $1",
			DB_ARGS(DB_TEXT(id), DB_BLOB(b->p, b->len)), e);
	return db_exec(d, NULL, "UPDATE codes SET code = $2 WHERE request_id = $1",
		DB_ARGS(DB_TEXT(id), DB_BLOB(b->p, b->len)), e);
}

/* One row; *last becomes its id, or "" behind the last row. */
static enum acsr_result step(struct db *d, enum wrapped_kind kind, char last[64], wrapped_fn *fn, void *arg,
	int64_t *changed, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	CLEANUP_BUF struct buf fresh = { 0 };
	bool have;

	buf_init(&fresh, 4096);
	TRY(next_after(d, kind, last, &rows, e));
	TRY(db_next(rows, &have, e));
	snprintf(last, 64, "%s", have ? db_text(rows, 0) : "");
	if (!have)
		return ACSR_OK;
	TRY(fn(arg, last, db_blob(rows, 1), &fresh, e));
	db_rows_free(rows);
	rows = NULL;
	if (fresh.len == 0)
		return ACSR_OK;
	++*changed;
	return replace(d, kind, last, &fresh, e);
}

enum acsr_result wrapped_each(
	struct db *d, enum wrapped_kind kind, wrapped_fn *fn, void *arg, int64_t *changed, struct acsr_err *e)
{
	char last[64] = "";

	do
		TRY(step(d, kind, last, fn, arg, changed, e));
	while (last[0] != '\0');
	return ACSR_OK;
}
