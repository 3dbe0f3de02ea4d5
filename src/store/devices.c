/* SQL of devices. */
#include "store/devices.h"

#include <stdio.h>

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
	struct db *d, const uint8_t hash[32], const char *user_id, char id[40], struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	bool have;

	TRY(db_query(d, &rows, "SELECT id FROM devices WHERE hash = $1 AND user_id = $2",
		DB_ARGS(DB_BLOB(hash, 32), DB_TEXT(user_id)), e));
	TRY(db_next(rows, &have, e));
	snprintf(id, 40, "%s", have ? db_text(rows, 0) : "");
	return ACSR_OK;
}

enum acsr_result devices_known(struct db *d, const uint8_t hash[32], bool *yes, struct acsr_err *e)
{
	int64_t n;

	TRY(column_count(
		d, &n, "SELECT COUNT(*) FROM devices WHERE hash = $1", DB_ARGS(DB_BLOB(hash, 32)), e));
	*yes = n > 0;
	return ACSR_OK;
}

enum acsr_result devices_used(struct db *d, const char *id, const char *name, int64_t now, struct acsr_err *e)
{
	return db_exec(d, NULL, "UPDATE devices SET name = $2, used_at = $3 WHERE id = $1",
		DB_ARGS(DB_TEXT(id), DB_TEXT(name), DB_INT(now)), e);
}

enum acsr_result devices_of(struct db *d, const char *user_id, struct db_rows **out, struct acsr_err *e)
{
	return db_query(d, out,
		"SELECT id, name, created_at, used_at, hash FROM devices WHERE user_id = $1 ORDER BY used_at "
		"DESC, "
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

enum acsr_result devices_delete_all(
	struct db *d, const char *user_id, const uint8_t *keep, struct acsr_err *e)
{
	if (keep == NULL)
		return db_exec(
			d, NULL, "DELETE FROM devices WHERE user_id = $1", DB_ARGS(DB_TEXT(user_id)), e);
	return db_exec(d, NULL, "DELETE FROM devices WHERE user_id = $1 AND hash <> $2",
		DB_ARGS(DB_TEXT(user_id), DB_BLOB(keep, 32)), e);
}

enum acsr_result devices_keep_newest(
	struct db *d, const char *user_id, int64_t most, int64_t alike, struct acsr_err *e)
{
	return db_exec(d, NULL,
		"DELETE FROM devices WHERE user_id = $1 AND id IN (SELECT id FROM (SELECT id, used_at > "
		"created_at AS back, ROW_NUMBER() OVER (PARTITION BY used_at > created_at ORDER BY used_at "
		"DESC, id) AS place, ROW_NUMBER() OVER (PARTITION BY used_at > created_at, name ORDER BY "
		"used_at DESC, id) AS same FROM devices WHERE user_id = $1) AS ranked WHERE place > $2 OR "
		"(NOT back AND same > $3))",
		DB_ARGS(DB_TEXT(user_id), DB_INT(most), DB_INT(alike)), e);
}

enum acsr_result devices_prune(struct db *d, int64_t before, struct acsr_err *e)
{
	return db_exec(d, NULL, "DELETE FROM devices WHERE used_at < $1", DB_ARGS(DB_INT(before)), e);
}
