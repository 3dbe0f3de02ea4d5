/* Counting by SQLite's own trace. */
#include "sqlwatch.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 200 };

struct sqlwatch sqlwatch;

static char *texts[MOST];
static size_t n_texts;
static sqlite3 *last;

static int is_frame(const char *sql)
{
	static const char *const frames[] = { "BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "PRAGMA",
		"EXPLAIN" };

	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++)
		if (strncmp(sql, frames[i], strlen(frames[i])) == 0)
			return 1;
	return 0;
}

static void keep(const char *sql)
{
	for (size_t i = 0; i < n_texts; i++)
		if (strcmp(texts[i], sql) == 0)
			return;
	if (n_texts == MOST)
		abort();
	texts[n_texts++] = strdup(sql);
}

static int on_end(unsigned type, void *arg, void *stmt, void *nanoseconds)
{
	const char *sql = sqlite3_sql(stmt);

	(void)type;
	(void)arg;
	(void)nanoseconds;
	if (sql == NULL || is_frame(sql))
		return 0;
	sqlwatch.statements++;
	sqlwatch.steps += sqlite3_stmt_status(stmt, SQLITE_STMTSTATUS_VM_STEP, 1);
	sqlwatch.scanned += sqlite3_stmt_status(stmt, SQLITE_STMTSTATUS_FULLSCAN_STEP, 1);
	keep(sql);
	return 0;
}

static int on_open(sqlite3 *d, char **why, const struct sqlite3_api_routines *api)
{
	(void)why;
	(void)api;
	last = d;
	return sqlite3_trace_v2(d, SQLITE_TRACE_PROFILE, on_end, NULL);
}

void sqlwatch_begin(void)
{
	if (sqlite3_auto_extension((void (*)(void))on_open) != SQLITE_OK)
		abort();
}

void sqlwatch_zero(void)
{
	sqlwatch = (struct sqlwatch){ 0 };
	while (n_texts > 0)
		free(texts[--n_texts]);
}

size_t sqlwatch_count(void)
{
	return n_texts;
}

const char *sqlwatch_text(size_t i)
{
	return texts[i];
}

void sqlwatch_plan(const char *sql, char *out, size_t cap)
{
	sqlite3_stmt *stmt;
	char *text = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", sql);
	size_t n = 0;

	out[0] = '\0';
	if (text == NULL || sqlite3_prepare_v2(last, text, -1, &stmt, NULL) != SQLITE_OK)
		abort();
	while (sqlite3_step(stmt) == SQLITE_ROW && n < cap)
		n += (size_t)snprintf(out + n, cap - n, "%s\n", (const char *)sqlite3_column_text(stmt, 3));
	sqlite3_finalize(stmt);
	sqlite3_free(text);
}
