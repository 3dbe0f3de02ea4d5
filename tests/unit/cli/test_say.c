/* Nothing foreign moves a cursor. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <stdlib.h>

#include "base/str.h"
#include "cli/say.h"

static void safe(const char *in, const char *want)
{
	CLEANUP_STR char *out = say_safe(in);

	assert_string_equal(out, want);
	assert_false(str_has_control(out));
	assert_true(str_is_utf8(out, strlen(out)));
}

static void controls_are_spelled_out(void **state)
{
	(void)state;
	safe("plain, with spaces", "plain, with spaces");
	safe("münchen.例え", "münchen.例え");
	safe("\xf0\x9f\x94\x91", "\xf0\x9f\x94\x91");
	safe("\x1b[31mred", "\\u001b[31mred");
	safe("a\nb\rc\td", "a\\u000ab\\u000dc\\u0009d");
	safe("\x7f", "\\u007f");
	safe("\xc2\x9b"
	     "31m",
		"\\u009b31m");
	safe("\xe2\x80\xae"
	     "gpj",
		"\\u202egpj");
	safe("\xe2\x81\xa6", "\\u2066");
	safe("\xe2\x80\x8b", "\\u200b");
	safe("\xef\xbb\xbf", "\\ufeff");
	safe("pay\xc2\xadpal", "pay\\u00adpal");
	safe("\xf3\xa0\x81\x81", "\\U000e0041");
	safe("", "");
}

static void bytes_that_are_not_utf8_are_spelled_out(void **state)
{
	(void)state;
	safe("a\xff"
	     "b",
		"a\\xffb");
	safe("\xc3", "\\xc3");
	safe("\xc0\xaf", "\\xc0\\xaf");
	safe("\xed\xa0\x80", "\\xed\\xa0\\x80");
}

static void documents_are_made_harmless_throughout(void **state)
{
	json_t *in = json_loads("{\"k\\u001b\": [\"\\u0007\", {\"x\": \"y\\nz\"}, 3, null, true]}", 0, NULL);
	json_t *out = say_safe_json(in);
	char *text = json_dumps(out, JSON_COMPACT);

	(void)state;
	assert_string_equal(text, "{\"k\\\\u001b\":[\"\\\\u0007\",{\"x\":\"y\\\\u000az\"},3,null,true]}");
	free(text);
	json_decref(in);
	json_decref(out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(controls_are_spelled_out),
		cmocka_unit_test(bytes_that_are_not_utf8_are_spelled_out),
		cmocka_unit_test(documents_are_made_harmless_throughout),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
