/*
 * The gate for public keys: one small function a rule (BR 6.1.1.3, 6.1.5, 6.1.6).
 *
 * EVP_PKEY_public_check costs 5-20 ms on an RSA key, so RSA is judged by hand here (rsaweak.h); on EC keys it
 * is cheap and used.
 */
#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

#include "autocsr/weakkey.h"
#include "edpoint.h"
#include "key_int.h"
#include "rsaweak.h"
#include "weaklist_int.h"

#define RSA_MIN_BITS 2048
#define RSA_MAX_BITS 8192
#define FERMAT_ROUNDS 100
#define SMALL_FACTOR_LIMIT 752
#define THOROUGH_FACTOR_LIMIT 65536

struct gate {
	const struct acsr_key *key;
	const struct acsr_key_policy *policy;
	struct acsr_findings *all;
	BIGNUM *n, *e;
	BN_CTX *ctx;
	bool refused; /* a rule was broken; `first` is the first one */
	struct acsr_err first;
	bool nomem;     /* a rule could not be finished */
	char text[300]; /* for rules that say more than a constant */
};

/* A rule: NULL when it holds, else what is wrong. */
struct rule {
	const char *id, *source, *passes, *remedy;
	const char *(*broken)(struct gate *g);
};

static const char *too_small(struct gate *g)
{
	return g->key->bits < RSA_MIN_BITS ? "the RSA modulus has fewer than 2048 bits" : NULL;
}

static const char *too_large(struct gate *g)
{
	return g->key->bits > RSA_MAX_BITS ? "the RSA modulus has more than 8192 bits" : NULL;
}

static const char *not_by_eight(struct gate *g)
{
	return g->key->bits % 8 != 0 ? "the RSA modulus size is not divisible by 8" : NULL;
}

static const char *even(struct gate *g)
{
	return !BN_is_odd(g->n) ? "the RSA modulus is even" : NULL;
}

static const char *bad_exponent(struct gate *g)
{
	if (!BN_is_odd(g->e) || BN_is_one(g->e))
		return "the RSA exponent must be odd and at least 3";
	if (BN_num_bits(g->e) > 256)
		return "the RSA exponent is 2^256 or more";
	return NULL;
}

/* The rules below look at odd moduli only; an even one is refused by its own rule. */
static const char *when_weak(struct gate *g, enum rsa_answer a, const char *text)
{
	if (a == RSA_NOMEM)
		g->nomem = true;
	return a == RSA_WEAK ? text : NULL;
}

static const char *small_factor(struct gate *g)
{
	return when_weak(
		g, rsa_small_factor(g->n, SMALL_FACTOR_LIMIT), "the RSA modulus has a factor below 752");
}

static const char *roca(struct gate *g)
{
	return when_weak(
		g, rsa_roca(g->n), "the RSA key has the fingerprint of the ROCA flaw (CVE-2017-15361)");
}

static const char *close_primes(struct gate *g)
{
	return when_weak(g, rsa_fermat(g->n, FERMAT_ROUNDS, g->ctx),
		"the RSA primes lie so close together that the key can be factored");
}

static const char *perfect_power(struct gate *g)
{
	return when_weak(g, rsa_perfect_power(g->n, g->ctx), "the RSA modulus is a power of one number");
}

static const char *prime(struct gate *g)
{
	return when_weak(g, rsa_prime(g->n, g->ctx),
		"the RSA modulus is itself a prime, so anybody can compute the private key");
}

static bool explicit_curve(const EVP_PKEY *pkey)
{
	int yes = 0;

	if (EVP_PKEY_get_int_param(pkey, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &yes) != 1)
		ERR_clear_error();
	return yes != 0;
}

static const char *bad_curve(struct gate *g)
{
	static const char *const good[] = { "ec:p256", "ec:p384", "ec:p521" };

	if (explicit_curve(g->key->pkey))
		return "the elliptic curve is spelled out instead of named";
	for (size_t i = 0; i < 3; i++)
		if (strcmp(g->key->name, good[i]) == 0)
			return NULL;
	return "the elliptic curve is none of P-256, P-384, P-521";
}

/* On the curves that are permitted the cofactor is 1: each point has the right order, and the short routine
 * (SP 800-56A 5.6.2.3.4) says as much as the full one. */
