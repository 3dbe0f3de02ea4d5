/* Stored work: claimed once, in order, again after a lease or a failure, with pauses that grow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "store/jobs.h"
#include "tempdb.h"

/* The object of the claimed job, or "". */
static const char *claim(struct db *d, int64_t now)
{
	static struct job job;
	bool have;

	assert_int_equal(jobs_claim(d, now, 60, &job, &have, NULL), ACSR_OK);
	return have ? job.object : "";
}

static int64_t next_due(struct db *d)
{
	int64_t at;

	assert_int_equal(jobs_next_due(d, &at, NULL), ACSR_OK);
	return at;
}

static void claimed_once_when_due(void **state)
{
	struct db *d = *state;

	assert_int_equal(next_due(d), 0);
	assert_int_equal(jobs_want(d, "mail", "late", 200, NULL), ACSR_OK);
	assert_int_equal(jobs_want(d, "mail", "early", 100, NULL), ACSR_OK);
	assert_int_equal(next_due(d), 100);
	assert_string_equal(claim(d, 99), "");
	assert_string_equal(claim(d, 200), "early");
	assert_string_equal(claim(d, 200), "late");
	assert_string_equal(claim(d, 200), "");
	assert_int_equal(next_due(d), 260);
}

static void a_lease_ends(void **state)
{
	struct db *d = *state;

	assert_int_equal(jobs_want(d, "mail", "a", 100, NULL), ACSR_OK);
	assert_string_equal(claim(d, 100), "a");
	assert_string_equal(claim(d, 159), "");
	assert_string_equal(claim(d, 160), "a");
	assert_int_equal(jobs_free_leases(d, NULL), ACSR_OK);
	assert_string_equal(claim(d, 160), "a");
}

static void done_is_gone(void **state)
{
	struct db *d = *state;

	assert_int_equal(jobs_want(d, "mail", "a", 100, NULL), ACSR_OK);
	assert_int_equal(jobs_want(d, "crl", "a", 100, NULL), ACSR_OK);
	assert_int_equal(jobs_done(d, "mail", "a", NULL), ACSR_OK);
	assert_string_equal(claim(d, 100), "a");
	assert_string_equal(claim(d, 100), "");
}

static void wanted_again_moves_to_the_earlier(void **state)
{
	struct db *d = *state;

	assert_int_equal(jobs_want(d, "mail", "a", 100, NULL), ACSR_OK);
	assert_int_equal(jobs_want(d, "mail", "a", 300, NULL), ACSR_OK);
	assert_int_equal(next_due(d), 100);
	assert_int_equal(jobs_want(d, "mail", "a", 50, NULL), ACSR_OK);
	assert_int_equal(next_due(d), 50);
}

static void failures_are_counted(void **state)
{
	struct db *d = *state;
	struct job job;
	bool have;

	assert_int_equal(jobs_want(d, "mail", "a", 100, NULL), ACSR_OK);
	for (int64_t i = 0; i < 3; i++) {
		assert_int_equal(jobs_claim(d, 100 + i, 60, &job, &have, NULL), ACSR_OK);
		assert_true(have);
		assert_int_equal(job.attempts, i);
		assert_int_equal(jobs_again(d, "mail", "a", 101 + i, "down", NULL), ACSR_OK);
	}
}

static void pauses_grow_and_stay_bounded(void **state)
{
	(void)state;
	for (int64_t i = 0; i < 200; i++) {
		int64_t pause = jobs_pause(10, 3600, i), least = i < 9 ? 10 << i : 3600;

		least = least > 3600 ? 3600 : least;
		assert_true(pause >= least && pause <= least + least / 4);
	}
	assert_true(jobs_pause(0, 10, 0) >= 1);
}

/* A retry that was planned while the clock was ten years ahead is due when the clock is right again. */
static void a_clock_that_went_back_leaves_nothing_behind(void **state)
{
	const int64_t now = 1000000, year = 365 * 86400;
	struct db *d = *state;

	assert_int_equal(jobs_want(d, "mail", "retry", now + 10 * year, NULL), ACSR_OK);
	assert_int_equal(jobs_want(d, "crl", "regular", now + 10 * year, NULL), ACSR_OK);
	assert_int_equal(jobs_want(d, "expire", "date", now + 10 * year, NULL), ACSR_OK);
	assert_int_equal(jobs_want(d, "mail", "soon", now + 3600, NULL), ACSR_OK);
	assert_int_equal(jobs_want(d, "crl", "half life", now + 180 * 86400, NULL), ACSR_OK);
	assert_int_equal(jobs_recall(d, now, NULL), ACSR_OK);
	assert_string_not_equal(claim(d, now), "");
	assert_string_not_equal(claim(d, now), "");
	assert_string_equal(claim(d, now), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(claimed_once_when_due, tempdb_begin, tempdb_end),
		cmocka_unit_test_setup_teardown(a_lease_ends, tempdb_begin, tempdb_end),
		cmocka_unit_test_setup_teardown(
			a_clock_that_went_back_leaves_nothing_behind, tempdb_begin, tempdb_end),
		cmocka_unit_test_setup_teardown(done_is_gone, tempdb_begin, tempdb_end),
		cmocka_unit_test_setup_teardown(wanted_again_moves_to_the_earlier, tempdb_begin, tempdb_end),
		cmocka_unit_test_setup_teardown(failures_are_counted, tempdb_begin, tempdb_end),
		cmocka_unit_test(pauses_grow_and_stay_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
