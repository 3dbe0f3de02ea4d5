/*
 * The gate for public keys: one small function a rule (BR 6.1.1.3, 6.1.5, 6.1.6).
 *
 * EVP_PKEY_public_check costs 5-20 ms on an RSA key, so RSA is judged by hand here; on EC keys it is cheap
 * and used.
 */
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <string.h>

#include "key_int.h"

#define RSA_MIN_BITS 2048
#define RSA_MAX_BITS 8192
#define FERMAT_ROUNDS 100
#define SMALL_FACTOR_LIMIT 752

struct gate {
	const struct acsr_key *key;
	const struct acsr_key_policy *policy;
	struct acsr_findings *all;
	BIGNUM *n, *e;
	BN_CTX *ctx;
};

/* A rule: NULL when it holds, else what is wrong. */
struct rule {
	const char *id, *source, *passes, *remedy;
	const char *(*broken)(const struct gate *g);
};

static const char *too_small(const struct gate *g)
{
	return g->key->bits < RSA_MIN_BITS ? "the RSA modulus has fewer than 2048 bits" : NULL;
}

static const char *too_large(const struct gate *g)
{
	return g->key->bits > RSA_MAX_BITS ? "the RSA modulus has more than 8192 bits" : NULL;
}

static const char *not_by_eight(const struct gate *g)
{
	return g->key->bits % 8 != 0 ? "the RSA modulus size is not divisible by 8" : NULL;
}

static const char *even(const struct gate *g)
{
	return !BN_is_odd(g->n) ? "the RSA modulus is even" : NULL;
}

static const char *bad_exponent(const struct gate *g)
{
	if (!BN_is_odd(g->e) || BN_is_one(g->e))
		return "the RSA exponent must be odd and at least 3";
	if (BN_num_bits(g->e) > 256)
		return "the RSA exponent is 2^256 or more";
	return NULL;
}

static const char *low_exponent(const struct gate *g)
{
	return BN_num_bits(g->e) < 17 ? "the RSA exponent is below 65537" : NULL;
}

static bool is_prime(unsigned v)
{
	for (unsigned d = 2; d * d <= v; d++)
		if (v % d == 0)
			return false;
	return v > 1;
}

static const char *small_factor(const struct gate *g)
{
	for (unsigned p = 3; p < SMALL_FACTOR_LIMIT; p += 2)
		if (is_prime(p) && BN_mod_word(g->n, p) == 0)
			return "the RSA modulus has a factor below 752";
	return NULL;
}

/* Is r a power of 65537 modulo p? */
static bool in_subgroup(unsigned r, unsigned p)
{
	unsigned g = 65537u % p, v = 1;

	do {
		if (v == r)
			return true;
		v = v * g % p;
	} while (v != 1);
	return false;
}

/* CVE-2017-15361: primes k*M + 65537^a mod M leave n a power of 65537 modulo every small prime. A sound key
 * looks like that once in about 2^28 times (the fingerprint of Nemec et al., 2017). */
static const char *roca(const struct gate *g)
{
	for (unsigned p = 3; p <= 167; p += 2)
		if (is_prime(p) && !in_subgroup((unsigned)BN_mod_word(g->n, p), p))
			return NULL;
	return "the RSA key has the fingerprint of the ROCA flaw (CVE-2017-15361)";
}

/* r = floor(sqrt(n)) by Newton's method, from above. */
static int square_root(BIGNUM *r, const BIGNUM *n, BN_CTX *ctx)
{
	BIGNUM *next, *q;
	int ok = 0;

	BN_CTX_start(ctx);
	next = BN_CTX_get(ctx);
	q = BN_CTX_get(ctx);
	if (q == NULL || !BN_one(next) || !BN_lshift(next, next, (BN_num_bits(n) + 1) / 2))
		goto out;
	do {
		if (BN_copy(r, next) == NULL || !BN_div(q, NULL, n, r, ctx) || !BN_add(next, r, q) ||
			!BN_rshift1(next, next))
			goto out;
	} while (BN_cmp(next, r) < 0);
	ok = 1;
out:
	BN_CTX_end(ctx);
	return ok;
}

