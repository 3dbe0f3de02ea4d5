/* A login is kept privately, replaced and forgotten whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "cli/files.h"
#include "cli/fileset.h"
#include "cli/login_store.h"

static char home[64];
static struct acsr_err e;

static int set_up(void **state)
{
	char config[96];

	(void)state;
	snprintf(home, sizeof(home), "/tmp/cli-login-XXXXXX");
	if (mkdtemp(home) == NULL)
		return -1;
	snprintf(config, sizeof(config), "%s/config", home);
	return setenv("XDG_CONFIG_HOME", config, 1);
}

static int tear_down(void **state)
{
	static const char *const names[] = { "config/autocsr/login.json", "config/autocsr/token",
		"config/autocsr/ca.pem", "config/autocsr", "config", "" };
	char path[128];

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		snprintf(path, sizeof(path), "%s/%s", home, names[i]);
		(void)remove(path);
	}
	return access(home, F_OK) == 0 ? -1 : 0;
}

static void save(const char *token, const char *ca)
{
	struct acsr_secret *s = NULL;
	struct buf b;

	buf_init(&b, 100);
	assert_int_equal(acsr_secret_new(&s, token, strlen(token), &e), ACSR_OK);
	if (ca != NULL)
		assert_int_equal(buf_putstr(&b, ca, &e), ACSR_OK);
	assert_int_equal(login_save("https://a", "tok_1", s, ca != NULL ? &b : NULL, &e), ACSR_OK);
	buf_free(&b);
	acsr_secret_free(s);
}

static void mode_is(const char *name, mode_t want)
{
	char path[128];
	struct stat st;

	snprintf(path, sizeof(path), "%s/config/autocsr%s", home, name);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, want);
}

static void kept_and_read_again(void **state)
{
	struct login l;

	(void)state;
	assert_int_equal(login_load(&l, &e), ACSR_OK);
	assert_null(l.server);
	save("acsr_x", "PEM");
	mode_is("", 0700);
	mode_is("/token", 0600);
	mode_is("/login.json", 0600);
	mode_is("/ca.pem", 0600);
	assert_int_equal(login_load(&l, &e), ACSR_OK);
	assert_string_equal(l.server, "https://a");
	assert_string_equal(l.token_id, "tok_1");
	assert_non_null(l.ca_file);
	assert_memory_equal(acsr_secret_bytes(l.token), "acsr_x", 7);
	login_free(&l);
}

static void replaced_without_leftovers(void **state)
{
	struct login l;

	(void)state;
	save("acsr_x", "PEM");
	save("acsr_y", NULL);
	assert_int_equal(login_load(&l, &e), ACSR_OK);
	assert_null(l.ca_file);
	assert_memory_equal(acsr_secret_bytes(l.token), "acsr_y", 7);
	login_free(&l);
}

static void forgotten(void **state)
{
	struct login l;

	(void)state;
	assert_int_equal(login_forget(&e), ACSR_OK);
	save("acsr_x", "PEM");
	assert_int_equal(login_forget(&e), ACSR_OK);
	assert_int_equal(login_load(&l, &e), ACSR_OK);
	assert_null(l.server);
	assert_null(l.token);
}

static void a_broken_login_is_bad_input(void **state)
{
	CLEANUP_STR char *folder = NULL;
	char path[160];
	struct login l;
	FILE *f;

	(void)state;
	save("acsr_x", NULL);
	assert_int_equal(login_folder(&folder, &e), ACSR_OK);
	snprintf(path, sizeof(path), "%s/login.json", folder);
	f = fopen(path, "we");
	assert_non_null(f);
	assert_int_equal(fputs("{", f) >= 0 && fclose(f) == 0, 1);
	assert_int_equal(login_load(&l, &e), ACSR_FAIL);
	assert_string_equal(e.id, "input.login");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(kept_and_read_again),
		T(replaced_without_leftovers),
		T(forgotten),
		T(a_broken_login_is_bad_input),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
