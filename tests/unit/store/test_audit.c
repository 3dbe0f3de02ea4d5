/* The audit log: every change, gap and swap of rows is found, at the first bad row; and whoever computes all
 * hashes anew is found by the checkpoints. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "store/audit_verify.h"
#include "base/str.h"
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

static struct audit_verdict judge(struct db *d)
{
	struct audit_verdict v;

	assert_int_equal(audit_verify(d, &v, NULL), ACSR_OK);
	assert_int_equal(strlen(v.root), 64);
	return v;
}

static int64_t first_bad(struct db *d)
{
	return judge(d).bad;
}

static void assert_found(void **state, const char *damage, int64_t at)
{
	assert_int_equal(first_bad(*state), 0);
	assert_int_equal(db_script(*state, damage, NULL), ACSR_OK);
	assert_int_equal(first_bad(*state), at);
}

static void a_good_log_verifies(void **state)
{
	struct audit_verdict v = judge(*state);

	assert_int_equal(v.entries, 5);
	assert_int_equal(v.bad, 0);
	assert_int_equal(v.bad_checkpoint, 0);
	assert_int_equal(v.bad_node_level, 0);
}

/* A checkpoint over the first `size` entries as they are now. */
static void commit_to(struct db *d, uint64_t size)
{
	struct audit_checkpoint c = { .size = (int64_t)size, .at = 2000 };
	uint8_t root[ACSR_MERKLE_HASH];

	assert_int_equal(acsr_merkle_root(size, audit_node, d, root, NULL), ACSR_OK);
	hex_encode(root, sizeof(root), c.root);
	assert_int_equal(audit_checkpoint_add(d, &c, "note", NULL), ACSR_OK);
}

/* All hashes are made anew over the forged rows. */
static void forge(struct db *d, const char *damage)
{
	assert_int_equal(db_script(d, damage, NULL), ACSR_OK);
	assert_int_equal(db_script(d, "UPDATE audit SET hash = ''; DELETE FROM audit_nodes", NULL), ACSR_OK);
	assert_int_equal(audit_adopt(d, NULL), ACSR_OK);
}

static void a_forger_who_hashes_anew_is_found_by_the_checkpoints(void **state)
{
	struct audit_verdict v;

	commit_to(*state, 2);
	commit_to(*state, 4);
	assert_int_equal(judge(*state).bad_checkpoint, 0);
	assert_int_equal(judge(*state).good_checkpoint, 4);
	forge(*state, "UPDATE audit SET detail = 'x' WHERE seq = 3");
	v = judge(*state);
	assert_int_equal(v.bad, 0);
	assert_int_equal(v.bad_node_level, 0);
	assert_int_equal(v.good_checkpoint, 2);
	assert_int_equal(v.bad_checkpoint, 4);
}

static void an_end_that_was_cut_off_is_found(void **state)
{
	commit_to(*state, 5);
	forge(*state, "DELETE FROM audit WHERE seq = 5");
	assert_int_equal(judge(*state).bad, 0);
	assert_int_equal(judge(*state).bad_checkpoint, 5);
}

static void a_stored_hash_that_was_changed_is_found(void **state)
{
	assert_int_equal(db_script(*state,
				 "UPDATE audit_nodes SET hash = (SELECT hash FROM audit WHERE seq = 1) WHERE "
				 "level = 2",
				 NULL),
		ACSR_OK);
	assert_int_equal(judge(*state).bad, 0);
	assert_int_equal(judge(*state).bad_node_level, 2);
}

/* What was stored before the tree existed gets into it at the next start. */
static void older_entries_are_adopted(void **state)
{
	char root[65];

	snprintf(root, sizeof(root), "%s", judge(*state).root);
	forge(*state, "SELECT 1");
	assert_int_equal(judge(*state).bad, 0);
	assert_int_equal(judge(*state).bad_node_level, 0);
	assert_string_equal(judge(*state).root, root);
	assert_int_equal(audit_adopt(*state, NULL), ACSR_OK);
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

static void a_hash_that_is_not_the_entrys(void **state)
{
	assert_found(
		state, "UPDATE audit SET hash = (SELECT hash FROM audit WHERE seq = 5) WHERE seq = 3", 3);
}

static void an_empty_log_verifies(void **state)
{
	assert_int_equal(db_script(*state, "DELETE FROM audit; DELETE FROM audit_nodes", NULL), ACSR_OK);
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
		cmocka_unit_test_setup_teardown(a_hash_that_is_not_the_entrys, begin, tempdb_end),
		cmocka_unit_test_setup_teardown(
			a_forger_who_hashes_anew_is_found_by_the_checkpoints, begin, tempdb_end),
		cmocka_unit_test_setup_teardown(an_end_that_was_cut_off_is_found, begin, tempdb_end),
		cmocka_unit_test_setup_teardown(a_stored_hash_that_was_changed_is_found, begin, tempdb_end),
		cmocka_unit_test_setup_teardown(older_entries_are_adopted, begin, tempdb_end),
		cmocka_unit_test_setup_teardown(an_empty_log_verifies, begin, tempdb_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
