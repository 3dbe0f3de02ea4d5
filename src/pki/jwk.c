/* Keys as JSON Web Keys, written by hand: private numbers go nowhere but the secure heap. */
#include "autocsr/jwk.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

#include "autocsr/cert.h"
#include "base/secret.h"
#include "base/str.h"
#include "jwk_int.h"
#include "ossl.h"

#define MAX_NUMBER 2048 /* bytes of one number: RSA-16384 */

/* Text that is being written. Without `p` only its length is counted, so that the room is made once. */
struct text {
	char *p;
	size_t len;
};

static void put(struct text *t, const char *s, size_t n)
{
	if (t->p != NULL)
		memcpy(t->p + t->len, s, n);
	t->len += n;
}

static void put_str(struct text *t, const char *s)
{
	put(t, s, strlen(s));
}

static void put_b64(struct text *t, const uint8_t *p, size_t n, bool url)
{
	size_t full = 4 * ((n + 2) / 3), cut = url && n % 3 != 0 ? 3 - n % 3 : 0;

	if (t->p != NULL)
		b64_encode(p, n, url, t->p + t->len); /* its NUL is overwritten by what follows */
	t->len += full - cut;
}

/* Which EC curve or Edwards key, and how many bytes its numbers have; for ML-DSA the algorithm (RFC 9964),
 * and the bytes of the public key. */
static const struct shape {
	const char *name, *kty, *crv, *alg;
	size_t bytes;
} shapes[] = {
	{ "ec:p256", "EC", "P-256", "ES256", 32 },
	{ "ec:p384", "EC", "P-384", "ES384", 48 },
	{ "ec:p521", "EC", "P-521", "ES512", 66 },
	{ "ed25519", "OKP", "Ed25519", "Ed25519", 32 },
	{ "ed448", "OKP", "Ed448", "Ed448", 57 },
	{ "ml-dsa-44", "AKP", "ML-DSA-44", NULL, 1312 },
	{ "ml-dsa-65", "AKP", "ML-DSA-65", NULL, 1952 },
	{ "ml-dsa-87", "AKP", "ML-DSA-87", NULL, 2592 },
};

static const struct shape *shape_of(const struct acsr_key *k)
{
	static const struct shape rsa = { "rsa", "RSA", NULL, NULL, 0 };

	if (k->alg == ACSR_KEY_RSA)
		return &rsa;
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		if (strcmp(k->name, shapes[i].name) == 0)
			return &shapes[i];
	return NULL;
}

static enum acsr_result no_number(struct acsr_err *e)
{
	return ossl_err(e, "key.parse", "a number of the key cannot be read");
}

/* A number of the key, padded to `width` bytes (0: as short as it is). */
static enum acsr_result put_number(
	struct text *t, const struct acsr_key *k, const char *param, size_t width, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *room = NULL;
	OSSL_AUTO(ossl_free_bn) BIGNUM *n = NULL;
	size_t len;

	if (EVP_PKEY_get_bn_param(k->pkey, param, &n) != 1)
		return no_number(e);
	len = width > 0 ? width : (size_t)BN_num_bytes(n);
	if (len > MAX_NUMBER)
		return no_number(e);
	TRY(secret_zeroed(&room, len, e));
	if (BN_bn2binpad(n, secret_data(room), (int)len) < 0)
		return no_number(e);
	put_b64(t, acsr_secret_bytes(room), len, true);
	return ACSR_OK;
}

static enum acsr_result put_member(struct text *t, const struct acsr_key *k, const char *name,
	const char *param, size_t width, struct acsr_err *e)
{
	put_str(t, ",\"");
	put_str(t, name);
	put_str(t, "\":\"");
	TRY(put_number(t, k, param, width, e));
	put_str(t, "\"");
	return ACSR_OK;
}

/* The raw bytes of an Edwards key. */
static enum acsr_result put_raw(struct text *t, const struct acsr_key *k, const char *name, bool secret,
	size_t width, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *room = NULL;
	size_t n = width;
	int ok;

	TRY(secret_zeroed(&room, width, e));
	ok = secret ? EVP_PKEY_get_raw_private_key(k->pkey, secret_data(room), &n)
		    : EVP_PKEY_get_raw_public_key(k->pkey, secret_data(room), &n);
	if (ok != 1 || n != width)
		return no_number(e);
	put_str(t, ",\"");
	put_str(t, name);
	put_str(t, "\":\"");
	put_b64(t, acsr_secret_bytes(room), n, true);
	put_str(t, "\"");
	return ACSR_OK;
}

