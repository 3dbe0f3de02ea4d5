/* Errors: texts that cannot forge a line, fields, and the table of what the outside shows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <string.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/str.h"

static void set_fills_everything(void **state)
{
	struct acsr_err e;

	(void)state;
	memset(&e, 'x', sizeof(e));
	assert_int_equal(err_set(&e, "csr.der", "byte %d is wrong", 7), ACSR_FAIL);
	assert_string_equal(e.id, "csr.der");
	assert_string_equal(e.text, "byte 7 is wrong");
	assert_string_equal(e.field, "");
	assert_string_equal(e.source, "");
	assert_int_equal(err_rule(&e, "name.ldh", "names[2]", "RFC 5890", "no"), ACSR_FAIL);
	assert_string_equal(e.field, "names[2]");
	assert_string_equal(e.source, "RFC 5890");
	assert_int_equal(err_set(NULL, "a", "b"), ACSR_FAIL);
}

static void control_characters_are_shown(void **state)
{
	struct acsr_err e;

	(void)state;
	(void)err_set(&e, "x", "%s", "a\r\nb\x1b\x7f");
	assert_string_equal(e.text, "a\\x0d\\x0ab\\x1b\\x7f");
	(void)err_set(&e, "x", "%s", "\xe2\x80\xae\xc2\x9b\xff");
	assert_string_equal(e.text, "\\xe2\\x80\\xae\\xc2\\x9b\\xff");
	(void)err_set(&e, "x", "%s",
		"b\xc3\xbc"
		"cher");
	assert_string_equal(e.text, "b\xc3\xbc"
				    "cher");
}

static void long_texts_are_cut_between_characters(void **state)
{
	struct acsr_err e;
	char big[1000];

	(void)state;
	for (size_t n = 380; n < 420; n++) {
		memset(big, 'x', n);
		memcpy(big + n, "\xe2\x82\xac\xe2\x82\xac\x01", 8);
		(void)err_set(&e, "x", "%s", big);
		assert_true(strlen(e.text) < sizeof(e.text));
		assert_true(str_is_utf8(e.text, strlen(e.text)));
		assert_false(str_has_control(e.text));
	}
}

static void field_is_set_once(void **state)
{
	struct acsr_err e;

	(void)state;
	(void)err_set(&e, "x", "y");
	err_at(&e, "names[%d]", 3);
	err_at(&e, "other");
	assert_string_equal(e.field, "names[3]");
	err_at(NULL, "x");
}

static void errno_is_told(void **state)
{
	struct acsr_err e;

	(void)state;
	(void)err_errno(&e, "sys.open", ENOENT, "cannot open %s", "/x");
	assert_string_equal(e.text, "cannot open /x: No such file or directory");
}

static void id_or_branch(void **state)
{
	struct acsr_err e = { .id = "csr.san.count" };

	(void)state;
	assert_true(err_is(&e, "csr.san.count"));
	assert_true(err_is(&e, "csr."));
	assert_true(err_is(&e, "csr.san."));
	assert_false(err_is(&e, "csr"));
	assert_false(err_is(&e, "csr.san"));
	assert_false(err_is(&e, "csr.san.count.x"));
}

static void assert_face(const char *id, int http, int exit_code)
{
	assert_int_equal(err_face(id)->http, http);
	assert_int_equal(err_face(id)->exit_code, exit_code);
}

/* The longest prefix decides; a whole id is no prefix of another word. */
static void faces(void **state)
{
	(void)state;
	assert_face("csr.san.count", 422, 3);
	assert_face("csr.too-large", 413, 3);
	assert_face("csr.too-large.x", 413, 3);
	assert_face("csr.too-largest", 422, 3);
	assert_face("auth.forbidden", 403, 4);
	assert_face("auth.none", 401, 4);
	assert_face("object.absent", 404, 3);
	assert_face("archive.gone", 410, 4);
	assert_face("archive.code", 422, 1);
	assert_face("busy.keymaker", 503, 5);
	assert_face("sys.nospace", 503, 5);
	assert_face("sys.read", 500, 5);
	assert_face("never.heard.of", 500, 5);
	assert_face("", 500, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(set_fills_everything),
		cmocka_unit_test(control_characters_are_shown),
		cmocka_unit_test(long_texts_are_cut_between_characters),
		cmocka_unit_test(field_is_set_once),
		cmocka_unit_test(errno_is_told),
		cmocka_unit_test(id_or_branch),
		cmocka_unit_test(faces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
