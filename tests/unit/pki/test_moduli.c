/* Keys that share a prime, found among some and among more than one tree's worth. */
#include "check.h"

#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include "pki/moduli.h"

/* A public key of this modulus. */
static struct acsr_key *key_of(const BIGNUM *n)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	struct acsr_key *k = NULL;
	EVP_PKEY *pkey = NULL;
	OSSL_PARAM *params;

	OSSL_PARAM_BLD_push_BN(bld, "n", n);
	OSSL_PARAM_BLD_push_uint(bld, "e", 65537);
	params = OSSL_PARAM_BLD_to_param(bld);
	assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
	assert_int_equal(EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params), 1);
	OK(acsr_key_wrap_evp(&k, pkey, &e));
	EVP_PKEY_free(pkey);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(bld);
	EVP_PKEY_CTX_free(ctx);
	return k;
}

static void add(struct moduli *m, const BIGNUM *n, uint32_t id)
{
	struct acsr_key *k = key_of(n);

	OK(moduli_add(m, k, id, &e));
	acsr_key_free(k);
}

static void add_product(struct moduli *m, const BIGNUM *p, const BIGNUM *q, uint32_t id, BN_CTX *ctx)
{
	BIGNUM *n = BN_new();

	BN_mul(n, p, q, ctx);
	add(m, n, id);
	BN_free(n);
}

static BIGNUM *prime(void)
{
	BIGNUM *p = BN_new();

	assert_int_equal(BN_generate_prime_ex(p, 256, 0, NULL, NULL, NULL), 1);
	return p;
}

static bool has(const struct moduli_pair *v, size_t n, uint32_t a, uint32_t b, bool same)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].a == a && v[i].b == b && v[i].same == same)
			return true;
	return false;
}

static void shared(void **state)
{
	BN_CTX *ctx = BN_CTX_new();
	struct moduli_pair *v = NULL;
	struct moduli *m = NULL;
	BIGNUM *p[9];
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < 9; i++)
		p[i] = prime();
	OK(moduli_new(&m, MODULI_CHUNK, &e));
	add_product(m, p[0], p[1], 0, ctx);
	add_product(m, p[2], p[3], 1, ctx);
	add_product(m, p[1], p[4], 2, ctx); /* with 0 */
	add_product(m, p[5], p[6], 3, ctx);
	add_product(m, p[3], p[2], 4, ctx); /* 1 again */
	add_product(m, p[4], p[7], 5, ctx); /* with 2, both of whose primes are shared */
	add_product(m, p[8], p[8], 6, ctx); /* a square shares with nobody else */
	OK(moduli_add(m, a_key("ec:p256"), 7, &e));
	assert_int_equal(moduli_count(m), 7);
	OK(moduli_find(m, &v, &n, NULL, NULL, &e));
	assert_int_equal(n, 3);
	assert_true(has(v, n, 0, 2, false) && has(v, n, 2, 5, false) && has(v, n, 1, 4, true));
	free(v);
	moduli_free(m);
	for (size_t i = 0; i < 9; i++)
		BN_free(p[i]);
	BN_CTX_free(ctx);
}

static void none_and_one(void **state)
{
	struct moduli_pair *v = NULL;
	struct moduli *m = NULL;
	size_t n = 7;

	(void)state;
	OK(moduli_new(&m, MODULI_CHUNK, &e));
	OK(moduli_add(m, a_key("rsa:2048"), 0, &e));
	OK(moduli_find(m, &v, &n, NULL, NULL, &e));
	assert_int_equal(n, 0);
	free(v);
	moduli_free(m);
	moduli_free(NULL);
}

static unsigned told;

static void progress(void *arg, unsigned permille)
{
	(void)arg;
	assert_true(permille >= told && permille <= 1000);
	told = permille;
}

/* Twenty keys in seven trees; the first and the last share a prime, and two in the middle. */
static void several_trees(void **state)
{
	enum { MANY = 20 };
	BIGNUM *p[2 * MANY];
	BN_CTX *ctx = BN_CTX_new();
	struct moduli_pair *v = NULL;
	struct moduli *m = NULL;
	size_t got = 0;

	(void)state;
	OK(moduli_new(&m, 3, &e));
	for (size_t i = 0; i < 2 * MANY; i++)
		p[i] = prime();
	BN_copy(p[2 * MANY - 1], p[0]);
	BN_copy(p[2 * 7], p[2 * 12 + 1]);
	for (uint32_t i = 0; i < MANY; i++)
		add_product(m, p[2 * i], p[2 * i + 1], 100 + i, ctx);
	OK(moduli_find(m, &v, &got, progress, NULL, &e));
	assert_int_equal(told, 1000);
	assert_int_equal(got, 2);
	assert_true(has(v, got, 100, 100 + MANY - 1, false) && has(v, got, 107, 112, false));
	free(v);
	moduli_free(m);
	for (size_t i = 0; i < 2 * MANY; i++)
		BN_free(p[i]);
	BN_CTX_free(ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shared),
		cmocka_unit_test(none_and_one),
		cmocka_unit_test(several_trees),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
