/* Certificates: profiles fill them, openssl agrees with what is in them, and what must not be signed is not.
 */
#include "ca.h"

static struct ca ca;

static void a_leaf(void **state)
{
	struct acsr_cert_spec s = leaf_spec(&ca, a_key("rsa:2048"));
	struct acsr_cert_view *v, *preview;
	struct acsr_blob der;

	(void)state;
	s.crl_url = "http://ca.demo.test/crl/i.crl";
	s.ocsp_url = "http://ca.demo.test/ocsp";
	s.issuer_url = "http://ca.demo.test/ca/i.cer";
	s.must_staple = true;
	der = issue(&s, "dv", NOW, a_key("ec:p256"));
	OK(acsr_cert_parse(&v, der.p, der.len, &e));
	OK(acsr_cert_preview(&preview, &s, a_key("ec:p256"), &e));

	assert_int_equal(v->version, 3);
	assert_int_equal(v->not_before, NOW - 3600);
	assert_int_equal(v->not_after, NOW - 3600 + 90 * DAY - 1); /* inclusive */
	assert_int_equal(v->serial_len, 16);
	assert_memory_equal(v->serial, s.serial, 16);
	assert_false(v->serial_negative);
	assert_int_equal(v->sans.n, 3);
	assert_string_equal(v->sans.v[2].value, "192.0.2.1");
	assert_int_equal(v->n_ekus, 1);
	assert_string_equal(v->ekus[0], "serverAuth");
	assert_int_equal(v->ku, ACSR_KU_DIGITAL_SIGNATURE | ACSR_KU_KEY_ENCIPHERMENT);
	assert_true(v->has_basic_constraints && !v->ca && v->path_len == -1);
	assert_string_equal(v->policies[0].oid, "2.23.140.1.2.1");
	assert_string_equal(v->crl_urls[0], s.crl_url);
	assert_string_equal(v->ocsp_urls[0], s.ocsp_url);
	assert_string_equal(v->issuer_urls[0], s.issuer_url);
	assert_int_equal(v->ski_len, 20);
	assert_int_equal(v->aki_len, 20);
	assert_true(v->must_staple);
	assert_false(v->self_issued);
	assert_string_equal(v->signature_alg, "ecdsa-with-SHA256");
	assert_string_equal(acsr_dn_get(&v->issuer, "CN"), "Test Issuing");

	/* the preview says the same, but has no fingerprint */
	assert_string_equal(preview->signature_alg, v->signature_alg);
	assert_int_equal(preview->n_exts, v->n_exts);
	assert_memory_equal(preview->spki_sha256, v->spki_sha256, 32);
	assert_int_equal(preview->sha256[0] | preview->sha256[1] | preview->sha256[2], 0);
	acsr_cert_view_free(v);
	acsr_cert_view_free(preview);
	acsr_blob_free(&der);
}

static void openssl_agrees(void **state)
{
	static const char *const keys[] = { "rsa:2048", "ec:p384", "ed25519" };
	struct acsr_blob pem = { 0 };
	char dir[64];

	(void)state;
	temp_dir(dir);
	OK(acsr_cert_pem(ca.root.p, ca.root.len, &pem, &e));
	write_file(dir, "root.pem", pem.p, pem.len);
	acsr_blob_free(&pem);
	OK(acsr_cert_pem(ca.intermediate.p, ca.intermediate.len, &pem, &e));
	write_file(dir, "sub.pem", pem.p, pem.len);
	acsr_blob_free(&pem);
	for (size_t i = 0; i < 3; i++) {
		struct acsr_cert_spec s = leaf_spec(&ca, a_key(keys[i]));
		struct acsr_blob der = issue(&s, "dv", NOW, a_key("ec:p256"));

		OK(acsr_cert_pem(der.p, der.len, &pem, &e));
		write_file(dir, "leaf.pem", pem.p, pem.len);
		assert_int_equal(sh("cd %s && openssl verify -x509_strict -attime %lld -purpose sslserver "
				    "-verify_hostname"
				    " www.demo.test -CAfile root.pem -untrusted sub.pem leaf.pem >/dev/null",
					 dir, (long long)NOW),
			0);
		acsr_blob_free(&der);
		acsr_blob_free(&pem);
	}
	assert_int_equal(sh("cd %s && openssl x509 -in root.pem -noout -text | grep -q 'CA:TRUE'", dir), 0);
	assert_int_equal(
		sh("cd %s && openssl x509 -in sub.pem -noout -text | grep -q 'CA:TRUE, pathlen:0'", dir), 0);
	assert_int_equal(sh("rm -r %s", dir), 0);
}

