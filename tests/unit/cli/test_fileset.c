/* Files that appear together or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/fileset.h"

static char folder[64], a[96], b[96];
static struct acsr_err e;

static int set_up(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/cli-set-XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(a, sizeof(a), "%s/a", folder);
	snprintf(b, sizeof(b), "%s/b", folder);
	return 0;
}

/* Every name in the folder, hidden ones too. */
static size_t names(void)
{
	DIR *d = opendir(folder);
	size_t n = 0;

	assert_non_null(d);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n - 2;
}

static int tear_down(void **state)
{
	size_t left;

	(void)state;
	(void)unlink(a);
	(void)unlink(b);
	left = names();
	return rmdir(folder) != 0 || left != 0;
}

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void holds(const char *path, const char *want)
{
	char got[64] = "";
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	assert_non_null(fgets(got, sizeof(got), f));
	fclose(f);
	assert_string_equal(got, want);
}

static void plan_and_write(struct file_set *s)
{
	assert_int_equal(file_set_plan(s, a, 0600, &e), ACSR_OK);
	assert_int_equal(file_set_plan(s, b, 0644, &e), ACSR_OK);
	assert_int_equal(file_set_write(s, a, "new a", 5, &e), ACSR_OK);
	assert_int_equal(file_set_write(s, b, "new b", 5, &e), ACSR_OK);
}

static void they_appear_together(void **state)
{
	struct file_set s = { 0 };
	struct stat st;

	(void)state;
	plan_and_write(&s);
	assert_int_not_equal(access(a, F_OK), 0);
	assert_int_not_equal(access(b, F_OK), 0);
	assert_int_equal(file_set_commit(&s, &e), ACSR_OK);
	holds(a, "new a");
	holds(b, "new b");
	assert_int_equal(stat(a, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(names(), 2);
}

static void what_is_not_committed_leaves_nothing(void **state)
{
	struct file_set s = { 0 };

	(void)state;
	plan_and_write(&s);
	file_set_end(&s);
	file_set_end(&s);
	assert_int_equal(names(), 0);
}

static void a_name_that_is_taken_meanwhile_undoes_all(void **state)
{
	struct file_set s = { 0 };

	(void)state;
	plan_and_write(&s);
	put(b, "theirs");
	assert_int_equal(file_set_commit(&s, &e), ACSR_FAIL);
	assert_string_equal(e.id, "object.exists");
	file_set_end(&s);
	assert_int_not_equal(access(a, F_OK), 0);
	holds(b, "theirs");
	assert_int_equal(names(), 1);
}

static void old_files_come_back_when_a_later_one_fails(void **state)
{
	struct file_set s = { .force = true };

	(void)state;
	put(a, "old a");
	plan_and_write(&s);
	put(b, "theirs"); /* was not there when it was planned, so it is not ours to replace */
	assert_int_equal(file_set_commit(&s, &e), ACSR_FAIL);
	file_set_end(&s);
	holds(a, "old a");
	holds(b, "theirs");
	assert_int_equal(names(), 2);
}

static void force_replaces_and_keeps_no_copy(void **state)
{
	struct file_set s = { .force = true };

	(void)state;
	put(a, "old a");
	put(b, "old b");
	plan_and_write(&s);
	holds(a, "old a");
	assert_int_equal(file_set_commit(&s, &e), ACSR_OK);
	holds(a, "new a");
	holds(b, "new b");
	assert_int_equal(names(), 2);
}

static void plans_that_cannot_be(void **state)
{
	struct file_set s = { 0 };
	char again[192];

	(void)state;
	put(a, "old a");
	assert_int_equal(file_set_plan(&s, a, 0600, &e), ACSR_FAIL);
	assert_string_equal(e.id, "object.exists");
	assert_int_equal(file_set_plan(&s, folder, 0600, &e), ACSR_FAIL);
	assert_string_equal(e.id, "input.path");
	assert_int_equal(file_set_plan(&s, "", 0600, &e), ACSR_FAIL);
	assert_int_equal(file_set_plan(&s, "/no/such/place", 0600, &e), ACSR_FAIL);
	assert_string_equal(e.id, "input.path");
	assert_int_equal(file_set_plan(&s, b, 0600, &e), ACSR_OK);
	assert_int_equal(file_set_plan(&s, b, 0600, &e), ACSR_FAIL);
	assert_string_equal(e.id, "usage.same-file");
	snprintf(again, sizeof(again), "%s/../%s/./b", folder, folder + strlen("/tmp/"));
	assert_int_equal(file_set_plan(&s, again, 0600, &e), ACSR_FAIL); /* written in another way */
	assert_string_equal(e.id, "usage.same-file");
	s.force = true;
	assert_int_equal(file_set_plan(&s, "/dev/null", 0600, &e), ACSR_FAIL);
	assert_string_equal(e.id, "input.path");
	file_set_end(&s);
	holds(a, "old a");
}

static void interrupts_wait_until_the_end(void **state)
{
	struct file_set s = { 0 };
	sigset_t now;

	(void)state;
	plan_and_write(&s);
	sigprocmask(SIG_BLOCK, NULL, &now);
	assert_true(sigismember(&now, SIGINT) && sigismember(&now, SIGTERM));
	file_set_end(&s);
	sigprocmask(SIG_BLOCK, NULL, &now);
	assert_false(sigismember(&now, SIGINT));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(they_appear_together, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_not_committed_leaves_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_name_that_is_taken_meanwhile_undoes_all, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			old_files_come_back_when_a_later_one_fails, set_up, tear_down),
		cmocka_unit_test_setup_teardown(force_replaces_and_keeps_no_copy, set_up, tear_down),
		cmocka_unit_test_setup_teardown(plans_that_cannot_be, set_up, tear_down),
		cmocka_unit_test_setup_teardown(interrupts_wait_until_the_end, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
