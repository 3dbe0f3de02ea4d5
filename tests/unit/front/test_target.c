/* Request targets: one table of what is taken, one of what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "front/target.h"

struct good {
	const char *target, *path, *query;
};

static const struct good goods[] = {
	{ "/", "/", "" },
	{ "/api/v1/orders", "/api/v1/orders", "" },
	{ "/api/v1/orders/", "/api/v1/orders/", "" },
	{ "/a?b=c&d=%20", "/a", "b=c&d=%20" },
	{ "/a?", "/a", "" },
	{ "/a?b?c/../d", "/a", "b?c/../d" },
	{ "/%61%2D%7e", "/a-~", "" },
	{ "/gr%C3%BCn", "/gr\xc3\xbcn", "" },
	{ "/a%20b", "/a b", "" },
	{ "/a%2520b", "/a%20b", "" }, /* decoded once */
	{ "/a;b=1,2:3@x!$&'()*+", "/a;b=1,2:3@x!$&'()*+", "" },
	{ "/..a/.b/c..", "/..a/.b/c..", "" },
	{ "/a?q=[x]|{y}", "/a", "q=[x]|{y}" },
};

static void good_targets(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(goods) / sizeof(goods[0]); i++) {
		char *path = NULL, *query = NULL;
		struct acsr_err e;

		if (target_read(goods[i].target, &path, &query, &e) != ACSR_OK)
			fail_msg("%s: %s", goods[i].target, e.text);
		assert_string_equal(path, goods[i].path);
		assert_string_equal(query, goods[i].query);
		free(path);
		free(query);
	}
}

static const char *const bads[] = { "", "*", "a", "http://x/", "//", "//etc/passwd", "/a//b", "/.", "/..",
	"/./a", "/../a", "/a/.", "/a/..", "/a/../b", "/a/./b", "/%2e", "/%2e%2e/a", "/a/%2E%2e", "/a%2fb",
	"/a%2Fb", "/a%5cb", "/a\\b", "/a%00b", "/%", "/%1", "/%1g", "/%g1", "/a%", "/a b", "/a\tb", "/a\x01",
	"/a\x7f", "/a%0ab", "/a%0d%0ab", "/a%7f", "/a%1b", "/gr\xc3\xbcn", "/%c3", "/%c3%28", "/%ed%a0%80",
	"/%c0%af", "/%f4%90%80%80", "/%e2%80%ae", "/a#b", "/a\"b", "/a<b>", "/a{b}", "/a|b", "/a^b", "/a`b",
	"/[a]", "/a?b#c", "/a?b c", "/a?%", "/a?%0", "/a?%zz", "/a?%00", "/a?\x01", "/a?\x80", "/a?\"",
	"/a?<x>" };

static void bad_targets(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bads) / sizeof(bads[0]); i++) {
		char *path = NULL, *query = NULL;
		struct acsr_err e;

		if (target_read(bads[i], &path, &query, &e) == ACSR_OK)
			fail_msg("accepted: %s", bads[i]);
		assert_string_equal(e.id, "request.target");
		assert_null(path);
		assert_null(query);
	}
}

static void long_targets(void **state)
{
	char t[8000], *path, *query;
	struct acsr_err e;

	(void)state;
	memset(t, 'a', sizeof(t));
	t[0] = '/';
	t[TARGET_PATH_MAX] = '\0';
	assert_int_equal(target_read(t, &path, &query, &e), ACSR_OK);
	free(path);
	free(query);
	t[TARGET_PATH_MAX] = 'a';
	t[TARGET_PATH_MAX + 1] = '\0';
	assert_int_equal(target_read(t, &path, &query, &e), ACSR_FAIL);
	assert_string_equal(e.id, "request.target.long");
	t[TARGET_PATH_MAX + 1] = 'a';
	t[1] = '?';
	t[TARGET_QUERY_MAX + 3] = '\0';
	assert_int_equal(target_read(t, &path, &query, &e), ACSR_FAIL);
	assert_string_equal(e.id, "request.target.long");
	t[TARGET_QUERY_MAX + 2] = '\0';
	assert_int_equal(target_read(t, &path, &query, &e), ACSR_OK);
	free(path);
	free(query);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(good_targets), cmocka_unit_test(bad_targets),
		cmocka_unit_test(long_targets) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
