/* SQL of the table mail_tokens. */
#include "store/mail_tokens.h"

#include <stdio.h>
#include <string.h>

enum acsr_result mail_tokens_add(struct db *d, const struct mail_token *t, struct acsr_err *e)
{
	return db_exec(d, NULL,
		"INSERT INTO mail_tokens (hash, purpose, email, user_id, data, expires_at) "
		"VALUES ($1, $2, $3, $4, $5, $6)",
		DB_ARGS(DB_BLOB(t->hash, 32), DB_TEXT(t->purpose), DB_TEXT(t->email),
			DB_TEXT(t->user_id[0] != '\0' ? t->user_id : NULL), DB_TEXT(t->data),
			DB_INT(t->expires_at)),
		e);
}

/* Runs one of the two statements below; both give the same columns. */
static enum acsr_result fetch(struct db *d, const char *sql, const char *purpose, const uint8_t hash[32],
	int64_t now, struct mail_token *out, bool *have, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;

	TRY(db_query(d, &rows, sql, DB_ARGS(DB_BLOB(hash, 32), DB_TEXT(purpose), DB_INT(now)), e));
	TRY(db_next(rows, have, e));
	if (!*have)
		return ACSR_OK;
	memcpy(out->hash, hash, 32);
	snprintf(out->purpose, sizeof(out->purpose), "%s", purpose);
	snprintf(out->email, sizeof(out->email), "%s", db_text(rows, 0));
	snprintf(out->user_id, sizeof(out->user_id), "%s", db_text(rows, 1));
	snprintf(out->data, sizeof(out->data), "%s", db_text(rows, 2));
	out->expires_at = db_int(rows, 3);
	return ACSR_OK;
}

enum acsr_result mail_tokens_find(struct db *d, const char *purpose, const uint8_t hash[32], int64_t now,
	struct mail_token *out, bool *have, struct acsr_err *e)
{
	return fetch(d,
		"SELECT email, user_id, data, expires_at FROM mail_tokens WHERE hash = $1 AND purpose = $2 "
		"AND expires_at > $3",
		purpose, hash, now, out, have, e);
}

enum acsr_result mail_tokens_take(struct db *d, const char *purpose, const uint8_t hash[32], int64_t now,
	struct mail_token *out, bool *have, struct acsr_err *e)
{
	return fetch(d,
		"DELETE FROM mail_tokens WHERE hash = $1 AND purpose = $2 AND expires_at > $3 "
		"RETURNING email, user_id, data, expires_at",
		purpose, hash, now, out, have, e);
}

enum acsr_result mail_tokens_drop(struct db *d, const char *purpose, const char *email, struct acsr_err *e)
{
	return db_exec(d, NULL, "DELETE FROM mail_tokens WHERE purpose = $1 AND email = $2",
		DB_ARGS(DB_TEXT(purpose), DB_TEXT(email)), e);
}

enum acsr_result mail_tokens_prune(struct db *d, int64_t now, struct acsr_err *e)
{
	return db_exec(d, NULL, "DELETE FROM mail_tokens WHERE expires_at <= $1", DB_ARGS(DB_INT(now)), e);
}
