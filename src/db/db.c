/* The engine-independent half: choosing the driver, transactions, migrations. */
#include "db/db.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "db/driver.h"

struct db {
	const struct db_driver *driver;
	void *conn;
};

struct db_rows {
	const struct db_driver *driver;
	void *cursor;
};

static const struct db_driver *const drivers[] = { &db_sqlite };

enum acsr_result db_open(struct db **out, const char *url, const char *dir, struct acsr_err *e)
{
	const char *colon = strchr(url, ':');
	struct db *d;

	for (size_t i = 0; colon != NULL && i < sizeof(drivers) / sizeof(drivers[0]); i++) {
		size_t n = strlen(drivers[i]->scheme);

		if (n != (size_t)(colon - url) || strncmp(url, drivers[i]->scheme, n) != 0)
			continue;
		d = calloc(1, sizeof(*d));
		if (d == NULL)
			return err_nomem(e);
		d->driver = drivers[i];
		if (d->driver->open(&d->conn, colon + 1, dir, e) != ACSR_OK) {
			free(d);
			return ACSR_FAIL;
		}
		*out = d;
		return ACSR_OK;
	}
	return err_set(e, "config.value", "[database] url = %s: this build knows only sqlite:FILE", url);
}

void db_close(struct db *d)
{
	if (d == NULL)
		return;
	d->driver->close(d->conn);
	free(d);
}

enum acsr_result db_begin(struct db *d, struct acsr_err *e)
{
	return d->driver->control(d->conn, "BEGIN IMMEDIATE", e);
}

enum acsr_result db_begin_read(struct db *d, struct acsr_err *e)
{
	return d->driver->control(d->conn, "BEGIN", e);
}

enum acsr_result db_commit_unsynced(struct db *d, struct acsr_err *e)
{
	return d->driver->control(d->conn, "COMMIT", e);
}

enum acsr_result db_sync(struct db *d, struct acsr_err *e)
{
	return d->driver->sync(d->conn, e);
}

enum acsr_result db_commit(struct db *d, struct acsr_err *e)
{
	TRY(db_commit_unsynced(d, e));
	return db_sync(d, e);
}

int64_t db_changes(const struct db *d)
{
	return d->driver->changes(d->conn);
}

void db_rollback(struct db *d)
{
	(void)!d->driver->control(d->conn, "ROLLBACK", NULL);
}

enum acsr_result db_savepoint(struct db *d, struct acsr_err *e)
{
	return d->driver->control(d->conn, "SAVEPOINT step", e);
}

enum acsr_result db_release(struct db *d, struct acsr_err *e)
{
	return d->driver->control(d->conn, "RELEASE SAVEPOINT step", e);
}

void db_rollback_to(struct db *d)
{
	(void)!d->driver->control(d->conn, "ROLLBACK TO SAVEPOINT step", NULL);
	(void)!d->driver->control(d->conn, "RELEASE SAVEPOINT step", NULL);
}

enum acsr_result db_script(struct db *d, const char *sql, struct acsr_err *e)
{
	return d->driver->script(d->conn, sql, e);
}

enum acsr_result db_exec(
	struct db *d, int64_t *changed, const char *sql, const struct db_arg *args, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	bool have;

	TRY(db_query(d, &rows, sql, args, e));
	TRY(db_next(rows, &have, e));
	if (changed != NULL)
		*changed = d->driver->changed(d->conn);
	return ACSR_OK;
}

enum acsr_result db_query(
	struct db *d, struct db_rows **out, const char *sql, const struct db_arg *args, struct acsr_err *e)
{
	struct db_rows *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return err_nomem(e);
	r->driver = d->driver;
	if (d->driver->query(d->conn, &r->cursor, sql, args, e) != ACSR_OK) {
		free(r);
		return ACSR_FAIL;
	}
	*out = r;
	return ACSR_OK;
}

enum acsr_result db_next(struct db_rows *r, bool *have, struct acsr_err *e)
{
	return r->driver->next(r->cursor, have, e);
}

void db_rows_free(struct db_rows *r)
{
	if (r == NULL)
		return;
	r->driver->finish(r->cursor);
	free(r);
}

void db_rows_cleanup(struct db_rows **r)
{
	db_rows_free(*r);
	*r = NULL;
}

bool db_is_null(const struct db_rows *r, int col)
{
	return r->driver->is_null(r->cursor, col);
}

int64_t db_int(const struct db_rows *r, int col)
{
	return r->driver->get_int(r->cursor, col);
}

const char *db_text(const struct db_rows *r, int col)
{
	const char *s = r->driver->get_text(r->cursor, col);

	return s != NULL ? s : "";
}

struct bytes db_blob(const struct db_rows *r, int col)
{
	return r->driver->get_blob(r->cursor, col);
}

enum acsr_result db_forget(struct db *d, struct acsr_err *e)
{
	return d->driver->forget(d->conn, e);
}

static enum acsr_result applied(struct db *d, int64_t *n, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	bool have;

	TRY(db_script(d, "CREATE TABLE IF NOT EXISTS schema_migrations (number BIGINT PRIMARY KEY)", e));
	TRY(db_query(d, &rows, "SELECT COALESCE(MAX(number), 0) FROM schema_migrations", DB_NO_ARGS, e));
	TRY(db_next(rows, &have, e));
	*n = have ? db_int(rows, 0) : 0;
	return ACSR_OK;
}

static enum acsr_result apply(struct db *d, const char *sql, int64_t number, struct acsr_err *e)
{
	TRY(db_begin(d, e));
	if (db_script(d, sql, e) != ACSR_OK ||
		db_exec(d, NULL, "INSERT INTO schema_migrations (number) VALUES ($1)",
			DB_ARGS(DB_INT(number)), e) != ACSR_OK ||
		db_commit(d, e) != ACSR_OK) {
		db_rollback(d);
		return ACSR_FAIL;
	}
	return ACSR_OK;
}

enum acsr_result db_migrate(struct db *d, const char *const *steps, size_t n, struct acsr_err *e)
{
	int64_t done;

	TRY(applied(d, &done, e));
	if (done > (int64_t)n)
		return err_set(e, "config.database",
			"the database is of a newer version (schema %lld, this program knows %zu); install "
			"that version",
			(long long)done, n);
	for (size_t i = (size_t)done; i < n; i++)
		TRY(apply(d, steps[i], (int64_t)i + 1, e));
	return ACSR_OK;
}
