/* What the signer signs, and each thing that it refuses although core asks for it. */
#include "certify.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "autocsr/cert.h"
#include "autocsr/csr.h"
#include "base/clock.h"
#include "ca_world.h"

static char dir[64];
static struct ca ca;

static int open_world(void **state)
{
	(void)state;
	ca_world_dir(dir);
	ca_world_open(&ca, dir);
	return 0;
}

static int close_world(void **state)
{
	(void)state;
	ca_world_close(&ca);
	ca_world_remove(dir);
	return 0;
}

static struct acsr_cert_view *issue(const struct msg_sign_cert *m)
{
	struct acsr_blob der;
	struct acsr_cert_view *v;
	struct acsr_err e = { 0 };
	char *warnings;

	if (certify(&ca.a, m, &der, &warnings, &e) != ACSR_OK)
		fail_msg("%s: %s (%s)", e.id, e.text, e.field);
	assert_int_equal(ACSR_OK, acsr_cert_parse(&v, der.p, der.len, NULL));
	ca_world_write(dir, "leaf.der", der.p, der.len);
	acsr_blob_free(&der);
	free(warnings);
	return v;
}

static void test_a_certificate(void **state)
{
	struct msg_sign_cert m = ca_world_request(ca_world_csr("rsa:2048"), 1);
	struct acsr_cert_view *v = issue(&m);

	(void)state;
	assert_int_equal(m.not_before, v->not_before);
	assert_int_equal(m.not_after, v->not_after);
	assert_memory_equal(m.serial.p, v->serial, 16);
	assert_int_equal(2, v->sans.n);
	assert_int_equal(ACSR_KU_DIGITAL_SIGNATURE | ACSR_KU_KEY_ENCIPHERMENT, v->ku);
	assert_int_equal(1, v->n_ekus);
	assert_string_equal("serverAuth", v->ekus[0]);
	assert_string_equal("2.23.140.1.2.1", v->policies[0].oid);
	assert_string_equal("http://127.0.0.1:8080/crl/issuing-1.crl", v->crl_urls[0]);
	assert_string_equal("http://127.0.0.1:8080/ca/issuing-1.cer", v->issuer_urls[0]);
	assert_false(v->ca);
	assert_int_equal(
		0, ca_world_run(dir, "openssl verify -x509_strict -CAfile root.pem -untrusted issuing-1.pem "
				     "-purpose sslserver -verify_hostname example.com leaf.der"));
	acsr_cert_view_free(v);
	ca_world_clear(&m);
}

static void test_every_key_type(void **state)
{
	static const char *const types[] = { "rsa:2048", "rsa:3072", "ec:p256", "ec:p384", "ec:p521",
		"ed25519" };

	(void)state;
	for (uint8_t i = 0; i < 6; i++) {
		struct msg_sign_cert m = ca_world_request(ca_world_csr(types[i]), (uint8_t)(i + 1));
		struct acsr_cert_view *v = issue(&m);

		assert_string_equal(types[i], acsr_key_name(v->key));
		acsr_cert_view_free(v);
		ca_world_clear(&m);
	}
}

static void set(char **at, const char *s)
{
	free(*at);
	assert_int_equal(ACSR_OK, str_dup(at, s, NULL));
}

static void subject(struct msg_sign_cert *m, const char *const *fields)
{
	strv_free(&m->subject);
	for (size_t i = 0; fields[i] != NULL; i++)
		assert_int_equal(ACSR_OK, strv_add(&m->subject, fields[i], NULL));
}

static void test_every_profile(void **state)
{
	static const struct {
		const char *name, *policy;
		const char *subject[10];
	} rows[] = {
		{ "dv", "2.23.140.1.2.1", { "CN=www.example.com" } },
		{ "ov", "2.23.140.1.2.2", { "CN=www.example.com", "O=Example, Inc", "L=Berlin", "C=DE" } },
		{ "ev", "2.23.140.1.1",
			{ "CN=www.example.com", "O=Example, Inc", "L=Berlin", "C=DE", "serialNumber=HRB 1",
				"businessCategory=Private Organization", "jurisdictionC=DE" } },
		{ "service", NULL, { "CN=www.example.com" } },
	};

	(void)state;
	for (uint8_t i = 0; i < 4; i++) {
		struct msg_sign_cert m = ca_world_request(ca_world_csr("ec:p256"), (uint8_t)(i + 1));
		struct acsr_cert_view *v;

		set(&m.profile, rows[i].name);
		subject(&m, rows[i].subject);
		v = issue(&m);
		assert_int_equal(rows[i].policy != NULL, v->n_policies);
		if (rows[i].policy != NULL)
			assert_string_equal(rows[i].policy, v->policies[0].oid);
		acsr_cert_view_free(v);
		ca_world_clear(&m);
	}
}

