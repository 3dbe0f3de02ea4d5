/* Unlock codes: alphabet, check symbol, groups, and what people type. */
#include "check.h"

#include "autocsr/code.h"

static const char sample[] = "0123456789ABCDEFGHJKMNPQRS";

static struct acsr_secret *code_of(const char *s)
{
	struct acsr_secret *out = NULL;

	OK(acsr_secret_new(&out, s, strlen(s), &e));
	return out;
}

static void random_codes(void **state)
{
	struct acsr_secret *a = NULL, *b = NULL;
	unsigned seen[256] = { 0 };

	(void)state;
	for (int i = 0; i < 400; i++) {
		OK(acsr_code_new(&a, &e));
		assert_int_equal(acsr_secret_len(a), 26);
		for (size_t k = 0; k < 26; k++)
			seen[acsr_secret_bytes(a)[k]]++;
		assert_true(acsr_code_check(a) != '?');
		acsr_secret_free(a);
	}
	for (int c = 0; c < 256; c++) {
		bool in = c != 0 && strchr("0123456789ABCDEFGHJKMNPQRSTVWXYZ", c) != NULL;

		assert_true(in ? seen[c] > 100 : seen[c] == 0); /* 325 expected of each */
	}
	OK(acsr_code_new(&a, &e));
	OK(acsr_code_new(&b, &e));
	assert_false(secret_equal(a, b));
	acsr_secret_free(a);
	acsr_secret_free(b);
}

/* Computed by hand: the value of the whole modulo 37. */
static void check_symbol(void **state)
{
	struct acsr_secret *zero = code_of("00000000000000000000000000"),
			   *one = code_of("00000000000000000000000001"),
			   *z = code_of("0000000000000000000000000Z"),
			   *two = code_of("00000000000000000000000010"),
			   *u = code_of("00000000000000000000000014"),
			   *bad = code_of("U0000000000000000000000000"), *brief = code_of("0");

	(void)state;
	assert_int_equal(acsr_code_check(zero), '0');
	assert_int_equal(acsr_code_check(one), '1');
	assert_int_equal(acsr_code_check(z), 'Z');   /* 31 */
	assert_int_equal(acsr_code_check(two), '*'); /* 32 */
	assert_int_equal(acsr_code_check(u), 'U');   /* 36 */
	assert_int_equal(acsr_code_check(bad), '?');
	assert_int_equal(acsr_code_check(brief), '?');
	acsr_secret_free(zero);
	acsr_secret_free(one);
	acsr_secret_free(z);
	acsr_secret_free(two);
	acsr_secret_free(u);
	acsr_secret_free(bad);
	acsr_secret_free(brief);
}

static void groups(void **state)
{
	struct acsr_secret *code = code_of(sample), *shown = NULL, *bad = code_of("hello");

	(void)state;
	OK(acsr_code_show(code, '-', &shown, &e));
	assert_string_equal((const char *)acsr_secret_bytes(shown), "01234-56789-ABCDE-FGHJK-MNPQRS");
	assert_int_equal(acsr_secret_len(shown) + 1, ACSR_CODE_SHOWN);
	acsr_secret_free(shown);
	shown = NULL;
	FAILS("archive.code.character", acsr_code_show(bad, '-', &shown, &e));
	acsr_secret_free(code);
	acsr_secret_free(bad);
}

static void typed(const char *in)
{
	struct acsr_secret *code = NULL;

	OK(acsr_code_normalise(in, strlen(in), &code, &e));
	assert_string_equal((const char *)acsr_secret_bytes(code), sample);
	acsr_secret_free(code);
}

static void what_people_type(void **state)
{
	struct acsr_secret *want = code_of(sample);
	char with_check[64];

	(void)state;
	typed(sample);
	typed("01234-56789-ABCDE-FGHJK-MNPQRS");
	typed("01234 56789 abcde fghjk mnpqrs\n");
	typed("o1234_56789.abcde:fghjk/mnpqrs");
	typed("Oi234-56789-ABCDE-FGHJK-MNPQRS");
	typed("Ol234\t56789-ABCDE-FGHJK-MNPQRS\r\n");
	snprintf(with_check, sizeof(with_check), "01234-56789-ABCDE-FGHJK-MNPQRS %c", acsr_code_check(want));
	typed(with_check);
	acsr_secret_free(want);
}

static void mistyped(void **state)
{
	struct acsr_secret *code = NULL, *want = code_of(sample);
	char in[64];

	(void)state;
	FAILS("archive.code.length", acsr_code_normalise("", 0, &code, &e));
	FAILS("archive.code.length", acsr_code_normalise(sample, 25, &code, &e));
	FAILS("archive.code.length", acsr_code_normalise("0123456789ABCDEFGHJKMNPQRS00", 28, &code, &e));
	FAILS("archive.code.character", acsr_code_normalise("0123456789ABCDEFGHJKMNPQR!", 26, &code, &e));
	FAILS("archive.code.character", acsr_code_normalise("U123456789ABCDEFGHJKMNPQRS", 26, &code, &e));
	FAILS("archive.code.character", acsr_code_normalise("0\0"
							    "23456789ABCDEFGHJKMNPQRS",
						26, &code, &e));

	/* every single wrong character and every swap of neighbours is found by the check symbol */
	for (size_t i = 0; i < 26; i++) {
		snprintf(in, sizeof(in), "%s%c", sample, acsr_code_check(want));
		in[i] = in[i] == 'Z' ? 'Y' : 'Z';
		FAILS("archive.code.check", acsr_code_normalise(in, 27, &code, &e));
		if (i == 25)
			break;
		snprintf(in, sizeof(in), "%s%c", sample, acsr_code_check(want));
		in[i] = sample[i + 1];
		in[i + 1] = sample[i];
		FAILS("archive.code.check", acsr_code_normalise(in, 27, &code, &e));
	}
	assert_null(code);
	acsr_secret_free(want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_codes),
		cmocka_unit_test(check_symbol),
		cmocka_unit_test(groups),
		cmocka_unit_test(what_people_type),
		cmocka_unit_test(mistyped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
