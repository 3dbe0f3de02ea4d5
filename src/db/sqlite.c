/* SQLite: write-ahead log, synced when we say so, deleted content overwritten, statements kept prepared. */
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "db/driver.h"

/* CACHED: some times as many as there are statements, so that each is found at once. */
enum { CACHED = 1024, BUSY_MS = 5000, ARGS_KNOWN = 24 };

struct prepared {
	const char *sql; /* all SQL of the product is string literals: the address is the identity */
	sqlite3_stmt *stmt;
	bool busy;
	uint8_t at[ARGS_KNOWN]; /* where $1, $2 … are bound; 0: not looked up yet */
};

struct conn {
	sqlite3 *db;
	bool began; /* by BEGIN; SQLite may have ended the transaction by itself since */
	struct prepared cache[CACHED];
};

struct cursor {
	struct conn *conn;
	sqlite3_stmt *stmt;
	struct prepared *slot; /* NULL: not cached */
	bool stepped;          /* the first row was fetched by query() */
	int first;
};

static const char *id_of(int rc, int extended)
{
	switch (rc) {
	case SQLITE_CONSTRAINT:
		return extended == SQLITE_CONSTRAINT_FOREIGNKEY ? "object.absent"
		       : extended == SQLITE_CONSTRAINT_UNIQUE || extended == SQLITE_CONSTRAINT_PRIMARYKEY
			       ? "object.exists"
			       : "sys.database";
	case SQLITE_FULL:
		return "sys.nospace";
	case SQLITE_IOERR:
		return errno == ENOSPC ? "sys.nospace" : "busy.database";
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_CANTOPEN:
	case SQLITE_READONLY:
		return "busy.database";
	default:
		return "sys.database";
	}
}

static enum acsr_result fail(struct conn *c, struct acsr_err *e)
{
	int extended = sqlite3_extended_errcode(c->db);

	return err_set(e, id_of(extended & 0xff, extended), "database: %s", sqlite3_errmsg(c->db));
}

static enum acsr_result run_script(void *conn, const char *sql, struct acsr_err *e)
{
	struct conn *c = conn;

	return sqlite3_exec(c->db, sql, NULL, NULL, NULL) == SQLITE_OK ? ACSR_OK : fail(c, e);
}

/* When the disk is full or memory is short, SQLite may roll back the whole transaction by itself. What
 * follows would then commit piece by piece, so it is refused until the transaction is ended here too. */
static enum acsr_result check_alive(struct conn *c, struct acsr_err *e)
{
	if (c->began && sqlite3_get_autocommit(c->db) != 0)
		return err_set(e, "busy.database", "database: the transaction was rolled back");
	return ACSR_OK;
}

static enum acsr_result prepare(struct conn *c, const char *sql, struct cursor *cur, struct acsr_err *e);
static void finish(void *cursor);

/* BEGIN, COMMIT, SAVEPOINT … are as frequent as all others together: kept prepared like these. */
static enum acsr_result run_prepared(struct conn *c, const char *sql, struct acsr_err *e)
{
	struct cursor *cur = calloc(1, sizeof(*cur));
	enum acsr_result r;

	if (cur == NULL)
		return err_nomem(e);
	cur->conn = c;
	if (prepare(c, sql, cur, e) != ACSR_OK) {
		free(cur);
		return ACSR_FAIL;
	}
	r = sqlite3_step(cur->stmt) == SQLITE_DONE ? ACSR_OK : fail(c, e);
	finish(cur);
	return r;
}

static enum acsr_result control(void *conn, const char *sql, struct acsr_err *e)
{
	bool begin = strncmp(sql, "BEGIN", 5) == 0, back = strcmp(sql, "ROLLBACK") == 0;
	struct conn *c = conn;

	if (!back)
		TRY(check_alive(c, e));
	if (back)
		c->began = false;
	TRY(run_prepared(c, sql, e));
	if (begin || strcmp(sql, "COMMIT") == 0)
		c->began = begin;
	return ACSR_OK;
}

static void close_conn(void *conn)
{
	struct conn *c = conn;

	for (size_t i = 0; i < CACHED; i++)
		sqlite3_finalize(c->cache[i].stmt);
	sqlite3_close(c->db);
	free(c);
}

/* Asked for, the log is refused without an error where it cannot be had. */
static enum acsr_result check_log(struct conn *c, struct acsr_err *e)
{
	sqlite3_stmt *s = NULL;
	bool wal = sqlite3_prepare_v2(c->db, "PRAGMA journal_mode", -1, &s, NULL) == SQLITE_OK &&
		   sqlite3_step(s) == SQLITE_ROW &&
		   strcmp((const char *)sqlite3_column_text(s, 0), "wal") == 0;

