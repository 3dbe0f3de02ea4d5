/* age v1 (C2SP age.md), the reading half, for X25519. */
#include "cli/forensic/unage.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <string.h>

#include "base/secret.h"
#include "base/str.h"

enum { KEY = 32, FILE_KEY = 16, TAG = 16, NONCE = 12, STREAM_NONCE = 16, POINT_CHARS = 43, BODY_CHARS = 43 };

#define HEAD "age-encryption.org/v1\n-> X25519 "
#define LABEL "age-encryption.org/v1/X25519"

static enum acsr_result wrong(struct acsr_err *e, const char *what)
{
	return err_set(e, "forensic.age", "the sealed file does not open: %s", what);
}

/* --- the identity --- */

static uint32_t bech32_add(uint32_t sum, unsigned value)
{
	static const uint32_t generator[] = { 0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3 };
	uint32_t top = sum >> 25;

	sum = (sum & 0x1ffffff) << 5 ^ value;
	for (unsigned i = 0; i < 5; i++)
		if ((top >> i & 1) != 0)
			sum ^= generator[i];
	return sum;
}

/* Bech32 (BIP 173) with the prefix "age": 52 characters and 6 of checksum. */
static void write_recipient(const uint8_t point[KEY], char out[UNAGE_RECIPIENT])
{
	static const char chars[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
	static const unsigned prefix[] = { 3, 3, 3, 0, 'a' & 31, 'g' & 31, 'e' & 31 };
	uint32_t sum = 1, bits = 0, held = 0;
	size_t at = 4;

	for (size_t i = 0; i < 7; i++)
		sum = bech32_add(sum, prefix[i]);
	memcpy(out, "age1", 4);
	for (size_t i = 0; i <= KEY; i++) {
		bits = bits << 8 | (i < KEY ? point[i] : 0);
		held += 8;
		for (; held >= 5 && at < 56; held -= 5) {
			unsigned v = bits >> (held - 5) & 31;

			sum = bech32_add(sum, v);
			out[at++] = chars[v];
		}
	}
	for (int i = 0; i < 6; i++)
		sum = bech32_add(sum, 0);
	sum ^= 1;
	for (unsigned i = 0; i < 6; i++)
		out[at++] = chars[sum >> 5 * (5 - i) & 31];
	out[at] = '\0';
}

enum acsr_result unage_identity(
	struct acsr_secret **identity, char recipient[UNAGE_RECIPIENT], struct acsr_err *e)
{
	uint8_t point[KEY];
	size_t n = sizeof(point);
	EVP_PKEY *k;
	bool ok;

	TRY(secret_random(identity, KEY, e));
	k = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, acsr_secret_bytes(*identity), KEY);
	ok = k != NULL && EVP_PKEY_get_raw_public_key(k, point, &n) == 1 && n == KEY;
	EVP_PKEY_free(k);
	if (!ok)
		return wrong(e, "OpenSSL makes no X25519 key");
	write_recipient(point, recipient);
	return ACSR_OK;
}

/* --- opening --- */

/* 32 bytes from unpadded base64 of 43 characters. */
static bool take_base64(const char *text, uint8_t out[KEY])
{
	CLEANUP_BUF struct buf b = { 0 };
	char padded[BODY_CHARS + 2];

	memcpy(padded, text, BODY_CHARS);
	memcpy(padded + BODY_CHARS, "=", 2);
	buf_init(&b, KEY);
	if (b64_decode(padded, BODY_CHARS + 1, false, &b, NULL) != ACSR_OK || b.len != KEY)
		return false;
	memcpy(out, b.p, KEY);
	return true;
}

static bool hkdf(const struct acsr_secret *key, const uint8_t *salt, size_t salt_len, const char *info,
	uint8_t out[KEY])
{
	OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string(
					OSSL_KDF_PARAM_DIGEST, (char[]){ "SHA256" }, 0),
		OSSL_PARAM_construct_octet_string(
			OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)acsr_secret_bytes(key), acsr_secret_len(key)),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)(uintptr_t)salt, salt_len),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)(uintptr_t)info, strlen(info)),
		OSSL_PARAM_construct_end() };
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *ctx = kdf != NULL ? EVP_KDF_CTX_new(kdf) : NULL;
	bool ok = ctx != NULL && EVP_KDF_derive(ctx, out, KEY, params) == 1;

	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	return ok;
}

