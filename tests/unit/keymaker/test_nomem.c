/* Every allocation of OpenSSL's fails once: an order then fails with a reason, or is made all the same;
 * nothing crashes, and nothing half-made comes out. */
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "autocsr/cert.h"
#include "autocsr/key.h"
#include "base/clock.h"
#include "make.h"
#include "orders.h"
#include "pki/pkcs12_int.h"
#include "rehearse.h"

/* The first ones each, then one in so many: there are thousands, and NOMEM_ALL=1 takes them all. */
enum { EACH = 400, STEP = 23 };

static long left = -1; /* allocations until one fails; -1: none does */

static bool fails(void)
{
	return left > 0 && --left == 0;
}

static void *take(size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return fails() ? NULL : malloc(n);
}

static void *resize(void *p, size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return fails() ? NULL : realloc(p, n);
}

static void give(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	free(p);
}

/* Until an order needs fewer allocations than the one that would fail. */
static void fail_each(const char *form, const char *recipient)
{
	struct msg_key_make order = orders_new("ec:p256");
	struct acsr_key *key;
	long n, failed = 0;

	orders_form(&order, form, recipient);
	assert_int_equal(ACSR_OK, acsr_key_generate(&key, "ec:p256", NULL));
	for (n = 1; n < 100000; n += n < EACH || getenv("NOMEM_ALL") != NULL ? 1 : STEP) {
		struct made made = { 0 };
		struct acsr_err e = { 0 };
		enum acsr_result r;
		bool whole;

		left = n;
		r = make_order_rounds(&made, &order, key, 1, &e);
		whole = left > 0;
		left = -1;
		ERR_clear_error();
		if (r == ACSR_OK) {
			assert_true(made.archive.len > 100);
			if (strcmp(form, "zip") == 0)
				acsr_key_free(
					orders_open(made.archive.bytes, made.archive.len, made.archive.code));
			made_clear(&made);
			if (whole)
				break;
			continue;
		}
		failed++;
		assert_true(*e.id != '\0' && *e.text != '\0');
		assert_null(made.archive.code);
		assert_null(made.csr.p);
	}
	print_message("%s: %ld allocations, %ld failures\n", form, n, failed);
	assert_true(failed > 100 && n < 100000);
	acsr_key_free(key);
	orders_clear(&order);
}

static char *a_certificate(void)
{
	ACSR_CLEANUP_BLOB struct acsr_blob csr = { 0 };
	ACSR_CLEANUP_BLOB struct acsr_blob der = { 0 };
	struct acsr_csr_request req = { 0 };
	struct acsr_blob pem = { 0 };
	struct acsr_sans sans = { 0 };
	struct acsr_dn dn = { 0 };
	struct acsr_key *key;

	req.subject = &dn;
	req.sans = &sans;
	assert_int_equal(ACSR_OK, acsr_dn_add(&dn, "CN", "Ann", NULL));
	assert_int_equal(ACSR_OK, acsr_key_generate(&key, "rsa:2048", NULL));
	assert_int_equal(ACSR_OK, acsr_csr_build(&req, key, &csr, NULL));
	assert_int_equal(ACSR_OK, pkcs12_placeholder(&csr, key, clock_now(), &der, NULL));
	assert_int_equal(ACSR_OK, acsr_cert_pem(der.p, der.len, &pem, NULL));
	acsr_key_free(key);
	acsr_dn_free(&dn);
	return (char *)pem.p;
}

static void test_every_allocation_fails_once(void **state)
{
	static const char ed25519[] =
		"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE0DSSqDRZd3oGOaKzAK3R1Brhfwmo8MyVmBV7oplcWr";
	CLEANUP_STR char *cert = a_certificate();

	(void)state;
	assert_int_equal(ACSR_OK, rehearse_all(NULL));
	fail_each("zip", "");
	fail_each("pkcs8", "");
	fail_each("p12", "");
	fail_each("p12-legacy", "");
	fail_each("age", "age1qqqsyqcyq5rqwzqfpg9scrgwpugpzysnzs23v9ccrydpk8qarc0savhh7m");
	fail_each("age", ed25519);
	fail_each("cms", cert);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_every_allocation_fails_once) };

	if (CRYPTO_set_mem_functions(take, resize, give) != 1)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