/* Squares leave few remainders: this spares nearly all of the roots. */
static bool may_be_square(const BIGNUM *v)
{
	static const unsigned moduli[] = { 64, 63, 65, 11 };

	for (size_t i = 0; i < 4; i++) {
		unsigned m = moduli[i], r = (unsigned)BN_mod_word(v, m), x = 0;

		while (x < m && x * x % m != r)
			x++;
		if (x == m)
			return false;
	}
	return true;
}

static bool is_square(const BIGNUM *v, BIGNUM *root, BIGNUM *back, BN_CTX *ctx)
{
	if (BN_is_zero(v))
		return true; /* n itself is a square */
	return may_be_square(v) && square_root(root, v, ctx) && BN_sqr(back, root, ctx) &&
	       BN_cmp(back, v) == 0;
}

/* Fermat: n = a^2 - b^2 is found at once when the primes lie close together (CVE-2022-26320). */
static bool fermat_splits(const struct gate *g)
{
	BIGNUM *a, *b2, *root, *back;
	bool found = false;

	BN_CTX_start(g->ctx);
	a = BN_CTX_get(g->ctx);
	b2 = BN_CTX_get(g->ctx);
	root = BN_CTX_get(g->ctx);
	back = BN_CTX_get(g->ctx);
	if (back == NULL || !square_root(a, g->n, g->ctx) || !BN_sqr(b2, a, g->ctx))
		goto out;
	if (BN_cmp(b2, g->n) < 0 && !BN_add_word(a, 1))
		goto out;
	for (int i = 0; i < FERMAT_ROUNDS && !found; i++) {
		if (!BN_sqr(b2, a, g->ctx) || !BN_sub(b2, b2, g->n))
			break;
		found = is_square(b2, root, back, g->ctx);
		if (!BN_add_word(a, 1))
			break;
	}
out:
	BN_CTX_end(g->ctx);
	return found;
}

static const char *close_primes(const struct gate *g)
{
	return fermat_splits(g) ? "the RSA primes lie so close together that the key can be factored" : NULL;
}

static bool explicit_curve(const EVP_PKEY *pkey)
{
	int yes = 0;

	if (EVP_PKEY_get_int_param(pkey, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &yes) != 1)
		ERR_clear_error();
	return yes != 0;
}

static const char *bad_curve(const struct gate *g)
{
	static const char *const good[] = { "ec:p256", "ec:p384", "ec:p521" };

	if (explicit_curve(g->key->pkey))
		return "the elliptic curve is spelled out instead of named";
	for (size_t i = 0; i < 3; i++)
		if (strcmp(g->key->name, good[i]) == 0)
			return NULL;
	return "the elliptic curve is none of P-256, P-384, P-521";
}

static const char *bad_point(const struct gate *g)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, g->key->pkey, NULL);
	int ok = ctx != NULL && EVP_PKEY_public_check(ctx) == 1;

	EVP_PKEY_CTX_free(ctx);
	ERR_clear_error();
	return ok ? NULL : "the public point does not lie on its curve";
}

static const char *not_allowed(const struct gate *g)
{
	switch (g->key->alg) {
	case ACSR_KEY_RSA:
	case ACSR_KEY_EC:
		return NULL;
	case ACSR_KEY_ED25519:
	case ACSR_KEY_ED448:
		return g->policy->allow_eddsa ? NULL : "Ed25519 and Ed448 keys are not permitted here";
	case ACSR_KEY_ML_DSA:
	case ACSR_KEY_SLH_DSA:
		return g->policy->allow_pqc ? NULL : "post-quantum keys are not permitted here";
	default:
		return "a key algorithm that is not permitted";
	}
}

#define NEW_RSA "make a new RSA key of 2048 bits or more"
#define NEW_KEY "make a new key with a current tool; this one must not be used anywhere"

