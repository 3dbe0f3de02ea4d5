/* The state directory: private, each role its own part, refused when others could look in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "statedir.h"

static char root[64], state_dir[80];

static int begin(void **state)
{
	(void)state;
	snprintf(root, sizeof(root), "/tmp/autocsr-state-XXXXXX");
	assert_non_null(mkdtemp(root));
	snprintf(state_dir, sizeof(state_dir), "%s/state", root);
	return 0;
}

static int end(void **state)
{
	static const char *const parts[] = { "/bootstrap", "/lock", "/core", "/signer", "/front", "" };
	char path[128];

	(void)state;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", state_dir, parts[i]);
		if (rmdir(path) != 0)
			unlink(path);
	}
	return rmdir(root);
}

static void made_private_and_found_again(void **state)
{
	static const enum role keepers[] = { ROLE_CORE, ROLE_SIGNER, ROLE_FRONT };
	bool first = false;
	struct stat st;

	(void)state;
	assert_int_equal(statedir_prepare(state_dir, &first, NULL), ACSR_OK);
	assert_true(first);
	for (size_t i = 0; i < 3; i++) {
		char path[4096];

		assert_int_equal(statedir_of(state_dir, keepers[i], path, NULL), ACSR_OK);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 0777, 0700);
		if (geteuid() == 0)
			assert_int_equal(st.st_uid, statedir_uid(keepers[i]));
		if (geteuid() == 0)
			assert_int_equal(st.st_gid, statedir_gid(keepers[i]));
	}
	assert_int_equal(statedir_prepare(state_dir, &first, NULL), ACSR_OK);
	assert_false(first);
}

static void roles_without_files_get_no_directory(void **state)
{
	static const enum role none[] = { ROLE_KEYMAKER, ROLE_PROBER, ROLE_COURIER };
	char path[4096];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(statedir_of(state_dir, none[i], path, NULL), ACSR_OK);
		assert_string_equal(path, "");
	}
}

static void a_directory_that_others_can_read_is_refused(void **state)
{
	struct acsr_err e;
	bool first;

	(void)state;
	assert_int_equal(mkdir(state_dir, 0755), 0);
	assert_int_equal(chmod(state_dir, 0755), 0);
	assert_int_equal(statedir_prepare(state_dir, &first, &e), ACSR_FAIL);
	assert_non_null(strstr(e.text, "chmod 0700"));
}

static void a_link_in_its_place_is_refused(void **state)
{
	bool first;

	(void)state;
	assert_int_equal(symlink("/tmp", state_dir), 0);
	assert_int_equal(statedir_prepare(state_dir, &first, NULL), ACSR_FAIL);
}

static void a_second_service_is_refused(void **state)
{
	struct acsr_err e;
	bool first;
	int fd, second;

	(void)state;
	assert_int_equal(statedir_prepare(state_dir, &first, NULL), ACSR_OK);
	assert_int_equal(statedir_lock(state_dir, &fd, NULL), ACSR_OK);
	assert_int_equal(statedir_lock(state_dir, &second, &e), ACSR_FAIL);
	assert_non_null(strstr(e.text, "another autocsrd"));
	close(fd);
	assert_int_equal(statedir_lock(state_dir, &second, NULL), ACSR_OK);
	close(second);
}

static void users_differ(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	for (int a = ROLE_FRONT; a < ROLE_COUNT; a++) {
		assert_true(statedir_uid((enum role)a) > 0);
		for (int b = ROLE_FRONT; b < a; b++)
			assert_true(statedir_uid((enum role)a) != statedir_uid((enum role)b));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(made_private_and_found_again, begin, end),
		cmocka_unit_test_setup_teardown(roles_without_files_get_no_directory, begin, end),
		cmocka_unit_test_setup_teardown(a_directory_that_others_can_read_is_refused, begin, end),
		cmocka_unit_test_setup_teardown(a_link_in_its_place_is_refused, begin, end),
		cmocka_unit_test_setup_teardown(a_second_service_is_refused, begin, end),
		cmocka_unit_test(users_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
