/* Texts and encodings: strict where a lenient reader would let two texts mean the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/str.h"

static void hex(void **state)
{
	uint8_t out[4];
	char text[9];
	size_t n = 99;

	(void)state;
	hex_encode("\x00\xab\xff", 3, text);
	assert_string_equal(text, "00abff");
	assert_int_equal(hex_decode("00ABff", out, 4, &n, NULL), ACSR_OK);
	assert_int_equal(n, 3);
	assert_memory_equal(out, "\x00\xab\xff", 3);
	assert_int_equal(hex_decode("", out, 4, &n, NULL), ACSR_OK);
	assert_int_equal(n, 0);
	assert_int_equal(hex_decode("0", out, 4, &n, NULL), ACSR_FAIL);
	assert_int_equal(hex_decode("0g", out, 4, &n, NULL), ACSR_FAIL);
	assert_int_equal(hex_decode("0x00", out, 4, &n, NULL), ACSR_FAIL);
	assert_int_equal(hex_decode("0011223344", out, 4, &n, NULL), ACSR_FAIL);
}

static void assert_b64(const char *plain, const char *std, const char *url)
{
	CLEANUP_BUF struct buf b = { 0 };
	char text[64];

	buf_init(&b, 100);
	b64_encode(plain, strlen(plain), false, text);
	assert_string_equal(text, std);
	assert_int_equal(b64_decode(std, strlen(std), false, &b, NULL), ACSR_OK);
	assert_string_equal(buf_cstr(&b), plain);
	buf_reset(&b);
	b64_encode(plain, strlen(plain), true, text);
	assert_string_equal(text, url);
	assert_int_equal(b64_decode(url, strlen(url), true, &b, NULL), ACSR_OK);
	assert_string_equal(buf_cstr(&b), plain);
}

/* RFC 4648 section 10 */
static void base64_of_the_rfc(void **state)
{
	(void)state;
	assert_b64("", "", "");
	assert_b64("f", "Zg==", "Zg");
	assert_b64("fo", "Zm8=", "Zm8");
	assert_b64("foo", "Zm9v", "Zm9v");
	assert_b64("foob", "Zm9vYg==", "Zm9vYg");
	assert_b64("fooba", "Zm9vYmE=", "Zm9vYmE");
	assert_b64("foobar", "Zm9vYmFy", "Zm9vYmFy");
	assert_b64("\xfb\xff", "+/8=", "-_8");
}

static void base64_is_strict(void **state)
{
	static const char *const bad[] = { "Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zm 9v", "Zm9v\n", "=",
		"==", "====", "Z===", "Zg==Zg==", "Zm-_", "Zm9v=" };
	static const char *const bad_url[] = { "Z", "Zg==", "Zh", "Zm9", "Zm+/", "Zm9vY" };
	CLEANUP_BUF struct buf b = { 0 };

	(void)state;
	buf_init(&b, 100);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(b64_decode(bad[i], strlen(bad[i]), false, &b, NULL), ACSR_FAIL);
	for (size_t i = 0; i < sizeof(bad_url) / sizeof(bad_url[0]); i++)
		assert_int_equal(b64_decode(bad_url[i], strlen(bad_url[i]), true, &b, NULL), ACSR_FAIL);
}

static void utf8(void **state)
{
	static const char *const good[] = { "", "a", "\xc3\xbc", "\xe2\x82\xac", "\xf0\x9f\x92\xa5",
		"\xf4\x8f\xbf\xbf", "\xed\x9f\xbf" };
	static const char *const bad[] = { "\x80", "\xc3", "\xc3(", "\xc0\xaf", "\xe0\x80\xaf",
		"\xf0\x80\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "\xff",
		"a\xe2\x82" };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(str_is_utf8(good[i], strlen(good[i])));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(str_is_utf8(bad[i], strlen(bad[i])));
}

static void control_characters(void **state)
{
	static const char *const bad[] = { "\x01", "a\n", "\x1f", "\x7f", "\xc2\x80", "\xc2\x9f",
		"\xe2\x80\xaa", "\xe2\x80\xae", "\xe2\x81\xa6", "\xe2\x81\xa9", "\xff" };
	static const char *const good[] = { "", "a b", "~", "\xc2\xa0", "\xe2\x80\xaf", "\xe2\x81\xaa" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_true(str_has_control(bad[i]));
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_false(str_has_control(good[i]));
}

static void numbers(void **state)
{
	static const char *const bad[] = { "", " 1", "1 ", "+1", "-1", "0x1", "1e3", "101",
		"18446744073709551616", "99999999999999999999999999", "1.0" };
	uint64_t v;

	(void)state;
	assert_int_equal(str_u64("100", 100, &v, NULL), ACSR_OK);
	assert_true(v == 100);
	assert_int_equal(str_u64("000", 100, &v, NULL), ACSR_OK);
	assert_int_equal(str_u64("18446744073709551615", UINT64_MAX, &v, NULL), ACSR_OK);
	assert_true(v == UINT64_MAX);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(str_u64(bad[i], 100, &v, NULL), ACSR_FAIL);
	assert_int_equal(str_u64("18446744073709551616", UINT64_MAX, &v, NULL), ACSR_FAIL);
	assert_int_equal(str_u64("1", 0, &v, NULL), ACSR_FAIL);
}

static void small_helpers(void **state)
{
	char text[] = "AbC\xc3\x84Z9[";

	(void)state;
	str_lower(text);
	assert_string_equal(text, "abc\xc3\x84z9[");
	assert_true(str_starts("abc", "ab") && str_starts("abc", "") && !str_starts("ab", "abc"));
	assert_true(str_ends("abc", "bc") && str_ends("abc", "") && !str_ends("bc", "abc"));
	assert_true(str_equal_ct("abc", "abc") && !str_equal_ct("abc", "abd") && !str_equal_ct("abc", "ab"));
	assert_true(str_equal_ct("", ""));
}

static void lists(void **state)
{
	CLEANUP_STRV struct strv l = { 0 };

	(void)state;
	assert_int_equal(strv_add(&l, "one", NULL), ACSR_OK);
	assert_int_equal(strv_add(&l, "two", NULL), ACSR_OK);
	assert_true(strv_has(&l, "two") && !strv_has(&l, "tw") && l.n == 2);
	strv_free(&l);
	assert_true(l.n == 0 && !strv_has(&l, "two"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hex),
		cmocka_unit_test(base64_of_the_rfc),
		cmocka_unit_test(base64_is_strict),
		cmocka_unit_test(utf8),
		cmocka_unit_test(control_characters),
		cmocka_unit_test(numbers),
		cmocka_unit_test(small_helpers),
		cmocka_unit_test(lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
