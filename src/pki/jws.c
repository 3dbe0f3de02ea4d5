/* Signing and verifying; reading is in jws_read.c. */
#include "jws.h"

#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

#include "base/problem.h"
#include "base/secret.h"
#include "base/str.h"
#include "jwk_int.h"
#include "sign.h"

/* The table of algorithms; `half` is the length of r and of s (RFC 7518 3.4). */
static const struct jws_scheme {
	const char *name, *key;
	size_t half;
	const EVP_MD *(*md)(void);
} schemes[] = {
	[JWS_NONE] = { "", "", 0, NULL },
	[JWS_RS256] = { "RS256", "rsa", 0, EVP_sha256 },
	[JWS_ES256] = { "ES256", "ec:p256", 32, EVP_sha256 },
	[JWS_ES384] = { "ES384", "ec:p384", 48, EVP_sha384 },
	[JWS_ES512] = { "ES512", "ec:p521", 66, EVP_sha512 },
	[JWS_HS256] = { "HS256", "", 0, EVP_sha256 },
	[JWS_HS384] = { "HS384", "", 0, EVP_sha384 },
	[JWS_HS512] = { "HS512", "", 0, EVP_sha512 },
};

OSSL_CLEANUP_FN(free_sig, ECDSA_SIG, ECDSA_SIG_free)

const char *jws_alg_name(enum jws_alg alg)
{
	return schemes[alg].name;
}

enum jws_alg jws_alg_of(const struct acsr_key *key)
{
	if (key->alg == ACSR_KEY_RSA)
		return JWS_RS256;
	for (enum jws_alg a = JWS_ES256; a <= JWS_ES512; a++)
		if (strcmp(key->name, schemes[a].key) == 0)
			return a;
	return JWS_NONE;
}

/* --- writing --- */

static enum acsr_result put_b64(struct buf *out, struct bytes what, struct acsr_err *e)
{
	size_t room = B64_LEN(what.len);

	TRY(buf_reserve(out, room, e));
	b64_encode(what.p, what.len, true, (char *)out->p + out->len);
	out->len += strlen((char *)out->p + out->len);
	return ACSR_OK;
}

static enum acsr_result put_member(struct buf *out, const char *name, const char *value, struct acsr_err *e)
{
	if (value == NULL || *value == '\0')
		return ACSR_OK;
	TRY(buf_printf(out, e, ",\"%s\":", name));
	return problem_put_json(out, value, e);
}

enum acsr_result jws_jwk(const struct acsr_key *key, struct buf *out, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *text = NULL;

	TRY(jwk_required(key, &text, e));
	return buf_put(out, acsr_secret_bytes(text), acsr_secret_len(text), e);
}

/* The protected header's octets. */
static enum acsr_result write_header(struct buf *out, enum jws_alg alg, const struct acsr_key *key,
	const struct jws_head *h, struct acsr_err *e)
{
	TRY(buf_printf(out, e, "{\"alg\":\"%s\"", jws_alg_name(alg)));
	if (h->kid == NULL || *h->kid == '\0') {
		TRY(buf_putstr(out, ",\"jwk\":", e));
		TRY(jws_jwk(key, out, e));
	}
	TRY(put_member(out, "kid", h->kid, e));
	TRY(put_member(out, "nonce", h->nonce, e));
	TRY(put_member(out, "url", h->url, e));
	return buf_putstr(out, "}", e);
}

/* What is signed: BASE64URL(header) "." BASE64URL(payload), RFC 7515 5.1. *dot: where the point stands. */
static enum acsr_result write_input(
	struct buf *out, const struct buf *header, struct bytes payload, size_t *dot, struct acsr_err *e)
{
	TRY(put_b64(out, (struct bytes){ header->p, header->len }, e));
	*dot = out->len;
	TRY(buf_putstr(out, ".", e));
	return put_b64(out, payload, e);
}