static void serials(void **state)
{
	struct acsr_cert_spec a = { 0 }, b = { 0 };

	(void)state;
	for (int i = 0; i < 200; i++) {
		OK(acsr_cert_serial(&a, &e));
		assert_int_equal(a.serial_len, 16);
		assert_int_equal(a.serial[0] & 0xc0, 0x40);
	}
	OK(acsr_cert_serial(&b, &e));
	assert_memory_not_equal(a.serial, b.serial, 16);
}

static enum acsr_result sign_with(struct acsr_cert_spec s, const struct acsr_key *key, struct acsr_err *e)
{
	struct acsr_blob der = { 0 };
	enum acsr_result r = acsr_cert_sign(&s, key, &der, e);

	acsr_blob_free(&der);
	return r;
}

static struct acsr_cert_spec filled(void)
{
	struct acsr_cert_spec s = leaf_spec(&ca, a_key("rsa:2048"));

	OK(acsr_cert_serial(&s, &e));
	OK(acsr_cert_apply_profile(&s, profile("dv"), NOW, 0, &e));
	return s;
}

static void what_is_not_signed(void **state)
{
	const struct acsr_key *issuer = a_key("ec:p256");
	struct acsr_cert_spec s = filled();
	struct acsr_blob leaf = issue(&s, "dv", NOW, issuer);

	(void)state;
	FAILS("cert.issuer-key", sign_with(s, a_key("ec:p384"), &e));
	s = filled();
	s.not_after = s.not_before - 1;
	FAILS("cert.validity", sign_with(s, issuer, &e));
	s = filled();
	s.not_after += 20000 * DAY;
	FAILS("cert.outlives-issuer", sign_with(s, issuer, &e));
	s = filled();
	s.not_before -= 100 * DAY;
	FAILS("cert.outlives-issuer", sign_with(s, issuer, &e));
	s = filled();
	s.serial_len = 0;
	FAILS("cert.serial", sign_with(s, issuer, &e));
	s = filled();
	s.serial[0] = 0;
	FAILS("cert.serial", sign_with(s, issuer, &e));
	s = filled();
	memset(s.serial, 0xff, 20);
	s.serial_len = 20;
	FAILS("cert.serial", sign_with(s, issuer, &e));
	s = filled();
	s.issuer_der = leaf.p;
	s.issuer_len = leaf.len;
	FAILS("cert.issuer-ca", sign_with(s, a_key("rsa:2048"), &e));
	s.issuer_der = (const uint8_t *)"hello";
	s.issuer_len = 5;
	FAILS("cert.der", sign_with(s, issuer, &e));
	acsr_blob_free(&leaf);
}

static enum acsr_result apply(const char *name, const char *subject, struct acsr_sans names, const char *key,
	int64_t validity, struct acsr_err *e)
{
	struct acsr_dn d = dn(subject);
	struct acsr_cert_spec s = leaf_spec(&ca, a_key(key));
	enum acsr_result r;

	s.subject = &d;
	s.sans = &names;
	r = acsr_cert_apply_profile(&s, profile(name), NOW, validity, e);
	acsr_dn_free(&d);
	acsr_sans_free(&names);
	return r;
}

static void what_a_profile_refuses(void **state)
{
	const struct acsr_profile *p;

	(void)state;
	OK(apply("dv", "CN=a.test", sans("dns:a.test", NULL), "ec:p256", 0, &e));
	FAILS("policy.key-type", apply("public-dv", "CN=a.test", sans("dns:a.test", NULL), "ed25519", 0, &e));
	FAILS("policy.subject", apply("dv", "CN=a.test,O=X", sans("dns:a.test", NULL), "ec:p256", 0, &e));
	FAILS("policy.subject", apply("ov", "CN=a.test", sans("dns:a.test", NULL), "ec:p256", 0, &e));
	FAILS("policy.subject", apply("dv", "OU=x", sans("dns:a.test", NULL), "ec:p256", 0, &e));
	FAILS("policy.san-type", apply("dv", "", sans("email:a@a.test", NULL), "ec:p256", 0, &e));
	FAILS("policy.san-type", apply("ev", "O=X,C=DE,businessCategory=b,serialNumber=1,jurisdictionC=DE",
					 sans("ip:192.0.2.1", NULL), "ec:p256", 0, &e));
	FAILS("policy.wildcard", apply("service", "", sans("dns:*.a.test", NULL), "ec:p256", 0, &e));
	OK(apply("dv", "", sans("dns:*.a.test", NULL), "ec:p256", 0, &e));
	FAILS("policy.validity", apply("dv", "", sans("dns:a.test", NULL), "ec:p256", 398 * DAY + 1, &e));
	FAILS("policy.validity", apply("dv", "", sans("dns:a.test", NULL), "ec:p256", 60, &e));
	FAILS("cert.profile", acsr_profile_find(&p, "nonsense", &e));
}

