/* The table of requests that wait for core. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "front/relay.h"

/* Exchanges are only pointers here. */
static char things[RELAY_MAX + 1];

static struct http_exchange *thing(size_t i)
{
	return (struct http_exchange *)(void *)&things[i];
}

static void an_answer_finds_its_request_once(void **state)
{
	static struct relay r;
	uint64_t a = relay_add(&r, thing(0), 100), b = relay_add(&r, thing(1), 100);

	(void)state;
	assert_int_not_equal(a, b);
	assert_true(a >= RELAY_FIRST_ID && b >= RELAY_FIRST_ID);
	assert_ptr_equal(relay_take(&r, b), thing(1));
	assert_null(relay_take(&r, b));
	assert_null(relay_take(&r, a + RELAY_MAX));
	assert_ptr_equal(relay_take(&r, a), thing(0));
	assert_int_equal(r.busy, 0);
}

static void it_is_bounded_and_ids_are_not_used_again(void **state)
{
	static struct relay r;
	uint64_t first = relay_add(&r, thing(0), 1);

	(void)state;
	for (size_t i = 1; i < RELAY_MAX; i++)
		assert_int_not_equal(relay_add(&r, thing(i), 1), 0);
	assert_int_equal(relay_add(&r, thing(RELAY_MAX), 1), 0);
	assert_ptr_equal(relay_take(&r, first), thing(0));
	assert_int_not_equal(relay_add(&r, thing(RELAY_MAX), 1), first);
	assert_null(relay_take(&r, first));
}

static void the_late_are_taken_out(void **state)
{
	static struct relay r;
	uint64_t id;

	(void)state;
	relay_add(&r, thing(0), 100);
	id = relay_add(&r, thing(1), 200);
	assert_null(relay_take_late(&r, 99, false));
	assert_ptr_equal(relay_take_late(&r, 100, false), thing(0));
	assert_null(relay_take_late(&r, 100, false));
	assert_ptr_equal(relay_take_late(&r, 0, true), thing(1));
	assert_null(relay_take(&r, id));
	assert_null(relay_take_late(&r, 0, true));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(an_answer_finds_its_request_once),
		cmocka_unit_test(it_is_bounded_and_ids_are_not_used_again),
		cmocka_unit_test(the_late_are_taken_out) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