static bool decrypt(
	uint8_t *out, const uint8_t key[KEY], const uint8_t nonce[NONCE], const uint8_t *p, size_t n)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int a = 0, b = 0;
	bool ok = ctx != NULL && EVP_DecryptInit_ex2(ctx, EVP_chacha20_poly1305(), key, nonce, NULL) == 1 &&
		  EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG, (void *)(uintptr_t)(p + n)) == 1 &&
		  EVP_DecryptUpdate(ctx, out, &a, p, (int)n) == 1 &&
		  EVP_DecryptFinal_ex(ctx, out + a, &b) == 1;

	EVP_CIPHER_CTX_free(ctx);
	return ok;
}

static bool agree(const struct acsr_secret *identity, const uint8_t point[KEY], struct acsr_secret *shared,
	uint8_t own[KEY])
{
	EVP_PKEY *mine =
		EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, acsr_secret_bytes(identity), KEY);
	EVP_PKEY *theirs = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, point, KEY);
	EVP_PKEY_CTX *ctx = mine != NULL ? EVP_PKEY_CTX_new(mine, NULL) : NULL;
	size_t n = KEY, m = KEY;
	bool ok = ctx != NULL && theirs != NULL && EVP_PKEY_derive_init(ctx) == 1 &&
		  EVP_PKEY_derive_set_peer(ctx, theirs) == 1 &&
		  EVP_PKEY_derive(ctx, secret_data(shared), &n) == 1 && n == KEY &&
		  EVP_PKEY_get_raw_public_key(mine, own, &m) == 1;

	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(theirs);
	EVP_PKEY_free(mine);
	return ok;
}

static bool open_file_key(const struct acsr_secret *identity, const uint8_t point[KEY],
	const uint8_t wrapped[FILE_KEY + TAG], struct acsr_secret **file_key)
{
	static const uint8_t none[NONCE];
	CLEANUP_SECRET struct acsr_secret *shared = NULL;
	uint8_t salt[2 * KEY], key[KEY];
	bool ok;

	if (secret_zeroed(&shared, KEY, NULL) != ACSR_OK ||
		secret_zeroed(file_key, FILE_KEY, NULL) != ACSR_OK)
		return false;
	memcpy(salt, point, KEY);
	ok = agree(identity, point, shared, salt + KEY) && hkdf(shared, salt, sizeof(salt), LABEL, key) &&
	     decrypt(secret_data(*file_key), key, none, wrapped, FILE_KEY);
	wipe(key, sizeof(key));
	return ok;
}

/* Nonce, then one chunk, which is the last. */
static enum acsr_result open_body(const struct acsr_secret *file_key, const uint8_t *p, size_t len,
	struct acsr_secret **plain, struct acsr_err *e)
{
	static const uint8_t last[NONCE] = { [NONCE - 1] = 1 };
	CLEANUP_SECRET struct acsr_secret *out = NULL;
	uint8_t key[KEY];
	size_t n;
	bool ok;

	if (len <= STREAM_NONCE + TAG)
		return wrong(e, "it is cut short");
	n = len - STREAM_NONCE - TAG;
	TRY(secret_zeroed(&out, n, e));
	ok = hkdf(file_key, p, STREAM_NONCE, "payload", key) &&
	     decrypt(secret_data(out), key, last, p + STREAM_NONCE, n);
	wipe(key, sizeof(key));
	if (!ok)
		return wrong(e, "its contents do not match their seal");
	*plain = out;
	out = NULL;
	return ACSR_OK;
}

enum acsr_result unage_open(const struct acsr_secret *identity, const uint8_t *p, size_t len,
	struct acsr_secret **plain, struct acsr_err *e)
{
	const size_t head = strlen(HEAD), wrapped_at = head + POINT_CHARS + 1,
		     mac_at = wrapped_at + BODY_CHARS + 1, body_at = mac_at + 4 + POINT_CHARS + 1;
	CLEANUP_SECRET struct acsr_secret *file_key = NULL;
	uint8_t point[KEY], wrapped[KEY];

	if (len > UNAGE_MAX || len <= body_at || memcmp(p, HEAD, head) != 0 || p[wrapped_at - 1] != '\n' ||
		p[mac_at - 1] != '\n' || memcmp(p + mac_at, "--- ", 4) != 0 || p[body_at - 1] != '\n' ||
		!take_base64((const char *)p + head, point) ||
		!take_base64((const char *)p + wrapped_at, wrapped))
		return wrong(e, "it is not sealed to one X25519 recipient alone");
	if (!open_file_key(identity, point, wrapped, &file_key))
		return wrong(e, "it is sealed to somebody else");
	return open_body(file_key, p + body_at, len - body_at, plain, e);
}