static const char *bad_point(struct gate *g)
{
	EVP_PKEY_CTX *ctx;
	bool ok;

	errno = 0;
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, g->key->pkey, NULL);
	ok = ctx != NULL &&
	     (bad_curve(g) == NULL ? EVP_PKEY_public_check_quick(ctx) : EVP_PKEY_public_check(ctx)) == 1;
	EVP_PKEY_CTX_free(ctx);
	g->nomem = ossl_ran_short() && !ok;
	return ok || g->nomem ? NULL : "the public point does not lie on its curve";
}

static const char *bad_ed_point(struct gate *g)
{
	switch (ed_point(g->key)) {
	case ED_NOT_ON_CURVE:
		return "the public point does not lie on its curve";
	case ED_SMALL_ORDER:
		return "the public point has a small order: signatures of any message can be made for it";
	case ED_NOMEM:
		g->nomem = true;
		return NULL;
	default:
		return NULL;
	}
}

static const char *not_allowed(struct gate *g)
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
static const struct rule rsa_size_rules[] = {
	{ "key.rsa.bits", "BR 6.1.5", "the modulus has 2048 bits or more", NEW_RSA, too_small },
	{ "key.rsa.large", "policy", "the modulus has at most 8192 bits", "use a key of at most 8192 bits",
		too_large },
	{ "key.rsa.bits8", "BR 6.1.5", "the modulus size is divisible by 8", NEW_RSA, not_by_eight },
};
static const struct rule rsa_rules[] = {
	{ "key.rsa.even", "BR 6.1.6", "the modulus is odd", NEW_KEY, even },
	{ "key.rsa.exponent", "BR 6.1.6", "the exponent is odd and in range", "make a new key with e = 65537",
		bad_exponent },
};
static const struct rule odd_rsa_rules[] = {
	{ "key.rsa.factor", "BR 6.1.6", "the modulus has no factor below 752", NEW_KEY, small_factor },
	{ "key.rsa.power", "BR 6.1.6", "the modulus is no power of one number", NEW_KEY, perfect_power },
	{ "key.rsa.roca", "BR 6.1.1.3", "the key is not of the ROCA kind", NEW_KEY, roca },
	{ "key.rsa.fermat", "BR 6.1.1.3", "the primes are not close together", NEW_KEY, close_primes },
};
static const struct rule thorough_rsa_rules[] = {
	{ "key.rsa.prime", "BR 6.1.6", "the modulus is composite", NEW_KEY, prime },
};
static const struct rule ec_rules[] = {
	{ "key.ec.curve", "BR 6.1.5", "the curve is a NIST one", "make a P-256 key", bad_curve },
	{ "key.ec.point", "BR 6.1.6", "the point lies on the curve", NEW_KEY, bad_point },
};
static const struct rule ed_rules[] = {
	{ "key.ed.point", "RFC 8032", "the point lies on the curve and has a large order", NEW_KEY,
		bad_ed_point },
};
#define COUNT(rules) (sizeof(rules) / sizeof((rules)[0]))

/* Note a broken rule; the first becomes the error. */
static enum acsr_result refuse(struct gate *g, const char *id, const char *source, const char *remedy,
	const char *wrong, struct acsr_err *e)
{
	if (!g->refused)
		(void)err_rule(&g->first, id, NULL, source, "%s; %s", wrong, remedy);
	g->refused = true;
	return acsr_findings_add(g->all, ACSR_ERROR, id, "", source, remedy, e, "%s", wrong);
}

static enum acsr_result apply(struct gate *g, const struct rule *r, struct acsr_err *e)
{
	const char *wrong = r->broken(g);

	if (g->nomem)
		return err_nomem(e);
	if (wrong == NULL && g->policy->broken_only)
		return ACSR_OK;
	if (wrong == NULL)
		return acsr_findings_add(g->all, ACSR_PASS, r->id, "", r->source, "", e, "%s", r->passes);
	return refuse(g, r->id, r->source, r->remedy, wrong, e);
}

/* Every rule when they are to be listed; else up to the first broken one. */
static enum acsr_result apply_all(struct gate *g, const struct rule *rules, size_t n, struct acsr_err *e)
{
	for (size_t i = 0; i < n && (g->all != NULL || !g->refused); i++)
		TRY(apply(g, &rules[i], e));
	return ACSR_OK;
}

