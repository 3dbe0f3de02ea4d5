/* Each form, made by the toolkit as the service makes it, opens to the same key; what is sealed to another does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "autocsr/archive.h"
#include "autocsr/code.h"
#include "autocsr/seal.h"
#include "base/rnd.h"
#include "base/secret.h"
#include "cli/forensic/opener.h"
#include "cli/forensic/unage.h"

static struct acsr_key *made(void)
{
	struct acsr_key *k = NULL;

	assert_int_equal(acsr_key_generate(&k, "ec:p256", NULL), ACSR_OK);
	return k;
}

/* The recipient that the opener tells the service, sealed to. */
static void seal(
	const struct opener *o, const struct form *f, const struct acsr_key *key, struct acsr_blob *out)
{
	struct acsr_recipient *to = NULL;
	struct acsr_secret *pem = NULL;
	json_t *member = NULL;
	const char *text;

	assert_int_equal(opener_hand_over(o, f, &member, NULL), ACSR_OK);
	assert_string_equal(json_string_value(json_object_get(member, "grade")), "sealed");
	text = json_string_value(json_object_get(member, "recipient"));
	assert_int_equal(acsr_recipient_parse(&to, text, strlen(text), 0, NULL), ACSR_OK);
	assert_int_equal(acsr_key_pkcs8_pem(key, &pem, NULL), ACSR_OK);
	assert_int_equal(acsr_seal(to, pem, out, NULL), ACSR_OK);
	acsr_secret_free(pem);
	acsr_recipient_free(to);
	json_decref(member);
}

static void sealed_forms_open_for_whom_they_are(void **state)
{
	static const char *const names[] = { "age", "cms" };
	struct opener *mine = NULL, *other = NULL;
	struct acsr_key *key = made();

	(void)state;
	assert_int_equal(opener_new(&mine, NULL), ACSR_OK);
	assert_int_equal(opener_new(&other, NULL), ACSR_OK);
	for (size_t i = 0; i < 2; i++) {
		const struct form *f = form_find(names[i]);
		struct acsr_blob blob = { NULL, 0 };
		struct acsr_key *got = NULL;

		assert_true(form_is_sealed(f));
		seal(mine, f, key, &blob);
		assert_int_equal(opener_open(mine, f, blob.p, blob.len, NULL, &got, NULL), ACSR_OK);
		assert_true(acsr_key_same(got, key));
		acsr_key_free(got);
		assert_int_equal(opener_open(other, f, blob.p, blob.len, NULL, &got, NULL), ACSR_FAIL);
		for (size_t n = 0; n < blob.len; n += 7)
			assert_int_equal(opener_open(mine, f, blob.p, n, NULL, &got, NULL), ACSR_FAIL);
		blob.p[blob.len - 20] ^= 1;
		assert_int_equal(opener_open(mine, f, blob.p, blob.len, NULL, &got, NULL), ACSR_FAIL);
		acsr_blob_free(&blob);
	}
	opener_free(mine);
	opener_free(other);
	acsr_key_free(key);
}

static void forms_with_a_code_ask_for_no_recipient(void **state)
{
	static const char *const names[] = { "zip", "pkcs8", "p12", "p12-legacy" };
	struct opener *o = NULL;

	(void)state;
	assert_int_equal(opener_new(&o, NULL), ACSR_OK);
	for (size_t i = 0; i < 4; i++) {
		json_t *member = NULL;

		assert_int_equal(opener_hand_over(o, form_find(names[i]), &member, NULL), ACSR_OK);
		assert_string_equal(json_string_value(json_object_get(member, "format")), names[i]);
		assert_null(json_object_get(member, "recipient"));
		json_decref(member);
	}
	assert_null(form_find("rar"));
	opener_free(o);
}

static void an_archive_opens_with_its_code_only(void **state)
{
	struct acsr_secret *pem = NULL, *code = NULL, *wrong = NULL;
	struct acsr_key *key = made(), *got = NULL;
	struct opener *o = NULL;
	uint8_t zip[1000] = { 0 };
	size_t len = 0;

	(void)state;
	assert_int_equal(opener_new(&o, NULL), ACSR_OK);
	assert_int_equal(acsr_key_pkcs8_pem(key, &pem, NULL), ACSR_OK);
	assert_int_equal(acsr_code_new(&code, NULL), ACSR_OK);
	assert_int_equal(acsr_code_new(&wrong, NULL), ACSR_OK);
	assert_int_equal(acsr_archive_write("a.key", pem, code, 0, zip, sizeof(zip), &len, NULL), ACSR_OK);
	assert_int_equal(opener_open(o, form_find("zip"), zip, len, code, &got, NULL), ACSR_OK);
	assert_true(acsr_key_same(got, key));
	acsr_key_free(got);
	assert_int_equal(opener_open(o, form_find("zip"), zip, len, wrong, &got, NULL), ACSR_FAIL);
	acsr_secret_free(pem);
	acsr_secret_free(code);
	acsr_secret_free(wrong);
	acsr_key_free(key);
	opener_free(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sealed_forms_open_for_whom_they_are),
		cmocka_unit_test(forms_with_a_code_ask_for_no_recipient),
		cmocka_unit_test(an_archive_opens_with_its_code_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
