/* SQL of users.totp* and recovery_codes. */
#include "store/second_factor.h"

#include "store/column.h"

enum acsr_result second_factor_set(
	struct db *d, const char *user_id, struct bytes wrapped, struct acsr_err *e)
{
	return db_exec(d, NULL, "UPDATE users SET totp = $2, totp_active = 0, totp_counter = 0 WHERE id = $1",
		DB_ARGS(DB_TEXT(user_id), DB_BLOB(wrapped.p, wrapped.len)), e);
}

enum acsr_result second_factor_get(struct db *d, const char *user_id, struct buf *out, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	struct bytes b;
	bool have;

	TRY(db_query(d, &rows, "SELECT totp FROM users WHERE id = $1", DB_ARGS(DB_TEXT(user_id)), e));
	TRY(db_next(rows, &have, e));
	if (!have || db_is_null(rows, 0))
		return ACSR_OK;
	b = db_blob(rows, 0);
	return buf_put(out, b.p, b.len, e);
}

enum acsr_result second_factor_activate(struct db *d, const char *user_id, struct acsr_err *e)
{
	return db_exec(
		d, NULL, "UPDATE users SET totp_active = 1 WHERE id = $1", DB_ARGS(DB_TEXT(user_id)), e);
}

enum acsr_result second_factor_clear(struct db *d, const char *user_id, struct acsr_err *e)
{
	return db_exec(d, NULL,
		"UPDATE users SET totp = NULL, totp_active = 0, totp_counter = 0 WHERE id = $1",
		DB_ARGS(DB_TEXT(user_id)), e);
}

enum acsr_result second_factor_use_step(
	struct db *d, const char *user_id, int64_t step, bool *fresh, struct acsr_err *e)
{
	int64_t n = 0;

	TRY(db_exec(d, &n, "UPDATE users SET totp_counter = $2 WHERE id = $1 AND totp_counter < $2",
		DB_ARGS(DB_TEXT(user_id), DB_INT(step)), e));
	*fresh = n == 1;
	return ACSR_OK;
}

enum acsr_result recovery_clear(struct db *d, const char *user_id, struct acsr_err *e)
{
	return db_exec(
		d, NULL, "DELETE FROM recovery_codes WHERE user_id = $1", DB_ARGS(DB_TEXT(user_id)), e);
}

enum acsr_result recovery_left(struct db *d, const char *user_id, int64_t *n, struct acsr_err *e)
{
	return column_count(d, n, "SELECT COUNT(*) FROM recovery_codes WHERE user_id = $1 AND used_at IS NULL",
		DB_ARGS(DB_TEXT(user_id)), e);
}

enum acsr_result recovery_add(struct db *d, const char *user_id, const uint8_t hash[32], struct acsr_err *e)
{
	return db_exec(d, NULL, "INSERT INTO recovery_codes (user_id, hash, used_at) VALUES ($1, $2, NULL)",
		DB_ARGS(DB_TEXT(user_id), DB_BLOB(hash, 32)), e);
}

enum acsr_result recovery_use(struct db *d, const char *user_id, const uint8_t hash[32], int64_t now,
	bool *fresh, struct acsr_err *e)
{
	int64_t n = 0;

	TRY(db_exec(d, &n,
		"UPDATE recovery_codes SET used_at = $3 WHERE user_id = $1 AND hash = $2 AND used_at IS NULL",
		DB_ARGS(DB_TEXT(user_id), DB_BLOB(hash, 32), DB_INT(now)), e));
	*fresh = n == 1;
	return ACSR_OK;
}
