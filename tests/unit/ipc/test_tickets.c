/* Tickets: a pipe is kept, taken once, dropped, expired; the table is bounded and closes what it refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ipc/tickets.h"

static struct tickets t;

static int some_fd(void)
{
	int fd = open("/dev/null", O_RDONLY);

	assert_true(fd >= 0);
	return fd;
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static int teardown(void **state)
{
	(void)state;
	tickets_clear(&t);
	return 0;
}

static void a_ticket_is_taken_once(void **state)
{
	int fd = some_fd();

	(void)state;
	assert_true(tickets_put(&t, "a", fd, 100));
	assert_int_equal(tickets_take(&t, "b"), -1);
	assert_int_equal(tickets_take(&t, ""), -1);
	assert_int_equal(tickets_take(&t, "a"), fd);
	assert_true(is_open(fd));
	close(fd);
	assert_int_equal(tickets_take(&t, "a"), -1);
}

static void what_is_refused_is_closed(void **state)
{
	char name[70];
	int fd = some_fd();

	(void)state;
	assert_true(tickets_put(&t, "a", some_fd(), 100));
	assert_false(tickets_put(&t, "a", fd, 100)); /* there already */
	assert_false(is_open(fd));
	fd = some_fd();
	assert_false(tickets_put(&t, "", fd, 100));
	assert_false(is_open(fd));
	memset(name, 'x', sizeof(name));
	name[65] = '\0';
	fd = some_fd();
	assert_false(tickets_put(&t, name, fd, 100));
	assert_false(is_open(fd));
	name[64] = '\0';
	assert_true(tickets_put(&t, name, some_fd(), 100));
}

static void tickets_are_dropped_and_expire(void **state)
{
	int a = some_fd(), b = some_fd(), c = some_fd();

	(void)state;
	assert_true(tickets_put(&t, "a", a, 100));
	assert_true(tickets_put(&t, "b", b, 200));
	assert_true(tickets_put(&t, "c", c, 300));
	tickets_drop(&t, "a");
	tickets_drop(&t, "unknown");
	tickets_drop(&t, "");
	assert_false(is_open(a));
	tickets_expire(&t, 199);
	assert_true(is_open(b));
	tickets_expire(&t, 200);
	assert_false(is_open(b));
	assert_true(is_open(c));
	tickets_clear(&t);
	assert_false(is_open(c));
}

static void the_table_is_bounded(void **state)
{
	char name[16];
	int last;

	(void)state;
	for (int i = 0; i < TICKETS_MAX; i++) {
		snprintf(name, sizeof(name), "t%d", i);
		/* numbers that are no descriptors: closing them does nothing */
		assert_true(tickets_put(&t, name, 1000000 + i, 100));
	}
	last = some_fd();
	assert_false(tickets_put(&t, "one more", last, 100));
	assert_false(is_open(last));
	assert_int_equal(tickets_take(&t, "t5"), 1000005);
	assert_true(tickets_put(&t, "one more", 1000005, 100));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_ticket_is_taken_once, teardown),
		cmocka_unit_test_teardown(what_is_refused_is_closed, teardown),
		cmocka_unit_test_teardown(tickets_are_dropped_and_expire, teardown),
		cmocka_unit_test_teardown(the_table_is_bounded, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