/* The members of a thumbprint in the order of RFC 7638 3: by name. */
static enum acsr_result put_required(
	struct text *t, const struct acsr_key *k, const struct shape *s, struct acsr_err *e)
{
	if (s->crv == NULL) {
		put_str(t, "{\"e\":\"");
		TRY(put_number(t, k, OSSL_PKEY_PARAM_RSA_E, 0, e));
		put_str(t, "\",\"kty\":\"RSA\"");
		TRY(put_member(t, k, "n", OSSL_PKEY_PARAM_RSA_N, 0, e));
		return ACSR_OK;
	}
	put_str(t, k->alg == ACSR_KEY_ML_DSA ? "{\"alg\":\"" : "{\"crv\":\"");
	put_str(t, s->crv);
	put_str(t, "\",\"kty\":\"");
	put_str(t, s->kty);
	put_str(t, "\"");
	if (k->alg != ACSR_KEY_EC)
		return put_raw(t, k, k->alg == ACSR_KEY_ML_DSA ? "pub" : "x", false, s->bytes, e);
	TRY(put_member(t, k, "x", OSSL_PKEY_PARAM_EC_PUB_X, s->bytes, e));
	return put_member(t, k, "y", OSSL_PKEY_PARAM_EC_PUB_Y, s->bytes, e);
}

/* "priv" of an ML-DSA key is its seed. */
static enum acsr_result put_seed(struct text *t, const struct acsr_key *k, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *seed = NULL;

	if (key_pq_seed(k, &seed, NULL) != ACSR_OK)
		return err_rule(e, "key.jwk", NULL, "RFC 9964",
			"a private JWK of an ML-DSA key holds the seed, and this key came without its seed");
	put_str(t, ",\"priv\":\"");
	put_b64(t, acsr_secret_bytes(seed), acsr_secret_len(seed), true);
	put_str(t, "\"");
	return ACSR_OK;
}

static enum acsr_result put_private(
	struct text *t, const struct acsr_key *k, const struct shape *s, struct acsr_err *e)
{
	static const struct {
		const char *name, *param;
	} rsa[] = { { "d", OSSL_PKEY_PARAM_RSA_D }, { "p", OSSL_PKEY_PARAM_RSA_FACTOR1 },
		{ "q", OSSL_PKEY_PARAM_RSA_FACTOR2 }, { "dp", OSSL_PKEY_PARAM_RSA_EXPONENT1 },
		{ "dq", OSSL_PKEY_PARAM_RSA_EXPONENT2 }, { "qi", OSSL_PKEY_PARAM_RSA_COEFFICIENT1 } };

	if (!key_has_private(k))
		return err_set(e, "key.parse", "this is a public key; the private key is needed");
	if (k->alg == ACSR_KEY_ML_DSA)
		return put_seed(t, k, e);
	if (k->alg == ACSR_KEY_EC)
		return put_member(t, k, "d", OSSL_PKEY_PARAM_PRIV_KEY, s->bytes, e);
	if (k->alg != ACSR_KEY_RSA)
		return put_raw(t, k, "d", true, s->bytes, e);
	for (size_t i = 0; i < sizeof(rsa) / sizeof(rsa[0]); i++)
		TRY(put_member(t, k, rsa[i].name, rsa[i].param, 0, e));
	return ACSR_OK;
}

static void put_certs(struct text *t, const struct acsr_blob *certs, size_t n)
{
	uint8_t hash[32];

	if (n == 0)
		return;
	put_str(t, ",\"x5c\":[");
	for (size_t i = 0; i < n; i++) {
		put_str(t, i > 0 ? ",\"" : "\"");
		put_b64(t, certs[i].p, certs[i].len, false);
		put_str(t, "\"");
	}
	SHA256(certs[0].p, certs[0].len, hash);
	put_str(t, "],\"x5t#S256\":\"");
	put_b64(t, hash, 32, true);
	put_str(t, "\"");
}

