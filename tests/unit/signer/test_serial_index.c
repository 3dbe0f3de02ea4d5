/* Many serials, equal beginnings, equal ends, other lengths. */
#include "serial_index.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { MANY = 50000 };

static struct serial serial(uint32_t n, size_t len)
{
	struct serial s = { .len = len };

	s.v[0] = 0x40;
	for (size_t i = 0; i < 4; i++)
		s.v[len - 1 - i] = (uint8_t)(n >> (8 * i));
	return s;
}

static void test_many(void **state)
{
	struct serial_index x = { 0 };
	uint8_t params[32] = { 0 };

	(void)state;
	for (uint32_t i = 0; i < MANY; i++) {
		const struct serial s = serial(i, 16);

		memcpy(params, &i, sizeof(i));
		assert_null(serial_index_find(&x, &s));
		assert_int_equal(ACSR_OK, serial_index_reserve(&x, NULL));
		serial_index_add(&x, &s, params);
	}
	assert_int_equal(MANY, x.n);
	for (uint32_t i = 0; i < MANY; i++) {
		const struct serial s = serial(i, 16), longer = serial(i, 17);
		const struct serial_entry *found = serial_index_find(&x, &s);

		assert_non_null(found);
		assert_memory_equal(&i, found->params, sizeof(i));
		assert_int_equal(-1, found->issued_at);
		assert_null(serial_index_find(&x, &longer));
	}
	serial_index_free(&x);
}

static void test_empty(void **state)
{
	struct serial_index x = { 0 };
	const struct serial s = serial(1, 16);

	(void)state;
	assert_null(serial_index_find(&x, &s));
	serial_index_free(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_many), cmocka_unit_test(test_empty) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
