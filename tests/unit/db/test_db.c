/* The database seam on SQLite: parameters by name, errors by meaning, transactions, migrations, what stays on
 * the disk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "db/db.h"
#include "base/str.h"

static char dir[32];

static int begin(void **state)
{
	struct db *d;

	snprintf(dir, sizeof(dir), "/tmp/autocsr-db-XXXXXX");
	assert_non_null(mkdtemp(dir));
	assert_int_equal(db_open(&d, "sqlite:t.db", dir, NULL), ACSR_OK);
	assert_int_equal(
		db_script(d,
			"CREATE TABLE p (id TEXT PRIMARY KEY);"
			"CREATE TABLE t (a TEXT UNIQUE, n BIGINT, b BYTEA, p TEXT REFERENCES p (id));",
			NULL),
		ACSR_OK);
	*state = d;
	return 0;
}

static int end(void **state)
{
	char command[64];

	db_close(*state);
	for (const char *const *s = (const char *const[]){ "", "-wal", "-shm", NULL }; *s != NULL; s++) {
		snprintf(command, sizeof(command), "%s/t.db%s", dir, *s);
		unlink(command);
	}
	rmdir(dir);
	return 0;
}

static int64_t count(struct db *d)
{
	CLEANUP_ROWS struct db_rows *r = NULL;
	bool have;

	assert_int_equal(db_query(d, &r, "SELECT COUNT(*) FROM t", DB_NO_ARGS, NULL), ACSR_OK);
	assert_int_equal(db_next(r, &have, NULL), ACSR_OK);
	return db_int(r, 0);
}

static void put(struct db *d, const char *a, int64_t n)
{
	int64_t changed = 0;

	assert_int_equal(db_exec(d, &changed, "INSERT INTO t (a, n) VALUES ($1, $2)",
				 DB_ARGS(DB_TEXT(a), DB_INT(n)), NULL),
		ACSR_OK);
	assert_int_equal(changed, 1);
}

/* A statement that is kept prepared remembers where its parameters go. */
static void parameters_of_a_statement_that_is_repeated(void **state)
{
	struct db *d = *state;

	for (int64_t i = 1; i <= 3; i++) {
		char text[2] = { (char)('a' + i), '\0' };
		CLEANUP_ROWS struct db_rows *r = NULL;
		bool have;

		assert_int_equal(db_exec(d, NULL, "INSERT INTO t (n, a) VALUES ($2, $1)",
					 DB_ARGS(DB_TEXT(text), DB_INT(i)), NULL),
			ACSR_OK);
		assert_int_equal(db_query(d, &r, "SELECT n FROM t WHERE n = $2 AND a = $1",
					 DB_ARGS(DB_TEXT(text), DB_INT(i)), NULL),
			ACSR_OK);
		assert_int_equal(db_next(r, &have, NULL), ACSR_OK);
		assert_true(have);
		assert_int_equal(db_int(r, 0), i);
	}
}

/* $2 stands before $1 in the text: numbered by name, not by appearance. */
static void parameters_and_types(void **state)
{
	struct db *d = *state;
	CLEANUP_ROWS struct db_rows *r = NULL;
	bool have;

	assert_int_equal(db_exec(d, NULL, "INSERT INTO t (n, a, b) VALUES ($2, $1, $3)",
				 DB_ARGS(DB_TEXT("x'); DROP TABLE t; --"), DB_INT(-7),
					 DB_BLOB((const uint8_t *)"\0\1", 2)),
				 NULL),
		ACSR_OK);
	assert_int_equal(db_query(d, &r, "SELECT a, n, b, p FROM t WHERE n = $1 AND a = $2",
				 DB_ARGS(DB_INT(-7), DB_TEXT("x'); DROP TABLE t; --")), NULL),
		ACSR_OK);
	assert_int_equal(db_next(r, &have, NULL), ACSR_OK);
	assert_true(have);
	assert_string_equal(db_text(r, 0), "x'); DROP TABLE t; --");
	assert_int_equal(db_int(r, 1), -7);
	assert_int_equal(db_blob(r, 2).len, 2);
	assert_memory_equal(db_blob(r, 2).p, "\0\1", 2);
	assert_true(db_is_null(r, 3));
	assert_string_equal(db_text(r, 3), "");
	assert_int_equal(db_next(r, &have, NULL), ACSR_OK);
	assert_false(have);
}

