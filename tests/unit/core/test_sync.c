/* What is told to anybody is on the disk before; when the disk fails, nothing is told any more. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "core_world.h"

#define OK(call) assert_int_equal((call), ACSR_OK)

static int synced;
static bool disk_fails;
static uint64_t refused_before_sync; /* answers that had left when the disk was asked */
static const struct world *watched;

/* In the place of libc's: SQLite's only way to the disk. */
int fdatasync(int fd)
{
	synced++;
	refused_before_sync = watched != NULL ? watched->c.count.answers_4xx : 0;
	if (disk_fails) {
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_fdatasync, fd);
}

static int begin(void **state)
{
	int r = world_begin(state);
	struct world *w = *state;

	world_turn(w);
	batch_tick(&w->c);
	synced = 0;
	watched = w;
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

	core_step(&w->c, NULL, store, (char[]){ "one" }, NULL);
	core_step(&w->c, NULL, ask_signer, NULL, NULL);
	assert_int_equal(world_get(w, "/api/v1/nothing"), 404);
	assert_int_equal(synced, 1);
	assert_int_equal(refused_before_sync, 1);
	run(w, store, "two");
	assert_int_equal(world_get(w, "/api/v1/nothing"), 404);
	assert_int_equal(synced, 2);
	assert_int_equal(refused_before_sync, 1); /* it may have read "two" */
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

/* The kernel tells of it once; whoever went on could promise what is not there. */
static void a_disk_that_fails_ends_the_process(void **state)
{
	struct world *w = *state;
	int status;
	pid_t pid;

	pid = fork();
	if (pid == 0) {
		signal(SIGABRT, SIG_DFL);
		disk_fails = true;
		core_step(&w->c, NULL, store, (char[]){ "one" }, NULL);
		core_step(&w->c, NULL, ask_signer, NULL, NULL);
		batch_run(&w->c);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_nobody_is_told_of_waits, begin, world_end),
		cmocka_unit_test_setup_teardown(an_answer_waits_for_what_came_before_it, begin, world_end),
		cmocka_unit_test_setup_teardown(a_reader_does_not_wait_for_writers, begin, world_end),
		cmocka_unit_test_setup_teardown(
			what_no_answer_tells_of_keeps_nobody_waiting, begin, world_end),
		cmocka_unit_test_setup_teardown(a_disk_that_fails_ends_the_process, begin, world_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
