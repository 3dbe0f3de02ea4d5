/* What roles leave behind is killed, and nobody else; and a kernel that does not list children is told of. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/children.h"
#include "ended.h"

static bool kernel_tells = true;
static pid_t role;

bool __real_children_told(void);
bool __wrap_children_told(void);
bool __wrap_children_told(void)
{
	return kernel_tells && __real_children_told();
}

static bool is_role(const void *arg, pid_t pid)
{
	(void)arg;
	return pid == role;
}

/* A process whose parent has ended, so that it fell to us; confined as all below a role are, or not. */
static pid_t orphan(bool confined)
{
	int end[2];
	pid_t parent, pid = 0;

	assert_int_equal(pipe(end), 0);
	parent = fork();
	if (parent == 0) {
		pid = fork();
		if (pid > 0)
			_exit(0);
		if (confined && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
			_exit(1);
		pid = getpid();
		if (write(end[1], &pid, sizeof(pid)) != sizeof(pid))
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(waitpid(parent, NULL, 0), parent);
	assert_int_equal(read(end[0], &pid, sizeof(pid)), sizeof(pid));
	close(end[0]);
	close(end[1]);
	return pid;
}

/* By its end; one that goes on is ended here. */
static bool was_killed(pid_t pid)
{
	int status;

	if (kill(pid, 0) != 0)
		return true;
	/* SIGTERM comes after a SIGKILL that was sent before, and then does nothing. */
	kill(pid, SIGTERM);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

/* What ended_prepare writes to the log. */
static void prepare(char said[2000])
{
	int end[2], err = dup(STDERR_FILENO);
	ssize_t n;

	assert_int_equal(pipe(end), 0);
	fflush(stderr);
	dup2(end[1], STDERR_FILENO);
	close(end[1]);
	ended_prepare();
	fflush(stderr);
	dup2(err, STDERR_FILENO);
	close(err);
	n = read(end[0], said, 1999);
	said[n > 0 ? n : 0] = '\0';
	close(end[0]);
}

static void what_fell_to_us_from_a_role_is_killed(void **state)
{
	char said[2000];
	pid_t left;

	(void)state;
	prepare(said);
	left = orphan(true);
	assert_true(ended_sweep(is_role, NULL));
	assert_true(was_killed(left));
	assert_false(ended_sweep(is_role, NULL));
}

static void a_strangers_orphan_is_spared(void **state)
{
	char said[2000];
	pid_t stranger;

	(void)state;
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)
		skip(); /* all that begins here is confined */
	prepare(said);
	stranger = orphan(false);
	assert_false(ended_sweep(is_role, NULL));
	assert_false(was_killed(stranger));
}

static void who_was_there_before_is_spared(void **state)
{
	char said[2000];
	pid_t old;

	(void)state;
	prepare(said); /* orphans fall to us from now on */
	old = orphan(true);
	prepare(said);
	assert_false(ended_sweep(is_role, NULL));
	assert_false(was_killed(old));
}

static void a_role_is_spared(void **state)
{
	char said[2000];

	(void)state;
	prepare(said);
	role = orphan(true);
	assert_false(ended_sweep(is_role, NULL));
	assert_false(was_killed(role));
	role = 0;
}

static void a_kernel_that_lists_no_children_is_told_of(void **state)
{
	char said[2000];

	(void)state;
	kernel_tells = true;
	prepare(said);
	assert_null(strstr(said, "orphans.not-listed"));
	kernel_tells = false;
	prepare(said);
	kernel_tells = true;
	assert_non_null(strstr(said, "\"event\":\"orphans.not-listed\""));
	assert_non_null(strstr(said, "CONFIG_PROC_CHILDREN"));
	assert_non_null(strstr(said, "\"warn\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_fell_to_us_from_a_role_is_killed),
		cmocka_unit_test(a_strangers_orphan_is_spared),
		cmocka_unit_test(who_was_there_before_is_spared),
		cmocka_unit_test(a_role_is_spared),
		cmocka_unit_test(a_kernel_that_lists_no_children_is_told_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
