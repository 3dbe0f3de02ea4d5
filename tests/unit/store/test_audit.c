/* The audit chain: every change, gap and swap of rows is found, at the first bad row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "store/audit.h"
#include "tempdb.h"

static int begin(void **state)
{
	struct db *d;

	tempdb_begin(state);
	d = *state;
	for (int i = 0; i < 5; i++) {
		struct audit_entry a = { .at = 1000 + i,
			.actor = "ann@example.com",
			.account_id = "acc_1",
			.action = "order.created",
			.object = "ord_1",
			.detail = "" };

		assert_int_equal(audit_append(d, &a, NULL), ACSR_OK);
		assert_int_equal(a.seq, i + 1);
	}
	return 0;
}

static int64_t first_bad(struct db *d)
{
	int64_t entries, bad;
	char head[65];

	assert_int_equal(audit_verify(d, &entries, &bad, head, NULL), ACSR_OK);
	assert_int_equal(strlen(head), 64);
	return bad;
}

static void assert_found(void **state, const char *damage, int64_t at)
{
	assert_int_equal(first_bad(*state), 0);
	assert_int_equal(db_script(*state, damage, NULL), ACSR_OK);
	assert_int_equal(first_bad(*state), at);
}

static void a_good_log_verifies(void **state)
{
	int64_t entries, bad;
	char head[65];

	assert_int_equal(audit_verify(*state, &entries, &bad, head, NULL), ACSR_OK);
	assert_int_equal(entries, 5);
	assert_int_equal(bad, 0);
}

static void changed_fields(void **state)
{
	assert_found(state, "UPDATE audit SET detail = 'x' WHERE seq = 3", 3);
}

static void changed_time(void **state)
{
	assert_found(state, "UPDATE audit SET at = at + 1 WHERE seq = 1", 1);
}

/* A field's end moved into the next: the texts together are the same, the fields are not. */
static void moved_borders(void **state)
{
	assert_found(state, "UPDATE audit SET action = 'order.create', object = 'dord_1' WHERE seq = 2", 2);
}

static void missing_row(void **state)
{
	assert_found(state, "DELETE FROM audit WHERE seq = 2", 2);
}

static void renumbered_after_a_gap(void **state)
{
	assert_found(
		state, "DELETE FROM audit WHERE seq = 2; UPDATE audit SET seq = seq - 1 WHERE seq > 2", 2);
}

static void swapped_rows(void **state)
{
	assert_found(state,
		"UPDATE audit SET seq = 99 WHERE seq = 2; UPDATE audit SET seq = 2 WHERE seq = 3; UPDATE "
		"audit SET seq = 3 WHERE seq = 99",
		2);
}

/* Whoever changes a row and computes its own hash anew breaks the next row's. */
static void a_new_hash_breaks_the_next(void **state)
{
	assert_found(
		state, "UPDATE audit SET hash = (SELECT hash FROM audit WHERE seq = 5) WHERE seq = 3", 3);
}

static void an_empty_log_verifies(void **state)
{
	assert_int_equal(db_script(*state, "DELETE FROM audit", NULL), ACSR_OK);
	assert_int_equal(first_bad(*state), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_good_log_verifies, begin, tempdb_end),
		cmocka_unit_test_setup_teardown(changed_fields, begin, tempdb_end),
		cmocka_unit_test_setup_teardown(changed_time, begin, tempdb_end),
		cmocka_unit_test_setup_teardown(moved_borders, begin, tempdb_end),
		cmocka_unit_test_setup_teardown(missing_row, begin, tempdb_end),
		cmocka_unit_test_setup_teardown(renumbered_after_a_gap, begin, tempdb_end),
		cmocka_unit_test_setup_teardown(swapped_rows, begin, tempdb_end),
		cmocka_unit_test_setup_teardown(a_new_hash_breaks_the_next, begin, tempdb_end),
		cmocka_unit_test_setup_teardown(an_empty_log_verifies, begin, tempdb_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
