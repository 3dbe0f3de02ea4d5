/*
 * age v1 (C2SP age.md, and age's own ssh recipients): a header with the file key wrapped to one recipient and a MAC
 * over it, a nonce, and the contents in chunks of 64 KiB under ChaCha20-Poly1305.
 */
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <string.h>

#include "base/rnd.h"
#include "base/secret.h"
#include "base/str.h"
#include "recipient_int.h"

#define FILE_KEY 16
#define KEY 32
#define TAG 16
#define NONCE 12
#define STREAM_NONCE 16
#define CHUNK ((size_t)64 * 1024)
#define COLUMNS 64
#define BODY_MAX 1024 /* RSA-8192 */
#define HEADER_MAX 4096

#define VERSION_LINE "age-encryption.org/v1\n"
#define LABEL_X25519 "age-encryption.org/v1/X25519"
#define LABEL_ED25519 "age-encryption.org/v1/ssh-ed25519"
#define LABEL_RSA "age-encryption.org/v1/ssh-rsa"

bool x25519(uint8_t out[X25519_BYTES], const uint8_t scalar[X25519_BYTES], const uint8_t point[X25519_BYTES])
{
	OSSL_AUTO(ossl_free_pkey)
	EVP_PKEY *own = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, scalar, X25519_BYTES);
	OSSL_AUTO(ossl_free_pkey)
	EVP_PKEY *peer = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, point, X25519_BYTES);
	OSSL_AUTO(ossl_free_pctx) EVP_PKEY_CTX *ctx = own != NULL ? EVP_PKEY_CTX_new(own, NULL) : NULL;
	size_t n = X25519_BYTES;
	bool ok = ctx != NULL && peer != NULL && EVP_PKEY_derive_init(ctx) == 1 &&
		  EVP_PKEY_derive_set_peer(ctx, peer) == 1 && EVP_PKEY_derive(ctx, out, &n) == 1 &&
		  n == X25519_BYTES;

	ossl_wipe_stack();
	return ok;
}

/* --- key derivation --- */

static bool hmac_sha256(uint8_t out[KEY], const uint8_t *key, size_t key_len, const uint8_t *p, size_t n)
{
	size_t got = 0;

	return EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, key, key_len, p, n, out, KEY, &got) != NULL &&
	       got == KEY;
}

/* HKDF-SHA-256 (RFC 5869), 32 bytes. No salt is a salt of zeros (2.2). */
static enum acsr_result hkdf(struct acsr_secret **out, const struct acsr_secret *ikm, struct bytes salt,
	const char *info, struct acsr_err *e)
{
	static const uint8_t zeros[KEY];
	CLEANUP_SECRET struct acsr_secret *prk = NULL;
	CLEANUP_SECRET struct acsr_secret *okm = NULL;
	uint8_t text[64];
	size_t n = strlen(info);

	memcpy(text, info, n);
	text[n] = 1;
	TRY(secret_zeroed(&prk, KEY, e));
	TRY(secret_zeroed(&okm, KEY, e));
	if (!hmac_sha256(secret_data(prk), salt.len > 0 ? salt.p : zeros, salt.len > 0 ? salt.len : KEY,
		    ikm != NULL ? acsr_secret_bytes(ikm) : zeros, ikm != NULL ? acsr_secret_len(ikm) : 0) ||
		!hmac_sha256(secret_data(okm), acsr_secret_bytes(prk), KEY, text, n + 1))
		return ossl_err(e, "sys.openssl", "cannot derive a key");
	*out = okm;
	okm = NULL;
	return ACSR_OK;
}

/* ChaCha20-Poly1305 (RFC 8439 2.8) without additional data; out has n + TAG bytes. */
static enum acsr_result encrypt(uint8_t *out, const struct acsr_secret *key, const uint8_t nonce[NONCE],
	const uint8_t *p, size_t n, struct acsr_err *e)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int a = 0, b = 0;
	bool ok =
		ctx != NULL &&
		EVP_EncryptInit_ex2(ctx, EVP_chacha20_poly1305(), acsr_secret_bytes(key), nonce, NULL) == 1 &&
		EVP_EncryptUpdate(ctx, out, &a, p, (int)n) == 1 &&
		EVP_EncryptFinal_ex(ctx, out + a, &b) == 1 && (size_t)(a + b) == n &&
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG, out + n) == 1;

	EVP_CIPHER_CTX_free(ctx);
	ossl_wipe_stack();
	return ok ? ACSR_OK : ossl_err(e, "sys.openssl", "cannot encrypt");
}

/* --- the header --- */

static enum acsr_result put_base64(struct buf *out, const uint8_t *p, size_t n, struct acsr_err *e)
{
	char text[B64_LEN(KEY)];

	b64_encode(p, n, false, text);
	text[strcspn(text, "=")] = '\0';
	return buf_putstr(out, text, e);
}

/* A stanza's body: lines of 64 characters, the last one shorter, if need be empty. */
static enum acsr_result put_body(struct buf *out, const uint8_t *p, size_t n, struct acsr_err *e)
{
	char text[B64_LEN(BODY_MAX)];
	size_t len;

