/*
 * Public points of the Edwards curves a x^2 + y^2 = 1 + d x^2 y^2, judged from y alone: x^2 = u / v with
 * u = 1 - y^2 and v = a - d y^2. The point is on the curve when u / v is a square, so when u v is one.
 */
#include "edpoint.h"

#include <stdbool.h>
#include <string.h>

struct curve {
	size_t len; /* bytes of an encoded point; the top bit of the last is the sign of x */
	int a;
	const char *p, *d;
};

static const struct curve ed25519 = { 32, -1,
	"7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed",
	"52036cee2b6ffe738cc740797779e89800700a4d4141d8ab75eb4dca135978a3" };
static const struct curve ed448 = { 57, 1,
	"fffffffffffffffffffffffffffffffffffffffffffffffffffffffe"
	"ffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	"fffffffffffffffffffffffffffffffffffffffffffffffffffffffe"
	"ffffffffffffffffffffffffffffffffffffffffffffffffffff6756" };

struct numbers {
	BIGNUM *p, *d, *y, *y2, *u, *v, *t;
	BN_CTX *ctx;
};

static bool new_numbers(struct numbers *n, const struct curve *c)
{
	n->p = BN_CTX_get(n->ctx);
	n->d = BN_CTX_get(n->ctx);
	n->y = BN_CTX_get(n->ctx);
	n->y2 = BN_CTX_get(n->ctx);
	n->u = BN_CTX_get(n->ctx);
	n->v = BN_CTX_get(n->ctx);
	n->t = BN_CTX_get(n->ctx);
	return n->t != NULL && BN_hex2bn(&n->p, c->p) > 0 && BN_hex2bn(&n->d, c->d) > 0;
}

/* y^2, u and v. */
static bool compute(struct numbers *n, const struct curve *c)
{
	return BN_mod_sqr(n->y2, n->y, n->p, n->ctx) && BN_one(n->u) &&
	       BN_mod_sub(n->u, n->u, n->y2, n->p, n->ctx) && BN_mod_mul(n->v, n->d, n->y2, n->p, n->ctx) &&
	       BN_one(n->t) &&
	       (c->a == 1 ? BN_mod_sub(n->v, n->t, n->v, n->p, n->ctx)
			  : BN_mod_add(n->v, n->t, n->v, n->p, n->ctx) && BN_sub(n->v, n->p, n->v));
}

/* Order 1 and 2: y = 1, -1. Order 4: y = 0. Order 8, which only a = -1 here has: twice the point has y = 0,
 * so y^2 = -x^2 = -u / v. */
static enum ed_answer small_order(struct numbers *n, const struct curve *c)
{
	if (BN_is_zero(n->u) || BN_is_zero(n->y))
		return ED_SMALL_ORDER;
	if (c->a == 1)
		return ED_FINE;
	if (!BN_mod_mul(n->t, n->y2, n->v, n->p, n->ctx) || !BN_mod_add(n->t, n->t, n->u, n->p, n->ctx))
		return ED_NOMEM;
	return BN_is_zero(n->t) ? ED_SMALL_ORDER : ED_FINE;
}

static enum ed_answer judge(struct numbers *n, const struct curve *c, bool sign)
{
	int square;

	if (BN_cmp(n->y, n->p) >= 0)
		return ED_NOT_ON_CURVE;
	if (!compute(n, c) || !BN_mod_mul(n->t, n->u, n->v, n->p, n->ctx))
		return ED_NOMEM;
	if (BN_is_zero(n->t)) /* x = 0, which has no sign; v is never 0 */
		return sign ? ED_NOT_ON_CURVE : ED_SMALL_ORDER;
	square = BN_kronecker(n->t, n->p, n->ctx);
	if (square == -2)
		return ED_NOMEM;
	return square == 1 ? small_order(n, c) : ED_NOT_ON_CURVE;
}

enum ed_answer ed_point(const struct acsr_key *k)
{
	const struct curve *c = k->alg == ACSR_KEY_ED448 ? &ed448 : &ed25519;
	OSSL_AUTO(ossl_free_bnctx) BN_CTX *ctx = BN_CTX_new();
	struct numbers n = { .ctx = ctx };
	uint8_t raw[57];
	size_t len = sizeof(raw);
	bool sign;

	/* A key of this type always has its point to give. */
	if (ctx == NULL || EVP_PKEY_get_raw_public_key(k->pkey, raw, &len) != 1)
		return ED_NOMEM;
	if (len != c->len)
		return ED_NOT_ON_CURVE;
	sign = (raw[len - 1] & 0x80) != 0;
	raw[len - 1] &= 0x7f;
	BN_CTX_start(ctx);
	enum ed_answer a =
		new_numbers(&n, c) && BN_lebin2bn(raw, (int)len, n.y) != NULL ? judge(&n, c, sign) : ED_NOMEM;
	BN_CTX_end(ctx);
	return a;
}
