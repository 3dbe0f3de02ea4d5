/* Each field counts, and none can pass for another. */
#include "params.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static const uint8_t spki_a[32] = { 1 }, spki_b[32] = { 2 };

static struct issuance base(const struct strv *names)
{
	return (struct issuance){ .serial = { { 0x40, 1, 2 }, 3 },
		.issuer = "i",
		.profile = "p",
		.reference = "r",
		.spki_sha256 = spki_a,
		.not_before = 1,
		.not_after = 2,
		.names = names };
}

static void differs(const struct issuance *i, const struct strv *subject, const uint8_t from[32])
{
	uint8_t got[32];

	assert_int_equal(ACSR_OK, params_of_certificate(i, subject, got, NULL));
	assert_memory_not_equal(from, got, 32);
}

static void test_every_field_of_a_certificate(void **state)
{
	char *ab[] = { (char[]){ "a" }, (char[]){ "b" } }, *joined[] = { (char[]){ "ab" } };
	const struct strv none = { 0 }, two = { ab, 2 }, one = { joined, 1 };
	struct issuance i = base(&none);
	uint8_t from[32], same[32];

	(void)state;
	assert_int_equal(ACSR_OK, params_of_certificate(&i, &none, from, NULL));
	assert_int_equal(ACSR_OK, params_of_certificate(&i, &none, same, NULL));
	assert_memory_equal(from, same, 32);
	differs(&i, &one, from);
	i.serial.len = 2;
	differs(&i, &none, from);
	i = base(&none), i.issuer = "x";
	differs(&i, &none, from);
	i = base(&none), i.profile = "x";
	differs(&i, &none, from);
	i = base(&none), i.reference = "x";
	differs(&i, &none, from);
	i = base(&none), i.spki_sha256 = spki_b;
	differs(&i, &none, from);
	i = base(&none), i.not_before = 0;
	differs(&i, &none, from);
	i = base(&none), i.not_after = 3;
	differs(&i, &none, from);
	i = base(&one);
	differs(&i, &none, from);
	assert_int_equal(ACSR_OK, params_of_certificate(&i, &none, from, NULL));
	i = base(&two);
	differs(&i, &none, from);
	i = base(&none);
	differs(&i, &one, from); /* a name is not a subject field */
}

static void test_every_field_of_a_list(void **state)
{
	char *a[] = { (char[]){ "a" } };
	const struct strv none = { 0 }, one = { a, 1 };
	const struct crl_issuance from = { "i", 1, 2, 3, 0, NULL };
	struct crl_issuance v[4] = { from, from, from, from };
	uint8_t want[32], got[32];

	(void)state;
	v[0].issuer = "x";
	v[1].number = 9;
	v[2].this_update = 9;
	v[3].next_update = 9;
	assert_int_equal(ACSR_OK, params_of_crl(&from, &none, want, NULL));
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(ACSR_OK, params_of_crl(&v[i], &none, got, NULL));
		assert_memory_not_equal(want, got, 32);
	}
	assert_int_equal(ACSR_OK, params_of_crl(&from, &one, got, NULL));
	assert_memory_not_equal(want, got, 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_every_field_of_a_certificate),
		cmocka_unit_test(test_every_field_of_a_list) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
