/* Certificates for tls-alpn-01 that no usual program makes; the usual ones are in tests/e2e/test_tls_alpn.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include "prober/alpncert.h"

#define NAME "www.example.com"

static const uint8_t digest[32] = { 1, 2, 3 };
static EVP_PKEY *key;

static int up(void **state)
{
	(void)state;
	key = EVP_EC_gen("P-256");
	return key != NULL ? 0 : -1;
}

static int down(void **state)
{
	(void)state;
	EVP_PKEY_free(key);
	return 0;
}

static void add(X509 *cert, const char *oid, int critical, const void *value, size_t n)
{
	ASN1_OBJECT *kind = OBJ_txt2obj(oid, 1);
	ASN1_OCTET_STRING *s = ASN1_OCTET_STRING_new();
	X509_EXTENSION *x;

	assert_int_equal(ASN1_OCTET_STRING_set(s, value, (int)n), 1);
	x = X509_EXTENSION_create_by_OBJ(NULL, kind, critical, s);
	assert_non_null(x);
	assert_int_equal(X509_add_ext(cert, x, -1), 1);
	X509_EXTENSION_free(x);
	ASN1_OCTET_STRING_free(s);
	ASN1_OBJECT_free(kind);
}

static void add_san(X509 *cert)
{
	static const char san[] = "\x30\x11\x82\x0f" NAME;

	add(cert, "2.5.29.17", 0, san, sizeof(san) - 1);
}

static void add_identifier(X509 *cert)
{
	uint8_t value[34] = { 0x04, 32 };

	memcpy(value + 2, digest, sizeof(digest));
	add(cert, "1.3.6.1.5.5.7.1.31", 1, value, sizeof(value));
}

static X509 *bare(void)
{
	X509 *cert = X509_new();
	X509_NAME *name = X509_NAME_new();

	assert_int_equal(X509_set_version(cert, X509_VERSION_3), 1);
	assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(cert), 1), 1);
	assert_non_null(X509_gmtime_adj(X509_getm_notBefore(cert), 0));
	assert_non_null(X509_gmtime_adj(X509_getm_notAfter(cert), 3600));
	assert_int_equal(X509_set_subject_name(cert, name), 1);
	assert_int_equal(X509_set_issuer_name(cert, name), 1);
	assert_int_equal(X509_set_pubkey(cert, key), 1);
	X509_NAME_free(name);
	return cert;
}

static void verdict(X509 *cert, const char *error)
{
	struct acsr_err e = { 0 };
	enum acsr_result r;

	assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
	r = alpncert_check(cert, NAME, NULL, digest, &e);
	X509_free(cert);
	if ((r == ACSR_OK) != (error == NULL) || (error != NULL && strcmp(e.id, error) != 0))
		fail_msg("expected %s, got %s", error != NULL ? error : "a proof",
			r == ACSR_OK ? "a proof" : e.text);
}

static void without_any_name_of_its_own_it_is_a_proof(void **state)
{
	X509 *cert = bare();

	(void)state;
	add_san(cert);
	add_identifier(cert);
	verdict(cert, NULL);
}

/* Two programs may look at two different ones. */
static void no_extension_may_be_there_twice(void **state)
{
	X509 *names = bare(), *identifiers = bare();

	(void)state;
	add_san(names);
	add_identifier(names);
	add_san(names);
	verdict(names, "validation.tls-alpn.san");
	add_san(identifiers);
	add_identifier(identifiers);
	add_identifier(identifiers);
	verdict(identifiers, "validation.tls-alpn.extension");
}

static void names_that_cannot_be_read_are_refused(void **state)
{
	static const struct {
		const char *der;
		size_t n;
		const char *error;
	} bad[] = {
		{ "", 0, "validation.tls-alpn.san" },
		{ "\x30\x00", 2, "validation.tls-alpn.names" },
		{ "\x30\x11\x82\x0fwww.example.co", 18, "validation.tls-alpn.san" },
		{ "\x31\x11\x82\x0f" NAME, 19, "validation.tls-alpn.san" },
		{ "\x30\x11\x81\x0f" NAME, 19, "validation.tls-alpn.name" },
		{ "\x30\x11\x86\x0f" NAME, 19, "validation.tls-alpn.name" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		X509 *cert = bare();

		add(cert, "2.5.29.17", 0, bad[i].der, bad[i].n);
		add_identifier(cert);
		verdict(cert, bad[i].error);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_any_name_of_its_own_it_is_a_proof),
		cmocka_unit_test(no_extension_may_be_there_twice),
		cmocka_unit_test(names_that_cannot_be_read_are_refused),
	};

	return cmocka_run_group_tests(tests, up, down);
}
