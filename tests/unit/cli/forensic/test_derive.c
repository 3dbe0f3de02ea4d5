/* What becomes a needle: known answers for the key schedule, and keys that are found in the forms in which they are stored. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "autocsr/archive.h"
#include "autocsr/code.h"
#include "base/secret.h"
#include "base/str.h"
#include "cli/forensic/derive.h"

struct count {
	size_t n, bytes, of_kind[NEEDLE_KINDS];
};

static void take(void *user, const struct needle_hit *hit)
{
	struct count *c = user;

	c->n++;
	c->bytes += hit->len;
	c->of_kind[hit->kind]++;
}

static struct count scan(const struct needles *n, const uint8_t *p, size_t len)
{
	struct count c = { 0 };

	needles_scan(n, p, len, len, take, &c);
	return c;
}

/* FIPS 197 A.3. */
static void round_keys_are_those_of_the_standard(void **state)
{
	uint8_t key[32], got[240], want[16];
	size_t n;

	(void)state;
	assert_int_equal(hex_decode("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4", key,
				 32, &n, NULL),
		ACSR_OK);
	derive_round_keys(key, got);
	assert_memory_equal(got, key, 32);
	assert_int_equal(hex_decode("9ba354118e6925afa51a8b5f2067fcde", want, 16, &n, NULL), ACSR_OK);
	assert_memory_equal(got + 32, want, 16);
	assert_int_equal(hex_decode("fe4890d1e6188d0b046df344706c631e", want, 16, &n, NULL), ACSR_OK);
	assert_memory_equal(got + 224, want, 16);
}

static struct acsr_key *made(const char *type)
{
	struct acsr_key *k = NULL;

	assert_int_equal(acsr_key_generate(&k, type, NULL), ACSR_OK);
	return k;
}

static struct needles *of(const struct acsr_key *k)
{
	struct needles *n = NULL;

	assert_int_equal(needles_new(&n, NULL), ACSR_OK);
	assert_int_equal(derive_public(n, k, NULL), ACSR_OK);
	assert_int_equal(derive_key(n, 1, k, NULL), ACSR_OK);
	assert_int_equal(needles_ready(n, NULL), ACSR_OK);
	return n;
}

static const struct {
	const char *type;
	size_t der, pem; /* at least so many bytes of it are found */
} keys[] = { { "rsa:2048", 850, 1050 }, { "rsa:3072", 1300, 1600 }, { "ec:p256", 30, 36 },
	{ "ec:p384", 46, 56 }, { "ec:p521", 62, 80 }, { "ed25519", 30, 36 } };

/* The PKCS#8 forms that the service hands out, DER and PEM, are full of needles; the public half has none. */
static void keys_are_found_as_they_are_stored(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct acsr_key *k = made(keys[i].type);
		struct needles *n = of(k);
		struct acsr_secret *der = NULL, *pem = NULL;
		ACSR_CLEANUP_BLOB struct acsr_blob spki = { NULL, 0 };
		struct count c;

		assert_int_equal(acsr_key_pkcs8_der(k, &der, NULL), ACSR_OK);
		assert_int_equal(acsr_key_pkcs8_pem(k, &pem, NULL), ACSR_OK);
		assert_int_equal(acsr_key_spki(k, &spki, NULL), ACSR_OK);
		c = scan(n, acsr_secret_bytes(der), acsr_secret_len(der));
		assert_true(c.bytes >= keys[i].der);
		c = scan(n, acsr_secret_bytes(pem), acsr_secret_len(pem));
		assert_true(c.bytes >= keys[i].pem);
		assert_int_equal(scan(n, spki.p, spki.len).n, 0);
		acsr_secret_free(der);
		acsr_secret_free(pem);
		needles_free(n);
		acsr_key_free(k);
	}
}

/* OpenSSL's limbs: the number backwards on a little-endian machine. */
static void limbs_are_found(void **state)
{
	struct acsr_key *k = made("ec:p256");
	struct needles *n = of(k);
	struct acsr_secret *der = NULL;
	uint8_t limbs[32];

	(void)state;
	assert_int_equal(acsr_key_pkcs8_der(k, &der, NULL), ACSR_OK);
	for (size_t i = 0; i < 32; i++)
		limbs[i] = acsr_secret_bytes(
			der)[36 + 31 - i]; /* behind the headers of version, algorithm, key */
	assert_int_equal(scan(n, limbs, 32).bytes, 32);
	acsr_secret_free(der);
	needles_free(n);
	acsr_key_free(k);
}

static void another_key_is_not_found(void **state)
{
	struct acsr_key *k = made("rsa:2048"), *other = made("rsa:2048");
	struct needles *n = of(k);
	struct acsr_secret *pem = NULL;

	(void)state;
	assert_int_equal(acsr_key_pkcs8_pem(other, &pem, NULL), ACSR_OK);
	assert_int_equal(scan(n, acsr_secret_bytes(pem), acsr_secret_len(pem)).n, 0);
	acsr_secret_free(pem);
	needles_free(n);
	acsr_key_free(k);
	acsr_key_free(other);
}

/* An archive as the service makes it: its ciphertext, but not its names, is a needle; so is the code in both forms. */
static void the_archive_and_its_code(void **state)
{
	static const char name[] = "a-very-long-name.forensic.test.key";
	struct acsr_secret *plain = NULL, *code = NULL, *shown = NULL;
	struct needles *n = NULL;
	uint8_t zip[1200] = { 0 };
	size_t len = 0;

	(void)state;
	assert_int_equal(acsr_secret_new(&plain, zip, 600, NULL), ACSR_OK);
	assert_int_equal(acsr_code_new(&code, NULL), ACSR_OK);
	assert_int_equal(acsr_code_show(code, '-', &shown, NULL), ACSR_OK);
	assert_int_equal(acsr_archive_write(name, plain, code, 0, zip, sizeof(zip), &len, NULL), ACSR_OK);
	assert_int_equal(needles_new(&n, NULL), ACSR_OK);
	assert_int_equal(derive_code(n, 1, code, NULL), ACSR_OK);
	assert_int_equal(derive_archive(n, 1, zip, len, code, NULL), ACSR_OK);
	assert_int_equal(needles_ready(n, NULL), ACSR_OK);
	assert_true(scan(n, zip, len).bytes >= 600);
	assert_int_equal(scan(n, (const uint8_t *)name, sizeof(name)).n, 0);
	assert_int_equal(scan(n, acsr_secret_bytes(code), 26).of_kind[NEEDLE_CODE], 1);
	assert_int_equal(scan(n, acsr_secret_bytes(shown), 30).of_kind[NEEDLE_CODE], 1);
	assert_true(needles_of_kind(n, NEEDLE_ARCHIVE_KEY) > 60);
	acsr_secret_free(plain);
	acsr_secret_free(code);
	acsr_secret_free(shown);
	needles_free(n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_keys_are_those_of_the_standard),
		cmocka_unit_test(keys_are_found_as_they_are_stored),
		cmocka_unit_test(limbs_are_found),
		cmocka_unit_test(another_key_is_not_found),
		cmocka_unit_test(the_archive_and_its_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
