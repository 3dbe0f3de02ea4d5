/*
 * The key that the numbers of a JWK make. They go from the text, where it lies, into the secure heap; nothing
 * of them is copied elsewhere. What does not fit together is refused, for a key that is wrong in one number
 * signs wrongly, or gives itself away.
 */
#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <string.h>

#include "base/secret.h"
#include "base/str.h"
#include "jwk_int.h"
#include "spki.h"

#define MAX_NUMBER 2048 /* bytes: RSA-16384 */

/* Strict base64url into the secure heap; width 0: an integer in as few octets as it needs. */
enum acsr_result jwk_octets(struct acsr_secret **out, const struct jwk *j, enum member m,
	const struct jwk_kind *k, size_t width, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *room = NULL;
	struct bytes text = j->v[m].body;
	struct buf b = { 0 };

	if (!j->has[m])
		return jwk_refuse(e, m, k, "is missing");
	if (text.len > (size_t)B64_LEN(MAX_NUMBER))
		return jwk_refuse(e, m, k, "is longer than any number of a key");
	TRY(secret_zeroed(&room, B64_LEN(text.len), e));
	b = (struct buf){ .p = secret_data(room), .cap = B64_LEN(text.len), .max = B64_LEN(text.len) - 1 };
	if (b64_decode((const char *)text.p, text.len, true, &b, NULL) != ACSR_OK)
		return jwk_refuse(e, m, k, "is not base64url without padding");
	if (width > 0 && b.len != width)
		return jwk_refuse(e, m, k, "has not the length that the curve asks for");
	if (width == 0 && (b.len == 0 || b.len > MAX_NUMBER || b.p[0] == 0))
		return jwk_refuse(e, m, k, "is not a number in as few octets as it needs");
	return acsr_secret_new(out, b.p, b.len, e);
}

struct builder {
	OSSL_PARAM_BLD *bld;
	OSSL_PARAM *params;
	BIGNUM *bn[8];
	size_t n;
};

static void builder_free(struct builder *b)
{
	OSSL_PARAM_free(b->params);
	OSSL_PARAM_BLD_free(b->bld);
	for (size_t i = 0; i < b->n; i++)
		BN_clear_free(b->bn[i]);
}

/* The numbers stay until the parameters are made. */
static enum acsr_result put_number(struct builder *b, const struct jwk *j, enum member m, const char *param,
	const struct jwk_kind *k, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *s = NULL;
	BIGNUM *n;

	TRY(jwk_octets(&s, j, m, k, k->bytes, e));
	n = m == N || m == E ? BN_new() : BN_secure_new();
	if (n == NULL || BN_bin2bn(acsr_secret_bytes(s), (int)acsr_secret_len(s), n) == NULL) {
		BN_clear_free(n);
		return err_nomem(e);
	}
	b->bn[b->n++] = n;
	return OSSL_PARAM_BLD_push_BN(b->bld, param, n) == 1 ? ACSR_OK : err_nomem(e);
}

static enum acsr_result bad_point(struct acsr_err *e)
{
	return err_rule(e, "key.ec.point", "x", "BR 6.1.6",
		"the public point does not lie on its curve, or the private number is not one of it");
}

static enum acsr_result make(
	EVP_PKEY **out, struct builder *b, const struct jwk_kind *k, bool private, struct acsr_err *e)
{
	OSSL_AUTO(ossl_free_pctx) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, k->type, NULL);

	b->params = OSSL_PARAM_BLD_to_param(b->bld);
	if (ctx == NULL || b->params == NULL || EVP_PKEY_fromdata_init(ctx) != 1)
		return ossl_err(e, "openssl.key", "OpenSSL cannot take the key");
	if (EVP_PKEY_fromdata(ctx, out, private ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY, b->params) != 1) {
		ERR_clear_error();
		if (k->group != NULL)
			return bad_point(e);
		return err_rule(e, "key.jwk", NULL, k->source, "its numbers make no key");
	}
	return ACSR_OK;
}

/* RFC 7518 6.3.2: d alone would do; but then all of the rest is there, or none, and here it must be. */
static enum acsr_result rsa_numbers(
	struct builder *b, const struct jwk *j, const struct jwk_kind *k, struct acsr_err *e)
{
	static const struct {
		enum member m;
		const char *param;
	} parts[] = { { N, OSSL_PKEY_PARAM_RSA_N }, { E, OSSL_PKEY_PARAM_RSA_E },
		{ D, OSSL_PKEY_PARAM_RSA_D }, { P, OSSL_PKEY_PARAM_RSA_FACTOR1 },
		{ Q, OSSL_PKEY_PARAM_RSA_FACTOR2 }, { DP, OSSL_PKEY_PARAM_RSA_EXPONENT1 },
		{ DQ, OSSL_PKEY_PARAM_RSA_EXPONENT2 }, { QI, OSSL_PKEY_PARAM_RSA_COEFFICIENT1 } };
	size_t n = j->has[D] ? 8 : 2;

	if (j->has[OTH])
		return jwk_refuse(e, OTH, k, "is there: keys of more than two primes are not read");
	for (size_t i = P; i <= QI; i++)
		if (j->has[i] && !j->has[D])
			return jwk_refuse(e, D, k, "is missing beside other private numbers");
	for (size_t i = 0; i < n; i++)
		TRY(put_number(b, j, parts[i].m, parts[i].param, k, e));
	return ACSR_OK;
}

