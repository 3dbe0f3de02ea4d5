/* Front's own key, its CSR, and the judgement of certificates. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "front/http_tls.h"
#include "front/tls_identity.h"

static char dir[64];

static int setup(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/autocsr-identity-XXXXXX");
	return mkdtemp(dir) == NULL;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	http_tls_clear();
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static struct acsr_secret *key_in(const char *d)
{
	struct acsr_secret *k = NULL;
	struct acsr_err e;

	if (tls_identity_key(d, &k, &e) != ACSR_OK)
		fail_msg("%s", e.text);
	return k;
}

static void the_key_is_made_once(void **state)
{
	CLEANUP_SECRET struct acsr_secret *a = key_in(dir), *b = key_in(dir);
	char path[96];
	struct stat st;

	(void)state;
	assert_true(secret_equal(a, b));
	snprintf(path, sizeof(path), "%s/tls.key", dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void the_csr_has_the_names(void **state)
{
	CLEANUP_SECRET struct acsr_secret *k = key_in(dir);
	CLEANUP_STRV struct strv l = { 0 };
	struct blob csr = { 0 };
	gnutls_datum_t d, text;
	gnutls_x509_crq_t q;
	struct acsr_err e;

	(void)state;
	for (const char *const *n = (const char *const[]){ "DNS:c.test", "DNS:localhost", "IP:::1",
		     "IP:127.0.0.1", NULL };
		*n != NULL; n++)
		assert_int_equal(strv_add(&l, *n, &e), ACSR_OK);
	assert_int_equal(tls_identity_csr(k, &l, &csr, &e), ACSR_OK);
	d = (gnutls_datum_t){ csr.p, (unsigned)csr.len };
	gnutls_x509_crq_init(&q);
	assert_int_equal(gnutls_x509_crq_import(q, &d, GNUTLS_X509_FMT_DER), 0);
	assert_int_equal(gnutls_x509_crq_verify(q, 0), 0);
	assert_int_equal(gnutls_x509_crq_print(q, GNUTLS_CRT_PRINT_FULL, &text), 0);
	assert_non_null(strstr((char *)text.data, "DNSname: c.test"));
	assert_non_null(strstr((char *)text.data, "DNSname: localhost"));
	assert_non_null(strstr((char *)text.data, "IPAddress: ::1"));
	assert_non_null(strstr((char *)text.data, "IPAddress: 127.0.0.1"));
	gnutls_free(text.data);
	gnutls_x509_crq_deinit(q);
	blob_free(&csr);
}

/* A self-signed certificate for c.test on this key, valid from `from` for 300 seconds. */
static char *self_signed(const struct acsr_secret *key, int64_t from)
{
	gnutls_datum_t pem = { (unsigned char *)(uintptr_t)acsr_secret_bytes(key),
		(unsigned)acsr_secret_len(key) },
		       out;
	gnutls_x509_privkey_t k;
	gnutls_x509_crt_t c;
	char *text;

	gnutls_x509_privkey_init(&k);
	assert_int_equal(gnutls_x509_privkey_import2(k, &pem, GNUTLS_X509_FMT_PEM, NULL, 0), 0);
	gnutls_x509_crt_init(&c);
	gnutls_x509_crt_set_version(c, 3);
	gnutls_x509_crt_set_serial(c, "\x01", 1);
	gnutls_x509_crt_set_activation_time(c, from);
	gnutls_x509_crt_set_expiration_time(c, from + 300);
	gnutls_x509_crt_set_subject_alt_name(c, GNUTLS_SAN_DNSNAME, "c.test", 6, GNUTLS_FSAN_SET);
	gnutls_x509_crt_set_key(c, k);
	assert_int_equal(gnutls_x509_crt_sign2(c, c, k, GNUTLS_DIG_SHA256, 0), 0);
	assert_int_equal(gnutls_x509_crt_export2(c, GNUTLS_X509_FMT_PEM, &out), 0);
	text = strndup((char *)out.data, out.size);
	gnutls_free(out.data);
	gnutls_x509_crt_deinit(c);
	gnutls_x509_privkey_deinit(k);
	return text;
}

static void certificates_are_judged(void **state)
{
	CLEANUP_SECRET struct acsr_secret *k = key_in(dir);
	CLEANUP_STRV struct strv good = { 0 }, more = { 0 };
	CLEANUP_STR char *cert = self_signed(k, 1000000);
	int64_t renew_at = 0;
	struct acsr_err e;

	(void)state;
	assert_int_equal(strv_add(&good, "DNS:c.test", &e), ACSR_OK);
	assert_int_equal(strv_add(&more, "DNS:c.test", &e), ACSR_OK);
	assert_int_equal(strv_add(&more, "DNS:d.test", &e), ACSR_OK);
	assert_int_equal(tls_identity_check(cert, &good, 1000000, &renew_at, &e), ACSR_OK);
	assert_int_equal(renew_at, 1000200);
	assert_int_equal(tls_identity_check(cert, &good, 999999, &renew_at, &e), ACSR_FAIL);
	assert_int_equal(tls_identity_check(cert, &good, 1000300, &renew_at, &e), ACSR_FAIL);
	assert_int_equal(tls_identity_check(cert, &more, 1000000, &renew_at, &e), ACSR_FAIL);
	assert_string_equal(e.id, "config.tls");
	assert_int_equal(tls_identity_check("no PEM", &good, 1000000, &renew_at, &e), ACSR_FAIL);
	assert_int_equal(tls_identity_check("", &good, 1000000, &renew_at, &e), ACSR_FAIL);
}

static void a_foreign_certificate_is_not_used(void **state)
{
	char other_dir[80];
	CLEANUP_SECRET struct acsr_secret *k = key_in(dir), *other = NULL;
	CLEANUP_STR char *cert = self_signed(k, 1000000);
	struct acsr_err e;

	(void)state;
	snprintf(other_dir, sizeof(other_dir), "%s/other", dir);
	mkdir(other_dir, 0700);
	other = key_in(other_dir);
	assert_int_equal(http_tls_set(cert, other, &e), ACSR_FAIL);
	assert_string_equal(e.id, "config.tls");
	assert_false(http_tls_ready());
	assert_int_equal(http_tls_set(cert, k, &e), ACSR_OK);
	assert_int_equal(http_tls_set("junk", k, &e), ACSR_FAIL);
	assert_true(http_tls_ready()); /* the one before stays */
}

static void the_chain_is_kept(void **state)
{
	CLEANUP_STR char *chain = NULL;
	struct acsr_err e;

	(void)state;
	assert_int_equal(tls_identity_load_chain(dir, &chain, &e), ACSR_FAIL);
	assert_int_equal(tls_identity_store_chain(dir, "one", &e), ACSR_OK);
	assert_int_equal(tls_identity_store_chain(dir, "two", &e), ACSR_OK);
	assert_int_equal(tls_identity_load_chain(dir, &chain, &e), ACSR_OK);
	assert_string_equal(chain, "two");
	assert_int_equal(tls_identity_store_chain("/nonexistent", "x", &e), ACSR_FAIL);
}

#define IN_DIR(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIR(the_key_is_made_once),
		IN_DIR(the_csr_has_the_names),
		IN_DIR(certificates_are_judged),
		IN_DIR(a_foreign_certificate_is_not_used),
		IN_DIR(the_chain_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
