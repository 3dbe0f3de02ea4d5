/* Group commit and jobs when the database fails: nothing spins, nothing leaves, and it goes on afterwards. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core_world.h"

#define OK(call) assert_int_equal((call), ACSR_OK)

/* A due job that cannot be claimed would be claimed again and again, and nobody else would get a turn. */
static void a_failing_database_does_not_spin(void **state)
{
	struct world *w = *state;

	OK(core_want_job(&w->c, "mail", "mail_nothere", 1, NULL));
	OK(db_script(w->c.db, "PRAGMA query_only = ON", NULL));
	core_run_jobs(&w->c);
	world_turn(w);
	assert_true(w->c.trouble);
	assert_true(w->c.count.batches < 4);
	assert_int_equal(world_number(w, "SELECT COUNT(*) FROM jobs"), 1);
	OK(db_script(w->c.db, "PRAGMA query_only = OFF", NULL));
	world_get(w, "/api/v1/ca"); /* any batch that works ends the pause */
	world_turn(w);
	assert_false(w->c.trouble);
	assert_int_equal(world_number(w, "SELECT COUNT(*) FROM jobs WHERE kind = 'mail'"), 0);
}

static enum acsr_result insert(struct core *c, void *id, struct acsr_err *e)
{
	return db_exec(c->db, NULL, "INSERT INTO meta (name, value) VALUES ($1, '')",
		DB_ARGS(DB_TEXT((const char *)id)), e);
}

/* What SQLite does when the disk is full in the middle of a batch. */
static enum acsr_result lose_transaction(struct core *c, void *arg, struct acsr_err *e)
{
	(void)arg;
	OK(db_script(c->db, "ROLLBACK", NULL));
	return err_set(e, "sys.nospace", "the disk is full");
}

static void a_step_after_a_lost_transaction_does_not_commit_alone(void **state)
{
	struct world *w = *state;
	char before[] = "before", after[] = "after", later[] = "later";

	core_step(&w->c, NULL, insert, before, NULL);
	core_step(&w->c, NULL, lose_transaction, NULL, NULL);
	core_step(&w->c, NULL, insert, after, NULL);
	batch_run(&w->c);
	assert_int_equal(world_number(w, "SELECT COUNT(*) FROM meta WHERE name IN ('before', 'after')"), 0);
	core_step(&w->c, NULL, insert, later, NULL);
	batch_run(&w->c);
	assert_int_equal(world_number(w, "SELECT COUNT(*) FROM meta WHERE name = 'later'"), 1);
}

/* A reader keeps the log from being emptied: it is not forgotten that it must be. */
static void forgetting_is_tried_again(void **state)
{
	struct world *w = *state;
	struct db_rows *rows;
	struct db *reader;

	OK(db_open(&reader, "sqlite:t.db", w->dir, NULL));
	OK(db_query(reader, &rows, "SELECT id FROM products", DB_NO_ARGS, NULL));
	w->c.forget = true;
	batch_run(&w->c);
	assert_true(w->c.forget);
	db_rows_free(rows);
	db_close(reader);
	w->c.forget_again_ms = 0;
	batch_run(&w->c);
	assert_false(w->c.forget);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_failing_database_does_not_spin, world_begin, world_end),
		cmocka_unit_test_setup_teardown(
			a_step_after_a_lost_transaction_does_not_commit_alone, world_begin, world_end),
		cmocka_unit_test_setup_teardown(forgetting_is_tried_again, world_begin, world_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