static void errors_by_meaning(void **state)
{
	struct db *d = *state;
	struct acsr_err e;

	put(d, "one", 1);
	assert_int_equal(
		db_exec(d, NULL, "INSERT INTO t (a) VALUES ($1)", DB_ARGS(DB_TEXT("one")), &e), ACSR_FAIL);
	assert_string_equal(e.id, "object.exists");
	assert_int_equal(
		db_exec(d, NULL, "INSERT INTO t (a, p) VALUES ('two', $1)", DB_ARGS(DB_TEXT("none")), &e),
		ACSR_FAIL);
	assert_string_equal(e.id, "object.absent");
	assert_int_equal(db_exec(d, NULL, "SELECT nonsense", DB_NO_ARGS, &e), ACSR_FAIL);
	assert_string_equal(e.id, "sys.database");
	assert_int_equal(db_exec(d, NULL, "SELECT 1", DB_ARGS(DB_INT(1)), &e), ACSR_FAIL);
	assert_int_equal(count(d), 1);
}

static void transactions(void **state)
{
	struct db *d = *state;

	assert_int_equal(db_begin(d, NULL), ACSR_OK);
	put(d, "gone", 1);
	db_rollback(d);
	assert_int_equal(count(d), 0);
	assert_int_equal(db_begin(d, NULL), ACSR_OK);
	put(d, "kept", 1);
	assert_int_equal(db_savepoint(d, NULL), ACSR_OK);
	put(d, "undone", 2);
	db_rollback_to(d);
	assert_int_equal(db_savepoint(d, NULL), ACSR_OK);
	put(d, "kept too", 3);
	assert_int_equal(db_release(d, NULL), ACSR_OK);
	assert_int_equal(db_commit(d, NULL), ACSR_OK);
	assert_int_equal(count(d), 2);
	db_rollback(d);
	assert_int_equal(count(d), 2);
}

/* One statement open twice, each with its own rows. */
static void the_same_statement_nested(void **state)
{
	static const char sql[] = "SELECT a FROM t WHERE n >= $1 ORDER BY n";
	struct db *d = *state;
	CLEANUP_ROWS struct db_rows *outer = NULL, *inner = NULL;
	bool have;

	put(d, "one", 1);
	put(d, "two", 2);
	assert_int_equal(db_query(d, &outer, sql, DB_ARGS(DB_INT(1)), NULL), ACSR_OK);
	assert_int_equal(db_next(outer, &have, NULL), ACSR_OK);
	assert_int_equal(db_query(d, &inner, sql, DB_ARGS(DB_INT(2)), NULL), ACSR_OK);
	assert_int_equal(db_next(inner, &have, NULL), ACSR_OK);
	assert_string_equal(db_text(inner, 0), "two");
	assert_string_equal(db_text(outer, 0), "one");
	assert_int_equal(db_next(outer, &have, NULL), ACSR_OK);
	assert_string_equal(db_text(outer, 0), "two");
}

static void a_second_writer_waits_and_is_told(void **state)
{
	struct db *second;
	struct acsr_err e;

	assert_int_equal(db_open(&second, "sqlite:t.db", dir, NULL), ACSR_OK);
	assert_int_equal(db_script(second, "PRAGMA busy_timeout=10", NULL), ACSR_OK);
	assert_int_equal(db_begin(*state, NULL), ACSR_OK);
	assert_int_equal(db_begin(second, &e), ACSR_FAIL);
	assert_string_equal(e.id, "busy.database");
	db_rollback(*state);
	assert_int_equal(db_begin(second, &e), ACSR_OK);
	db_rollback(second);
	db_close(second);
}