struct job {
	const struct acsr_key *key;
	const struct shape *shape;
	const struct acsr_blob *certs;
	size_t n_certs;
	bool private;
	char kid[44];
};

static enum acsr_result put_all(struct text *t, const struct job *j, struct acsr_err *e)
{
	TRY(put_required(t, j->key, j->shape, e));
	if (j->private)
		TRY(put_private(t, j->key, j->shape, e));
	if (j->shape->alg != NULL) {
		put_str(t, ",\"alg\":\"");
		put_str(t, j->shape->alg);
		put_str(t, "\"");
	}
	put_str(t, ",\"kid\":\"");
	put_str(t, j->kid);
	put_str(t, "\"");
	put_certs(t, j->certs, j->n_certs);
	put_str(t, "}\n");
	return ACSR_OK;
}

static enum acsr_result check_cert(const struct job *j, struct acsr_err *e)
{
	struct acsr_cert_view *v = NULL;
	bool same;

	if (j->n_certs == 0)
		return ACSR_OK;
	TRY(acsr_cert_parse(&v, j->certs[0].p, j->certs[0].len, e));
	same = v->key != NULL && acsr_key_same(v->key, j->key);
	acsr_cert_view_free(v);
	return same ? ACSR_OK : err_set(e, "match.key", "the key does not belong to the first certificate");
}

enum acsr_result jwk_required(const struct acsr_key *key, struct acsr_secret **out, struct acsr_err *e)
{
	const struct shape *s = shape_of(key);
	CLEANUP_SECRET struct acsr_secret *room = NULL;
	struct text t = { NULL, 0 };

	if (s == NULL)
		return err_rule(e, "key.jwk", NULL, "RFC 7518 6",
			"%s keys have no JWK form here; RSA, P-256, P-384, P-521, Ed25519, Ed448 and ML-DSA "
			"have",
			key->name);
	TRY(put_required(&t, key, s, e));
	TRY(secret_zeroed(&room, t.len + 5, e));
	t = (struct text){ (char *)secret_data(room), 0 };
	TRY(put_required(&t, key, s, e));
	put_str(&t, "}");
	return acsr_secret_new(out, acsr_secret_bytes(room), t.len, e);
}

enum acsr_result acsr_jwk_thumbprint(const struct acsr_key *key, char out[44], struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *text = NULL;
	uint8_t hash[32];

	TRY(jwk_required(key, &text, e));
	SHA256(acsr_secret_bytes(text), acsr_secret_len(text), hash);
	b64_encode(hash, 32, true, out);
	return ACSR_OK;
}

/* Written twice: once to learn the length. */
static enum acsr_result write_all(struct job *j, struct acsr_secret **out, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *room = NULL;
	struct text t = { NULL, 0 };

	TRY(acsr_jwk_thumbprint(j->key, j->kid, e));
	j->shape = shape_of(j->key);
	TRY(check_cert(j, e));
	TRY(put_all(&t, j, e));
	TRY(secret_zeroed(&room, t.len + 4, e)); /* base64 writes a NUL and padding behind itself */
	t = (struct text){ (char *)secret_data(room), 0 };
	TRY(put_all(&t, j, e));
	ERR_clear_error();
	return acsr_secret_new(out, acsr_secret_bytes(room), t.len, e);
}

enum acsr_result acsr_jwk_private(const struct acsr_key *key, const struct acsr_blob *certs, size_t n_certs,
	struct acsr_secret **json, struct acsr_err *e)
{
	struct job j = { .key = key, .certs = certs, .n_certs = n_certs, .private = true };

	return write_all(&j, json, e);
}

enum acsr_result acsr_jwk_public(const struct acsr_key *key, const struct acsr_blob *certs, size_t n_certs,
	struct acsr_blob *json, struct acsr_err *e)
{
	struct job j = { .key = key, .certs = certs, .n_certs = n_certs };
	CLEANUP_SECRET struct acsr_secret *s = NULL;

	TRY(write_all(&j, &s, e));
	return acsr_blob_copy(json, acsr_secret_bytes(s), acsr_secret_len(s), e);
}
