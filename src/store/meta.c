/* SQL of meta. */
#include "store/meta.h"

#include "base/str.h"

enum acsr_result meta_load(struct db *d, const char *name, char **value, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	bool have;

	TRY(db_query(d, &rows, "SELECT value FROM meta WHERE name = $1", DB_ARGS(DB_TEXT(name)), e));
	TRY(db_next(rows, &have, e));
	return str_dup(value, have ? db_text(rows, 0) : "", e);
}

enum acsr_result meta_save(struct db *d, const char *name, const char *value, struct acsr_err *e)
{
	return db_exec(d, NULL,
		"INSERT INTO meta (name, value) VALUES ($1, $2) "
		"ON CONFLICT (name) DO UPDATE SET value = excluded.value",
		DB_ARGS(DB_TEXT(name), DB_TEXT(value)), e);
}
