/* SQL of the table sessions. */
#include "store/sessions.h"

#include <stdio.h>
#include <string.h>

enum acsr_result sessions_add(struct db *d, const struct session *s, struct acsr_err *e)
{
	return db_exec(d, NULL,
		"INSERT INTO sessions (hash, user_id, csrf, created_at, authenticated_at, used_at, "
		"expires_at, second) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
		DB_ARGS(DB_BLOB(s->hash, 32), DB_TEXT(s->user_id), DB_TEXT(s->csrf), DB_INT(s->created_at),
			DB_INT(s->authenticated_at), DB_INT(s->used_at), DB_INT(s->expires_at),
			DB_INT(s->second)),
		e);
}

enum acsr_result sessions_find(
	struct db *d, const uint8_t hash[32], struct session *out, bool *have, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;

	TRY(db_query(d, &rows,
		"SELECT user_id, csrf, created_at, authenticated_at, used_at, expires_at, second FROM "
		"sessions "
		"WHERE hash = $1",
		DB_ARGS(DB_BLOB(hash, 32)), e));
	TRY(db_next(rows, have, e));
	if (!*have)
		return ACSR_OK;
	memcpy(out->hash, hash, 32);
	snprintf(out->user_id, sizeof(out->user_id), "%s", db_text(rows, 0));
	snprintf(out->csrf, sizeof(out->csrf), "%s", db_text(rows, 1));
	out->created_at = db_int(rows, 2);
	out->authenticated_at = db_int(rows, 3);
	out->used_at = db_int(rows, 4);
	out->expires_at = db_int(rows, 5);
	out->second = db_int(rows, 6) != 0;
	return ACSR_OK;
}

enum acsr_result sessions_used(struct db *d, const uint8_t hash[32], int64_t at, struct acsr_err *e)
{
	return db_exec(d, NULL, "UPDATE sessions SET used_at = $2 WHERE hash = $1",
		DB_ARGS(DB_BLOB(hash, 32), DB_INT(at)), e);
}

enum acsr_result sessions_authenticated(
	struct db *d, const uint8_t hash[32], int64_t at, bool second, struct acsr_err *e)
{
	return db_exec(d, NULL, "UPDATE sessions SET authenticated_at = $2, second = $3 WHERE hash = $1",
		DB_ARGS(DB_BLOB(hash, 32), DB_INT(at), DB_INT(second)), e);
}

enum acsr_result sessions_end(struct db *d, const uint8_t hash[32], struct acsr_err *e)
{
	return db_exec(d, NULL, "DELETE FROM sessions WHERE hash = $1", DB_ARGS(DB_BLOB(hash, 32)), e);
}

enum acsr_result sessions_end_all(struct db *d, const char *user_id, const uint8_t *keep, struct acsr_err *e)
{
	if (keep == NULL)
		return db_exec(
			d, NULL, "DELETE FROM sessions WHERE user_id = $1", DB_ARGS(DB_TEXT(user_id)), e);
	return db_exec(d, NULL, "DELETE FROM sessions WHERE user_id = $1 AND hash <> $2",
		DB_ARGS(DB_TEXT(user_id), DB_BLOB(keep, 32)), e);
}

enum acsr_result sessions_keep_newest(struct db *d, const char *user_id, int64_t n, struct acsr_err *e)
{
	return db_exec(d, NULL,
		"DELETE FROM sessions WHERE user_id = $1 AND hash NOT IN (SELECT hash FROM sessions "
		"WHERE user_id = $1 ORDER BY created_at DESC, hash LIMIT $2)",
		DB_ARGS(DB_TEXT(user_id), DB_INT(n)), e);
}

enum acsr_result sessions_prune(struct db *d, int64_t now, struct acsr_err *e)
{
	return db_exec(d, NULL, "DELETE FROM sessions WHERE expires_at <= $1", DB_ARGS(DB_INT(now)), e);
}
