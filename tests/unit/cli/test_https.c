/* Addresses of services; what an unreachable one is called. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <stdlib.h>

#include "base/str.h"
#include "cli/https.h"

static struct acsr_err e;

static void good(const char *in, const char *want)
{
	CLEANUP_STR char *out = NULL;

	assert_int_equal(https_server(&out, in, &e), ACSR_OK);
	assert_string_equal(out, want);
}

static void bad(const char *in)
{
	char *out = NULL;

	assert_int_equal(https_server(&out, in, &e), ACSR_FAIL);
	assert_string_equal(e.id, "input.server");
	assert_null(out);
}

static void servers(void **state)
{
	(void)state;
	good("https://ca.example.com", "https://ca.example.com");
	good("https://127.0.0.1:8443/", "https://127.0.0.1:8443");
	good("https://[::1]:8443//", "https://[::1]:8443");
	bad("http://ca.example.com");
	bad("ca.example.com");
	bad("file:///etc/passwd");
	bad("https://user@ca.example.com");
	bad("https://user:pass@ca.example.com");
	bad("https://ca.example.com?x=1");
	bad("https://ca.example.com#x");
	bad("https://ca.example.com/ x");
	bad("https://ca.example.com\r\nX: y");
	bad("https://");
	bad("");
}

static void escapes(void **state)
{
	CLEANUP_STR char *out = NULL;

	(void)state;
	assert_int_equal(https_escape(&out, "a&b=c d/ü", &e), ACSR_OK);
	assert_string_equal(out, "a%26b%3Dc%20d%2F%C3%BC");
}

static void fails_with(const char *url, const char *id)
{
	struct https *h = NULL;
	struct https_request req = { .method = "GET", .url = url };
	struct https_answer a = { 0 };

	assert_int_equal(https_new(&h, NULL, &e), ACSR_OK);
	assert_int_equal(https_do(h, &req, &a, &e), ACSR_FAIL);
	assert_string_equal(e.id, id);
	buf_free(&a.body);
	https_free(h);
}

static void failures_have_names(void **state)
{
	(void)state;
	fails_with("https://127.0.0.1:1/", "net.connect");
	fails_with("http://127.0.0.1:1/", "input.server");
	https_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(servers),
		cmocka_unit_test(escapes),
		cmocka_unit_test(failures_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
