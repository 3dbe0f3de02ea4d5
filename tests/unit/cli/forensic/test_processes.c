/* Names, status texts, this process's own tree, and the names of registers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include <elf.h>
#include <signal.h>
#include <sys/wait.h>

#include "cli/forensic/hold.h"
#include "cli/forensic/processes.h"

static void named(const char *exe, const char *parent, const char *want)
{
	char name[32];

	process_name(exe, parent, name, sizeof(name));
	assert_string_equal(name, want);
}

static void names_are_those_of_the_roles(void **state)
{
	(void)state;
	named("/usr/sbin/autocsrd", "/usr/lib/systemd/systemd", "autocsrd");
	named("/usr/libexec/autocsr/autocsr-core", "/usr/sbin/autocsrd", "core");
	named("/a/autocsr-keymaker", "/a/autocsrd", "keymaker");
	named("/a/autocsr-keymaker", "/a/autocsr-keymaker", "keymaker worker");
	named("/a/autocsr-keymaker (deleted)", NULL, "keymaker"); /* a newer version was installed */
	named("/a/a-very-long-name-of-a-program", NULL, "a-very-long-name");
}

static void status_values_are_found_by_their_whole_name(void **state)
{
	static const char text[] = "Name:\tx\nSeccomp_filters:\t3\nSeccomp:\t2\nUid:\t0\t1\t2\t3\n";

	(void)state;
	assert_int_equal(strtol(process_status(text, "Seccomp"), NULL, 10), 2);
	assert_int_equal(strtol(process_status(text, "Uid"), NULL, 10), 0);
	assert_null(process_status(text, "Sec"));
	assert_null(process_status("", "Uid"));
}

static void children_belong_to_the_tree(void **state)
{
	static struct processes ps;
	pid_t child = fork();

	(void)state;
	if (child == 0) {
		pause();
		_exit(0);
	}
	assert_int_equal(processes_list(&ps, getpid(), NULL), ACSR_OK);
	assert_true(processes_has(&ps, getpid()) && processes_has(&ps, child));
	assert_false(processes_has(&ps, getppid()));
	assert_int_equal(ps.n, 2);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	assert_int_equal(processes_list(&ps, child, NULL), ACSR_FAIL);
}

static void registers_have_names(void **state)
{
	char name[64];

	(void)state;
#if defined(__x86_64__)
	register_name(NT_PRSTATUS, 14 * 8 + 3, name, sizeof(name));
	assert_string_equal(name, "rdi");
	register_name(NT_X86_XSTATE, 160 + 9 * 16 + 4, name, sizeof(name));
	assert_string_equal(name, "xmm9");
#else
	register_name(NT_PRFPREG, 9 * 16 + 4, name, sizeof(name));
	assert_string_equal(name, "v9");
#endif
	register_name(NT_PRSTATUS, 4000, name, sizeof(name));
	assert_non_null(strstr(name, "offset 4000"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_those_of_the_roles),
		cmocka_unit_test(status_values_are_found_by_their_whole_name),
		cmocka_unit_test(children_belong_to_the_tree),
		cmocka_unit_test(registers_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
