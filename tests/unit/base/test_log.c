/* Log lines: one JSON object each, whatever the values; never cut in the middle. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/log.h"
#include "base/str.h"

static int saved_stderr;
static FILE *capture;

static int begin(void **state)
{
	(void)state;
	capture = tmpfile();
	saved_stderr = dup(STDERR_FILENO);
	dup2(fileno(capture), STDERR_FILENO);
	log_init("tester", LOG_INFO);
	return 0;
}

static int end(void **state)
{
	(void)state;
	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
	fclose(capture);
	return 0;
}

/* What was written since `begin`. */
static const char *written(char out[32768])
{
	ssize_t n = pread(fileno(capture), out, 32767, 0);

	out[n > 0 ? n : 0] = '\0';
	return out;
}

/* The value of the last pair of the only line. */
static void assert_value(const char *value, const char *json)
{
	char out[32768], want[16384];

	assert_int_equal(ftruncate(fileno(capture), 0), 0);
	lseek(STDERR_FILENO, 0, SEEK_SET);
	log_event(LOG_INFO, "test.event", "k", value, NULL);
	snprintf(want, sizeof(want), ",\"k\":%s}\n", json);
	assert_true(str_ends(written(out), want));
	assert_int_equal(strcspn(out, "\n"), strlen(out) - 1);
}

static void pairs_become_one_object(void **state)
{
	char out[32768];

	(void)state;
	log_event(LOG_WARN, "order.created", "order", "ord_1", "none", NULL, NULL);
	written(out);
	assert_true(str_starts(out, "{\"time\":\"2"));
	assert_true(
		str_ends(out, "\"level\":\"warn\",\"role\":\"tester\",\"event\":\"order.created\",\"order\":"
			      "\"ord_1\",\"none\":null}\n"));
}

static void values_are_escaped(void **state)
{
	(void)state;
	assert_value("plain", "\"plain\"");
	assert_value("a\"b\\c", "\"a\\\"b\\\\c\"");
	assert_value("a\r\n{\"x\":1}", "\"a\\u000d\\u000a{\\\"x\\\":1}\"");
	assert_value("\x1b[31m\x7f", "\"\\u001b[31m\\u007f\"");
	assert_value("b\xc3\xbc"
		     "cher \xf0\x9f\x92\xa5",
		"\"b\xc3\xbc"
		"cher \xf0\x9f\x92\xa5\"");
}

static void c1_and_bidi_controls_are_escaped(void **state)
{
	(void)state;
	assert_value("a\xc2\x9b"
		     "b",
		"\"a\\u009bb\"");
	assert_value("a\xe2\x80\xae"
		     "b",
		"\"a\\u202eb\"");
}

static void bytes_that_are_not_utf8_are_replaced(void **state)
{
	(void)state;
	assert_value("a\xff"
		     "b",
		"\"a\\ufffdb\"");
	assert_value("\xc3", "\"\\ufffd\"");
	assert_value("\xe2\x80", "\"\\ufffd\\ufffd\"");
	assert_value("\xc0\x80", "\"\\ufffd\\ufffd\"");
	assert_value("\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\"");
}

/* Of any length: it stays one closed object of at most 8 KB, and a character is not cut in two. */
static void long_values_are_cut_and_closed(void **state)
{
	static char big[20000];
	char out[32768];

	(void)state;
	for (size_t n = 8000; n < 8300; n++) {
		memset(big, 'x', n);
		memcpy(big + n, "\xe2\x82\xac\x01", 5);
		assert_int_equal(ftruncate(fileno(capture), 0), 0);
		lseek(STDERR_FILENO, 0, SEEK_SET);
		log_event(LOG_INFO, "test.event", "first", big, "second", "two", "third", NULL, NULL);
		written(out);
		assert_true(str_ends(out, "\"}\n") || str_ends(out, "null}\n"));
		assert_true(strlen(out) <= 8192);
		assert_true(str_is_utf8(out, strlen(out)));
		assert_non_null(strstr(out, "xxxx"));
	}
}

static void lower_levels_are_left_out(void **state)
{
	char out[32768];

	(void)state;
	log_event(LOG_DEBUG, "quiet", NULL);
	assert_string_equal(written(out), "");
	log_init("tester", LOG_ERROR);
	log_event(LOG_WARN, "quiet", NULL);
	assert_string_equal(written(out), "");
}

static void errors_are_logged_with_id_and_text(void **state)
{
	struct acsr_err e = { .id = "sys.read", .text = "cannot read", .field = "names[1]" };
	char out[32768];

	(void)state;
	log_error(LOG_ERROR, "it.failed", &e);
	assert_true(str_ends(written(out), "\"event\":\"it.failed\",\"error\":\"sys.read\",\"text\":\"cannot "
					   "read\",\"field\":\"names[1]\"}\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(pairs_become_one_object, begin, end),
		cmocka_unit_test_setup_teardown(values_are_escaped, begin, end),
		cmocka_unit_test_setup_teardown(c1_and_bidi_controls_are_escaped, begin, end),
		cmocka_unit_test_setup_teardown(bytes_that_are_not_utf8_are_replaced, begin, end),
		cmocka_unit_test_setup_teardown(long_values_are_cut_and_closed, begin, end),
		cmocka_unit_test_setup_teardown(lower_levels_are_left_out, begin, end),
		cmocka_unit_test_setup_teardown(errors_are_logged_with_id_and_text, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
