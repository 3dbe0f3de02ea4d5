/* SQL of codes and code_stores, in whichever database they are. */
#include "store/codes.h"

#include <stdio.h>

#include "store/column.h"

static const char *const schema[] = {
	"CREATE TABLE codes (request_id TEXT PRIMARY KEY, code BYTEA NOT NULL);"
	"CREATE TABLE code_stores (id TEXT PRIMARY KEY, at BIGINT NOT NULL);",
};

enum acsr_result codes_schema(struct db *store, struct acsr_err *e)
{
	return db_migrate(store, schema, sizeof(schema) / sizeof(schema[0]), e);
}

enum acsr_result codes_put(struct db *store, const char *request_id, struct bytes wrapped, struct acsr_err *e)
{
	return db_exec(store, NULL,
		"INSERT INTO codes (request_id, code) VALUES ($1, $2) ON CONFLICT (request_id) DO UPDATE SET "
		"code = excluded.code",
		DB_ARGS(DB_TEXT(request_id), DB_BLOB(wrapped.p, wrapped.len)), e);
}

enum acsr_result codes_get(struct db *store, const char *request_id, struct buf *out, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	struct bytes b;
	bool have;

	TRY(db_query(store, &rows, "SELECT code FROM codes WHERE request_id = $1",
		DB_ARGS(DB_TEXT(request_id)), e));
	TRY(db_next(rows, &have, e));
	if (!have)
		return err_set(e, "code.gone", "the unlock code is not there any more");
	b = db_blob(rows, 0);
	return buf_put(out, b.p, b.len, e);
}

enum acsr_result codes_delete(struct db *store, const char *request_id, struct acsr_err *e)
{
	return db_exec(
		store, NULL, "DELETE FROM codes WHERE request_id = $1", DB_ARGS(DB_TEXT(request_id)), e);
}

enum acsr_result codes_delete_all(struct db *store, struct acsr_err *e)
{
	return db_exec(store, NULL, "DELETE FROM codes", DB_NO_ARGS, e);
}

static enum acsr_result is_wanted(struct db *db, const char *id, bool *yes, struct acsr_err *e)
{
	int64_t n;

	TRY(column_count(db, &n, "SELECT COUNT(*) FROM requests WHERE id = $1 AND has_code = 1",
		DB_ARGS(DB_TEXT(id)), e));
	*yes = n > 0;
	return ACSR_OK;
}

static enum acsr_result ids(struct db *d, const char *sql, struct strv *out, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	bool have;

	TRY(db_query(d, &rows, sql, DB_NO_ARGS, e));
	for (;;) {
		TRY(db_next(rows, &have, e));
		if (!have)
			return ACSR_OK;
		TRY(strv_add(out, db_text(rows, 0), e));
	}
}

enum acsr_result codes_sweep(struct db *store, struct db *db, int64_t *swept, struct acsr_err *e)
{
	CLEANUP_STRV struct strv all = { 0 };

	*swept = 0;
	TRY(ids(store, "SELECT request_id FROM codes", &all, e));
	for (size_t i = 0; i < all.n; i++) {
		bool wanted;

		TRY(is_wanted(db, all.v[i], &wanted, e));
		if (wanted)
			continue;
		TRY(codes_delete(store, all.v[i], e));
		++*swept;
	}
	return ACSR_OK;
}

enum acsr_result codes_strangers(struct db *store, struct db *db, int64_t *n, struct acsr_err *e)
{
	CLEANUP_STRV struct strv all = { 0 };

	*n = 0;
	TRY(ids(store, "SELECT request_id FROM codes ORDER BY request_id", &all, e));
	for (size_t i = 0; i < all.n; i++) {
		int64_t known;

		TRY(column_count(db, &known, "SELECT COUNT(*) FROM requests WHERE id = $1",
			DB_ARGS(DB_TEXT(all.v[i])), e));
		*n += known == 0;
	}
	return ACSR_OK;
}

enum acsr_result codes_copy(struct db *from, struct db *to, int64_t *copied, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	bool have;

	*copied = 0;
	TRY(db_query(from, &rows, "SELECT request_id, code FROM codes", DB_NO_ARGS, e));
	for (;;) {
		TRY(db_next(rows, &have, e));
		if (!have)
			return ACSR_OK;
		TRY(codes_put(to, db_text(rows, 0), db_blob(rows, 1), e));
		++*copied;
	}
}

enum acsr_result codes_missing(struct db *store, struct db *db, struct strv *out, struct acsr_err *e)
{
	CLEANUP_STRV struct strv wanted = { 0 };

	TRY(ids(db, "SELECT id FROM requests WHERE has_code = 1", &wanted, e));
	for (size_t i = 0; i < wanted.n; i++) {
		int64_t n;

		TRY(column_count(store, &n, "SELECT COUNT(*) FROM codes WHERE request_id = $1",
			DB_ARGS(DB_TEXT(wanted.v[i])), e));
		if (n == 0)
			TRY(strv_add(out, wanted.v[i], e));
	}
	return ACSR_OK;
}

enum acsr_result codes_store_id(struct db *d, char id[40], struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	bool have;

	TRY(db_query(d, &rows, "SELECT id FROM code_stores", DB_NO_ARGS, e));
	TRY(db_next(rows, &have, e));
	snprintf(id, 40, "%s", have ? db_text(rows, 0) : "");
	return ACSR_OK;
}

enum acsr_result codes_store_set(struct db *d, const char *id, int64_t now, struct acsr_err *e)
{
	TRY(db_exec(d, NULL, "DELETE FROM code_stores", DB_NO_ARGS, e));
	if (*id == '\0')
		return ACSR_OK;
	return db_exec(d, NULL, "INSERT INTO code_stores (id, at) VALUES ($1, $2)",
		DB_ARGS(DB_TEXT(id), DB_INT(now)), e);
}
