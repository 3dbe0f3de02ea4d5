/* The first start, and what a start does with an older key-encryption key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "core/bootstrap.h"
#include "core/identity.h"
#include "core/kek.h"
#include "core_world.h"
#include "store/second_factor.h"

static void read_line(struct world *w, const char *name, char out[100])
{
	char path[200];
	struct stat st;
	FILE *f;

	snprintf(path, sizeof(path), "%s/bootstrap/%s", w->dir, name);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	f = fopen(path, "r");
	assert_non_null(f);
	assert_non_null(fgets(out, 100, f));
	fclose(f);
	assert_int_equal(out[strlen(out) - 1], '\n');
	out[strlen(out) - 1] = '\0';
}

static void begin(struct world *w)
{
	world_open(w, clock_now());
	assert_int_equal(bootstrap_operator(&w->c, NULL), ACSR_OK);
}

static void the_files_let_the_operator_in(void **state)
{
	struct world *w = *state;
	struct person op;
	char password[100], token[100], path[200];
	struct stat st;

	begin(w);
	world_close(w);
	snprintf(path, sizeof(path), "%s/bootstrap", w->dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	read_line(w, "admin-password", password);
	read_line(w, "admin-token", token);
	assert_int_equal(strlen(password), 23);
	world_login(w, "admin@localhost", password, &op);
	assert_int_equal(world_as(w, &op, "GET", "/admin/status", NULL), 200);
	assert_int_equal(world_ask(w, &(struct ask){ "GET", "/api/v1/admin/status", .bearer = token }), 200);
	/* a later start makes nothing and brings no deleted file back */
	snprintf(path, sizeof(path), "%s/bootstrap/admin-password", w->dir);
	assert_int_equal(unlink(path), 0);
	begin(w);
	world_close(w);
	assert_int_not_equal(access(path, F_OK), 0);
	assert_int_equal(world_number(w, "SELECT COUNT(*) FROM users"), 1);
}

static void after_a_crash_before_the_commit_the_files_are_written_anew(void **state)
{
	struct world *w = *state;
	struct person op;
	char first[100], second[100];

	begin(w);
	db_rollback(w->c.db);
	read_line(w, "admin-password", first);
	begin(w);
	world_close(w);
	read_line(w, "admin-password", second);
	assert_string_not_equal(first, second);
	world_login(w, "admin@localhost", second, &op);
}

static void the_root_is_written_once(void **state)
{
	struct world *w = *state;
	char path[200], text[20] = "";
	FILE *f;

	bootstrap_root(&w->c, "first\n");
	bootstrap_root(&w->c, "second\n");
	snprintf(path, sizeof(path), "%s/bootstrap/root.pem", w->dir);
	f = fopen(path, "r");
	assert_non_null(f);
	assert_non_null(fgets(text, sizeof(text), f));
	fclose(f);
	assert_string_equal(text, "first\n");
}

/* --- another key-encryption key --- */

static void write_kek(struct world *w, const char *name, char digit)
{
	char path[200], hex[66];
	FILE *f;

	memset(hex, digit, 64);
	hex[64] = '\n';
	hex[65] = '\0';
	snprintf(path, sizeof(path), "%s/%s", w->dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(hex, f) >= 0);
	fclose(f);
}

static void use_kek(struct world *w, const char *name, const char *old)
{
	char path[200];

	snprintf(path, sizeof(path), "%s/%s", w->dir, name);
	world_conf(w, "secrets.kek_file", path);
	snprintf(path, sizeof(path), "%s/%s", w->dir, old);
	world_conf(w, "secrets.kek_old_files", *old != '\0' ? path : "");
	assert_int_equal(kek_open(&w->c.kek, &w->p, NULL), ACSR_OK);
}

static void keep_secret(struct world *w, const struct person *p)
{
	CLEANUP_SECRET struct acsr_secret *s = NULL;
	CLEANUP_BUF struct buf wrapped = { 0 };

	buf_init(&wrapped, 1000);
	assert_int_equal(acsr_secret_new(&s, "totp key", 8, NULL), ACSR_OK);
	assert_int_equal(kek_wrap(w->c.kek, p->id, s, &wrapped, NULL), ACSR_OK);
	assert_int_equal(
		second_factor_set(w->c.db, p->id, (struct bytes){ wrapped.p, wrapped.len }, NULL), ACSR_OK);
}

