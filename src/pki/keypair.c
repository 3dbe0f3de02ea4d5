/* Private keys that are consistent in themselves: somebody may have damaged, mixed up or forged them. */
#include <openssl/core_names.h>
#include <openssl/err.h>

#include "key_int.h"

struct pair {
	const struct acsr_key *key;
	struct acsr_findings *all;
	BIGNUM *n, *e, *d, *p, *q, *dp, *dq, *qi;
	BIGNUM *t, *u; /* scratch */
	BN_CTX *ctx;
	bool failed; /* a computation, not a rule */
	bool fast;   /* without the tests of primality */
};

static void pair_clear(struct pair *r)
{
	BIGNUM **all[] = { &r->n, &r->e, &r->d, &r->p, &r->q, &r->dp, &r->dq, &r->qi, &r->t, &r->u };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		BN_clear_free(*all[i]);
	BN_CTX_free(r->ctx);
}

/* Is the computation done and the rule broken? */
static bool differs(struct pair *r, int done, const BIGNUM *a, const BIGNUM *b)
{
	if (!done)
		r->failed = true;
	return done && BN_cmp(a, b) != 0;
}

static const char *bad_modulus(struct pair *r)
{
	if (differs(r, BN_mul(r->t, r->p, r->q, r->ctx), r->t, r->n))
		return "the two primes do not multiply to the modulus";
	return BN_cmp(r->p, r->q) == 0 ? "the two primes are the same" : NULL;
}

static const char *bad_prime(struct pair *r)
{
	int p = BN_check_prime(r->p, r->ctx, NULL), q = p == 1 ? BN_check_prime(r->q, r->ctx, NULL) : 1;

	r->failed = p < 0 || q < 0;
	return p == 0 || q == 0 ? "one of its two primes is no prime" : NULL;
}

/* d e = 1 modulo prime - 1? */
static bool bad_inverse(struct pair *r, const BIGNUM *prime)
{
	if (BN_copy(r->u, prime) == NULL || !BN_sub_word(r->u, 1) ||
		!BN_mod_mul(r->t, r->d, r->e, r->u, r->ctx)) {
		r->failed = true;
		return false;
	}
	return !BN_is_one(r->t);
}

static const char *bad_exponent(struct pair *r)
{
	return bad_inverse(r, r->p) || bad_inverse(r, r->q)
		       ? "the private exponent does not undo the public one"
		       : NULL;
}

/* d mod (prime - 1) is what the file says? */
static bool bad_part(struct pair *r, const BIGNUM *prime, const BIGNUM *part)
{
	int done = BN_copy(r->u, prime) != NULL && BN_sub_word(r->u, 1) && BN_mod(r->t, r->d, r->u, r->ctx);

	return differs(r, done, r->t, part);
}

static const char *bad_crt(struct pair *r)
{
	bool inverse;

	if (!BN_mod_mul(r->t, r->qi, r->q, r->p, r->ctx))
		r->failed = true;
	inverse = BN_is_one(r->t);
	return bad_part(r, r->p, r->dp) || bad_part(r, r->q, r->dq) || !inverse
		       ? "the parts of the private exponent do not fit it; a signature made with them gives "
			 "the "
			 "key away"
		       : NULL;
}

/* OpenSSL computes the public point anew. */
static const char *bad_public(struct pair *r)
{
	OSSL_AUTO(ossl_free_pctx)
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, r->key->pkey, NULL);
	int ok = ctx != NULL ? EVP_PKEY_pairwise_check(ctx) : 0;

	r->failed = ctx == NULL;
	ERR_clear_error();
	return ok == 1 ? NULL : "the public key is not that of the private one";
}

#define REMEDY "restore the key from where it came from, or make a new one"

static const struct pair_rule {
	const char *id, *source, *passes;
	const char *(*broken)(struct pair *r);
} rsa_rules[] = {
	{ "key.pair.modulus", "RFC 8017 3.2", "p q = n", bad_modulus },
	{ "key.pair.prime", "RFC 8017 3.2", "p and q are prime", bad_prime },
	{ "key.pair.exponent", "RFC 8017 3.2", "d e = 1 modulo p - 1 and q - 1", bad_exponent },
	{ "key.pair.crt", "RFC 8017 3.2", "the parts of d and the inverse of q fit", bad_crt },
};
static const struct pair_rule other_rule = { "key.pair.public", "RFC 5958",
	"the public key is that of the private one", bad_public };