static const struct rule any_rules[] = {
	{ "key.alg", "BR 6.1.5", "the key algorithm is permitted", "use RSA 2048 or P-256", not_allowed },
};
static const struct rule rsa_rules[] = {
	{ "key.rsa.bits", "BR 6.1.5", "the modulus has 2048 bits or more", NEW_RSA, too_small },
	{ "key.rsa.large", "policy", "the modulus has at most 8192 bits", "use a key of at most 8192 bits",
		too_large },
	{ "key.rsa.bits8", "BR 6.1.5", "the modulus size is divisible by 8", NEW_RSA, not_by_eight },
	{ "key.rsa.even", "BR 6.1.6", "the modulus is odd", NEW_KEY, even },
	{ "key.rsa.exponent", "BR 6.1.6", "the exponent is odd and in range", "make a new key with e = 65537",
		bad_exponent },
	{ "key.rsa.factor", "BR 6.1.6", "the modulus has no factor below 752", NEW_KEY, small_factor },
	{ "key.rsa.roca", "BR 6.1.1.3", "the key is not of the ROCA kind", NEW_KEY, roca },
	{ "key.rsa.fermat", "BR 6.1.1.3", "the primes are not close together", NEW_KEY, close_primes },
};
static const struct rule ec_rules[] = {
	{ "key.ec.curve", "BR 6.1.5", "the curve is a NIST one", "make a P-256 key", bad_curve },
	{ "key.ec.point", "BR 6.1.6", "the point lies on the curve", NEW_KEY, bad_point },
};
static const struct rule low_exponent_rule = { "key.rsa.exponent.low", "BR 6.1.6",
	"the exponent is 65537 or more", "prefer e = 65537", low_exponent };

static enum acsr_result apply(const struct gate *g, const struct rule *r, struct acsr_err *e)
{
	const char *wrong = r->broken(g);

	if (wrong == NULL)
		return acsr_findings_add(g->all, ACSR_PASS, r->id, "", r->source, "", e, "%s", r->passes);
	TRY(acsr_findings_add(g->all, ACSR_ERROR, r->id, "", r->source, r->remedy, e, "%s", wrong));
	return err_rule(e, r->id, NULL, r->source, "%s; %s", wrong, r->remedy);
}

/* Rules in order, up to the first that is broken: later ones rely on the earlier. */
static enum acsr_result apply_all(
	const struct gate *g, const struct rule *rules, size_t n, struct acsr_err *e)
{
	for (size_t i = 0; i < n; i++)
		TRY(apply(g, &rules[i], e));
	return ACSR_OK;
}

static enum acsr_result check_rsa(struct gate *g, struct acsr_err *e)
{
	OSSL_AUTO(ossl_free_bn) BIGNUM *n = NULL;
	OSSL_AUTO(ossl_free_bn) BIGNUM *ex = NULL;
	OSSL_AUTO(ossl_free_bnctx) BN_CTX *ctx = BN_CTX_new();
	const char *low;

	/* Sizes first: nothing is computed with a modulus of a million bits. */
	TRY(apply_all(g, rsa_rules, 2, e));
	if (ctx == NULL || EVP_PKEY_get_bn_param(g->key->pkey, OSSL_PKEY_PARAM_RSA_N, &n) != 1 ||
		EVP_PKEY_get_bn_param(g->key->pkey, OSSL_PKEY_PARAM_RSA_E, &ex) != 1)
		return ossl_err(e, "key.parse", "the RSA key's numbers cannot be read");
	g->n = n;
	g->e = ex;
	g->ctx = ctx;
	TRY(apply_all(g, rsa_rules + 2, sizeof(rsa_rules) / sizeof(rsa_rules[0]) - 2, e));
	low = low_exponent(g);
	return acsr_findings_add(g->all, low != NULL ? ACSR_WARN : ACSR_PASS, low_exponent_rule.id, "",
		low_exponent_rule.source, low_exponent_rule.remedy, e, "%s",
		low != NULL ? low : low_exponent_rule.passes);
}

enum acsr_result acsr_key_check_public(const struct acsr_key *k, const struct acsr_key_policy *policy,
	struct acsr_findings *all, struct acsr_err *e)
{
	static const struct acsr_key_policy strict = { 0 };
	struct gate g = { .key = k, .policy = policy != NULL ? policy : &strict, .all = all };

	TRY(apply_all(&g, any_rules, 1, e));
	if (k->alg == ACSR_KEY_RSA)
		return check_rsa(&g, e);
	if (k->alg == ACSR_KEY_EC)
		return apply_all(&g, ec_rules, 2, e);
	return ACSR_OK;
}
