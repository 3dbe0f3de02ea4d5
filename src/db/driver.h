/* What an engine provides behind db.h. Each function may be called only as db.h allows. */
#ifndef DB_DRIVER_H
#define DB_DRIVER_H

#include "db/db.h"

struct db_driver {
	const char *scheme; /* "sqlite" */
	enum acsr_result (*open)(void **conn, const char *where, const char *dir, struct acsr_err *e);
	void (*close)(void *conn);
	enum acsr_result (*script)(void *conn, const char *sql, struct acsr_err *e);
	/* begin, commit (not yet on the disk), savepoint … as plain statements */
	enum acsr_result (*control)(void *conn, const char *sql, struct acsr_err *e);
	enum acsr_result (*sync)(void *conn, struct acsr_err *e);
	enum acsr_result (*query)(
		void *conn, void **cursor, const char *sql, const struct db_arg *args, struct acsr_err *e);
	enum acsr_result (*next)(void *cursor, bool *have, struct acsr_err *e);
	void (*finish)(void *cursor);
	int64_t (*changed)(void *conn);
	int64_t (*changes)(void *conn);
	bool (*is_null)(void *cursor, int col);
	int64_t (*get_int)(void *cursor, int col);
	const char *(*get_text)(void *cursor, int col);
	struct bytes (*get_blob)(void *cursor, int col);
	enum acsr_result (*forget)(void *conn, struct acsr_err *e);
};

extern const struct db_driver db_sqlite;

#endif
