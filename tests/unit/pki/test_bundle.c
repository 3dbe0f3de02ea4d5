/* Delivered forms, and which objects belong together. */
#include "ca.h"

#include "autocsr/bundle.h"
#include "autocsr/match.h"

static struct ca ca;
static struct acsr_blob leaf, both[2];

static size_t count(const struct acsr_blob *b, const char *what)
{
	size_t n = 0;

	for (const char *p = (const char *)b->p; (p = strstr(p, what)) != NULL; p++)
		n++;
	return n;
}

static void pem_forms(void **state)
{
	struct acsr_blob out = { 0 }, *list = NULL;
	size_t n = 0;

	(void)state;
	OK(acsr_bundle(ACSR_FORMAT_LEAF, &leaf, both, 2, &out, &e));
	assert_int_equal(count(&out, "BEGIN CERTIFICATE"), 1);
	acsr_blob_free(&out);
	OK(acsr_bundle(ACSR_FORMAT_CHAIN, &leaf, both, 2, &out, &e));
	assert_int_equal(count(&out, "BEGIN CERTIFICATE"), 1); /* no root */
	acsr_blob_free(&out);
	OK(acsr_bundle(ACSR_FORMAT_FULLCHAIN, &leaf, both, 2, &out, &e));
	OK(acsr_input_certs(out.p, out.len, &list, &n, &e));
	assert_int_equal(n, 2);
	assert_int_equal(list[0].len, leaf.len);
	assert_memory_equal(list[0].p, leaf.p, leaf.len);
	assert_memory_equal(list[1].p, ca.intermediate.p, ca.intermediate.len);
	acsr_certs_free(list, n);
	acsr_blob_free(&out);
	OK(acsr_bundle(ACSR_FORMAT_DER, &leaf, both, 2, &out, &e));
	assert_memory_equal(out.p, leaf.p, leaf.len);
	acsr_blob_free(&out);
}

static void pkcs7(void **state)
{
	struct acsr_blob out = { 0 };
	char dir[64];

	(void)state;
	temp_dir(dir);
	OK(acsr_bundle(ACSR_FORMAT_P7B, &leaf, both, 2, &out, &e));
	write_file(dir, "b", out.p, out.len);
	assert_int_equal(
		sh("cd %s && openssl pkcs7 -in b -print_certs -noout | grep -c subject= | grep -qx 2", dir),
		0);
	assert_int_equal(sh("cd %s && openssl pkcs7 -in b -print_certs -noout | grep -q 'subject=CN \\?= \\?"
			    "www.demo.test' &&"
			    " openssl cms -cmsout -in b -inform PEM -print >/dev/null",
				 dir),
		0);
	assert_int_equal(sh("rm -r %s", dir), 0);
	acsr_blob_free(&out);
}

static void formats(void **state)
{
	enum acsr_format f;

	(void)state;
	OK(acsr_format_find(&f, "p7b", &e));
	assert_string_equal(acsr_format_extension(f), "p7b");
	assert_string_equal(acsr_format_media_type(f), "application/x-pkcs7-certificates");
	FAILS("request.field.format", acsr_format_find(&f, "pfx", &e));
}

static void matching(void **state)
{
	struct acsr_csr_request req = { 0 };
	struct acsr_blob csr = { 0 }, spki = { 0 };
	struct acsr_secret *key = NULL, *code = NULL;
	struct acsr_blob locked = { 0 };
	uint8_t a[32], b[32];
	enum acsr_object kind;

	(void)state;
	OK(acsr_match_spki(leaf.p, leaf.len, NULL, &kind, a, &e));
	assert_int_equal(kind, ACSR_OBJECT_CERT);
	OK(acsr_csr_build(&req, a_key("rsa:2048"), &csr, &e));
	OK(acsr_match_spki(csr.p, csr.len, NULL, &kind, b, &e));
	assert_int_equal(kind, ACSR_OBJECT_CSR);
	assert_memory_equal(a, b, 32);
	OK(acsr_key_pkcs8_pem(a_key("rsa:2048"), &key, &e));
	OK(acsr_match_spki(acsr_secret_bytes(key), acsr_secret_len(key), NULL, &kind, b, &e));
	assert_int_equal(kind, ACSR_OBJECT_PRIVATE_KEY);
	assert_memory_equal(a, b, 32);
	OK(acsr_key_spki(a_key("rsa:2048"), &spki, &e));
	OK(acsr_match_spki(spki.p, spki.len, NULL, &kind, b, &e));
	assert_int_equal(kind, ACSR_OBJECT_PUBLIC_KEY);
	assert_memory_equal(a, b, 32);
	OK(acsr_match_spki(ca.root.p, ca.root.len, NULL, &kind, b, &e));
	assert_memory_not_equal(a, b, 32);

	OK(acsr_secret_new(&code, "abcdefgh", 8, &e));
	OK(acsr_key_pkcs8_pem_encrypted(a_key("rsa:2048"), code, &locked, &e));
	FAILS("key.passphrase.needed", acsr_match_spki(locked.p, locked.len, NULL, &kind, b, &e));
	OK(acsr_match_spki(locked.p, locked.len, code, &kind, b, &e));
	assert_memory_equal(a, b, 32);
	FAILS("input.unknown", acsr_match_spki((const uint8_t *)"hello!", 6, NULL, &kind, b, &e));
	assert_string_equal(acsr_object_name(ACSR_OBJECT_CSR), "CSR");
	acsr_secret_free(key);
	acsr_secret_free(code);
	acsr_blob_free(&csr);
	acsr_blob_free(&spki);
	acsr_blob_free(&locked);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pem_forms),
		cmocka_unit_test(pkcs7),
		cmocka_unit_test(formats),
		cmocka_unit_test(matching),
	};
	struct acsr_cert_spec s;
	int failed;

	ca = make_ca();
	s = leaf_spec(&ca, a_key("rsa:2048"));
	leaf = issue(&s, "dv", NOW, a_key("ec:p256"));
	both[0] = ca.intermediate;
	both[1] = ca.root;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	acsr_blob_free(&leaf);
	free_ca(&ca);
	return failed;
}