static enum acsr_result apply(struct pair *r, const struct pair_rule *rule, struct acsr_err *e)
{
	const char *wrong = rule->broken(r);

	if (r->failed)
		return err_nomem(e);
	if (wrong == NULL)
		return acsr_findings_add(
			r->all, ACSR_PASS, rule->id, "", rule->source, "", e, "%s", rule->passes);
	TRY(acsr_findings_add(r->all, ACSR_ERROR, rule->id, "", rule->source, REMEDY, e, "%s", wrong));
	return err_rule(e, rule->id, NULL, rule->source, "%s; %s", wrong, REMEDY);
}

/* True when the key has it. Asking for what is not there is no error of ours. */
static bool number(const struct pair *r, const char *name, BIGNUM **out)
{
	bool there = EVP_PKEY_get_bn_param(r->key->pkey, name, out) == 1;

	if (there)
		BN_set_flags(*out, BN_FLG_CONSTTIME);
	ERR_clear_error();
	return there;
}

static enum acsr_result check_rsa(struct pair *r, struct acsr_err *e)
{
	BIGNUM *third = NULL;

	if (!number(r, OSSL_PKEY_PARAM_RSA_N, &r->n) || !number(r, OSSL_PKEY_PARAM_RSA_E, &r->e) ||
		!number(r, OSSL_PKEY_PARAM_RSA_D, &r->d))
		return err_set(e, "key.parse", "the RSA key's numbers cannot be read");
	if (number(r, OSSL_PKEY_PARAM_RSA_FACTOR3, &third) ||
		!number(r, OSSL_PKEY_PARAM_RSA_FACTOR1, &r->p) ||
		!number(r, OSSL_PKEY_PARAM_RSA_FACTOR2, &r->q) ||
		!number(r, OSSL_PKEY_PARAM_RSA_EXPONENT1, &r->dp) ||
		!number(r, OSSL_PKEY_PARAM_RSA_EXPONENT2, &r->dq) ||
		!number(r, OSSL_PKEY_PARAM_RSA_COEFFICIENT1, &r->qi)) {
		BN_clear_free(third);
		return acsr_findings_add(r->all, ACSR_INFO, "key.pair.modulus", "", "RFC 8017 3.2", "", e,
			"the private numbers were not checked: the key does not have exactly two primes and "
			"their parts");
	}
	r->ctx = BN_CTX_secure_new();
	r->t = BN_new();
	r->u = BN_new();
	if (r->ctx == NULL || r->t == NULL || r->u == NULL)
		return err_nomem(e);
	/* Later rules compute modulo p - 1: nothing sensible follows a broken one. */
	if (BN_is_zero(r->p) || BN_is_zero(r->q) || BN_is_one(r->p) || BN_is_one(r->q)) {
		BN_zero(r->p);
		BN_zero(r->q);
	}
	for (size_t i = 0; i < sizeof(rsa_rules) / sizeof(rsa_rules[0]); i++)
		if (!r->fast || rsa_rules[i].broken != bad_prime)
			TRY(apply(r, &rsa_rules[i], e));
	return ACSR_OK;
}

static enum acsr_result check(struct pair r, struct acsr_err *e)
{
	const struct acsr_key *k = r.key;
	enum acsr_result result;

	if (!key_has_private(k))
		return err_set(e, "key.pair.absent", "this is a public key; there is no pair to check");
	result = k->alg == ACSR_KEY_RSA ? check_rsa(&r, e) : apply(&r, &other_rule, e);
	pair_clear(&r);
	return result;
}

enum acsr_result acsr_key_check_pair(const struct acsr_key *k, struct acsr_findings *all, struct acsr_err *e)
{
	return check((struct pair){ .key = k, .all = all }, e);
}

enum acsr_result key_pair_fits(const struct acsr_key *k, struct acsr_err *e)
{
	return check((struct pair){ .key = k, .fast = true }, e);
}