static enum acsr_result open_secret(struct world *w, const struct person *p, bool *old)
{
	CLEANUP_SECRET struct acsr_secret *s = NULL;
	CLEANUP_BUF struct buf wrapped = { 0 };
	struct bytes b;

	buf_init(&wrapped, 1000);
	assert_int_equal(second_factor_get(w->c.db, p->id, &wrapped, NULL), ACSR_OK);
	b = (struct bytes){ wrapped.p, wrapped.len };
	*old = kek_is_old(w->c.kek, b);
	TRY(kek_unwrap(w->c.kek, p->id, b, &s, NULL));
	assert_memory_equal(acsr_secret_bytes(s), "totp key", 8);
	return ACSR_OK;
}

static void a_missing_key_file_is_made_once_and_never_replaced(void **state)
{
	struct world *w = *state;
	struct acsr_err e;
	struct kek *k;
	char path[200];

	snprintf(path, sizeof(path), "%s/kek", w->dir);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(kek_open(&k, &w->p, NULL), ACSR_OK);
	assert_int_equal(kek_first(k, &w->p, false, &e), ACSR_FAIL);
	assert_string_equal(e.id, "config.kek");
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(kek_first(k, &w->p, true, NULL), ACSR_OK);
	assert_int_equal(access(path, F_OK), 0);
}

static void what_an_older_key_wrapped_is_wrapped_anew(void **state)
{
	struct world *w = *state;
	struct person ann, bob;
	bool old;

	world_register(w, "ann@example.com", &ann);
	world_register(w, "bob@example.com", &bob);
	write_kek(w, "kek1", '1');
	write_kek(w, "kek2", '2');
	use_kek(w, "kek1", "");
	keep_secret(w, &ann);
	keep_secret(w, &bob);
	use_kek(w, "kek2", "");
	world_open(w, 1000);
	assert_int_equal(housekeeping_rewrap(&w->c, NULL), ACSR_FAIL);
	db_rollback(w->c.db);
	use_kek(w, "kek2", "kek1");
	assert_int_equal(open_secret(w, &ann, &old), ACSR_OK);
	assert_true(old);
	world_open(w, 1000);
	assert_int_equal(housekeeping_rewrap(&w->c, NULL), ACSR_OK);
	world_close(w);
	use_kek(w, "kek2", "");
	assert_int_equal(open_secret(w, &ann, &old), ACSR_OK);
	assert_false(old);
	assert_int_equal(open_secret(w, &bob, &old), ACSR_OK);
	/* a wrapped value in another row does not open */
	world_exec(w, "UPDATE users SET totp = (SELECT totp FROM users WHERE email = 'bob@example.com')");
	assert_int_equal(open_secret(w, &ann, &old), ACSR_FAIL);
}

static void housekeeping_drops_what_has_ended(void **state)
{
	struct world *w = *state;
	struct person ann;

	world_register(w, "ann@example.com", &ann);
	world_exec(w, "UPDATE sessions SET expires_at = 1");
	world_exec(w, "UPDATE mails SET created_at = created_at - 31 * 86400");
	world_exec(w, "INSERT INTO mail_tokens (hash, purpose, email, data, expires_at) VALUES (x'00', "
		      "'reset', 'a', '', 1)");
	world_exec(w,
		"INSERT INTO attempts (bucket, count, since, blocked_until) VALUES ('password:x', 1, 1, 1)");
	world_open(w, clock_now());
	assert_int_equal(housekeeping_job(&w->c, "", 0, NULL), ACSR_OK);
	world_close(w);
	assert_int_equal(
		world_number(w, "SELECT (SELECT COUNT(*) FROM sessions) + (SELECT COUNT(*) FROM mails) + "
				"(SELECT COUNT(*) FROM mail_tokens) + (SELECT COUNT(*) FROM attempts WHERE "
				"bucket NOT LIKE 'seen:%' AND since = 1)"),
		0);
	assert_true(world_number(w, "SELECT COUNT(*) FROM attempts WHERE bucket LIKE 'seen:%'") == 1);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, world_begin, world_end)
	const struct CMUnitTest tests[] = {
		T(the_files_let_the_operator_in),
		T(after_a_crash_before_the_commit_the_files_are_written_anew),
		T(the_root_is_written_once),
		T(a_missing_key_file_is_made_once_and_never_replaced),
		T(what_an_older_key_wrapped_is_wrapped_anew),
		T(housekeeping_drops_what_has_ended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
