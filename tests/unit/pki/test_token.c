/* Keys in a PKCS#11 token: SoftHSM2 as the token, its own tool to fill it. Skipped where it is not installed.
 */
#include "check.h"

#include <sys/stat.h>
#include <unistd.h>

#include "autocsr/csr.h"
#include "autocsr/token.h"

#define TOKEN "pkcs11:token=shop"

static char dir[64];
static const char *module;

static const char *find_module(void)
{
	static const char *const places[] = { "/usr/lib/softhsm/libsofthsm2.so",
		"/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
		"/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so" };

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (access(places[i], R_OK) == 0)
			return places[i];
	return NULL;
}

static int with_token(void **state)
{
	char path[200];
	FILE *f;

	(void)state;
	temp_dir(dir);
	snprintf(path, sizeof(path), "%s/tokens", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/softhsm2.conf", dir);
	f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f, "directories.tokendir = %s/tokens\nobjectstore.backend = file\nlog.level = ERROR\n", dir);
	fclose(f);
	assert_int_equal(setenv("SOFTHSM2_CONF", path, 1), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(sh("softhsm2-util --init-token --free --label %s --so-pin 123456 --pin 1234 "
				    ">/dev/null",
					 i == 0 ? "shop" : "other"),
			0);
	return 0;
}

static int without_token(void **state)
{
	(void)state;
	return sh("rm -r %s", dir);
}

static struct acsr_secret *pin(const char *text)
{
	struct acsr_secret *s;

	assert_int_equal(acsr_secret_new(&s, text, strlen(text), NULL), ACSR_OK);
	return s;
}

static enum acsr_result get(struct acsr_key **k, const char *uri, const char *given, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *s = given != NULL ? pin(given) : NULL;

	return acsr_token_key(k, uri, module, s, e);
}

static void make(struct acsr_key **k, const char *uri, const char *type)
{
	CLEANUP_SECRET struct acsr_secret *s = pin("1234");

	OK(acsr_token_generate(k, uri, module, type, s, &e));
}

/* The CSR parser checks the signature with the CSR's own key. */
static void signs(const struct acsr_key *k)
{
	ACSR_CLEANUP_BLOB struct acsr_blob der = { 0 };
	struct acsr_csr_request req = { 0 };
	struct acsr_csr_view *v;
	struct acsr_err e = { 0 };

	if (acsr_csr_build(&req, k, &der, &e) != ACSR_OK || acsr_csr_parse(&v, der.p, der.len, &e) != ACSR_OK)
		fail_msg("%s: %s", e.id, e.text);
	assert_true(acsr_key_same(k, v->key));
	acsr_csr_view_free(v);
}

static void keys_of_every_type_sign(void **state)
{
	static const char *const types[] = { "rsa:2048", "ec:p256", "ec:p384", "ec:p521" };

	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct acsr_key *made, *found;
		char uri[100];

		snprintf(uri, sizeof(uri), TOKEN ";object=k%zu", i);
		make(&made, uri, types[i]);
		assert_string_equal(acsr_key_name(made), types[i]);
		signs(made);
		assert_int_equal(get(&found, uri, "1234", NULL), ACSR_OK);
		assert_true(acsr_key_same(made, found));
		signs(found);
		acsr_key_free(made);
		acsr_key_free(found);
	}
}

static void a_key_that_another_program_put_there_signs(void **state)
{
	struct acsr_key *k;

	(void)state;
	assert_int_equal(
		sh("cd %s && openssl genpkey -algorithm ED25519 -out ed.pem && softhsm2-util --import ed.pem "
		   "--token shop --label ed --id 0a0b --pin 1234 >/dev/null",
			dir),
		0);
	assert_int_equal(get(&k, TOKEN ";object=ed;type=private", "1234", NULL), ACSR_OK);
	assert_string_equal(acsr_key_name(k), "ed25519");
	signs(k);
	acsr_key_free(k);
	assert_int_equal(get(&k, TOKEN ";id=%0A%0B", "1234", NULL), ACSR_OK);
	acsr_key_free(k);
}

static void the_private_part_does_not_come_out(void **state)
{
	struct acsr_secret *out;
	struct acsr_key *k;

	(void)state;
	OK(get(&k, TOKEN ";object=k0", "1234", &e));
	FAILS("key.held", acsr_key_pkcs8_der(k, &out, &e));
	FAILS("key.held", acsr_key_pkcs8_pem(k, &out, &e));
	acsr_key_free(k);
}

static void what_is_wrong_is_said(void **state)
{
	static const struct {
		const char *uri, *pin, *id;
	} cases[] = {
		{ "token=shop", "1234", "token.uri" },
		{ "pkcs11:token=shop;nonsense=1", "1234", "token.uri" },
		{ TOKEN ";object=k0?pin-value=1234", NULL, "token.uri" },
		{ "pkcs11:token=none;object=k0", "1234", "token.absent" },
		{ "pkcs11:object=k0", "1234", "token.several" },
		{ TOKEN ";object=none", "1234", "token.object" },
		{ TOKEN, "1234", "token.several" },
		{ TOKEN ";object=k0", "9999", "token.pin.wrong" },
		{ TOKEN ";object=k0", NULL, "token.pin.needed" },
	};
	struct acsr_err e;
	struct acsr_key *k;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(get(&k, cases[i].uri, cases[i].pin, &e), ACSR_FAIL);
		assert_string_equal(e.id, cases[i].id);
		assert_null(strstr(e.text, "1234"));
	}
	assert_int_equal(acsr_token_key(&k, TOKEN, "/nonexistent.so", NULL, &e), ACSR_FAIL);
	assert_string_equal(e.id, "token.module");
}

static void a_name_is_not_taken_twice(void **state)
{
	CLEANUP_SECRET struct acsr_secret *s = pin("1234");
	struct acsr_key *k;

	(void)state;
	FAILS("token.exists", acsr_token_generate(&k, TOKEN ";object=k0", module, "ec:p256", s, &e));
	FAILS("token.type", acsr_token_generate(&k, TOKEN ";object=x", module, "ml-dsa-44", s, &e));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_of_every_type_sign),
		cmocka_unit_test(a_key_that_another_program_put_there_signs),
		cmocka_unit_test(the_private_part_does_not_come_out),
		cmocka_unit_test(what_is_wrong_is_said),
		cmocka_unit_test(a_name_is_not_taken_twice),
	};

	module = find_module();
	if (module == NULL || system("command -v softhsm2-util >/dev/null") != 0) {
		puts("SoftHSM2 is not installed");
		return 77;
	}
	return cmocka_run_group_tests(tests, with_token, without_token);
}
