/* Public keys by the short way must come out as OpenSSL's own way has them, for every kind of key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include "autocsr/key.h"
#include "pki/spki.h"

static void assert_same(EVP_PKEY *key, bool usual)
{
	struct acsr_blob der = { 0 };
	unsigned char *theirs = NULL, *ours = NULL;
	const unsigned char *bits;
	X509_PUBKEY *pub = X509_PUBKEY_new(), *whole = NULL;
	uint8_t id[20], hash[32];
	int n = i2d_PUBKEY(key, &theirs), len;

	assert_true(n > 0);
	assert_int_equal(spki_write(key, &der, NULL), ACSR_OK);
	assert_int_equal(der.len, n);
	assert_memory_equal(der.p, theirs, der.len);
	acsr_blob_free(&der);

	assert_int_equal(spki_put(pub, key), usual);
	if (usual) {
		assert_int_equal(i2d_X509_PUBKEY(pub, &ours), n);
		assert_memory_equal(ours, theirs, (size_t)n);
	}
	assert_int_equal(X509_PUBKEY_set(&whole, key), 1);
	assert_int_equal(X509_PUBKEY_get0_param(NULL, &bits, &len, NULL, whole), 1);
	SHA256(bits, (size_t)len, hash);
	assert_int_equal(spki_key_id(key, id, NULL), ACSR_OK);
	assert_memory_equal(id, hash, sizeof(id));
	X509_PUBKEY_free(whole);
	X509_PUBKEY_free(pub);
	OPENSSL_free(theirs);
	OPENSSL_free(ours);
}

static void every_type_of_ours(void **state)
{
	static const char *const usual[] = { "rsa:2048", "ec:p256", "ec:p384", "ec:p521", "ed25519",
		"ed448" };

	(void)state;
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
		struct acsr_key *key;

		assert_int_equal(acsr_key_generate(&key, usual[i], NULL), ACSR_OK);
		assert_same(acsr_key_evp(key), true);
		acsr_key_free(key);
	}
}

static void others_go_openssls_way(void **state)
{
	EVP_PKEY_CTX *pss = EVP_PKEY_CTX_new_from_name(NULL, "RSA-PSS", NULL);
	EVP_PKEY *key = NULL;

	(void)state;
	assert_int_equal(EVP_PKEY_keygen_init(pss), 1);
	assert_int_equal(EVP_PKEY_generate(pss, &key), 1);
	EVP_PKEY_CTX_free(pss);
	assert_same(key, false);
	EVP_PKEY_free(key);
	key = EVP_EC_gen("secp256k1");
	assert_same(key, false);
	EVP_PKEY_free(key);
	key = EVP_EC_gen("P-256");
	assert_int_equal(
		EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "compressed"),
		1);
	assert_same(key, false);
	EVP_PKEY_free(key);
	key = EVP_EC_gen("P-256");
	assert_int_equal(EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_ENCODING, "explicit"), 1);
	assert_same(key, false);
	EVP_PKEY_free(key);
}

static struct bytes point_of(const struct acsr_key *key, uint8_t room[200])
{
	size_t n = 0;

	assert_int_equal(
		EVP_PKEY_get_octet_string_param(acsr_key_evp(key), OSSL_PKEY_PARAM_PUB_KEY, room, 200, &n),
		1);
	return (struct bytes){ room, n };
}

/* The copy has its own point, is written as any other, and takes no signature of another key. */
static void assert_copied(const struct acsr_key *key, EVP_PKEY *copy)
{
	struct acsr_blob sig = { 0 };
	struct acsr_key *public = NULL;

	assert_int_equal(EVP_PKEY_eq(copy, acsr_key_evp(key)), 1);
	assert_same(copy, true);
	assert_int_equal(acsr_key_wrap_evp(&public, copy, NULL), ACSR_OK);
	assert_string_equal(acsr_key_name(public), acsr_key_name(key));
	assert_int_equal(acsr_key_sign(key, "text", 4, &sig, NULL), ACSR_OK);
	assert_int_equal(acsr_key_verify(public, "text", 4, sig.p, sig.len, NULL), ACSR_OK);
	assert_int_equal(acsr_key_check_public(public, NULL, NULL, NULL), ACSR_OK);
	acsr_blob_free(&sig);
	acsr_key_free(public);
}

static void refuses_points(const char *group, struct bytes point)
{
	uint8_t bad[200];

	memcpy(bad, point.p, point.len);
	bad[point.len - 1] ^= 1; /* beside the curve */
	assert_null(spki_ec_key(group, (struct bytes){ bad, point.len }));
	assert_null(spki_ec_key(group, (struct bytes){ point.p, point.len - 1 }));
	bad[0] = 2; /* compressed */
	assert_null(spki_ec_key(group, (struct bytes){ bad, 1 + point.len / 2 }));
	bad[0] = 0; /* infinity */
	assert_null(spki_ec_key(group, (struct bytes){ bad, 1 }));
	assert_null(spki_ec_key(group, (struct bytes){ bad, 0 }));
	assert_null(spki_ec_key("secp256k1", point));
}

static void keys_of_a_curve_have_points_of_their_own(void **state)
{
	static const char *const types[][2] = { { "ec:p256", "P-256" }, { "ec:p384", "P-384" },
		{ "ec:p521", "P-521" } };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct acsr_key *key[3];
		EVP_PKEY *copy[3];
		uint8_t room[200];

		for (size_t k = 0; k < 3; k++) {
			assert_int_equal(acsr_key_generate(&key[k], types[i][0], NULL), ACSR_OK);
			refuses_points(types[i][1], point_of(key[k], room));
			copy[k] = spki_ec_key(types[i][1], point_of(key[k], room));
			assert_non_null(copy[k]);
		}
		assert_int_equal(EVP_PKEY_eq(copy[0], copy[1]), 0);
		EVP_PKEY_free(copy[1]);
		copy[1] = spki_ec_key(types[i][1], point_of(key[1], room));
		for (size_t k = 0; k < 3; k++) {
			assert_copied(key[k], copy[k]);
			EVP_PKEY_free(copy[k]);
			acsr_key_free(key[k]);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type_of_ours),
		cmocka_unit_test(others_go_openssls_way),
		cmocka_unit_test(keys_of_a_curve_have_points_of_their_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
