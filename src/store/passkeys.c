/* SQL of the tables passkeys and challenges, and of users.handle. */
#include "store/passkeys.h"

#include <stdio.h>
#include <string.h>

#include "store/column.h"

#define PASSKEY_SELECT                                                                          \
	"SELECT id, user_id, credential, public_key, algorithm, sign_count, name, transports, " \
	"created_at, last_used_at FROM passkeys "

static size_t copy_blob(struct bytes b, uint8_t *out, size_t cap)
{
	size_t n = b.len < cap ? b.len : cap;

	if (n > 0)
		memcpy(out, b.p, n);
	return n;
}

static void read_passkey(const struct db_rows *r, struct passkey *p)
{
	COLUMN_TEXT(p->id, r, 0);
	COLUMN_TEXT(p->user_id, r, 1);
	p->credential_len = copy_blob(db_blob(r, 2), p->credential, sizeof(p->credential));
	p->key_len = copy_blob(db_blob(r, 3), p->key, sizeof(p->key));
	p->algorithm = db_int(r, 4);
	p->sign_count = db_int(r, 5);
	COLUMN_TEXT(p->name, r, 6);
	COLUMN_TEXT(p->transports, r, 7);
	p->created_at = db_int(r, 8);
	p->last_used_at = db_int(r, 9);
}

enum acsr_result passkeys_add(struct db *d, const struct passkey *p, struct acsr_err *e)
{
	return db_exec(d, NULL,
		"INSERT INTO passkeys (id, user_id, credential, public_key, algorithm, sign_count, name, "
		"transports, created_at, last_used_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, NULL)",
		DB_ARGS(DB_TEXT(p->id), DB_TEXT(p->user_id), DB_BLOB(p->credential, p->credential_len),
			DB_BLOB(p->key, p->key_len), DB_INT(p->algorithm), DB_INT(p->sign_count),
			DB_TEXT(p->name), DB_TEXT(p->transports), DB_INT(p->created_at)),
		e);
}

static enum acsr_result one(struct db *d, const char *sql, const struct db_arg *args, struct passkey *out,
	bool *have, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;

	TRY(db_query(d, &rows, sql, args, e));
	TRY(db_next(rows, have, e));
	if (*have)
		read_passkey(rows, out);
	return ACSR_OK;
}

enum acsr_result passkeys_by_credential(
	struct db *d, struct bytes credential, struct passkey *out, bool *have, struct acsr_err *e)
{
	return one(d, PASSKEY_SELECT "WHERE credential = $1", DB_ARGS(DB_BLOB(credential.p, credential.len)),
		out, have, e);
}

enum acsr_result passkeys_find(struct db *d, const char *id, const char *user_id, struct passkey *out,
	bool *have, struct acsr_err *e)
{
	return one(d, PASSKEY_SELECT "WHERE id = $1 AND user_id = $2", DB_ARGS(DB_TEXT(id), DB_TEXT(user_id)),
		out, have, e);
}

enum acsr_result passkeys_each(
	struct db *d, const char *user_id, passkeys_each_fn *fn, void *arg, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	struct passkey p;
	bool have;

	TRY(db_query(d, &rows, PASSKEY_SELECT "WHERE user_id = $1 ORDER BY created_at, id",
		DB_ARGS(DB_TEXT(user_id)), e));
	for (;;) {
		TRY(db_next(rows, &have, e));
		if (!have)
			return ACSR_OK;
		read_passkey(rows, &p);
		TRY(fn(arg, &p, e));
	}
}

enum acsr_result passkeys_rename(struct db *d, const char *id, const char *name, struct acsr_err *e)
{
	return db_exec(d, NULL, "UPDATE passkeys SET name = $2 WHERE id = $1",
		DB_ARGS(DB_TEXT(id), DB_TEXT(name)), e);
}

enum acsr_result passkeys_delete(struct db *d, const char *id, struct acsr_err *e)
{
	return db_exec(d, NULL, "DELETE FROM passkeys WHERE id = $1", DB_ARGS(DB_TEXT(id)), e);
}

enum acsr_result passkeys_delete_all(struct db *d, const char *user_id, struct acsr_err *e)
{
	return db_exec(d, NULL, "DELETE FROM passkeys WHERE user_id = $1", DB_ARGS(DB_TEXT(user_id)), e);
}

enum acsr_result passkeys_used(
	struct db *d, const char *id, int64_t count, int64_t at, bool *grown, struct acsr_err *e)
{
	int64_t n = 0;

	TRY(db_exec(d, &n,
		"UPDATE passkeys SET sign_count = $2, last_used_at = $3 WHERE id = $1 AND "
		"(sign_count < $2 OR (sign_count = 0 AND $2 = 0))",
		DB_ARGS(DB_TEXT(id), DB_INT(count), DB_INT(at)), e));
	*grown = n == 1;
	return ACSR_OK;
}

enum acsr_result passkeys_handle(struct db *d, const char *user_id, const uint8_t fresh[PASSKEY_HANDLE],
	uint8_t out[PASSKEY_HANDLE], struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	bool have;

	TRY(db_query(d, &rows,
		"UPDATE users SET handle = COALESCE(handle, $2) WHERE id = $1 RETURNING handle",
		DB_ARGS(DB_TEXT(user_id), DB_BLOB(fresh, PASSKEY_HANDLE)), e));
	TRY(db_next(rows, &have, e));
	if (!have || copy_blob(db_blob(rows, 0), out, PASSKEY_HANDLE) != PASSKEY_HANDLE)
		return err_set(e, "object.absent", "there is no such user");
	return ACSR_OK;
}

enum acsr_result challenges_add(struct db *d, const struct challenge *ch, struct acsr_err *e)
{
	return db_exec(d, NULL,
		"INSERT INTO challenges (hash, purpose, user_id, expires_at) VALUES ($1, $2, $3, $4)",
		DB_ARGS(DB_BLOB(ch->hash, 32), DB_TEXT(ch->purpose), DB_TEXT(ch->user_id),
			DB_INT(ch->expires_at)),
		e);
}

enum acsr_result challenges_take(struct db *d, const uint8_t hash[32], int64_t now, struct challenge *out,
	bool *have, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;

	TRY(db_query(d, &rows,
		"DELETE FROM challenges WHERE hash = $1 RETURNING purpose, user_id, expires_at",
		DB_ARGS(DB_BLOB(hash, 32)), e));
	TRY(db_next(rows, have, e));
	if (!*have)
		return ACSR_OK;
	memcpy(out->hash, hash, 32);
	COLUMN_TEXT(out->purpose, rows, 0);
	COLUMN_TEXT(out->user_id, rows, 1);
	out->expires_at = db_int(rows, 2);
	*have = out->expires_at > now;
	return ACSR_OK;
}

enum acsr_result challenges_prune(struct db *d, int64_t now, struct acsr_err *e)
{
	return db_exec(d, NULL, "DELETE FROM challenges WHERE expires_at <= $1", DB_ARGS(DB_INT(now)), e);
}
