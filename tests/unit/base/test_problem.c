/* Problem documents: exact bytes, escaping, members left out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/problem.h"

static const char *written(struct buf *b, const struct acsr_err *why, const char *instance)
{
	struct acsr_err e;

	assert_int_equal(problem_write(b, why, instance, &e), ACSR_OK);
	return buf_cstr(b);
}

static void all_members(void **state)
{
	struct acsr_err why = {
		.id = "csr.san.count", .text = "too many", .field = "csr", .source = "BR 7.1.2"
	};
	CLEANUP_BUF struct buf b = { 0 };

	(void)state;
	buf_init(&b, 4096);
	assert_string_equal(written(&b, &why, "req_1"),
		"{\"type\":\"urn:autocsr:error:csr.san.count\",\"title\":\"the CSR is not acceptable\","
		"\"status\":422,\"detail\":\"too many\",\"field\":\"csr\",\"source\":\"BR 7.1.2\","
		"\"instance\":\"req_1\"}\n");
}

static void empty_members_are_left_out(void **state)
{
	struct acsr_err why = { .id = "archive.gone", .text = "it is gone" };
	CLEANUP_BUF struct buf b = { 0 };

	(void)state;
	buf_init(&b, 4096);
	assert_string_equal(written(&b, &why, NULL),
		"{\"type\":\"urn:autocsr:error:archive.gone\",\"title\":\"the archive is gone\","
		"\"status\":410,\"detail\":\"it is gone\"}\n");
}

static void json(const char *in, const char *want)
{
	CLEANUP_BUF struct buf b = { 0 };
	struct acsr_err e;

	buf_init(&b, 4096);
	assert_int_equal(problem_put_json(&b, in, &e), ACSR_OK);
	assert_string_equal(buf_cstr(&b), want);
}

static void texts_are_escaped(void **state)
{
	(void)state;
	json("a\"b\\c", "\"a\\\"b\\\\c\"");
	json("a\nb\x1b\x7f", "\"a\\u000ab\\u001b\\u007f\"");
	json("gr\xc3\xbc\xc3\x9f \xf0\x9f\x94\x91", "\"gr\xc3\xbc\xc3\x9f \xf0\x9f\x94\x91\"");
	json("bad \xff\xc3", "\"bad \xef\xbf\xbd\xef\xbf\xbd\"");
}

static void a_full_buffer_is_an_error(void **state)
{
	struct acsr_err why = { .id = "archive.gone", .text = "it is gone" }, e;
	CLEANUP_BUF struct buf b = { 0 };

	(void)state;
	buf_init(&b, 40);
	assert_int_equal(problem_write(&b, &why, NULL, &e), ACSR_FAIL);
	assert_string_equal(e.id, "request.too-large");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(all_members),
		cmocka_unit_test(empty_members_are_left_out), cmocka_unit_test(texts_are_escaped),
		cmocka_unit_test(a_full_buffer_is_an_error) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
