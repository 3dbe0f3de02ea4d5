/* What is told to anybody is on the disk before; a disk that fails is told too, and nothing leaves then. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core_world.h"

#define OK(call) assert_int_equal((call), ACSR_OK)

static int synced;
static bool disk_fails;

enum acsr_result __real_db_sync(struct db *d, struct acsr_err *e);
enum acsr_result __wrap_db_sync(struct db *d, struct acsr_err *e);

enum acsr_result __wrap_db_sync(struct db *d, struct acsr_err *e)
{
	synced++;
	if (disk_fails)
		return err_set(e, "sys.database-outcome", "database: the disk does not answer");
	return __real_db_sync(d, e);
}

static int begin(void **state)
{
	int r = world_begin(state);
	struct world *w = *state;

	world_turn(w);
	batch_tick(&w->c);
	synced = 0;
	disk_fails = false;
	return r;
}

static enum acsr_result store(struct core *c, void *name, struct acsr_err *e)
{
	return db_exec(c->db, NULL, "INSERT INTO meta (name, value) VALUES ($1, '')",
		DB_ARGS(DB_TEXT((const char *)name)), e);
}

static enum acsr_result ask_prober(struct core *c, void *arg, struct acsr_err *e)
{
	struct msg_probe_http m = { 0 };

	(void)arg;
	return core_tell(c, ROLE_PROBER, MSG_probe_http, 1, &m, e);
}

static enum acsr_result ask_signer(struct core *c, void *arg, struct acsr_err *e)
{
	struct msg_sign_crl m = { 0 };

	(void)arg;
	return core_tell(c, ROLE_SIGNER, MSG_sign_crl, 1, &m, e);
}

static void run(struct world *w, step_fn *fn, const char *name)
{
	core_step(&w->c, NULL, fn, (void *)(uintptr_t)name, NULL);
	batch_run(&w->c);
}

static void what_nobody_is_told_of_waits(void **state)
{
	struct world *w = *state;

	run(w, store, "one");
	run(w, ask_prober, NULL);
	assert_int_equal(synced, 0);
	assert_true(w->c.unsynced);
	run(w, ask_signer, NULL);
	assert_int_equal(synced, 1);
	assert_false(w->c.unsynced);
	run(w, store, "two");
	batch_tick(&w->c);
	assert_int_equal(synced, 2);
	assert_false(w->c.unsynced);
}

/* It may have read what was not yet on the disk. */
static void an_answer_waits_for_what_came_before_it(void **state)
{
	struct world *w = *state;

	assert_int_equal(world_get(w, "/api/v1/ca"), 200);
	assert_int_equal(synced, 0);
	run(w, store, "one");
	assert_int_equal(world_get(w, "/api/v1/ca"), 200);
	assert_int_equal(synced, 1);
}

/* In one batch: the reader sees what was before, and is answered before the disk is asked. */
static void a_reader_does_not_wait_for_writers(void **state)
{
	struct world *w = *state;

	disk_fails = true;
	core_step(&w->c, NULL, store, (char[]){ "one" }, NULL);
	core_step(&w->c, NULL, ask_signer, NULL, NULL);
	assert_int_equal(world_get(w, "/api/v1/ca"), 200);
	assert_int_equal(synced, 1);
	assert_int_equal(world_get(w, "/api/v1/ca"), 500);
}

static enum acsr_result use_up(struct core *c, void *name, struct acsr_err *e)
{
	int64_t before = db_changes(c->db);

	TRY(store(c, name, e));
	c->passing += db_changes(c->db) - before;
	return ask_signer(c, NULL, e);
}

static void what_no_answer_tells_of_keeps_nobody_waiting(void **state)
{
	struct world *w = *state;

	run(w, use_up, "nonce");
	assert_int_equal(synced, 0);
	assert_false(w->c.unsynced);
	assert_int_equal(world_number(w, "SELECT COUNT(*) FROM meta WHERE name = 'nonce'"), 1);
}

static void a_disk_that_fails_is_told_and_tried_again(void **state)
{
	struct world *w = *state;
	struct person p;

	world_register(w, "ann@example.com", &p);
	disk_fails = true;
	assert_int_equal(world_as(w, &p, "POST", "/tokens", "{\"name\": \"a\"}"), 500);
	assert_null(strstr(w->text, "acsr_"));
	assert_null(w->c.outbox);
	assert_true(w->c.unsynced && w->c.trouble);
	disk_fails = false;
	assert_int_equal(world_as(w, &p, "GET", "/tokens", NULL), 200);
	assert_false(w->c.unsynced);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_nobody_is_told_of_waits, begin, world_end),
		cmocka_unit_test_setup_teardown(an_answer_waits_for_what_came_before_it, begin, world_end),
		cmocka_unit_test_setup_teardown(a_reader_does_not_wait_for_writers, begin, world_end),
		cmocka_unit_test_setup_teardown(
			what_no_answer_tells_of_keeps_nobody_waiting, begin, world_end),
		cmocka_unit_test_setup_teardown(a_disk_that_fails_is_told_and_tried_again, begin, world_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
