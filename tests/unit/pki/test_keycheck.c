/* The gate for public keys: one bad key a rule, made here from numbers. */
#include "check.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>

static const struct acsr_key_policy strict = { 0 }, open_to_all = { .allow_eddsa = true, .allow_pqc = true };

/* A public RSA key of these numbers; both are freed. */
static struct acsr_key *rsa(BIGNUM *n, BIGNUM *ex)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	struct acsr_key *k = NULL;
	EVP_PKEY *pkey = NULL;
	OSSL_PARAM *params;

	assert_int_equal(OSSL_PARAM_BLD_push_BN(bld, "n", n), 1);
	assert_int_equal(OSSL_PARAM_BLD_push_BN(bld, "e", ex), 1);
	params = OSSL_PARAM_BLD_to_param(bld);
	assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
	assert_int_equal(EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params), 1);
	OK(acsr_key_wrap_evp(&k, pkey, &e));
	EVP_PKEY_free(pkey);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(bld);
	EVP_PKEY_CTX_free(ctx);
	BN_free(n);
	BN_free(ex);
	return k;
}

static BIGNUM *number(const char *hex)
{
	BIGNUM *n = NULL;

	assert_true(BN_hex2bn(&n, hex) > 0);
	return n;
}

/* The modulus of a good key. */
static BIGNUM *good_n(void)
{
	BIGNUM *n = NULL;

	assert_int_equal(EVP_PKEY_get_bn_param(acsr_key_evp(a_key("rsa:2048")), "n", &n), 1);
	return n;
}

static void refused(const char *id, struct acsr_key *k)
{
	FAILS(id, acsr_key_check_public(k, &strict, NULL, &e));
	acsr_key_free(k);
}

static void good_keys(void **state)
{
	static const char *const types[] = { "rsa:2048", "rsa:3072", "ec:p256", "ec:p384", "ec:p521" };

	(void)state;
	for (size_t i = 0; i < 5; i++)
		OK(acsr_key_check_public(a_key(types[i]), &strict, NULL, &e));
	OK(acsr_key_check_public(a_key("ed25519"), &open_to_all, NULL, &e));
	OK(acsr_key_check_public(a_key("rsa:2048"), NULL, NULL, &e));
	FAILS("key.alg", acsr_key_check_public(a_key("ed25519"), &strict, NULL, &e));
	FAILS("key.alg", acsr_key_check_public(a_key("ed448"), NULL, NULL, &e));
}

static void sizes(void **state)
{
	BIGNUM *n;

	(void)state;
	n = BN_new();
	assert_int_equal(BN_generate_prime_ex(n, 1024, 0, NULL, NULL, NULL), 1);
	refused("key.rsa.bits", rsa(n, number("10001")));
	n = good_n();
	BN_rshift1(n, n);
	BN_set_bit(n, 0);
	refused("key.rsa.bits", rsa(n, number("10001"))); /* 2047 */
	n = good_n();
	BN_lshift(n, n, 2);
	BN_set_bit(n, 0);
	refused("key.rsa.bits8", rsa(n, number("10001"))); /* 2050 */
	n = BN_new();
	BN_set_bit(n, 8200);
	BN_set_bit(n, 0);
	refused("key.rsa.large", rsa(n, number("10001")));
}

static void modulus_and_exponent(void **state)
{
	struct acsr_findings all = { 0 };
	struct acsr_key *k;
	BIGNUM *n = good_n(), *big = BN_new();

	(void)state;
	BN_clear_bit(n, 0);
	refused("key.rsa.even", rsa(n, number("10001")));
	refused("key.rsa.exponent", rsa(good_n(), number("1")));
	refused("key.rsa.exponent", rsa(good_n(), number("10000")));
	BN_set_bit(big, 256);
	BN_set_bit(big, 0);
	refused("key.rsa.exponent", rsa(good_n(), big));

	/* 3 is legal, and worth a warning */
	k = rsa(good_n(), number("3"));
	OK(acsr_key_check_public(k, &strict, &all, &e));
	assert_int_equal(acsr_findings_worst(&all), ACSR_WARN);
	assert_string_equal(all.v[all.n - 2].id, "key.rsa.exponent.low");
	acsr_findings_free(&all);
	acsr_key_free(k);
}

/* No other small factor, so that the limit itself is tested. */
static void small_factors(void **state)
{
	BIGNUM *n = BN_new();

	(void)state;
	assert_int_equal(BN_generate_prime_ex(n, 2038, 0, NULL, NULL, NULL), 1);
	BN_mul_word(n, 751);
	refused("key.rsa.factor", rsa(n, number("10001")));
	n = BN_new();
	assert_int_equal(BN_generate_prime_ex(n, 2047, 0, NULL, NULL, NULL), 1);
	BN_mul_word(n, 3);
	BN_rshift(n, n, BN_num_bits(n) - 2048);
	BN_sub_word(n, BN_mod_word(n, 3));
	if (!BN_is_odd(n))
		BN_add_word(n, 3);
	refused("key.rsa.factor", rsa(n, number("10001")));
}

