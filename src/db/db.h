/*
 * One interface to the database, whatever engine is behind it.
 *
 * SQL is one text for SQLite and PostgreSQL: parameters $1…$n; types TEXT, BIGINT, BYTEA; ON CONFLICT,
 * RETURNING, UPDATE … FROM, CTEs. No identity columns, ILIKE, JSON operators, booleans or date types: ids are
 * random texts, times are epoch seconds, flags are 0 and 1.
 *
 * Statements are kept prepared by the address of their text: pass string literals, never a text built at run time.
 *
 * Errors: "object.exists" (a UNIQUE or PRIMARY KEY rule), "object.absent" (a FOREIGN KEY rule),
 * "sys.nospace", "busy.database" (locked, cut off, I/O: try again), "sys.database" (a fault of ours).
 */
#ifndef DB_DB_H
#define DB_DB_H

#include <stdbool.h>

#include "base/buf.h"

struct db;
struct db_rows;

/* A parameter. TEXT NULL and BLOB with NULL p are SQL NULL. */
struct db_arg {
	enum { DB_END, DB_ARG_NULL, DB_ARG_INT, DB_ARG_TEXT, DB_ARG_BLOB } kind;
	int64_t i;
	const char *text;
	struct bytes blob;
};

#define DB_INT(v) ((struct db_arg){ .kind = DB_ARG_INT, .i = (int64_t)(v) })
#define DB_TEXT(v) ((struct db_arg){ .kind = DB_ARG_TEXT, .text = (v) })
#define DB_BLOB(ptr, n) ((struct db_arg){ .kind = DB_ARG_BLOB, .blob = { (ptr), (n) } })
#define DB_NULL ((struct db_arg){ .kind = DB_ARG_NULL })
#define DB_ARGS(...) ((const struct db_arg[]){ __VA_ARGS__, { .kind = DB_END } })
#define DB_NO_ARGS ((const struct db_arg[]){ { .kind = DB_END } })

/* url: "sqlite:FILE", FILE relative to dir. */
ACSR_MUST_USE enum acsr_result db_open(struct db **out, const char *url, const char *dir, struct acsr_err *e);
void db_close(struct db *d);

/* One transaction at a time; savepoints nest inside it. */
ACSR_MUST_USE enum acsr_result db_begin(struct db *d, struct acsr_err *e);
/* For reading only: what is read until db_rollback is of one moment. */
ACSR_MUST_USE enum acsr_result db_begin_read(struct db *d, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result db_commit(struct db *d, struct acsr_err *e);
/* As db_commit, but a power cut may take it until db_sync or the next db_commit: what nobody has been told of. All that
 * read see it, and it outlives this process. */
ACSR_MUST_USE enum acsr_result db_commit_unsynced(struct db *d, struct acsr_err *e);
/* All that was committed is on the disk. A disk that fails here ends the process: what was committed cannot be undone. */
ACSR_MUST_USE enum acsr_result db_sync(struct db *d, struct acsr_err *e);
/* Rows that were inserted, updated or deleted since db_open, undone ones too. */
int64_t db_changes(const struct db *d);
void db_rollback(struct db *d); /* also when nothing is open */
ACSR_MUST_USE enum acsr_result db_savepoint(struct db *d, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result db_release(struct db *d, struct acsr_err *e); /* keep what was done since */
void db_rollback_to(struct db *d); /* undo what was done since db_savepoint */

/* Run a statement that returns no rows; *changed (NULL is fine) is the number of rows it touched. */
ACSR_MUST_USE enum acsr_result db_exec(
	struct db *d, int64_t *changed, const char *sql, const struct db_arg *args, struct acsr_err *e);
/* Several statements without parameters, for migrations. */
ACSR_MUST_USE enum acsr_result db_script(struct db *d, const char *sql, struct acsr_err *e);

/* Run a query. Step with db_next until *have is false; then, or earlier, db_rows_free. */
ACSR_MUST_USE enum acsr_result db_query(
	struct db *d, struct db_rows **out, const char *sql, const struct db_arg *args, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result db_next(struct db_rows *r, bool *have, struct acsr_err *e);
void db_rows_free(struct db_rows *r);

/* Columns of the current row, from 0. Loans until the next step. Text is never NULL ("" for NULL). */
bool db_is_null(const struct db_rows *r, int col);
int64_t db_int(const struct db_rows *r, int col);
const char *db_text(const struct db_rows *r, int col);
struct bytes db_blob(const struct db_rows *r, int col);

void db_rows_cleanup(struct db_rows **r);
#define CLEANUP_ROWS __attribute__((cleanup(db_rows_cleanup)))

/* Overwrite what deleted rows left in the log: SQLite's WAL is emptied and truncated. Outside a transaction.
 */
ACSR_MUST_USE enum acsr_result db_forget(struct db *d, struct acsr_err *e);

/* Bring the schema up to date. steps[i] is migration number i+1; applied ones are recorded in
 * schema_migrations and must not change. A database newer than the program is refused. */
ACSR_MUST_USE enum acsr_result db_migrate(
	struct db *d, const char *const *steps, size_t n, struct acsr_err *e);

#endif
