/* The kernel's list of children: our own, and those that fall to a reaper of orphans. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/children.h"

static bool listed(pid_t pid)
{
	pid_t all[CHILDREN_MAX];
	size_t n = children_list(all);

	assert_true(children_told());
	for (size_t i = 0; i < n; i++)
		if (all[i] == pid)
			return true;
	return false;
}

static pid_t sleeper(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		pause();
		_exit(0);
	}
	return pid;
}

static void children_come_and_go(void **state)
{
	pid_t pid[3];

	(void)state;
	for (size_t i = 0; i < 3; i++)
		pid[i] = sleeper();
	for (size_t i = 0; i < 3; i++) {
		assert_true(listed(pid[i]));
		kill(pid[i], SIGKILL);
		waitpid(pid[i], NULL, 0);
		assert_false(listed(pid[i]));
	}
}

static void an_orphan_falls_to_its_reaper(void **state)
{
	pid_t all[CHILDREN_MAX], parent;

	(void)state;
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
	parent = fork();
	if (parent == 0) {
		setsid();
		_exit(sleeper() > 0 ? 0 : 1);
	}
	waitpid(parent, NULL, 0);
	assert_int_equal(children_list(all), 1);
	assert_true(all[0] != parent);
	kill(all[0], SIGKILL);
	assert_int_equal(waitpid(all[0], NULL, 0), all[0]);
	assert_int_equal(children_list(all), 0);
}

static void more_than_fit_are_told_in_part(void **state)
{
	enum { MANY = CHILDREN_MAX + 30 };
	pid_t pid[MANY], all[CHILDREN_MAX];
	size_t n;

	(void)state;
	for (size_t i = 0; i < MANY; i++)
		pid[i] = sleeper();
	n = children_list(all);
	assert_true(n > CHILDREN_MAX / 2 && n <= CHILDREN_MAX);
	for (size_t i = 0; i < MANY; i++) {
		kill(pid[i], SIGKILL);
		waitpid(pid[i], NULL, 0);
	}
	assert_int_equal(children_list(all), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(children_come_and_go),
		cmocka_unit_test(an_orphan_falls_to_its_reaper),
		cmocka_unit_test(more_than_fit_are_told_in_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