/* The public profiles follow the calendar. */
static void validity_by_date(void **state)
{
	const int64_t d2027 = 1805068800; /* 2027-03-15 */
	struct acsr_cert_spec s = { .subject_key = a_key("ec:p256") };

	(void)state;
	OK(acsr_cert_apply_profile(
		&s, profile("public-dv"), d2027, 200 * DAY, &e)); /* notBefore an hour earlier */
	FAILS("policy.validity",
		acsr_cert_apply_profile(&s, profile("public-dv"), d2027 + 3600, 200 * DAY, &e));
	OK(acsr_cert_apply_profile(&s, profile("public-dv"), d2027 + 3600, 100 * DAY, &e));
	assert_int_equal(s.not_after - s.not_before, 100 * DAY - 1);
	OK(acsr_cert_apply_profile(&s, profile("public-dv"), 1868227200 + 3600, 0, &e)); /* 2029-03-15 */
	assert_int_equal(s.not_after - s.not_before, 47 * DAY - 1);
}

/* The leaf never outlives its issuer. */
static void clamped_to_the_issuer(void **state)
{
	struct acsr_cert_spec s = leaf_spec(&ca, a_key("rsa:2048"));
	struct acsr_cert_view *issuer;

	(void)state;
	OK(acsr_cert_parse(&issuer, ca.intermediate.p, ca.intermediate.len, &e));
	OK(acsr_cert_apply_profile(&s, profile("dv"), issuer->not_after - 10 * DAY, 0, &e));
	assert_int_equal(s.not_after, issuer->not_after);
	FAILS("cert.outlives-issuer",
		acsr_cert_apply_profile(&s, profile("dv"), issuer->not_after + 1, 0, &e));
	OK(acsr_cert_apply_profile(&s, profile("dv"), issuer->not_before + 60, 0, &e));
	assert_int_equal(s.not_before, issuer->not_before);
	acsr_cert_view_free(issuer);
}

static void broken_certificates(void **state)
{
	struct acsr_cert_view *v = NULL;
	uint8_t bad[4096];

	(void)state;
	for (size_t i = 0; i < ca.root.len; i += 7) {
		struct acsr_err e = { 0 };

		assert_int_equal(acsr_cert_parse(&v, ca.root.p, i, &e), ACSR_FAIL);
	}
	memcpy(bad, ca.root.p, ca.root.len);
	bad[ca.root.len] = 0;
	FAILS("cert.der", acsr_cert_parse(&v, bad, ca.root.len + 1, &e));
	FAILS("cert.parse", acsr_cert_parse(&v, (const uint8_t *)"\x30\x00", 2, &e));
	FAILS("cert.too-large", acsr_cert_parse(&v, bad, 70000, &e));
	assert_null(v);
}

static void every_profile_is_complete(void **state)
{
	(void)state;
	for (size_t i = 0; acsr_profile_at(i) != NULL; i++) {
		const struct acsr_profile *p = acsr_profile_at(i);

		assert_true(p->validity > 0 && p->validity <= p->max_validity && p->key_types[0] != NULL);
		for (size_t k = 0; k < 16 && p->key_types[k] != NULL; k++) {
			const struct acsr_key_type *t;

			OK(acsr_key_type_find(&t, p->key_types[k], &e));
			assert_true(t->public_tls || !p->public_trust);
		}
	}
	assert_string_equal(acsr_level_name(ACSR_LEVEL_OV), "ov");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_leaf),
		cmocka_unit_test(openssl_agrees),
		cmocka_unit_test(serials),
		cmocka_unit_test(what_is_not_signed),
		cmocka_unit_test(what_a_profile_refuses),
		cmocka_unit_test(validity_by_date),
		cmocka_unit_test(clamped_to_the_issuer),
		cmocka_unit_test(broken_certificates),
		cmocka_unit_test(every_profile_is_complete),
	};
	int failed;

	ca = make_ca();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	free_ca(&ca);
	return failed;
}