	b64_encode(p, n, false, text);
	len = strcspn(text, "=");
	for (size_t at = 0; at <= len; at += COLUMNS) {
		TRY(buf_put(out, text + at, len - at < COLUMNS ? len - at : COLUMNS, e));
		TRY(buf_putstr(out, "\n", e));
	}
	return ACSR_OK;
}

/* The first four bytes of the key's SHA-256, by which age finds the identity. */
static enum acsr_result put_ssh_tag(struct buf *out, const struct acsr_recipient *r, struct acsr_err *e)
{
	uint8_t sha256[32];

	SHA256(r->ssh.p, r->ssh.len, sha256);
	return put_base64(out, sha256, 4, e);
}

struct agreement {
	uint8_t ephemeral[X25519_BYTES]; /* public */
	struct acsr_secret *shared;
};

/* A fresh key pair, and what it shares with `point`. */
static enum acsr_result agree(struct agreement *a, const uint8_t point[X25519_BYTES], struct acsr_err *e)
{
	static const uint8_t base[X25519_BYTES] = { 9 };
	CLEANUP_SECRET struct acsr_secret *scalar = NULL;

	TRY(secret_random(&scalar, X25519_BYTES, e));
	TRY(secret_zeroed(&a->shared, X25519_BYTES, e));
	if (!x25519(a->ephemeral, acsr_secret_bytes(scalar), base) ||
		!x25519(secret_data(a->shared), acsr_secret_bytes(scalar), point))
		return ossl_err(e, "sys.openssl", "cannot agree on a key");
	return ACSR_OK;
}

/* The file key under what both sides can derive; `point` is the recipient's. */
static enum acsr_result put_wrapped(struct buf *out, const struct agreement *a,
	const uint8_t point[X25519_BYTES], const char *label, const struct acsr_secret *file_key,
	struct acsr_err *e)
{
	static const uint8_t nonce[NONCE];
	CLEANUP_SECRET struct acsr_secret *key = NULL;
	uint8_t salt[2 * X25519_BYTES], body[FILE_KEY + TAG];

	memcpy(salt, a->ephemeral, X25519_BYTES);
	memcpy(salt + X25519_BYTES, point, X25519_BYTES);
	TRY(hkdf(&key, a->shared, (struct bytes){ salt, sizeof(salt) }, label, e));
	TRY(encrypt(body, key, nonce, acsr_secret_bytes(file_key), FILE_KEY, e));
	return put_body(out, body, sizeof(body), e);
}

static enum acsr_result put_x25519(struct buf *out, const struct acsr_recipient *r,
	const struct acsr_secret *file_key, struct acsr_err *e)
{
	struct agreement a = { .shared = NULL };
	enum acsr_result result = agree(&a, r->point, e);

	if (result == ACSR_OK)
		result = buf_putstr(out, "-> X25519 ", e);
	if (result == ACSR_OK)
		result = put_base64(out, a.ephemeral, X25519_BYTES, e);
	if (result == ACSR_OK)
		result = buf_putstr(out, "\n", e);
	if (result == ACSR_OK)
		result = put_wrapped(out, &a, r->point, LABEL_X25519, file_key, e);
	acsr_secret_free(a.shared);
	return result;
}

/* age multiplies the shared point by a tweak made of the SSH key. The order does not matter, so the public point is
 * multiplied instead, and no secret stands where OpenSSL expects a public key. */
static enum acsr_result tweaked(uint8_t out[X25519_BYTES], const struct acsr_recipient *r, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *tweak = NULL;

	TRY(hkdf(&tweak, NULL, (struct bytes){ r->ssh.p, r->ssh.len }, LABEL_ED25519, e));
	return x25519(out, acsr_secret_bytes(tweak), r->point)
		       ? ACSR_OK
		       : ossl_err(e, "sys.openssl", "cannot agree on a key");
}

static enum acsr_result put_ed25519(struct buf *out, const struct acsr_recipient *r,
	const struct acsr_secret *file_key, struct acsr_err *e)
{
	struct agreement a = { .shared = NULL };
	uint8_t point[X25519_BYTES];
	enum acsr_result result;

	TRY(tweaked(point, r, e));
	result = agree(&a, point, e);
	if (result == ACSR_OK)
		result = buf_putstr(out, "-> ssh-ed25519 ", e);
	if (result == ACSR_OK)
		result = put_ssh_tag(out, r, e);
	if (result == ACSR_OK)
		result = buf_putstr(out, " ", e);
	if (result == ACSR_OK)
		result = put_base64(out, a.ephemeral, X25519_BYTES, e);
	if (result == ACSR_OK)
		result = buf_putstr(out, "\n", e);
	if (result == ACSR_OK)
		result = put_wrapped(out, &a, r->point, LABEL_ED25519, file_key, e);
	acsr_secret_free(a.shared);
	return result;
}