	sqlite3_finalize(s);
	return wal ? ACSR_OK
		   : err_set(e, "config.database",
			     "the database cannot have a write-ahead log where it is: put it on a local file "
			     "system");
}

/* synchronous=NORMAL leaves out one sync of those of FULL, the one at the end of each commit; sync() below is that one.
 * wal_autocheckpoint: 32 MB. Each checkpoint costs two syncs and writes every page that has changed since the last once
 * more; after the usual 1,000 pages that is every few orders. What must not stay in the log is taken out by forget(). */
static enum acsr_result open_conn(void **out, const char *where, const char *dir, struct acsr_err *e)
{
	static const char settings[] =
		"PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA secure_delete=ON; PRAGMA "
		"foreign_keys=ON;"
		"PRAGMA trusted_schema=OFF; PRAGMA temp_store=MEMORY; "
		"PRAGMA cache_size=-8192; PRAGMA journal_size_limit=67108864; PRAGMA wal_autocheckpoint=8000";
	struct conn *c = calloc(1, sizeof(*c));
	char path[4096];

	if (c == NULL)
		return err_nomem(e);
	snprintf(path, sizeof(path), "%s%s%s", *where == '/' ? "" : dir, *where == '/' ? "" : "/", where);
	if (sqlite3_open_v2(path, &c->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
		    NULL) != SQLITE_OK) {
		(void)err_set(e, "config.database", "cannot open the database %s: %s", path,
			c->db != NULL ? sqlite3_errmsg(c->db) : "out of memory");
		close_conn(c);
		return ACSR_FAIL;
	}
	sqlite3_extended_result_codes(c->db, 1);
	sqlite3_busy_timeout(c->db, BUSY_MS);
	if (run_script(c, settings, e) != ACSR_OK || check_log(c, e) != ACSR_OK) {
		close_conn(c);
		return ACSR_FAIL;
	}
	*out = c;
	return ACSR_OK;
}

static struct prepared *slot_for(struct conn *c, const char *sql)
{
	size_t start = ((uintptr_t)sql >> 4) % CACHED;

	for (size_t i = 0; i < CACHED; i++) {
		struct prepared *p = &c->cache[(start + i) % CACHED];

		if (p->sql == sql && !p->busy)
			return p;
		if (p->sql == NULL)
			return p;
	}
	return NULL;
}

static enum acsr_result prepare(struct conn *c, const char *sql, struct cursor *cur, struct acsr_err *e)
{
	struct prepared *p = slot_for(c, sql);

	if (p != NULL && p->sql == sql) {
		cur->stmt = p->stmt;
	} else if (sqlite3_prepare_v3(c->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &cur->stmt, NULL) !=
		   SQLITE_OK) {
		return fail(c, e);
	}
	if (p != NULL) {
		p->sql = sql;
		p->stmt = cur->stmt;
		p->busy = true;
		cur->slot = p;
	}
	return ACSR_OK;
}

static int bind_one(sqlite3_stmt *s, int at, const struct db_arg *a)
{
	switch (a->kind) {
	case DB_ARG_INT:
		return sqlite3_bind_int64(s, at, a->i);
	case DB_ARG_TEXT:
		return sqlite3_bind_text(s, at, a->text, -1, SQLITE_TRANSIENT);
	case DB_ARG_BLOB:
		return sqlite3_bind_blob64(s, at, a->blob.p, a->blob.len, SQLITE_TRANSIENT);
	default:
		return sqlite3_bind_null(s, at);
	}
}

/* SQLite numbers $n by order of appearance, so each is looked up by its name, once. */
static int parameter(const struct cursor *cur, int n)
{
	uint8_t *known = cur->slot != NULL && n <= ARGS_KNOWN ? &cur->slot->at[n - 1] : NULL;
	char name[16];
	int at;

	if (known != NULL && *known != 0)
		return *known;
	snprintf(name, sizeof(name), "$%d", n);
	at = sqlite3_bind_parameter_index(cur->stmt, name);
	if (known != NULL && at <= UINT8_MAX)
		*known = (uint8_t)at;
	return at;
}