/* What front asks for at the first start, and what make demo orders. */
static void test_private_names(void **state)
{
	static const char *const sans[] = { "DNS:localhost", "IP:127.0.0.1", "IP:::1", NULL };
	static const char *const none[] = { NULL };
	static const char *const cn[] = { "CN=*.demo.test", NULL };
	struct msg_sign_cert m = ca_world_request(ca_world_csr("ec:p256"), 1);

	(void)state;
	set(&m.profile, "service");
	subject(&m, none);
	strv_free(&m.sans);
	for (size_t i = 0; sans[i] != NULL; i++)
		assert_int_equal(ACSR_OK, strv_add(&m.sans, sans[i], NULL));
	acsr_cert_view_free(issue(&m));
	assert_int_equal(
		0, ca_world_run(dir, "openssl verify -x509_strict -CAfile root.pem -untrusted issuing-1.pem "
				     "-purpose sslserver -verify_ip 127.0.0.1 leaf.der"));
	ca_world_clear(&m);
	m = ca_world_request(ca_world_csr("rsa:2048"), 2);
	subject(&m, cn);
	strv_free(&m.sans);
	assert_int_equal(ACSR_OK, strv_add(&m.sans, "DNS:*.demo.test", NULL));
	acsr_cert_view_free(issue(&m));
	ca_world_clear(&m);
}

static void test_the_same_again(void **state)
{
	struct msg_sign_cert m = ca_world_request(ca_world_csr("ec:p256"), 1);
	struct acsr_cert_view *a = issue(&m), *b;

	(void)state;
	b = issue(&m);
	assert_memory_equal(a->sha256, b->sha256, 32);
	ca_world_close(&ca);
	ca_world_open(&ca, dir);
	acsr_cert_view_free(b);
	b = issue(&m);
	assert_memory_equal(a->sha256, b->sha256, 32);
	acsr_cert_view_free(a);
	acsr_cert_view_free(b);
	ca_world_clear(&m);
}

/* Killed between the two lines of the log: the certificate has not left, and is signed when core repeats
 * itself. */
static void test_begun_and_not_done(void **state)
{
	struct msg_sign_cert m = ca_world_request(ca_world_csr("ec:p256"), 1);

	(void)state;
	acsr_cert_view_free(issue(&m));
	ca_world_close(&ca);
	assert_int_equal(0, ca_world_run(dir, "sed -i '$d' issuance.log"));
	ca_world_open(&ca, dir);
	acsr_cert_view_free(issue(&m));
	assert_int_equal(0, ca_world_run(dir, "test $(wc -l < issuance.log) = 6"));
	ca_world_clear(&m);
}

/* --- refusals: nothing is signed, and the log is as before --- */

static void refused(struct msg_sign_cert *m, const char *id)
{
	struct acsr_blob der = { 0 };
	struct acsr_err e = { 0 };
	char *warnings = NULL;

	assert_int_equal(0, ca_world_run(dir, "cp issuance.log before"));
	assert_int_equal(ACSR_FAIL, certify(&ca.a, m, &der, &warnings, &e));
	if (strcmp(e.id, id) != 0)
		fail_msg("%s: %s, expected %s", e.id, e.text, id);
	assert_null(der.p);
	assert_null(warnings);
	assert_int_equal(0, ca_world_run(dir, "cmp issuance.log before"));
	ca_world_clear(m);
}

static struct msg_sign_cert fresh(void)
{
	return ca_world_request(ca_world_csr("ec:p256"), 9);
}

static void test_an_unknown_issuer_is_refused(void **state)
{
	struct msg_sign_cert m = fresh();

	(void)state;
	set(&m.issuer, "issuing-9");
	refused(&m, "cert.issuer");
}

static void test_the_root_signs_no_leaf(void **state)
{
	struct msg_sign_cert m = fresh();

	(void)state;
	set(&m.issuer, "root");
	refused(&m, "policy.issuer");
}

static void test_an_unknown_profile_is_refused(void **state)
{
	struct msg_sign_cert m = fresh();

	(void)state;
	set(&m.profile, "ca-intermediate");
	refused(&m, "cert.profile");
}

