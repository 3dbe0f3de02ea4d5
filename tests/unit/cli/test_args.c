/* Words and options of a command line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "cli/args.h"

static const struct opt table[] = {
	{ "", OPT_HEAD, NULL, "a heading" },
	{ "o", OPT_EACH, "TEXT", "" },
	{ "host", OPT_MANY, "NAME", "" },
	{ "out", OPT_ONE, "FILE", "" },
	{ "force", OPT_FLAG, NULL, "" },
	{ 0 },
};
static const struct opt common[] = { { "help", OPT_FLAG, NULL, "" }, { 0 } };

static struct args a;
static struct acsr_err e;

static enum acsr_result parse(size_t max_words, const char *const *words)
{
	int n = 0;

	memset(&a, 0, sizeof(a));
	a.sets[0] = table;
	a.sets[1] = common;
	while (words[n] != NULL)
		n++;
	return args_parse(&a, max_words, n, (char **)words, &e);
}

#define PARSE(max, ...) parse(max, (const char *const[]){ __VA_ARGS__, NULL })

static void values_by_word_and_by_equals(void **state)
{
	(void)state;
	assert_int_equal(PARSE(1, "--out", "a", "FILE", "--host=b=c"), ACSR_OK);
	assert_string_equal(args_one(&a, "out"), "a");
	assert_string_equal(args_many(&a, "host", 0), "b=c");
	assert_null(args_many(&a, "host", 1));
	assert_int_equal(a.n_words, 1);
	assert_string_equal(a.words[0], "FILE");
	assert_false(args_flag(&a, "force"));
}

static void words_without_a_place_go_to_the_list_before_them(void **state)
{
	(void)state;
	assert_int_equal(PARSE(1, "FILE", "--host", "a", "b", "c", "--force"), ACSR_OK);
	assert_int_equal(args_count(&a, "host"), 3);
	assert_string_equal(args_many(&a, "host", 2), "c");
	assert_true(args_flag(&a, "force"));
	/* The command's own word is served first. */
	assert_int_equal(PARSE(1, "--host", "a", "FILE"), ACSR_OK);
	assert_string_equal(a.words[0], "FILE");
	assert_int_equal(args_count(&a, "host"), 1);
	/* Another option ends the list. */
	assert_int_equal(PARSE(0, "--host", "a", "--force", "b"), ACSR_FAIL);
	assert_string_equal(e.id, "usage.words");
}

static void a_dash_is_a_word_and_two_end_the_options(void **state)
{
	(void)state;
	assert_int_equal(PARSE(1, "-"), ACSR_OK);
	assert_string_equal(a.words[0], "-");
	assert_int_equal(PARSE(2, "--", "--out", "-x"), ACSR_OK);
	assert_string_equal(a.words[0], "--out");
	assert_string_equal(a.words[1], "-x");
	assert_int_equal(PARSE(0, "--out", "-"), ACSR_OK);
	assert_string_equal(args_one(&a, "out"), "-");
	assert_int_equal(PARSE(0, "-h"), ACSR_OK);
	assert_true(args_flag(&a, "help"));
}

static void refusals(void **state)
{
	(void)state;
	assert_int_equal(PARSE(0, "--hots", "a"), ACSR_FAIL);
	assert_string_equal(e.id, "usage.option");
	assert_non_null(strstr(e.text, "did you mean --host"));
	assert_int_equal(PARSE(0, "--zzzzzzzz"), ACSR_FAIL);
	assert_null(strstr(e.text, "did you mean"));
	assert_int_equal(PARSE(0, "-x"), ACSR_FAIL);
	assert_string_equal(e.id, "usage.option");
	assert_int_equal(PARSE(0, "--out"), ACSR_FAIL);
	assert_string_equal(e.id, "usage.value");
	assert_int_equal(PARSE(0, "--out", "--force"), ACSR_FAIL);
	assert_string_equal(e.id, "usage.value");
	assert_int_equal(PARSE(0, "--force=yes"), ACSR_FAIL);
	assert_string_equal(e.id, "usage.value");
	assert_int_equal(PARSE(0, "--out", "a", "--out", "b"), ACSR_FAIL);
	assert_string_equal(e.id, "usage.twice");
	assert_int_equal(PARSE(1, "a", "b"), ACSR_FAIL);
	assert_string_equal(e.id, "usage.words");
}

static void too_many_are_refused(void **state)
{
	const char *many[ARGS_MAX + 4] = { "--host" };

	(void)state;
	for (size_t i = 1; i < ARGS_MAX + 3; i++)
		many[i] = "x";
	assert_int_equal(parse(0, many), ACSR_FAIL);
	assert_string_equal(e.id, "usage.many");
}

/* Half of "--o Example GmbH" must not become a second organisation. */
static void each_takes_one_value(void **state)
{
	(void)state;
	assert_int_equal(PARSE(0, "--o", "a b", "--o=c"), ACSR_OK);
	assert_int_equal(args_count(&a, "o"), 2);
	assert_int_equal(PARSE(0, "--o", "a", "b"), ACSR_FAIL);
	assert_string_equal(e.id, "usage.words");
}

static void a_heading_is_no_option(void **state)
{
	(void)state;
	assert_int_equal(PARSE(0, "--=x"), ACSR_FAIL);
	assert_string_equal(e.id, "usage.option");
}

static void options_can_be_added(void **state)
{
	(void)state;
	assert_int_equal(PARSE(0, "--out", "a"), ACSR_OK);
	assert_int_equal(args_add(&a, "host", "b", &e), ACSR_OK);
	assert_string_equal(args_one(&a, "host"), "b");
	assert_int_equal(args_add(&a, "out", "c", &e), ACSR_FAIL);
	assert_string_equal(e.id, "usage.twice");
	assert_int_equal(args_add(&a, "hots", "b", &e), ACSR_FAIL);
	assert_string_equal(e.id, "usage.option");
}

static void nearest(void **state)
{
	static const char *const names[] = { "order", "archive", NULL };

	(void)state;
	assert_string_equal(args_nearest("oder", names), "order");
	assert_string_equal(args_nearest("archvie", names), "archive");
	assert_null(args_nearest("zebra", names));
	assert_null(args_nearest("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", names));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_by_word_and_by_equals),
		cmocka_unit_test(words_without_a_place_go_to_the_list_before_them),
		cmocka_unit_test(a_dash_is_a_word_and_two_end_the_options),
		cmocka_unit_test(each_takes_one_value),
		cmocka_unit_test(a_heading_is_no_option),
		cmocka_unit_test(options_can_be_added),
		cmocka_unit_test(refusals),
		cmocka_unit_test(too_many_are_refused),
		cmocka_unit_test(nearest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
