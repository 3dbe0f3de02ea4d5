/* SQL of the table tokens. */
#include "store/tokens.h"

#include <stdio.h>

#define TOKEN_SELECT                                                                                  \
	"SELECT id, user_id, account_id, name, read_only, created_at, expires_at, last_used_at FROM " \
	"tokens "

static void read_token(const struct db_rows *r, struct token *t)
{
	snprintf(t->id, sizeof(t->id), "%s", db_text(r, 0));
	snprintf(t->user_id, sizeof(t->user_id), "%s", db_text(r, 1));
	snprintf(t->account_id, sizeof(t->account_id), "%s", db_text(r, 2));
	snprintf(t->name, sizeof(t->name), "%s", db_text(r, 3));
	t->read_only = db_int(r, 4) != 0;
	t->created_at = db_int(r, 5);
	t->expires_at = db_int(r, 6);
	t->last_used_at = db_int(r, 7);
}

enum acsr_result tokens_add(struct db *d, const struct token *t, struct acsr_err *e)
{
	return db_exec(d, NULL,
		"INSERT INTO tokens (id, hash, user_id, account_id, name, read_only, created_at, expires_at, "
		"last_used_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, NULL)",
		DB_ARGS(DB_TEXT(t->id), DB_BLOB(t->hash, 32), DB_TEXT(t->user_id), DB_TEXT(t->account_id),
			DB_TEXT(t->name), DB_INT(t->read_only), DB_INT(t->created_at),
			t->expires_at != 0 ? DB_INT(t->expires_at) : DB_NULL),
		e);
}

static enum acsr_result one(struct db *d, const char *sql, const struct db_arg *args, struct token *out,
	bool *have, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;

	TRY(db_query(d, &rows, sql, args, e));
	TRY(db_next(rows, have, e));
	if (*have)
		read_token(rows, out);
	return ACSR_OK;
}

enum acsr_result tokens_by_hash(
	struct db *d, const uint8_t hash[32], struct token *out, bool *have, struct acsr_err *e)
{
	return one(d, TOKEN_SELECT "WHERE hash = $1", DB_ARGS(DB_BLOB(hash, 32)), out, have, e);
}

enum acsr_result tokens_by_id(struct db *d, const char *id, struct token *out, bool *have, struct acsr_err *e)
{
	return one(d, TOKEN_SELECT "WHERE id = $1", DB_ARGS(DB_TEXT(id)), out, have, e);
}

enum acsr_result tokens_each(struct db *d, const char *account_id, const char *user_id, tokens_each_fn *fn,
	void *arg, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	bool have;

	TRY(db_query(d, &rows,
		TOKEN_SELECT "WHERE account_id = $1 AND (user_id = $2 OR $2 = '') ORDER BY created_at, id",
		DB_ARGS(DB_TEXT(account_id), DB_TEXT(user_id != NULL ? user_id : "")), e));
	for (;;) {
		struct token t = { 0 };

		TRY(db_next(rows, &have, e));
		if (!have)
			return ACSR_OK;
		read_token(rows, &t);
		TRY(fn(arg, &t, e));
	}
}

enum acsr_result tokens_used(struct db *d, const char *id, int64_t at, struct acsr_err *e)
{
	return db_exec(d, NULL, "UPDATE tokens SET last_used_at = $2 WHERE id = $1",
		DB_ARGS(DB_TEXT(id), DB_INT(at)), e);
}

enum acsr_result tokens_delete(struct db *d, const char *id, struct acsr_err *e)
{
	return db_exec(d, NULL, "DELETE FROM tokens WHERE id = $1", DB_ARGS(DB_TEXT(id)), e);
}

enum acsr_result tokens_count(struct db *d, const char *user_id, int64_t *n, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	bool have;

	TRY(db_query(
		d, &rows, "SELECT COUNT(*) FROM tokens WHERE user_id = $1", DB_ARGS(DB_TEXT(user_id)), e));
	TRY(db_next(rows, &have, e));
	*n = have ? db_int(rows, 0) : 0;
	return ACSR_OK;
}

enum acsr_result tokens_prune(struct db *d, int64_t before, struct acsr_err *e)
{
	return db_exec(d, NULL, "DELETE FROM tokens WHERE expires_at IS NOT NULL AND expires_at < $1",
		DB_ARGS(DB_INT(before)), e);
}
