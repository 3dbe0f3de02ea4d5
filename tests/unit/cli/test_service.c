/* Problem documents, paths, and bodies that hold a password. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <stdlib.h>

#include "base/str.h"
#include "cli/service.h"

static struct acsr_err e;

static void problem(long status, const char *body, const char *id, int exit_code)
{
	assert_int_equal(service_problem(status, body, strlen(body), &e), ACSR_FAIL);
	assert_string_equal(e.id, id);
	assert_int_equal(err_face(e.id)->exit_code, exit_code);
}

static void problems_keep_type_field_and_source(void **state)
{
	(void)state;
	problem(422,
		"{\"type\":\"urn:autocsr:error:csr.san.count\",\"title\":\"t\",\"status\":422,"
		"\"detail\":\"too many names\",\"field\":\"csr\",\"source\":\"BR 7.1.2\"}",
		"csr.san.count", 3);
	assert_string_equal(e.text, "too many names");
	assert_string_equal(e.field, "csr");
	assert_string_equal(e.source, "BR 7.1.2");
	problem(422, "{\"type\":\"urn:autocsr:error:policy.key-type\",\"detail\":\"no\"}", "policy.key-type",
		4);
	problem(503, "{\"type\":\"urn:autocsr:error:busy.keymaker\",\"title\":\"busy\"}", "busy.keymaker", 5);
	assert_string_equal(e.text, "busy");
	assert_string_equal(e.field, "");
}

static void what_is_not_ours_goes_by_its_status(void **state)
{
	(void)state;
	problem(404, "<html>", "object.absent", 3);
	problem(403, "", "auth.status", 4);
	problem(502, "", "net.status", 5);
	problem(400, "{}", "request.status", 3);
	problem(429, "[]", "limit.status", 5);
	problem(422, "{\"type\":\"urn:autocsr:error:Bad Id\",\"detail\":\"x\"}", "request.status", 3);
	problem(500, "{\"type\":\"urn:other:csr.x\",\"detail\":\"x\"}", "net.status", 5);
	problem(400, "{\"type\":\"a\",\"type\":\"b\",\"detail\":\"twice\"}", "request.status", 3);
}

static void texts_of_peers_are_harmless(void **state)
{
	(void)state;
	problem(422,
		"{\"type\":\"urn:autocsr:error:name.ip\",\"detail\":\"\\u001b[2J\",\"field\":\"\\u0007\","
		"\"source\":\"\\u007f\\u001b\"}",
		"name.ip", 3);
	assert_false(str_has_control(e.text));
	assert_false(str_has_control(e.field));
	assert_false(str_has_control(e.source));
}

static void ids_are_checked_before_they_are_sent(void **state)
{
	CLEANUP_STR char *path = NULL;
	char *none = NULL;

	(void)state;
	assert_int_equal(service_path(&path, "orders", "ord_1a-B", "archive/ack", &e), ACSR_OK);
	assert_string_equal(path, "/api/v1/orders/ord_1a-B/archive/ack");
	assert_int_equal(service_path(&none, "orders", "../users", "", &e), ACSR_FAIL);
	assert_string_equal(e.id, "input.id");
	assert_int_equal(service_path(&none, "orders", "", "", &e), ACSR_FAIL);
	assert_int_equal(service_path(&none, "orders", "a?b", "", &e), ACSR_FAIL);
	assert_int_equal(service_path(&none, "orders", "a%2f", "", &e), ACSR_FAIL);
	assert_null(none);
}

static void body(const char *email, const char *password, const char *totp, const char *want)
{
	struct acsr_secret *pw = NULL, *out = NULL;

	if (password != NULL)
		assert_int_equal(acsr_secret_new(&pw, password, strlen(password), &e), ACSR_OK);
	assert_int_equal(service_password_body(&out, email, pw, totp, &e), ACSR_OK);
	assert_string_equal((const char *)acsr_secret_bytes(out), want);
	assert_int_equal(acsr_secret_len(out), strlen(want));
	acsr_secret_free(pw);
	acsr_secret_free(out);
}

static void passwords_are_quoted(void **state)
{
	struct acsr_secret *pw = NULL, *out = NULL;

	(void)state;
	body("a@b", "p", "1", "{\"email\":\"a@b\",\"password\":\"p\",\"totp\":\"1\"}");
	body(NULL, "q\"\\\n\x1fü", NULL, "{\"password\":\"q\\\"\\\\\\u000a\\u001fü\"}");
	body(NULL, NULL, NULL, "{}");
	assert_int_equal(acsr_secret_new(&pw, "\xff", 1, &e), ACSR_OK);
	assert_int_equal(service_password_body(&out, NULL, pw, NULL, &e), ACSR_FAIL);
	assert_string_equal(e.id, "input.password");
	acsr_secret_free(pw);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(problems_keep_type_field_and_source),
		cmocka_unit_test(what_is_not_ours_goes_by_its_status),
		cmocka_unit_test(texts_of_peers_are_harmless),
		cmocka_unit_test(ids_are_checked_before_they_are_sent),
		cmocka_unit_test(passwords_are_quoted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
