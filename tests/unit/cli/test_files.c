/* Files: never overwritten by accident, 0600 from the start, secrets by their first line. */
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

#include "cli/files.h"
#include "cli/fileset.h"

static char folder[64];
static char path[96];
static struct acsr_err e;

static int set_up(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/cli-files-XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/file", folder);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	(void)unlink(path);
	return rmdir(folder);
}

static void contents_are(const char *want)
{
	char got[64] = "";
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	assert_non_null(fgets(got, sizeof(got), f));
	fclose(f);
	assert_string_equal(got, want);
}

static void key_files_are_private_and_kept(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(file_put(path, "one", 3, 0600, false, &e), ACSR_OK);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(file_put(path, "two", 3, 0600, false, &e), ACSR_FAIL);
	assert_string_equal(e.id, "object.exists");
	contents_are("one");
	assert_int_equal(file_put(path, "two", 3, 0600, true, &e), ACSR_OK);
	contents_are("two");
}

static void a_link_is_not_followed(void **state)
{
	char target[96];

	(void)state;
	snprintf(target, sizeof(target), "%s/target", folder);
	assert_int_equal(symlink(target, path), 0);
	assert_int_equal(file_put(path, "x", 1, 0600, false, &e), ACSR_FAIL);
	assert_int_equal(file_put(path, "x", 1, 0600, true, &e), ACSR_FAIL);
	assert_string_equal(e.id, "input.path");
	assert_int_not_equal(access(target, F_OK), 0);
}

static void what_is_abandoned_is_removed(void **state)
{
	struct new_file f = NEW_FILE_NONE;

	(void)state;
	new_file_abandon(&f);
	assert_int_equal(new_file_open(&f, path, 0600, false, &e), ACSR_OK);
	assert_int_equal(access(path, F_OK), 0);
	new_file_abandon(&f);
	assert_int_not_equal(access(path, F_OK), 0);
	assert_int_equal(new_file_open(&f, path, 0600, false, &e), ACSR_OK);
	assert_int_equal(new_file_commit(&f, "kept", 4, &e), ACSR_OK);
	new_file_abandon(&f);
	contents_are("kept");
}

static void a_bad_path_is_bad_input(void **state)
{
	(void)state;
	assert_int_equal(file_put("/nonexistent/x", "x", 1, 0600, false, &e), ACSR_FAIL);
	assert_string_equal(e.id, "input.path");
	assert_int_equal(err_face(e.id)->exit_code, 3);
}

static void reading_has_limits(void **state)
{
	struct buf b;

	(void)state;
	assert_int_equal(file_put(path, "12345", 5, 0600, false, &e), ACSR_OK);
	buf_init(&b, 100);
	assert_int_equal(file_get(&b, path, 5, &e), ACSR_OK);
	assert_int_equal(b.len, 5);
	buf_free(&b);
	assert_int_equal(file_get(&b, path, 4, &e), ACSR_FAIL);
	assert_string_equal(e.id, "input.too-large");
	buf_free(&b);
	assert_int_equal(file_get(&b, "/nonexistent/x", 4, &e), ACSR_FAIL);
	assert_string_equal(e.id, "input.open");
	buf_free(&b);
	assert_int_equal(file_get(&b, folder, 4, &e), ACSR_FAIL);
	buf_free(&b);
	assert_int_equal(file_put(path, "", 0, 0600, true, &e), ACSR_OK);
	assert_int_equal(file_get(&b, path, 4, &e), ACSR_FAIL);
	assert_string_equal(e.id, "input.empty");
	buf_free(&b);
}

static void secret(const char *in, size_t n, const char *want)
{
	struct acsr_secret *s = NULL;

	assert_int_equal(file_put(path, in, n, 0600, true, &e), ACSR_OK);
	if (want == NULL) {
		assert_int_equal(file_get_secret(&s, path, &e), ACSR_FAIL);
		return;
	}
	assert_int_equal(file_get_secret(&s, path, &e), ACSR_OK);
	assert_int_equal(acsr_secret_len(s), strlen(want));
	assert_memory_equal(acsr_secret_bytes(s), want, strlen(want));
	acsr_secret_free(s);
}

static void a_secret_is_the_first_line(void **state)
{
	(void)state;
	secret("code", 4, "code");
	secret("code\n", 5, "code");
	secret("code\r\n", 6, "code");
	secret(" with blanks \nnext", 18, " with blanks ");
	secret("\n", 1, NULL);
	secret("\r\n", 2, NULL);
	secret("a\0b\n", 4, NULL);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(key_files_are_private_and_kept),
		T(a_link_is_not_followed),
		T(what_is_abandoned_is_removed),
		T(a_bad_path_is_bad_input),
		T(reading_has_limits),
		T(a_secret_is_the_first_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
