/* SQL of statements. */
#include "store/statements.h"

#include "store/column.h"

#define COLUMNS "id, issuer, at, author, statement, withdrawn_at, withdrawn_by"

static void read_statement(const struct db_rows *rows, struct statement *s)
{
	*s = (struct statement){ .at = db_int(rows, 2), .withdrawn_at = db_int(rows, 5) };
	COLUMN_TEXT(s->id, rows, 0);
	COLUMN_TEXT(s->issuer, rows, 1);
	COLUMN_TEXT(s->author, rows, 3);
	COLUMN_TEXT(s->text, rows, 4);
	COLUMN_TEXT(s->withdrawn_by, rows, 6);
}

enum acsr_result statements_add(struct db *d, const struct statement *s, struct acsr_err *e)
{
	return db_exec(d, NULL,
		"INSERT INTO statements (id, issuer, at, author, statement, withdrawn_at, withdrawn_by) "
		"VALUES ($1, $2, $3, $4, $5, NULL, '')",
		DB_ARGS(DB_TEXT(s->id), DB_TEXT(s->issuer), DB_INT(s->at), DB_TEXT(s->author),
			DB_TEXT(s->text)),
		e);
}

enum acsr_result statements_withdraw(
	struct db *d, const char *id, int64_t at, const char *by, struct acsr_err *e)
{
	return db_exec(d, NULL,
		"UPDATE statements SET withdrawn_at = $2, withdrawn_by = $3 "
		"WHERE id = $1 AND withdrawn_at IS NULL",
		DB_ARGS(DB_TEXT(id), DB_INT(at), DB_TEXT(by)), e);
}

static enum acsr_result first(struct db *d, const char *sql, const struct db_arg *args, struct statement *out,
	bool *have, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;

	TRY(db_query(d, &rows, sql, args, e));
	TRY(db_next(rows, have, e));
	if (*have)
		read_statement(rows, out);
	return ACSR_OK;
}

enum acsr_result statements_about(
	struct db *d, const char *issuer, struct statement *out, bool *have, struct acsr_err *e)
{
	return first(d,
		"SELECT " COLUMNS " FROM statements WHERE issuer = $1 AND withdrawn_at IS NULL "
		"ORDER BY at DESC, id LIMIT 1",
		DB_ARGS(DB_TEXT(issuer)), out, have, e);
}

enum acsr_result statements_current(
	struct db *d, const char *issuer, struct statement *out, bool *have, struct acsr_err *e)
{
	return first(d,
		"SELECT " COLUMNS " FROM statements WHERE issuer IN ($1, '*') AND withdrawn_at IS NULL "
		"ORDER BY issuer DESC, at DESC, id LIMIT 1",
		DB_ARGS(DB_TEXT(issuer)), out, have, e);
}

enum acsr_result statements_load(
	struct db *d, const char *id, struct statement *out, bool *have, struct acsr_err *e)
{
	return first(
		d, "SELECT " COLUMNS " FROM statements WHERE id = $1", DB_ARGS(DB_TEXT(id)), out, have, e);
}

enum acsr_result statements_each(
	struct db *d, const char *issuer, statements_each_fn *fn, void *arg, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	struct statement s;
	bool have;

	TRY(db_query(d, &rows, "SELECT " COLUMNS " FROM statements WHERE issuer IN ($1, '*') ORDER BY at, id",
		DB_ARGS(DB_TEXT(issuer)), e));
	for (;;) {
		TRY(db_next(rows, &have, e));
		if (!have)
			return ACSR_OK;
		read_statement(rows, &s);
		TRY(fn(arg, &s, e));
	}
}