/* ROCA: p = k * M + (65537^a mod M), M the product of the first 126 primes, for primes of 1024 bits. */
static BIGNUM *roca_prime(BN_CTX *ctx)
{
	BIGNUM *m = BN_new(), *p = BN_new(), *a = BN_new(), *k = BN_new(), *g = number("10001");
	unsigned found = 0;

	BN_one(m);
	for (unsigned v = 2; found < 126; v++) {
		unsigned d = 2;

		while (d < v && v % d != 0)
			d++;
		if (d == v) {
			BN_mul_word(m, v);
			found++;
		}
	}
	do {
		BN_rand(a, 60, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY);
		BN_mod_exp(p, g, a, m, ctx);
		BN_rand(k, 1024 - BN_num_bits(m), BN_RAND_TOP_TWO, BN_RAND_BOTTOM_ANY);
		BN_mul(k, k, m, ctx);
		BN_add(p, p, k);
	} while (BN_num_bits(p) != 1024 || BN_check_prime(p, ctx, NULL) != 1);
	BN_free(m);
	BN_free(a);
	BN_free(k);
	BN_free(g);
	return p;
}

static void roca(void **state)
{
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *p = roca_prime(ctx), *q = roca_prime(ctx);

	(void)state;
	BN_mul(p, p, q, ctx);
	if (BN_num_bits(p) == 2047) { /* rare: the top bits are set, so it is 2048 */
		BN_free(p);
		skip();
	}
	refused("key.rsa.roca", rsa(p, number("10001")));
	BN_free(q);
	BN_CTX_free(ctx);
}

static void close_primes(void **state)
{
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *p = BN_new(), *q = BN_new();

	(void)state;
	assert_int_equal(BN_generate_prime_ex(p, 1024, 0, NULL, NULL, NULL), 1);
	BN_copy(q, p);
	do
		BN_add_word(q, 2);
	while (BN_check_prime(q, ctx, NULL) != 1);
	BN_mul(p, p, q, ctx);
	refused("key.rsa.fermat", rsa(p, number("10001")));
	/* and the square of one prime */
	BN_sqr(q, q, ctx);
	refused("key.rsa.fermat", rsa(q, number("10001")));
	BN_CTX_free(ctx);
}

static struct acsr_key *from_hex(const char *hex)
{
	struct acsr_key *k = NULL;
	uint8_t der[512];
	size_t n = strlen(hex) / 2;

	for (size_t i = 0; i < n; i++) {
		unsigned v;

		assert_int_equal(sscanf(hex + 2 * i, "%2x", &v), 1);
		der[i] = (uint8_t)v;
	}
	OK(acsr_key_load_spki(&k, der, n, &e));
	return k;
}

static void curves(void **state)
{
	struct acsr_key *k = NULL;
	EVP_PKEY *pkey = EVP_EC_gen("secp256k1");

	(void)state;
	OK(acsr_key_wrap_evp(&k, pkey, &e));
	EVP_PKEY_free(pkey);
	refused("key.ec.curve", k);
	pkey = EVP_EC_gen("P-224");
	OK(acsr_key_wrap_evp(&k, pkey, &e));
	EVP_PKEY_free(pkey);
	refused("key.ec.curve", k);
}

/* P-256 spelled out instead of named: the same numbers, another encoding (RFC 5480 2.1.1 forbids it). */
static void explicit_curve(void **state)
{
	struct acsr_key *k = NULL;
	unsigned char *der = NULL;
	EVP_PKEY *pkey = EVP_EC_gen("P-256");
	int n;

	(void)state;
	assert_int_equal(EVP_PKEY_set_utf8_string_param(pkey, OSSL_PKEY_PARAM_EC_ENCODING, "explicit"), 1);
	n = i2d_PUBKEY(pkey, &der);
	assert_true(n > 200);
	OK(acsr_key_load_spki(&k, der, (size_t)n, &e));
	refused("key.ec.curve", k);
	OPENSSL_free(der);
	EVP_PKEY_free(pkey);
}

static void other_algorithms(void **state)
{
	/* X25519, RFC 8410 10.1 */
	(void)state;
	refused("key.alg", from_hex("302a300506032b656e032100"
				    "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"));
}

static void findings_name_every_rule(void **state)
{
	struct acsr_findings all = { 0 };

	(void)state;
	OK(acsr_key_check_public(a_key("rsa:2048"), &strict, &all, &e));
	assert_int_equal(all.n, 12);
	assert_int_equal(acsr_findings_worst(&all), ACSR_INFO); /* no list of Debian weak keys was given */
	assert_string_equal(all.v[11].id, "key.debian");
	assert_null(acsr_findings_first_error(&all));
	for (size_t i = 0; i < all.n; i++)
		assert_true(all.v[i].id[0] != '\0' && all.v[i].source[0] != '\0' && all.v[i].text[0] != '\0');
	acsr_findings_free(&all);
	FAILS("key.alg", acsr_key_check_public(a_key("ed25519"), &strict, &all, &e));
	assert_string_equal(acsr_findings_first_error(&all)->id, "key.alg");
	assert_true(all.v[0].remedy[0] != '\0');
	acsr_findings_free(&all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_keys),
		cmocka_unit_test(sizes),
		cmocka_unit_test(modulus_and_exponent),
		cmocka_unit_test(small_factors),
		cmocka_unit_test(roca),
		cmocka_unit_test(close_primes),
		cmocka_unit_test(curves),
		cmocka_unit_test(explicit_curve),
		cmocka_unit_test(other_algorithms),
		cmocka_unit_test(findings_name_every_rule),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