static void serial_refused(const void *p, size_t n)
{
	struct msg_sign_cert m = fresh();

	blob_free(&m.serial);
	assert_int_equal(ACSR_OK, blob_set(&m.serial, p, n, NULL));
	refused(&m, "cert.serial");
}

static void test_bad_serials_are_refused(void **state)
{
	(void)state;
	serial_refused("", 0);
	serial_refused("\x01\x02\x03\x04\x05\x06\x07", 7);              /* 49 bits */
	serial_refused("\x7f\x02\x03\x04\x05\x06\x07\x08", 8);          /* 63 bits */
	serial_refused("\x80\x02\x03\x04\x05\x06\x07\x08\x09", 9);      /* negative */
	serial_refused("\x00\x82\x03\x04\x05\x06\x07\x08\x09\x0a", 10); /* not the shortest */
	serial_refused(
		"\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14\x15", 21);
}

static void test_good_serials(void **state)
{
	static const char *const good[] = { "\x01\x02\x03\x04\x05\x06\x07\x08\x09",
		"\x7f\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14" };
	static const size_t len[] = { 9, 20 };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct msg_sign_cert m = fresh();

		blob_free(&m.serial);
		assert_int_equal(ACSR_OK, blob_set(&m.serial, good[i], len[i], NULL));
		acsr_cert_view_free(issue(&m));
		ca_world_clear(&m);
	}
}

static void test_a_used_serial_is_refused(void **state)
{
	struct msg_sign_cert m = fresh(), other = fresh();

	(void)state;
	acsr_cert_view_free(issue(&m));
	ca_world_clear(&m);
	refused(&other, "cert.serial-reused"); /* another key */
}

static void test_csrs_are_judged_again(void **state)
{
	struct msg_sign_cert m = fresh();

	(void)state;
	m.csr.p[m.csr.len - 1] ^= 1;
	refused(&m, "csr.signature");
	m = fresh();
	m.csr.len--;
	refused(&m, "csr.der");
	m = ca_world_request(ca_world_csr("ed448"), 9);
	refused(&m, "policy.key-type");
}

static void test_weak_keys_are_refused(void **state)
{
	const struct acsr_csr_request req = { 0 };
	EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024);
	struct acsr_key *key;
	struct acsr_blob csr;
	struct msg_sign_cert m;

	(void)state;
	assert_int_equal(ACSR_OK, acsr_key_wrap_evp(&key, pkey, NULL));
	assert_int_equal(ACSR_OK, acsr_csr_build(&req, key, &csr, NULL));
	m = ca_world_request(csr, 9);
	refused(&m, "key.rsa.bits");
	acsr_key_free(key);
	EVP_PKEY_free(pkey);
}

/* An intermediate of the right name and key, but not signed by our root: what it signs does not verify. */
static void test_what_does_not_verify_does_not_leave(void **state)
{
	struct msg_sign_cert m = fresh();
	struct acsr_blob der = { 0 };
	struct acsr_err e = { 0 };
	char *warnings = NULL;
	const char *const forge =
		"printf "
		"'basicConstraints=critical,CA:TRUE,pathlen:0\\nkeyUsage=critical,keyCertSign,cRLSign\\n"
		"subjectKeyIdentifier=hash\\n' > ext && openssl req -new -key issuing-1.key -subj "
		"'/O=Example CA/CN=X' "
		"-out c.csr && openssl x509 -req -in c.csr -signkey issuing-1.key -days 900 -extfile ext "
		"-out issuing-1.pem";

	(void)state;
	ca_world_close(&ca);
	assert_int_equal(0, ca_world_run(dir, forge));
	ca_world_open(&ca, dir);
	m.not_before = (uint64_t)clock_now();
	m.not_after = m.not_before + 3600;
	assert_int_equal(ACSR_FAIL, certify(&ca.a, &m, &der, &warnings, &e));
	assert_string_equal("sys.signature", e.id);
	assert_null(der.p);
	ca_world_clear(&m);
}

static void test_names_beyond_the_profile_are_refused(void **state)
{
	struct msg_sign_cert m = fresh();

	(void)state;
	assert_int_equal(ACSR_OK, strv_add(&m.sans, "URI:https://x", NULL));
	refused(&m, "request.field.sans");
	m = fresh();
	set(&m.profile, "service");
	assert_int_equal(ACSR_OK, strv_add(&m.sans, "DNS:*.example.com", NULL));
	refused(&m, "policy.wildcard");
}