static enum acsr_result bind_all(const struct cursor *cur, const struct db_arg *args, struct acsr_err *e)
{
	for (int n = 1; args[n - 1].kind != DB_END; n++) {
		int at = parameter(cur, n);

		if (at == 0)
			return err_set(e, "sys.database", "the statement has no parameter $%d", n);
		if (bind_one(cur->stmt, at, &args[n - 1]) != SQLITE_OK)
			return fail(cur->conn, e);
	}
	return ACSR_OK;
}

static void finish(void *cursor)
{
	struct cursor *cur = cursor;

	if (cur->slot != NULL) {
		sqlite3_reset(cur->stmt);
		sqlite3_clear_bindings(cur->stmt);
		cur->slot->busy = false;
	} else {
		sqlite3_finalize(cur->stmt);
	}
	free(cur);
}

/* The first step is taken here, so that a statement without rows has run when query() returns. */
static enum acsr_result query(
	void *conn, void **out, const char *sql, const struct db_arg *args, struct acsr_err *e)
{
	struct conn *c = conn;
	struct cursor *cur = calloc(1, sizeof(*cur));

	if (cur == NULL)
		return err_nomem(e);
	cur->conn = c;
	if (check_alive(c, e) != ACSR_OK || prepare(c, sql, cur, e) != ACSR_OK) {
		free(cur);
		return ACSR_FAIL;
	}
	if (bind_all(cur, args, e) != ACSR_OK)
		goto fail;
	cur->first = sqlite3_step(cur->stmt);
	if (cur->first != SQLITE_ROW && cur->first != SQLITE_DONE) {
		(void)fail(c, e);
		goto fail;
	}
	*out = cur;
	return ACSR_OK;
fail:
	finish(cur);
	return ACSR_FAIL;
}

static enum acsr_result next(void *cursor, bool *have, struct acsr_err *e)
{
	struct cursor *cur = cursor;
	int rc = cur->first;

	if (cur->stepped && rc == SQLITE_ROW)
		rc = sqlite3_step(cur->stmt);
	cur->stepped = true;
	cur->first = rc;
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return fail(cur->conn, e);
	*have = rc == SQLITE_ROW;
	return ACSR_OK;
}

/* The kernel tells of such a failure once and may forget what it could not write, so that the next sync would succeed
 * with a hole in the log. Nothing that this process could still say would be sure; the next one writes what the log has
 * into the database before it says anything. */
static enum acsr_result sync_log(void *conn, struct acsr_err *e)
{
	struct acsr_err why;
	struct conn *c = conn;
	sqlite3_file *log = NULL;

	if (sqlite3_file_control(c->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log) != SQLITE_OK ||
		log == NULL)
		return err_set(e, "sys.database", "the database has no log");
	if (log->pMethods == NULL) /* nothing was written yet */
		return ACSR_OK;
	if (log->pMethods->xSync(log, SQLITE_SYNC_NORMAL) != SQLITE_OK) {
		(void)err_set(&why, "sys.database", "database: the disk does not take its log: %s",
			strerror(errno));
		log_error(LOG_ERROR, "database.unsynced", &why);
		abort();
	}
	return ACSR_OK;
}

static int64_t changes(void *conn)
{
	return sqlite3_total_changes64(((struct conn *)conn)->db);
}

static int64_t changed(void *conn)
{
	return sqlite3_changes(((struct conn *)conn)->db);
}

static bool is_null(void *cursor, int col)
{
	return sqlite3_column_type(((struct cursor *)cursor)->stmt, col) == SQLITE_NULL;
}

static int64_t get_int(void *cursor, int col)
{
	return sqlite3_column_int64(((struct cursor *)cursor)->stmt, col);
}

static const char *get_text(void *cursor, int col)
{
	return (const char *)sqlite3_column_text(((struct cursor *)cursor)->stmt, col);
}

static struct bytes get_blob(void *cursor, int col)
{
	sqlite3_stmt *s = ((struct cursor *)cursor)->stmt;
	const void *p = sqlite3_column_blob(s, col);

	return (struct bytes){ p, (size_t)sqlite3_column_bytes(s, col) };
}

static enum acsr_result forget(void *conn, struct acsr_err *e)
{
	struct conn *c = conn;
	int rc;

	sqlite3_busy_timeout(c->db, 0); /* a reader may stay for long; the caller tries again */
	rc = sqlite3_wal_checkpoint_v2(c->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	sqlite3_busy_timeout(c->db, BUSY_MS);
	return rc == SQLITE_OK ? ACSR_OK : fail(c, e);
}

const struct db_driver db_sqlite = { "sqlite", open_conn, close_conn, run_script, control, sync_log, query,
	next, finish, changed, changes, is_null, get_int, get_text, get_blob, forget };