static bool on_disk(const char *needle)
{
	for (const char *const *s = (const char *const[]){ "", "-wal", NULL }; *s != NULL; s++) {
		CLEANUP_BUF struct buf b = { 0 };
		char path[64];

		buf_init(&b, 1 << 24);
		snprintf(path, sizeof(path), "%s/t.db%s", dir, *s);
		if (buf_read_file(&b, path, NULL) == ACSR_OK && b.len > 0 &&
			memmem(b.p, b.len, needle, strlen(needle)) != NULL)
			return true;
	}
	return false;
}

/* A deleted secret stays in the write-ahead log until db_forget. */
static void what_is_forgotten_is_gone_from_the_disk(void **state)
{
	struct db *d = *state;

	put(d, "very-secret-thing-7731", 1);
	assert_true(on_disk("very-secret-thing-7731"));
	assert_int_equal(db_exec(d, NULL, "DELETE FROM t", DB_NO_ARGS, NULL), ACSR_OK);
	assert_true(on_disk("very-secret-thing-7731"));
	assert_int_equal(db_forget(d, NULL), ACSR_OK);
	assert_false(on_disk("very-secret-thing-7731"));
}

static void migrations_run_once_in_order(void **state)
{
	static const char *const steps[] = { "CREATE TABLE m (x BIGINT)", "INSERT INTO m (x) VALUES (1)",
		"INSERT INTO nowhere (x) VALUES (1)" };
	struct db *d = *state;
	struct acsr_err e;

	assert_int_equal(db_migrate(d, steps, 1, &e), ACSR_OK);
	assert_int_equal(db_migrate(d, steps, 2, &e), ACSR_OK);
	assert_int_equal(db_migrate(d, steps, 2, &e), ACSR_OK);
	assert_int_equal(db_migrate(d, steps, 3, &e), ACSR_FAIL);
	assert_int_equal(db_migrate(d, steps, 2, &e), ACSR_OK);
	assert_int_equal(db_migrate(d, steps, 1, &e), ACSR_FAIL);
	assert_string_equal(e.id, "config.database");
}

static void urls(void **state)
{
	static const char *const bad[] = { "", "sqlite", "postgresql://x", "sqlit:t.db",
		"sqlite:no/such/folder/t.db" };
	struct db *d = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(db_open(&d, bad[i], dir, NULL), ACSR_FAIL);
	assert_null(d);
}

/* SQLite ends a transaction by itself when, say, the disk is full; what comes then must not commit on its
 * own. */
static void a_transaction_that_ended_by_itself_takes_nothing_more(void **state)
{
	struct db *d = *state;
	struct acsr_err e;

	assert_int_equal(db_begin(d, NULL), ACSR_OK);
	put(d, "before", 1);
	assert_int_equal(db_script(d, "ROLLBACK", NULL), ACSR_OK);
	assert_int_equal(db_savepoint(d, &e), ACSR_FAIL);
	assert_string_equal(e.id, "busy.database");
	assert_int_equal(db_exec(d, NULL, "INSERT INTO t (a) VALUES ($1)", DB_ARGS(DB_TEXT("after")), NULL),
		ACSR_FAIL);
	assert_int_equal(db_commit(d, NULL), ACSR_FAIL);
	db_rollback(d);
	assert_int_equal(count(d), 0);
	assert_int_equal(db_begin(d, NULL), ACSR_OK);
	put(d, "then", 1);
	assert_int_equal(db_commit(d, NULL), ACSR_OK);
	assert_int_equal(count(d), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(parameters_of_a_statement_that_is_repeated, begin, end),
		cmocka_unit_test_setup_teardown(parameters_and_types, begin, end),
		cmocka_unit_test_setup_teardown(errors_by_meaning, begin, end),
		cmocka_unit_test_setup_teardown(transactions, begin, end),
		cmocka_unit_test_setup_teardown(
			a_transaction_that_ended_by_itself_takes_nothing_more, begin, end),
		cmocka_unit_test_setup_teardown(the_same_statement_nested, begin, end),
		cmocka_unit_test_setup_teardown(a_second_writer_waits_and_is_told, begin, end),
		cmocka_unit_test_setup_teardown(what_is_forgotten_is_gone_from_the_disk, begin, end),
		cmocka_unit_test_setup_teardown(migrations_run_once_in_order, begin, end),
		cmocka_unit_test_setup_teardown(urls, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