static enum acsr_result write_all(
	struct buf *out, const struct buf *input, size_t dot, struct bytes signature, struct acsr_err *e)
{
	TRY(buf_putstr(out, "{\"protected\":\"", e));
	TRY(buf_put(out, input->p, dot, e));
	TRY(buf_putstr(out, "\",\"payload\":\"", e));
	TRY(buf_put(out, input->p + dot + 1, input->len - dot - 1, e));
	TRY(buf_putstr(out, "\",\"signature\":\"", e));
	TRY(put_b64(out, signature, e));
	return buf_putstr(out, "\"}", e);
}

/* An ECDSA signature of OpenSSL as r and s, each as long as the curve (RFC 7518 3.4). */
static enum acsr_result to_halves(struct acsr_blob *sig, size_t half, struct acsr_err *e)
{
	OSSL_AUTO(free_sig) ECDSA_SIG *s = NULL;
	const unsigned char *p = sig->p;
	uint8_t both[2 * 66];

	s = d2i_ECDSA_SIG(NULL, &p, (long)sig->len);
	if (s == NULL || BN_bn2binpad(ECDSA_SIG_get0_r(s), both, (int)half) < 0 ||
		BN_bn2binpad(ECDSA_SIG_get0_s(s), both + half, (int)half) < 0)
		return ossl_err(e, "sys.openssl", "cannot read a signature of our own");
	acsr_blob_free(sig);
	return acsr_blob_copy(sig, both, 2 * half, e);
}

static enum acsr_result sign_input(const struct acsr_key *key, enum jws_alg alg, const struct buf *input,
	struct acsr_blob *sig, struct acsr_err *e)
{
	TRY(sign_bytes(key, schemes[alg].md(), input->p, input->len, sig, e));
	return schemes[alg].half > 0 ? to_halves(sig, schemes[alg].half, e) : ACSR_OK;
}

enum acsr_result jws_sign(const struct acsr_key *key, const struct jws_head *head, struct bytes payload,
	struct buf *out, struct acsr_err *e)
{
	CLEANUP_BUF struct buf header = { 0 }, input = { 0 };
	ACSR_CLEANUP_BLOB struct acsr_blob sig = { 0 };
	enum jws_alg alg = jws_alg_of(key);
	size_t dot = 0;

	buf_init(&header, out->max);
	buf_init(&input, out->max);
	if (alg == JWS_NONE)
		return err_rule(e, "key.jwk", NULL, "RFC 8555 6.2",
			"%s keys sign no ACME requests; RSA, P-256, P-384 and P-521 do", key->name);
	TRY(write_header(&header, alg, key, head, e));
	TRY(write_input(&input, &header, payload, &dot, e));
	TRY(sign_input(key, alg, &input, &sig, e));
	return write_all(out, &input, dot, (struct bytes){ sig.p, sig.len }, e);
}

static enum acsr_result mac_of(enum jws_alg alg, const struct acsr_secret *mac_key, const struct buf *input,
	uint8_t out[EVP_MAX_MD_SIZE], size_t *n, struct acsr_err *e)
{
	unsigned len = 0;

	if (HMAC(schemes[alg].md(), acsr_secret_bytes(mac_key), (int)acsr_secret_len(mac_key), input->p,
		    input->len, out, &len) == NULL)
		return ossl_err(e, "sys.openssl", "cannot make a MAC");
	*n = len;
	return ACSR_OK;
}

enum acsr_result jws_sign_mac(const struct acsr_secret *mac_key, const char *kid, const char *url,
	struct bytes payload, struct buf *out, struct acsr_err *e)
{
	const struct jws_head head = { .url = url, .kid = kid };
	CLEANUP_BUF struct buf header = { 0 }, input = { 0 };
	uint8_t mac[EVP_MAX_MD_SIZE];
	size_t dot = 0, n = 0;

	buf_init(&header, out->max);
	buf_init(&input, out->max);
	if (*kid == '\0')
		return err_rule(
			e, "jws.malformed", "kid", "RFC 8555 7.3.4", "a MAC needs the name of its key");
	TRY(write_header(&header, JWS_HS256, NULL, &head, e));
	TRY(write_input(&input, &header, payload, &dot, e));
	TRY(mac_of(JWS_HS256, mac_key, &input, mac, &n, e));
	return write_all(out, &input, dot, (struct bytes){ mac, n }, e);
}

