/* Weak RSA moduli. Word arithmetic wherever that is enough: the whole gate takes well under a millisecond. */
#include "rsaweak.h"

#include <stdbool.h>
#include <stdint.h>

static bool is_prime(unsigned v)
{
	if (v % 2 == 0)
		return v == 2;
	for (unsigned d = 3; d * d <= v; d += 2)
		if (v % d == 0)
			return false;
	return v > 1;
}

/* Several primes share one long division: n modulo their product first (at most 32 bits, where BN_mod_word
 * is fast), then that modulo each. */
static bool divides(const BIGNUM *n, const uint16_t *primes, unsigned count, uint32_t product)
{
	uint32_t r = (uint32_t)BN_mod_word(n, product);

	for (unsigned i = 0; i < count; i++)
		if (r % primes[i] == 0 && !BN_is_word(n, primes[i]))
			return true;
	return false;
}

enum rsa_answer rsa_small_factor(const BIGNUM *n, unsigned limit)
{
	uint16_t primes[32];
	uint32_t product = 1;
	unsigned count = 0;

	for (unsigned p = 3; p < limit; p += 2) {
		if (!is_prime(p))
			continue;
		if (product > UINT32_MAX / p) {
			if (divides(n, primes, count, product))
				return RSA_WEAK;
			product = 1;
			count = 0;
		}
		product *= p;
		primes[count++] = (uint16_t)p;
	}
	return divides(n, primes, count, product) ? RSA_WEAK : RSA_FINE;
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

/* Primes k*M + 65537^a mod M leave n a power of 65537 modulo every small prime. */
enum rsa_answer rsa_roca(const BIGNUM *n)
{
	for (unsigned p = 3; p <= 167; p += 2)
		if (is_prime(p) && !in_subgroup((unsigned)BN_mod_word(n, p), p))
			return RSA_FINE;
	return RSA_WEAK;
}

/* ---- Fermat */

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

/* Squares leave few remainders: one number in 800 passes all of these. */
static const unsigned moduli[] = { 64, 63, 65, 11, 17, 19, 23 };
#define MODULI_PRODUCT (63u * 65 * 11 * 17 * 19 * 23) /* without the 64; fits a word */

static bool is_square_mod(unsigned r, unsigned m)
{
	unsigned x = 0;

	while (x <= m / 2 && x * x % m != r)
		x++;
	return x <= m / 2;
}

static bool may_be_square(unsigned mod64, unsigned mod_product)
{
	if (!is_square_mod(mod64, 64))
		return false;
	for (unsigned i = 1; i < sizeof(moduli) / sizeof(moduli[0]); i++)
		if (!is_square_mod(mod_product % moduli[i], moduli[i]))
			return false;
	return true;
}

/* Is (a + i)^2 - n a square? */
static enum rsa_answer splits(const BIGNUM *n, const BIGNUM *a, unsigned i, BN_CTX *ctx)
{
	enum rsa_answer found = RSA_NOMEM;
	BIGNUM *b2, *root, *back;

	BN_CTX_start(ctx);
	b2 = BN_CTX_get(ctx);
	root = BN_CTX_get(ctx);
	back = BN_CTX_get(ctx);
	if (back == NULL || BN_copy(root, a) == NULL || !BN_add_word(root, i) || !BN_sqr(b2, root, ctx) ||
		!BN_sub(b2, b2, n))
		goto out;
	if (BN_is_zero(b2))
		found = RSA_WEAK; /* n itself is a square */
	else if (square_root(root, b2, ctx) && BN_sqr(back, root, ctx))
		found = BN_cmp(back, b2) == 0 ? RSA_WEAK : RSA_FINE;
out:
	BN_CTX_end(ctx);
	return found;
}

/* a = ceil(sqrt(n)), b2 = a^2 - n */
static bool fermat_start(BIGNUM *a, BIGNUM *b2, const BIGNUM *n, BN_CTX *ctx)
{
	if (b2 == NULL || !square_root(a, n, ctx) || !BN_sqr(b2, a, ctx))
		return false;
	if (BN_cmp(b2, n) < 0 && (!BN_add_word(a, 1) || !BN_sqr(b2, a, ctx)))
		return false;
	return BN_sub(b2, b2, n) == 1;
}

/* n = a^2 - b^2 = (a + b)(a - b). From one a to the next, b^2 grows by 2a + 1: its remainders are followed in
 * words, and only those that could be a square are looked at in full. */
enum rsa_answer rsa_fermat(const BIGNUM *n, unsigned rounds, BN_CTX *ctx)
{
	enum rsa_answer found = RSA_NOMEM;
	BIGNUM *a, *b2;