enum { POINT_MAX = 1 + 2 * 66 };

/* 4 | x | y: the point, uncompressed (SEC 1 2.3.3). */
static enum acsr_result take_point(
	uint8_t point[POINT_MAX], const struct jwk *j, const struct jwk_kind *k, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *x = NULL;
	CLEANUP_SECRET struct acsr_secret *y = NULL;

	TRY(jwk_octets(&x, j, X, k, k->bytes, e));
	TRY(jwk_octets(&y, j, Y, k, k->bytes, e));
	point[0] = 4;
	memcpy(point + 1, acsr_secret_bytes(x), k->bytes);
	memcpy(point + 1 + k->bytes, acsr_secret_bytes(y), k->bytes);
	return ACSR_OK;
}

static enum acsr_result from_point(
	EVP_PKEY **out, const struct jwk *j, const struct jwk_kind *k, struct acsr_err *e)
{
	uint8_t point[POINT_MAX];

	TRY(take_point(point, j, k, e));
	errno = 0;
	*out = spki_ec_key(k->group, (struct bytes){ point, 1 + 2 * k->bytes });
	if (*out != NULL)
		return ACSR_OK;
	return ossl_ran_short() ? err_nomem(e) : bad_point(e);
}

static enum acsr_result put_point(struct builder *b, uint8_t point[POINT_MAX], const struct jwk *j,
	const struct jwk_kind *k, struct acsr_err *e)
{
	TRY(take_point(point, j, k, e));
	if (OSSL_PARAM_BLD_push_utf8_string(b->bld, OSSL_PKEY_PARAM_GROUP_NAME, k->group, 0) != 1 ||
		OSSL_PARAM_BLD_push_octet_string(b->bld, OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * k->bytes) !=
			1)
		return err_nomem(e);
	return put_number(b, j, D, OSSL_PKEY_PARAM_PRIV_KEY, k, e);
}

static enum acsr_result from_numbers(
	EVP_PKEY **out, const struct jwk *j, const struct jwk_kind *k, struct acsr_err *e)
{
	struct builder b = { .bld = OSSL_PARAM_BLD_new() };
	uint8_t point[POINT_MAX];
	enum acsr_result r = b.bld == NULL      ? err_nomem(e)
			     : k->group != NULL ? put_point(&b, point, j, k, e)
						: rsa_numbers(&b, j, k, e);

	if (r == ACSR_OK)
		r = make(out, &b, k, j->has[D], e);
	builder_free(&b);
	return r;
}

/* OpenSSL computes the public key of the private one; the file's must be the same. */
static enum acsr_result from_raw(
	EVP_PKEY **out, const struct jwk *j, const struct jwk_kind *k, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *x = NULL;
	CLEANUP_SECRET struct acsr_secret *d = NULL;
	uint8_t public[57];
	size_t n = sizeof(public);

	TRY(jwk_octets(&x, j, X, k, k->bytes, e));
	if (j->has[D])
		TRY(jwk_octets(&d, j, D, k, k->bytes, e));
	*out = d == NULL ? EVP_PKEY_new_raw_public_key_ex(
				   NULL, k->type, NULL, acsr_secret_bytes(x), acsr_secret_len(x))
			 : EVP_PKEY_new_raw_private_key_ex(
				   NULL, k->type, NULL, acsr_secret_bytes(d), acsr_secret_len(d));
	if (*out == NULL)
		return ossl_err(e, "key.jwk", "OpenSSL cannot take the key");
	if (EVP_PKEY_get_raw_public_key(*out, public, &n) != 1 || n != k->bytes ||
		memcmp(public, acsr_secret_bytes(x), n) != 0)
		return err_rule(e, "key.pair.public", "x", k->source,
			"the public key is not that of the private one");
	return ACSR_OK;
}

static enum acsr_result check_pair(const struct acsr_key *key, const struct jwk_kind *k, struct acsr_err *e)
{
	OSSL_AUTO(ossl_free_pctx) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
	bool good;

	if (k->group == NULL)
		return k->crv == NULL ? key_pair_fits(key, e) : ACSR_OK;
	good = ctx != NULL && EVP_PKEY_check(ctx) == 1;
	ERR_clear_error();
	return good ? ACSR_OK
		    : err_rule(e, "key.pair.public", "d", k->source,
			      "the public key is not that of the private one");
}

enum acsr_result jwk_numbers(
	struct acsr_key **out, const struct jwk *j, const struct jwk_kind *k, struct acsr_err *e)
{
	KEY_AUTO struct acsr_key *key = NULL;
	EVP_PKEY *pkey = NULL;
	bool raw = k->crv != NULL && k->group == NULL;
	enum acsr_result r;

	if (raw)
		r = from_raw(&pkey, j, k, e);
	else if (k->group != NULL && !j->has[D])
		r = from_point(&pkey, j, k, e);
	else
		r = from_numbers(&pkey, j, k, e);
	if (r != ACSR_OK) {
		EVP_PKEY_free(pkey);
		return ACSR_FAIL;
	}
	TRY(key_adopt(&key, pkey, e));
	if (j->has[D])
		TRY(check_pair(key, k, e));
	*out = key;
	key = NULL;
	return ACSR_OK;
}