/* --- verifying --- */

static enum acsr_result refuse(struct acsr_err *e, const char *why)
{
	return err_rule(e, "jws.signature", "signature", "RFC 7515 5.2", "%s", why);
}

static enum acsr_result check_alg(const struct jws *j, const struct acsr_key *key, struct acsr_err *e)
{
	if (j->alg < JWS_RS256 || j->alg > JWS_ES512)
		return err_rule(e, "jws.alg", "alg", "RFC 8555 6.2",
			"\"%s\" signs nothing here; use RS256, ES256, ES384 or ES512", j->alg_name);
	if (j->alg != jws_alg_of(key))
		return err_rule(e, "jws.alg", "alg", "RFC 7518 3.1",
			"%s is not what a key of type %s signs with", j->alg_name, key->name);
	return ACSR_OK;
}

/* r and s as OpenSSL wants them. */
static enum acsr_result from_halves(
	const struct buf *sig, size_t half, struct acsr_blob *der, struct acsr_err *e)
{
	OSSL_AUTO(free_sig) ECDSA_SIG *s = ECDSA_SIG_new();
	BIGNUM *r_part, *s_part;
	unsigned char *p = NULL;
	int n;

	if (sig->len != 2 * half)
		return refuse(e, "the signature has the wrong length");
	r_part = BN_bin2bn(sig->p, (int)half, NULL);
	s_part = BN_bin2bn(sig->p + half, (int)half, NULL);
	if (s == NULL || ECDSA_SIG_set0(s, r_part, s_part) != 1) {
		BN_free(r_part);
		BN_free(s_part);
		return err_nomem(e);
	}
	n = i2d_ECDSA_SIG(s, &p);
	return ossl_take(der, p, n, "the signature", e);
}

static enum acsr_result verify_bytes(const struct acsr_key *key, const EVP_MD *md, const struct buf *input,
	struct bytes sig, struct acsr_err *e)
{
	OSSL_AUTO(ossl_free_mdctx) EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	if (ctx == NULL || EVP_DigestVerifyInit(ctx, NULL, md, NULL, key->pkey) != 1)
		return ossl_err(e, "sys.openssl", "cannot verify");
	if (EVP_DigestVerify(ctx, sig.p, sig.len, input->p, input->len) == 1)
		return ACSR_OK;
	if (ossl_ran_short())
		return err_nomem(e);
	return refuse(e, "the signature does not fit the key and what was sent");
}

enum acsr_result jws_verify(const struct jws *j, const struct acsr_key *key, struct acsr_err *e)
{
	ACSR_CLEANUP_BLOB struct acsr_blob der = { 0 };
	struct bytes sig = { j->signature.p, j->signature.len };

	TRY(check_alg(j, key, e));
	if (j->signature.len == 0)
		return refuse(e, "the signature is empty");
	if (schemes[j->alg].half > 0) {
		TRY(from_halves(&j->signature, schemes[j->alg].half, &der, e));
		sig = (struct bytes){ der.p, der.len };
	}
	return verify_bytes(key, schemes[j->alg].md(), &j->input, sig, e);
}

enum acsr_result jws_verify_mac(const struct jws *j, const struct acsr_secret *mac_key, struct acsr_err *e)
{
	uint8_t mac[EVP_MAX_MD_SIZE];
	size_t n = 0;

	if (j->alg < JWS_HS256)
		return err_rule(e, "jws.alg", "alg", "RFC 8555 7.3.4",
			"\"%s\" is no MAC; use HS256, HS384 or HS512", j->alg_name);
	TRY(mac_of(j->alg, mac_key, &j->input, mac, &n, e));
	if (j->signature.len != n || CRYPTO_memcmp(mac, j->signature.p, n) != 0)
		return refuse(e, "the MAC does not fit the key and what was sent");
	return ACSR_OK;
}