	BN_CTX_start(ctx);
	a = BN_CTX_get(ctx);
	b2 = BN_CTX_get(ctx);
	if (fermat_start(a, b2, n, ctx)) {
		uint64_t b = (uint64_t)BN_mod_word(b2, MODULI_PRODUCT), b64 = (uint64_t)BN_mod_word(b2, 64);
		uint64_t s = (uint64_t)BN_mod_word(a, MODULI_PRODUCT), s64 = (uint64_t)BN_mod_word(a, 64);

		found = RSA_FINE;
		for (unsigned i = 0; i < rounds && found == RSA_FINE; i++) {
			if (may_be_square((unsigned)b64, (unsigned)b))
				found = splits(n, a, i, ctx);
			b = (b + 2 * (s + i) + 1) % MODULI_PRODUCT;
			b64 = (b64 + 2 * (s64 + i) + 1) % 64;
		}
	}
	BN_CTX_end(ctx);
	return found;
}

/* ---- powers */

static unsigned power_mod(unsigned v, unsigned e, unsigned m)
{
	uint64_t r = 1, b = v % m;

	for (; e > 0; e >>= 1, b = b * b % m)
		if (e & 1)
			r = r * b % m;
	return (unsigned)r;
}

/* Modulo a prime q = 1 (mod k), one number in k is a k-th power: ask up to 24 such primes. */
static bool may_be_power(const BIGNUM *n, unsigned k)
{
	unsigned asked = 0;

	for (unsigned q = 2 * k + 1; asked < 24; q += 2 * k) {
		unsigned r;

		if (!is_prime(q))
			continue;
		r = (unsigned)BN_mod_word(n, q);
		if (r != 0 && power_mod(r, (q - 1) / k, q) != 1)
			return false;
		asked++;
	}
	return true;
}

/* Newton's method from above: r = ((k - 1) r + n / r^(k - 1)) / k while it falls; then r^k = n? */
static enum rsa_answer is_power(const BIGNUM *n, unsigned k, BN_CTX *ctx)
{
	enum rsa_answer found = RSA_NOMEM;
	BIGNUM *r, *next, *t, *e;

	BN_CTX_start(ctx);
	r = BN_CTX_get(ctx);
	next = BN_CTX_get(ctx);
	t = BN_CTX_get(ctx);
	e = BN_CTX_get(ctx);
	if (e == NULL || !BN_one(next) || !BN_lshift(next, next, BN_num_bits(n) / (int)k + 1) ||
		!BN_set_word(e, k - 1))
		goto out;
	do {
		if (BN_copy(r, next) == NULL || !BN_exp(t, r, e, ctx) || !BN_div(t, NULL, n, t, ctx) ||
			BN_copy(next, r) == NULL || !BN_mul_word(next, k - 1) || !BN_add(next, next, t) ||
			BN_div_word(next, k) == (BN_ULONG)-1)
			goto out;
	} while (BN_cmp(next, r) < 0);
	if (BN_set_word(e, k) && BN_exp(t, r, e, ctx))
		found = BN_cmp(t, n) == 0 ? RSA_WEAK : RSA_FINE;
out:
	BN_CTX_end(ctx);
	return found;
}

enum rsa_answer rsa_perfect_power(const BIGNUM *n, BN_CTX *ctx)
{
	/* The root is above 752 > 2^9.5. */
	for (unsigned k = 3; k <= (unsigned)BN_num_bits(n) * 2 / 19; k += 2)
		if (is_prime(k) && may_be_power(n, k)) {
			enum rsa_answer a = is_power(n, k, ctx);

			if (a != RSA_FINE)
				return a;
		}
	return RSA_FINE;
}

/* Fermat's test with base 2 lets every prime through and next to no product of large primes; Miller-Rabin
 * then decides. */
enum rsa_answer rsa_prime(const BIGNUM *n, BN_CTX *ctx)
{
	enum rsa_answer found = RSA_NOMEM;
	BIGNUM *two, *e, *r;
	int prime;

	BN_CTX_start(ctx);
	two = BN_CTX_get(ctx);
	e = BN_CTX_get(ctx);
	r = BN_CTX_get(ctx);
	if (r == NULL || !BN_set_word(two, 2) || BN_copy(e, n) == NULL || !BN_sub_word(e, 1) ||
		!BN_mod_exp(r, two, e, n, ctx))
		goto out;
	prime = BN_is_one(r) ? BN_check_prime(n, ctx, NULL) : 0;
	found = prime < 0 ? RSA_NOMEM : prime == 1 ? RSA_WEAK : RSA_FINE;
out:
	BN_CTX_end(ctx);
	return found;
}
