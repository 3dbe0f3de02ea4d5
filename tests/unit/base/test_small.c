/* Clock texts, random ids, secrets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/rnd.h"
#include "base/secret.h"

static void assert_time(int64_t t, const char *text)
{
	char out[21];
	int64_t back;

	clock_rfc3339(t, out);
	assert_string_equal(out, text);
	assert_int_equal(clock_parse_rfc3339(text, &back, NULL), ACSR_OK);
	assert_int_equal(back, t);
}

static void times(void **state)
{
	char out[30];

	(void)state;
	assert_time(0, "1970-01-01T00:00:00Z");
	assert_time(1795421700, "2026-11-23T08:15:00Z");
	assert_time(951782400, "2000-02-29T00:00:00Z");
	assert_time(4102444799, "2099-12-31T23:59:59Z");
	clock_http(1795421700, out);
	assert_string_equal(out, "Mon, 23 Nov 2026 08:15:00 GMT");
}

static void times_that_are_none(void **state)
{
	static const char *const bad[] = { "", "2026", "2026-11-23", "2026-11-23T08:15:00",
		"2026-11-23T08:15:00+01:00", "2026-11-23T08:15:00Zx", "2026-13-23T08:15:00Z", "now",
		"0000-00-00T00:00:00Z", "2026-02-30T00:00:00Z", "2026-1-01T00:00:00Z",
		"2026-01-01T24:00:00Z" };
	int64_t t = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(clock_parse_rfc3339(bad[i], &t, NULL), ACSR_FAIL);
	assert_int_equal(t, 7);
}

static void the_clock_goes(void **state)
{
	(void)state;
	assert_true(clock_now() > 1700000000);
	assert_true(clock_mono_ms() >= 0);
	assert_true(clock_now_ms() / 1000 - clock_now() <= 1);
}

static void ids(void **state)
{
	char a[40], b[40];

	(void)state;
	rnd_id("ord_", a, sizeof(a));
	rnd_id("ord_", b, sizeof(b));
	assert_int_equal(strlen(a), 30);
	assert_memory_equal(a, "ord_", 4);
	assert_int_equal(strspn(a + 4, "0123456789abcdefghjkmnpqrstvwxyz"), 26);
	assert_string_not_equal(a, b);
}

static void secrets(void **state)
{
	CLEANUP_SECRET struct acsr_secret *a = NULL, *b = NULL, *c = NULL, *d = NULL;

	(void)state;
	assert_int_equal(acsr_secret_new(&a, "pass\0word", 9, NULL), ACSR_OK);
	assert_int_equal(acsr_secret_new(&b, "pass\0word", 9, NULL), ACSR_OK);
	assert_int_equal(acsr_secret_new(&c, "pass\0worx", 9, NULL), ACSR_OK);
	assert_int_equal(acsr_secret_new(&d, "", 0, NULL), ACSR_OK);
	assert_true(secret_equal(a, b) && !secret_equal(a, c) && !secret_equal(a, d));
	assert_int_equal(acsr_secret_len(a), 9);
	assert_int_equal(acsr_secret_bytes(a)[9], 0);
	assert_memory_equal(acsr_secret_bytes(a), "pass\0word", 9);
	secret_data(a)[0] = 'P';
	assert_false(secret_equal(a, b));
	acsr_secret_free(NULL);
}

static void random_secrets_differ(void **state)
{
	CLEANUP_SECRET struct acsr_secret *a = NULL, *b = NULL;

	(void)state;
	assert_int_equal(secret_random(&a, 32, NULL), ACSR_OK);
	assert_int_equal(secret_random(&b, 32, NULL), ACSR_OK);
	assert_false(secret_equal(a, b));
}

static void wiping_clears(void **state)
{
	char text[] = "secret";

	(void)state;
	wipe(text, sizeof(text));
	for (size_t i = 0; i < sizeof(text); i++)
		assert_int_equal(text[i], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times),
		cmocka_unit_test(times_that_are_none),
		cmocka_unit_test(the_clock_goes),
		cmocka_unit_test(ids),
		cmocka_unit_test(secrets),
		cmocka_unit_test(random_secrets_differ),
		cmocka_unit_test(wiping_clears),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
