/* The table of forms: what the service, the keymaker and the command line take for granted about it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "autocsr/seal.h"
#include "pki/keyform.h"

static void every_row_is_whole_and_found(void **state)
{
	size_t sealed = 0;

	(void)state;
	for (const struct keyform *f = keyform_all(); f->name != NULL; f++) {
		assert_ptr_equal(keyform_find(f->name), f);
		assert_int_equal(f->extension[0], '.');
		assert_non_null(strchr(f->media_type, '/'));
		assert_true(strlen(f->begins) > 0 && strlen(f->words) > 0 && strlen(f->name) < 12);
		sealed += f->sealed;
	}
	assert_int_equal(sealed, 2);
	assert_null(keyform_find("ZIP"));
	assert_null(keyform_find(""));
}

/* What is sealed has a form of the same name. */
static void the_library_seals_in_these_forms(void **state)
{
	static const enum acsr_seal_format formats[] = { ACSR_SEAL_AGE, ACSR_SEAL_CMS };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		const struct keyform *f = keyform_find(acsr_seal_format_name(formats[i]));

		assert_non_null(f);
		assert_true(f->sealed);
	}
}

static bool begins(const char *form, const char *text)
{
	return keyform_begins(keyform_find(form), (const uint8_t *)text, strlen(text));
}

static void a_glance_tells_forms_apart(void **state)
{
	(void)state;
	assert_true(begins("zip", "PK\x03\x04."));
	assert_false(begins("zip", "PK\x03\x04"));
	assert_false(begins("zip", ""));
	assert_true(begins("age", "age-encryption.org/v1\n-> X25519"));
	assert_false(begins("age", "age-encryption.org/v2\n-> X25519"));
	assert_true(begins("pkcs8", "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
	assert_false(begins("pkcs8", "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC"));
	assert_true(begins("p12", "0\x82"));
	assert_true(begins("cms", "0\x82"));
	assert_false(begins("cms", "-----BEGIN CMS-----"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_is_whole_and_found),
		cmocka_unit_test(the_library_seals_in_these_forms),
		cmocka_unit_test(a_glance_tells_forms_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