static enum acsr_result low_exponent(struct gate *g, struct acsr_err *e)
{
	bool low = BN_num_bits(g->e) < 17;

	if (!low && g->policy->broken_only)
		return ACSR_OK;
	return acsr_findings_add(g->all, low ? ACSR_WARN : ACSR_PASS, "key.rsa.exponent.low", "", "BR 6.1.6",
		"prefer e = 65537", e, "%s",
		low ? "the RSA exponent is below 65537" : "the exponent is 65537 or more");
}

static enum acsr_result thorough(struct gate *g, struct acsr_err *e)
{
	enum rsa_answer small = rsa_small_factor(g->n, THOROUGH_FACTOR_LIMIT);

	TRY(apply_all(g, thorough_rsa_rules, COUNT(thorough_rsa_rules), e));
	return acsr_findings_add(g->all, small == RSA_WEAK ? ACSR_WARN : ACSR_PASS, "key.rsa.factor.small",
		"", "", NEW_KEY, e, "%s",
		small == RSA_WEAK ? "the modulus has a factor below 65536: it was damaged, or badly made"
				  : "the modulus has no factor below 65536");
}

static enum acsr_result check_numbers(struct gate *g, struct acsr_err *e)
{
	TRY(apply_all(g, rsa_rules, COUNT(rsa_rules), e));
	if (BN_is_odd(g->n) && !BN_is_one(g->n) && !BN_is_negative(g->n)) {
		TRY(apply_all(g, odd_rsa_rules, COUNT(odd_rsa_rules), e));
		if (g->policy->thorough)
			TRY(thorough(g, e));
	}
	return low_exponent(g, e);
}

static enum acsr_result check_rsa(struct gate *g, struct acsr_err *e)
{
	OSSL_AUTO(ossl_free_bn) BIGNUM *n = NULL;
	OSSL_AUTO(ossl_free_bn) BIGNUM *ex = NULL;
	OSSL_AUTO(ossl_free_bnctx) BN_CTX *ctx = BN_CTX_new();

	/* Sizes first: nothing is computed with a modulus of a million bits. */
	TRY(apply_all(g, rsa_size_rules, COUNT(rsa_size_rules), e));
	if (g->key->bits > RSA_MAX_BITS)
		return ACSR_OK;
	if (ctx == NULL || EVP_PKEY_get_bn_param(g->key->pkey, OSSL_PKEY_PARAM_RSA_N, &n) != 1 ||
		EVP_PKEY_get_bn_param(g->key->pkey, OSSL_PKEY_PARAM_RSA_E, &ex) != 1)
		return ossl_err(e, "key.parse", "the RSA key's numbers cannot be read");
	g->n = n;
	g->e = ex;
	g->ctx = ctx;
	return check_numbers(g, e);
}

/* ---- lists */

#define DEBIAN_ID "key.debian"
#define DEBIAN_SOURCE "BR 6.1.1.3"

/* "amd64, rnd", or where the entry comes from. */
static const char *machine(const struct acsr_weak_section *s, char *out, size_t cap)
{
	snprintf(out, cap, "%s%s%s", s->arch[0] != '\0' ? s->arch : s->source,
		s->arch[0] != '\0' && s->state[0] != '\0' ? ", " : "", s->arch[0] != '\0' ? s->state : "");
	return out;
}

static enum acsr_result listed(struct gate *g, const struct acsr_weak_section *s, struct acsr_err *e)
{
	char from[160];

	machine(s, from, sizeof(from));
	if (strcmp(s->flaw, ACSR_WEAK_DEBIAN) == 0) {
		snprintf(g->text, sizeof(g->text),
			"one of the few keys that Debian's broken OpenSSL could make (CVE-2008-0166; %s): "
			"anybody can make "
			"its private key again",
			from);
		return refuse(g, DEBIAN_ID, DEBIAN_SOURCE, NEW_KEY, g->text, e);
	}
	snprintf(g->text, sizeof(g->text), "the key is in the list of weak keys (%s%s%s)", s->flaw,
		s->flaw[0] != '\0' && from[0] != '\0' ? ": " : "", from);
	return refuse(g, "key.blocked", "BR 6.1.1.3", NEW_KEY, g->text, e);
}