static bool oaep(uint8_t *out, size_t *n, const struct acsr_key *k, const struct acsr_secret *file_key)
{
	OSSL_AUTO(ossl_free_pctx) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(acsr_key_evp(k), NULL);
	char label[] = LABEL_RSA; /* without its NUL */
	const OSSL_PARAM params[] = { OSSL_PARAM_octet_string(
					      OSSL_ASYM_CIPHER_PARAM_OAEP_LABEL, label, sizeof(label) - 1),
		OSSL_PARAM_END };
	bool ok = ctx != NULL && EVP_PKEY_encrypt_init(ctx) == 1 &&
		  EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
		  EVP_PKEY_CTX_set_rsa_oaep_md(ctx, EVP_sha256()) == 1 &&
		  EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, EVP_sha256()) == 1 &&
		  EVP_PKEY_CTX_set_params(ctx, params) == 1 &&
		  EVP_PKEY_encrypt(ctx, out, n, acsr_secret_bytes(file_key), FILE_KEY) == 1;

	ossl_wipe_stack();
	return ok;
}

static enum acsr_result put_rsa(struct buf *out, const struct acsr_recipient *r,
	const struct acsr_secret *file_key, struct acsr_err *e)
{
	uint8_t body[BODY_MAX];
	size_t n = sizeof(body);

	if (!oaep(body, &n, r->key, file_key))
		return ossl_err(e, "sys.openssl", "cannot encrypt to the RSA key");
	TRY(buf_putstr(out, "-> ssh-rsa ", e));
	TRY(put_ssh_tag(out, r, e));
	TRY(buf_putstr(out, "\n", e));
	return put_body(out, body, n, e);
}

static enum acsr_result put_stanza(struct buf *out, const struct acsr_recipient *r,
	const struct acsr_secret *file_key, struct acsr_err *e)
{
	if (r->kind == ACSR_RECIPIENT_SSH_RSA)
		return put_rsa(out, r, file_key, e);
	return r->kind == ACSR_RECIPIENT_SSH_ED25519 ? put_ed25519(out, r, file_key, e)
						     : put_x25519(out, r, file_key, e);
}

/* The MAC covers everything up to and including its own three dashes. */
static enum acsr_result put_mac(struct buf *out, const struct acsr_secret *file_key, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *key = NULL;
	uint8_t mac[KEY];

	TRY(buf_putstr(out, "---", e));
	TRY(hkdf(&key, file_key, (struct bytes){ NULL, 0 }, "header", e));
	if (!hmac_sha256(mac, acsr_secret_bytes(key), KEY, out->p, out->len))
		return ossl_err(e, "sys.openssl", "cannot authenticate the header");
	TRY(buf_putstr(out, " ", e));
	TRY(put_base64(out, mac, sizeof(mac), e));
	return buf_putstr(out, "\n", e);
}

/* --- the contents --- */

/* Nonce: an 11-byte counter and a byte that is 1 for the last chunk. */
static enum acsr_result put_chunk(struct buf *out, const struct acsr_secret *key, size_t number, bool last,
	const uint8_t *p, size_t n, struct acsr_err *e)
{
	uint8_t nonce[NONCE] = { 0 };

	for (size_t i = 0; i < sizeof(uint32_t); i++)
		nonce[NONCE - 2 - i] = (uint8_t)(number >> (8 * i));
	nonce[NONCE - 1] = last;
	TRY(buf_reserve(out, n + TAG, e));
	TRY(encrypt(out->p + out->len, key, nonce, p, n, e));
	out->len += n + TAG;
	return ACSR_OK;
}

static enum acsr_result put_contents(struct buf *out, const struct acsr_secret *plain,
	const struct acsr_secret *file_key, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *key = NULL;
	uint8_t nonce[STREAM_NONCE];
	size_t len = acsr_secret_len(plain);

	TRY(rnd_fill(nonce, sizeof(nonce), e));
	TRY(hkdf(&key, file_key, (struct bytes){ nonce, sizeof(nonce) }, "payload", e));
	TRY(buf_put(out, nonce, sizeof(nonce), e));
	for (size_t at = 0, i = 0; at < len; at += CHUNK, i++) {
		bool last = len - at <= CHUNK;

		TRY(put_chunk(out, key, i, last, acsr_secret_bytes(plain) + at, last ? len - at : CHUNK, e));
	}
	return ACSR_OK;
}

enum acsr_result seal_age(const struct acsr_recipient *r, const struct acsr_secret *plain,
	struct acsr_blob *out, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *file_key = NULL;
	CLEANUP_BUF struct buf b = { 0 };

	buf_init(&b, HEADER_MAX + ACSR_SEAL_MAX + (ACSR_SEAL_MAX / CHUNK + 1) * TAG);
	TRY(secret_random(&file_key, FILE_KEY, e));
	TRY(buf_putstr(&b, VERSION_LINE, e));
	TRY(put_stanza(&b, r, file_key, e));
	TRY(put_mac(&b, file_key, e));
	TRY(put_contents(&b, plain, file_key, e));
	return acsr_blob_copy(out, b.p, b.len, e);
}
