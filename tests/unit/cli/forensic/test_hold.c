/* What is held goes on as if nothing had been: in a system call, in the middle of a computation, with a signal on its way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/rnd.h"
#include "cli/forensic/hold.h"

enum { HOLDS = 20, PAGE = 4096 };

static struct held held;

static struct search *searching(const uint8_t *key, size_t n)
{
	struct search *s = calloc(1, sizeof(*s));

	assert_int_equal(needles_new(&s->needles, NULL), ACSR_OK);
	assert_int_equal(needles_add(s->needles,
				 &(struct needle_source){
					 .what = "x", .order = 1, .p = key, .len = n, .step = 4, .least = 8 },
				 NULL),
		ACSR_OK);
	assert_int_equal(needles_ready(s->needles, NULL), ACSR_OK);
	return s;
}

static void done(struct search *s)
{
	needles_free(s->needles);
	free(s);
}

/* Pages that only the process itself can read, so that code is run inside it at every look. */
static void *secret_page(void)
{
	void *p = MAP_FAILED;
#ifdef SYS_memfd_secret
	int fd = (int)syscall(SYS_memfd_secret, 0);

	if (fd >= 0 && ftruncate(fd, PAGE) == 0)
		p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
#endif
	return p != MAP_FAILED ? p : NULL;
}

static void look(pid_t pid, int times)
{
	uint8_t key[32];
	struct search *s;

	rnd_bytes(key, sizeof(key));
	s = searching(key, sizeof(key));
	for (int i = 0; i < times; i++) {
		struct timespec nap = { 0, 3000000 };

		assert_int_equal(hold_all(&held, pid, NULL), ACSR_OK);
		hold_search(&held, s);
		hold_release(&held);
		nanosleep(&nap, NULL);
	}
	assert_int_equal(search_found(s), 0);
	assert_int_equal(s->surfaces[SURFACE_SECRET].unread, 0);
	done(s);
}

static int ended(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* A blocked read is begun again and gets its byte; the secret page is as it was. */
static void a_blocked_read_goes_on(void **state)
{
	int ends[2];
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		char *p = secret_page(), byte = 0;

		if (p != NULL)
			memset(p, 'x', PAGE);
		if (read(ends[0], &byte, 1) != 1)
			_exit(1);
		_exit(p != NULL && (p[0] != 'x' || p[PAGE - 1] != 'x') ? 2 : byte);
	}
	look(pid, HOLDS);
	assert_int_equal(write(ends[1], "7", 1), 1);
	assert_int_equal(ended(pid), '7');
	close(ends[0]);
	close(ends[1]);
}

/* Calls with a time, which the kernel goes on with in a way of its own. */
static void pauses_are_as_long_as_they_were(void **state)
{
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		struct timespec a, b, nap = { 0, 400000000 };

		(void)secret_page();
		clock_gettime(CLOCK_MONOTONIC, &a);
		if (nanosleep(&nap, NULL) != 0 || poll(NULL, 0, 400) != 0)
			_exit(1);
		clock_gettime(CLOCK_MONOTONIC, &b);
		_exit((b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000 < 799 ? 2 : 0);
	}
	look(pid, HOLDS / 4); /* it must not end while it is looked at: this is its parent */
	assert_int_equal(ended(pid), 0);
}

/* Registers of a running computation come back as they were. */
static void a_computation_is_right(void **state)
{
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		volatile uint64_t seed = 1;
		uint64_t sum = 0, again = 0;
		double d = 0, e = 0;

		(void)secret_page();
		for (int round = 0; round < 2; round++) {
			uint64_t x = seed;
			double y = 1;

			for (int i = 0; i < 60000000; i++) {
				x = x * 6364136223846793005ULL + 1442695040888963407ULL;
				y = y * 1.0000001 + (double)(x >> 60);
			}
			again = sum;
			e = d;
			sum = x;
			d = y;
		}
		_exit(sum == again && memcmp(&d, &e, sizeof(d)) == 0 ? 0 : 1);
	}
	look(pid, HOLDS);
	assert_int_equal(ended(pid), 0);
}

static volatile sig_atomic_t signals;

static void count(int signal)
{
	(void)signal;
	signals = signals + 1;
}

/* A signal that arrives while it is held is delivered once it goes on. */
static void signals_arrive(void **state)
{
	struct search *s;
	uint8_t key[32];
	int ends[2];
	pid_t pid;
	char ready;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		(void)secret_page();
		signal(SIGUSR1, count);
		(void)!write(ends[1], "r", 1);
		while (signals == 0)
			(void)poll(NULL, 0, 50);
		_exit(signals);
	}
	assert_int_equal(read(ends[0], &ready, 1), 1);
	rnd_bytes(key, sizeof(key));
	s = searching(key, sizeof(key));
	assert_int_equal(hold_all(&held, pid, NULL), ACSR_OK);
	kill(pid, SIGUSR1);
	hold_search(&held, s);
	hold_release(&held);
	assert_int_equal(ended(pid), 1);
	close(ends[0]);
	close(ends[1]);
	done(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_blocked_read_goes_on),
		cmocka_unit_test(pauses_are_as_long_as_they_were),
		cmocka_unit_test(a_computation_is_right),
		cmocka_unit_test(signals_arrive),
	};

	if (geteuid() != 0) {
		print_message("only root may hold processes of others\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
