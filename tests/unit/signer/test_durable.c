/* Whole or not there. */
#include "durable.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "ca_world.h"

static char dir[64];

static int make_dir(void **state)
{
	(void)state;
	ca_world_dir(dir);
	return 0;
}

static int drop_dir(void **state)
{
	(void)state;
	ca_world_remove(dir);
	return 0;
}

static void test_it_is_written_for_its_owner(void **state)
{
	(void)state;
	assert_int_equal(ACSR_OK, durable_write(dir, "a", "hello", 5, NULL));
	assert_int_equal(0,
		ca_world_run(dir, "test $(cat a) = hello && test $(stat -c %a a) = 600 && test ! -e a.new"));
}

static void test_what_is_there_stays(void **state)
{
	struct acsr_err e = { 0 };

	(void)state;
	assert_int_equal(ACSR_OK, durable_write(dir, "a", "one", 3, NULL));
	assert_int_equal(ACSR_FAIL, durable_write(dir, "a", "two", 3, &e));
	assert_string_equal("object.exists", e.id);
	assert_int_equal(0, ca_world_run(dir, "test $(cat a) = one"));
}

static void test_the_rest_of_a_killed_writer_is_replaced(void **state)
{
	(void)state;
	ca_world_write(dir, "a.new", "half", 4);
	assert_int_equal(ACSR_OK, durable_write(dir, "a", "whole", 5, NULL));
	assert_int_equal(0, ca_world_run(dir, "test $(cat a) = whole && test ! -e a.new"));
}

static void test_a_full_disk_leaves_nothing(void **state)
{
	struct acsr_err e = { 0 };
	struct rlimit rl, small;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(0, getrlimit(RLIMIT_FSIZE, &rl));
	small = (struct rlimit){ 3, rl.rlim_max };
	assert_int_equal(0, setrlimit(RLIMIT_FSIZE, &small));
	assert_int_equal(ACSR_FAIL, durable_write(dir, "a", "hello", 5, &e));
	assert_int_equal(0, setrlimit(RLIMIT_FSIZE, &rl));
	assert_string_equal("sys.nospace", e.id);
	assert_int_equal(0, rmdir(dir)); /* empty */
	ca_world_dir(dir);
}

/* What still holds the file, as another link does, finds zeros. */
static void test_what_is_destroyed_is_blotted_out(void **state)
{
	(void)state;
	assert_int_equal(ACSR_OK, durable_write(dir, "a", "secret", 6, NULL));
	assert_int_equal(0, ca_world_run(dir, "ln a b"));
	assert_int_equal(ACSR_OK, durable_destroy(dir, "a", NULL));
	assert_int_equal(
		0, ca_world_run(dir, "test ! -e a && test $(od -An -tx1 b | tr -d ' ') = 000000000000"));
	assert_int_equal(ACSR_OK, durable_destroy(dir, "a", NULL)); /* gone already */
	assert_int_equal(0, ca_world_run(dir, "ln -s b a"));
	assert_int_equal(ACSR_FAIL, durable_destroy(dir, "a", NULL)); /* nobody's link is followed */
}

static void test_no_directory(void **state)
{
	struct acsr_err e = { 0 };

	(void)state;
	assert_int_equal(ACSR_FAIL, durable_write("/nonexistent", "a", "hello", 5, &e));
	assert_string_equal("sys.write", e.id);
	assert_int_equal(ACSR_FAIL, durable_sync_dir("/nonexistent", &e));
}

#define T(f) cmocka_unit_test_setup_teardown(f, make_dir, drop_dir)

int main(void)
{
	const struct CMUnitTest tests[] = { T(test_it_is_written_for_its_owner), T(test_what_is_there_stays),
		T(test_the_rest_of_a_killed_writer_is_replaced), T(test_a_full_disk_leaves_nothing),
		T(test_what_is_destroyed_is_blotted_out), T(test_no_directory) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