#define ADD_LISTS "add lists with: autocsr key list build"

/* Not listed: a pass only where the list knows all keys of this size. */
static enum acsr_result not_listed(struct gate *g, enum acsr_weak_answer answer, struct acsr_err *e)
{
	char covers[160] = "";

	if (g->policy->broken_only)
		return ACSR_OK;
	if (g->policy->weak != NULL)
		acsr_weaklist_summary(g->policy->weak, covers, sizeof(covers));
	switch (answer) {
	case ACSR_WEAK_NOT_LISTED:
		return acsr_findings_add(g->all, ACSR_PASS, DEBIAN_ID, "", DEBIAN_SOURCE, "", e,
			"not in the list of Debian weak keys, which covers %s", covers);
	case ACSR_WEAK_IN_PART:
		return acsr_findings_add(g->all, ACSR_INFO, DEBIAN_ID, "", DEBIAN_SOURCE, ADD_LISTS, e,
			"not in the list of Debian weak keys, but that knows only some keys of this size; it "
			"covers %s",
			covers);
	case ACSR_WEAK_NOT_COVERED:
		return acsr_findings_add(g->all, ACSR_INFO, DEBIAN_ID, "", DEBIAN_SOURCE, ADD_LISTS, e,
			"not checked for Debian weak keys: %s%s is not covered by the list, which covers %s",
			acsr_key_name(g->key),
			g->key->alg == ACSR_KEY_RSA && weak_exponent(g->key) != 65537 ? " with this exponent"
										      : "",
			covers);
	case ACSR_WEAK_NO_LIST:
		return acsr_findings_add(g->all, ACSR_INFO, DEBIAN_ID, "", DEBIAN_SOURCE,
			"install or name a list of Debian weak keys", e,
			"not checked for Debian weak keys: no list of them is at hand");
	default:
		return ACSR_OK;
	}
}

static enum acsr_result check_weaklist(struct gate *g, struct acsr_err *e)
{
	const struct acsr_weak_section *hit = NULL;
	enum acsr_weak_answer answer;

	TRY(acsr_weaklist_find(g->policy->weak, g->key, &answer, &hit, e));
	if (hit != NULL)
		TRY(listed(g, hit, e));
	return answer != ACSR_WEAK_LISTED ? not_listed(g, answer, e) : ACSR_OK;
}

static enum acsr_result check_blocklist(struct gate *g, struct acsr_err *e)
{
	uint8_t spki[32];

	if (g->policy->blocked == NULL)
		return ACSR_OK;
	TRY(acsr_key_spki_sha256(g->key, spki, e));
	if (acsr_blocklist_has(g->policy->blocked, spki))
		return refuse(g, "key.blocked", "BR 6.1.1.3", NEW_KEY, "the key is in the blocklist", e);
	return acsr_findings_add(g->all, ACSR_PASS, "key.blocked", "", "BR 6.1.1.3", "", e,
		"not in the blocklist of %zu keys", acsr_blocklist_count(g->policy->blocked));
}

static enum acsr_result check_all(struct gate *g, struct acsr_err *e)
{
	TRY(apply_all(g, any_rules, COUNT(any_rules), e));
	if (g->key->alg == ACSR_KEY_RSA)
		TRY(check_rsa(g, e));
	if (g->key->alg == ACSR_KEY_EC)
		TRY(apply_all(g, ec_rules, COUNT(ec_rules), e));
	if (g->key->alg == ACSR_KEY_ED25519 || g->key->alg == ACSR_KEY_ED448)
		TRY(apply_all(g, ed_rules, COUNT(ed_rules), e));
	if (g->refused && g->all == NULL)
		return ACSR_OK;
	TRY(check_weaklist(g, e));
	return check_blocklist(g, e);
}

enum acsr_result acsr_key_check_public(const struct acsr_key *k, const struct acsr_key_policy *policy,
	struct acsr_findings *all, struct acsr_err *e)
{
	static const struct acsr_key_policy strict = { 0 };
	struct gate g = { .key = k, .policy = policy != NULL ? policy : &strict, .all = all };

	TRY(check_all(&g, e));
	if (g.refused && e != NULL)
		*e = g.first;
	return g.refused ? ACSR_FAIL : ACSR_OK;
}
