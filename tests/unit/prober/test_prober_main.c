/* The process itself: how it starts, when it refuses to, and that its sandbox holds every thread. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "world.h"

static void start(struct harness *h, const char *anchor, const char *resolver)
{
	char keys[2][200];
	const char *list[] = { keys[0], keys[1], NULL };

	snprintf(keys[0], sizeof(keys[0]), "validation.trust_anchor_file=%s", anchor);
	snprintf(keys[1], sizeof(keys[1]), "validation.resolver=%s", resolver);
	harness_launch(h, PROBER, ROLE_PROBER, NULL, list);
}

static void it_starts_on_the_defaults(void **state)
{
	struct harness h;

	(void)state;
	harness_start(&h, PROBER, ROLE_PROBER, NULL, (const char *const[]){ NULL });
	harness_stop(&h);
}

static void refuses(const char *anchor, const char *resolver)
{
	struct harness h;
	int status;

	start(&h, anchor, resolver);
	status = harness_wait(&h);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 1);
	harness_drop(&h);
}

static void write_file(char *path, const char *text)
{
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

/* Without a key everything would count as unsigned, and nobody would notice. */
static void it_refuses_an_anchor_without_a_key(void **state)
{
	static const char *const bad[] = { "", "; DS DNSKEY\n", ". IN A 192.0.2.1\n", ". IN DS nonsense\n",
		". 1 IN DS 1 13 2 zz\n" };

	(void)state;
	refuses("/nonexistent/anchor", "127.0.0.1:53");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char path[] = "/tmp/autocsr-anchor-XXXXXX";

		write_file(path, bad[i]);
		refuses(path, "127.0.0.1:53");
		unlink(path);
	}
}

static void it_refuses_a_resolver_that_is_no_address(void **state)
{
	(void)state;
	refuses("", "resolver.example:53");
	refuses("", "127.0.0.1");
}

static bool status_has(const char *task, const char *line)
{
	char text[8192];
	FILE *f = fopen(task, "r");
	size_t n;

	assert_non_null(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	return strstr(text, line) != NULL;
}

/* One that a library started before the filter was loaded would run without it; and none is needed. */
static void its_one_thread_is_in_the_sandbox(void **state)
{
	struct harness h;
	char dir[64], task[400];
	struct dirent *d;
	size_t tasks = 0;
	DIR *all;

	(void)state;
	harness_start(&h, PROBER, ROLE_PROBER, NULL, (const char *const[]){ NULL });
	snprintf(dir, sizeof(dir), "/proc/%d/task", (int)h.pid);
	all = opendir(dir);
	assert_non_null(all);
	while ((d = readdir(all)) != NULL) {
		if (d->d_name[0] == '.')
			continue;
		snprintf(task, sizeof(task), "%s/%s/status", dir, d->d_name);
		assert_true(status_has(task, "\nSeccomp:\t2\n"));
		assert_true(status_has(task, "\nNoNewPrivs:\t1\n"));
		tasks++;
	}
	closedir(all);
	assert_int_equal(tasks, 1);
	harness_stop(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_starts_on_the_defaults),
		cmocka_unit_test(it_refuses_an_anchor_without_a_key),
		cmocka_unit_test(it_refuses_a_resolver_that_is_no_address),
		cmocka_unit_test(its_one_thread_is_in_the_sandbox),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