static void test_subjects_beyond_the_profile_are_refused(void **state)
{
	static const char *const dv[] = { "CN=www.example.com", "O=Example", NULL };
	static const char *const ov[] = { "CN=www.example.com", "O=Example", NULL };
	static const char *const ou[] = { "CN=www.example.com", "O=Example", "OU=IT", "C=DE", NULL };
	struct msg_sign_cert m = fresh();

	(void)state;
	subject(&m, dv);
	refused(&m, "policy.subject");
	m = fresh();
	set(&m.profile, "ov");
	subject(&m, ov); /* C is required */
	refused(&m, "policy.subject");
	m = fresh();
	set(&m.profile, "ov");
	subject(&m, ou);
	refused(&m, "policy.subject");
}

static void test_times_beyond_the_rules_are_refused(void **state)
{
	struct msg_sign_cert m = fresh();

	(void)state;
	m.not_after = m.not_before;
	refused(&m, "cert.validity");
	m = fresh();
	m.not_after = m.not_before + 398 * 86400; /* a second too long */
	refused(&m, "policy.validity");
	m = fresh();
	m.not_before = (uint64_t)clock_now() - 49 * 3600;
	refused(&m, "policy.validity");
	m = fresh();
	m.not_before = (uint64_t)clock_now() + 49 * 3600;
	m.not_after = m.not_before + 86399;
	refused(&m, "policy.validity");
}

static void test_the_longest_validity(void **state)
{
	struct msg_sign_cert m = fresh();

	(void)state;
	m.not_after = m.not_before + 398 * 86400 - 1;
	acsr_cert_view_free(issue(&m));
	ca_world_clear(&m);
}

/* An issuer that ends tomorrow. */
static void test_no_leaf_outlives_its_issuer(void **state)
{
	struct msg_sign_cert m = fresh();
	const char *const make =
		"printf "
		"'basicConstraints=critical,CA:TRUE,pathlen:0\\nkeyUsage=critical,keyCertSign,cRLSign\\n"
		"subjectKeyIdentifier=hash\\nauthorityKeyIdentifier=keyid\\n' > ext && openssl req -new -key "
		"issuing-1.key -subj '/O=Example CA/CN=Short' -out c.csr && openssl x509 -req -in c.csr -CA "
		"root.pem "
		"-CAkey root.key -days 1 -extfile ext -out issuing-1.pem";

	(void)state;
	ca_world_close(&ca);
	assert_int_equal(0, ca_world_run(dir, make));
	ca_world_open(&ca, dir);
	m.not_before = (uint64_t)clock_now();
	m.not_after = m.not_before + 90 * 86400 - 1;
	refused(&m, "cert.outlives-issuer");
	m = fresh();
	m.not_before = (uint64_t)clock_now();
	m.not_after = m.not_before + 3600;
	acsr_cert_view_free(issue(&m));
	ca_world_clear(&m);
}

static void test_lint_stops_it(void **state)
{
	static const char *const cn[] = { "CN=other.example.com", NULL };
	struct msg_sign_cert m = fresh();

	(void)state;
	subject(&m, cn); /* the common name is none of the SANs (BR 7.1.4.3) */
	{
		struct acsr_blob der = { 0 };
		struct acsr_err e = { 0 };
		char *warnings = NULL;

		assert_int_equal(ACSR_FAIL, certify(&ca.a, &m, &der, &warnings, &e));
		assert_true(str_starts(e.id, "lint."));
	}
	ca_world_clear(&m);
}

#define T(f) cmocka_unit_test_setup_teardown(f, open_world, close_world)

int main(void)
{
	const struct CMUnitTest tests[] = { T(test_a_certificate), T(test_every_key_type),
		T(test_every_profile), T(test_private_names), T(test_the_same_again),
		T(test_begun_and_not_done), T(test_an_unknown_issuer_is_refused),
		T(test_the_root_signs_no_leaf), T(test_an_unknown_profile_is_refused),
		T(test_bad_serials_are_refused), T(test_good_serials), T(test_a_used_serial_is_refused),
		T(test_csrs_are_judged_again), T(test_weak_keys_are_refused),
		T(test_what_does_not_verify_does_not_leave), T(test_names_beyond_the_profile_are_refused),
		T(test_subjects_beyond_the_profile_are_refused), T(test_times_beyond_the_rules_are_refused),
		T(test_the_longest_validity), T(test_no_leaf_outlives_its_issuer), T(test_lint_stops_it) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
