/* Names of an order, for one line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/str.h"
#include "cli/order_view.h"
#include "cli/view.h"

static void names(const char *json, const char *want)
{
	json_t *o = json_loads(json, 0, NULL);
	CLEANUP_STR char *got = NULL;

	assert_non_null(o);
	got = order_view_names(o);
	assert_string_equal(got, want);
	json_decref(o);
}

static void names_are_cut(void **state)
{
	(void)state;
	names("{\"names\": []}", "");
	names("{}", "");
	names("{\"names\": [\"a\", \"b\", \"c\"]}", "a, b, c");
	names("{\"names\": [\"a\", \"b\", \"c\", \"d\", \"e\"]}", "a, b, c and 2 more");
	names("{\"names\": [1, \"b\"]}", ", b");
}

static void absent_members_are_empty(void **state)
{
	json_t *o = json_loads("{\"a\": 1, \"b\": \"x\"}", 0, NULL);

	(void)state;
	assert_string_equal(view_str(o, "a"), "");
	assert_string_equal(view_str(o, "b"), "x");
	assert_string_equal(view_str(NULL, "b"), "");
	json_decref(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_cut),
		cmocka_unit_test(absent_members_are_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
