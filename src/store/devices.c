/* SQL of devices. */
#include "store/devices.h"

#include <string.h>

#include "store/column.h"

enum acsr_result devices_add(struct db *d, const struct device *v, struct acsr_err *e)
{
	return db_exec(d, NULL,
		"INSERT INTO devices (id, hash, user_id, name, created_at, used_at) VALUES ($1, $2, $3, $4, "
		"$5, $6)",
		DB_ARGS(DB_TEXT(v->id), DB_BLOB(v->hash, sizeof(v->hash)), DB_TEXT(v->user_id),
			DB_TEXT(v->name), DB_INT(v->created_at), DB_INT(v->used_at)),
		e);
}

enum acsr_result devices_find(
	struct db *d, const uint8_t hash[32], struct device *out, bool *have, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;

	TRY(db_query(d, &rows, "SELECT id, user_id, name, created_at, used_at FROM devices WHERE hash = $1",
		DB_ARGS(DB_BLOB(hash, 32)), e));
	TRY(db_next(rows, have, e));
	if (!*have)
		return ACSR_OK;
	*out = (struct device){ .created_at = db_int(rows, 3), .used_at = db_int(rows, 4) };
	COLUMN_TEXT(out->id, rows, 0);
	COLUMN_TEXT(out->user_id, rows, 1);
	COLUMN_TEXT(out->name, rows, 2);
	memcpy(out->hash, hash, sizeof(out->hash));
	return ACSR_OK;
}

enum acsr_result devices_renew(
	struct db *d, const char *id, const uint8_t hash[32], int64_t now, struct acsr_err *e)
{
	return db_exec(d, NULL, "UPDATE devices SET hash = $2, used_at = $3 WHERE id = $1",
		DB_ARGS(DB_TEXT(id), DB_BLOB(hash, 32), DB_INT(now)), e);
}

enum acsr_result devices_of(struct db *d, const char *user_id, struct db_rows **out, struct acsr_err *e)
{
	return db_query(d, out,
		"SELECT id, name, created_at, used_at FROM devices WHERE user_id = $1 ORDER BY used_at DESC, "
		"id",
		DB_ARGS(DB_TEXT(user_id)), e);
}

enum acsr_result devices_delete(
	struct db *d, const char *user_id, const char *id, bool *gone, struct acsr_err *e)
{
	int64_t n;

	TRY(db_exec(d, &n, "DELETE FROM devices WHERE id = $1 AND user_id = $2",
		DB_ARGS(DB_TEXT(id), DB_TEXT(user_id)), e));
	*gone = n > 0;
	return ACSR_OK;
}

enum acsr_result devices_delete_all(struct db *d, const char *user_id, struct acsr_err *e)
{
	return db_exec(d, NULL, "DELETE FROM devices WHERE user_id = $1", DB_ARGS(DB_TEXT(user_id)), e);
}

enum acsr_result devices_keep_newest(struct db *d, const char *user_id, int64_t most, struct acsr_err *e)
{
	return db_exec(d, NULL,
		"DELETE FROM devices WHERE user_id = $1 AND id NOT IN "
		"(SELECT id FROM devices WHERE user_id = $1 ORDER BY used_at DESC, id LIMIT $2)",
		DB_ARGS(DB_TEXT(user_id), DB_INT(most)), e);
}

enum acsr_result devices_prune(struct db *d, int64_t before, struct acsr_err *e)
{
	return db_exec(d, NULL, "DELETE FROM devices WHERE used_at < $1", DB_ARGS(DB_INT(before)), e);
}
