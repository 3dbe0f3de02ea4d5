/* The health tests pass here, and each of them would notice a wrong answer. */
#include "health.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "seed.h"

static void test_all_pass(void **state)
{
	struct acsr_err e = { 0 };

	(void)state;
	if (health_run_all(&e) != ACSR_OK)
		fail_msg("%s: %s", e.id, e.text);
}

/* The last hex digit of what is expected, changed. */
static void test_each_notices_a_wrong_answer(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; health_at(i) != NULL; i++) {
		struct health_test wrong = *health_at(i);
		char expected[2 * HEALTH_MAX + 1];
		struct acsr_err e = { 0 };
		char *last;

		assert_true(strlen(wrong.expected) < sizeof(expected));
		strcpy(expected, wrong.expected);
		last = &expected[strlen(expected) - 1];
		*last = *last == '0' ? '1' : '0';
		wrong.expected = expected;
		assert_int_equal(ACSR_FAIL, health_run(&wrong, 1, &e));
		assert_string_equal("sys.health", e.id);
		assert_non_null(strstr(e.text, wrong.name));
	}
	assert_true(i > 15);
}

static bool cannot(uint8_t out[HEALTH_MAX], size_t *n)
{
	(void)out;
	*n = 0;
	return false;
}

/* Nothing computed is no answer, also where nothing is expected; and the first that fails ends it. */
static void test_a_missing_algorithm(void **state)
{
	const struct health_test list[] = { *health_at(0), { "Nothing", "nowhere", cannot, "" },
		*health_at(1) };
	struct acsr_err e = { 0 };

	(void)state;
	assert_int_equal(ACSR_FAIL, health_run(list, 3, &e));
	assert_non_null(strstr(e.text, "Nothing"));
	assert_string_equal("nowhere", e.source);
}

static void test_fresh_seeds(void **state)
{
	struct acsr_err e = { 0 };

	(void)state;
	for (int i = 0; i < 3; i++)
		if (seed_fresh(&e) != ACSR_OK)
			fail_msg("%s: %s", e.id, e.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_pass),
		cmocka_unit_test(test_each_notices_a_wrong_answer),
		cmocka_unit_test(test_a_missing_algorithm),
		cmocka_unit_test(test_fresh_seeds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
