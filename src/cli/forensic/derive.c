/* Numbers, their encodings, and what the unlock code becomes. */
#include "cli/forensic/derive.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <string.h>

#include "autocsr/archive.h"
#include "autocsr/code.h"
#include "base/buf.h"
#include "base/secret.h"
#include "base/str.h"

enum { NUMBER_MAX = 8192, STEP = 4, TEXT_LEAST = 12, CODE_LEAST = 10, ARCHIVE_LEAST = 16, OTHER_LEAST = 64 };

/* --- one number --- */

static enum acsr_result add(struct needles *n, unsigned order, enum needle_kind kind, const char *what,
	const uint8_t *p, size_t len, size_t least, struct acsr_err *e)
{
	return needles_add(n,
		&(struct needle_source){ .kind = kind,
			.what = what,
			.order = order,
			.p = p,
			.len = len,
			.step = STEP,
			.least = least },
		e);
}

/* Its base64 wherever it may begin: whole groups of three bytes only, since the others mix with neighbours. */
static enum acsr_result add_base64(struct needles *n, unsigned order, enum needle_kind kind, const char *what,
	const uint8_t *p, size_t len, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *text = NULL;

	TRY(secret_zeroed(&text, B64_LEN(len), e));
	for (size_t skip = 0; skip < 3 && len >= skip + 3; skip++) {
		size_t whole = (len - skip) / 3 * 3;
		char *out = (char *)secret_data(text);

		b64_encode(p + skip, whole, false, out);
		TRY(add(n, order, kind, what, secret_data(text), whole / 3 * 4, TEXT_LEAST, e));
	}
	return ACSR_OK;
}

static enum acsr_result reversed(struct acsr_secret **out, const uint8_t *p, size_t len, struct acsr_err *e)
{
	TRY(secret_zeroed(out, len, e));
	for (size_t i = 0; i < len; i++)
		secret_data(*out)[i] = p[len - 1 - i];
	return ACSR_OK;
}

struct number {
	const char *what;
	const char *big, *little, *text; /* the same with its form, for findings */
};

#define NUMBER(name)                                                       \
	{                                                                  \
		name, name ", big-endian", name ", limbs", name ", base64" \
	}

static enum acsr_result add_number(struct needles *n, unsigned order, const struct number *x,
	const uint8_t *p, size_t len, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *limbs = NULL;

	TRY(reversed(&limbs, p, len, e));
	TRY(add(n, order, NEEDLE_KEY, x->big, p, len, NEEDLE_WINDOW, e));
	TRY(add(n, order, NEEDLE_KEY, x->little, acsr_secret_bytes(limbs), len, NEEDLE_WINDOW, e));
	return add_base64(n, order, NEEDLE_KEY, x->text, p, len, e);
}

/* --- keys --- */

static const struct {
	const char *param;
	struct number name;
} numbers[] = {
	{ OSSL_PKEY_PARAM_RSA_FACTOR1, NUMBER("prime p") },
	{ OSSL_PKEY_PARAM_RSA_FACTOR2, NUMBER("prime q") },
	{ OSSL_PKEY_PARAM_RSA_D, NUMBER("exponent d") },
	{ OSSL_PKEY_PARAM_RSA_EXPONENT1, NUMBER("exponent dp") },
	{ OSSL_PKEY_PARAM_RSA_EXPONENT2, NUMBER("exponent dq") },
	{ OSSL_PKEY_PARAM_RSA_COEFFICIENT1, NUMBER("coefficient qi") },
};

/* A number of an RSA or EC key in its natural length; *out stays NULL when the key has none of that name. */
static enum acsr_result get_number(
	struct acsr_secret **out, const EVP_PKEY *k, const char *param, size_t width, struct acsr_err *e)
{
	BIGNUM *b = BN_secure_new();
	enum acsr_result r = ACSR_OK;

	if (b == NULL)
		return err_nomem(e);
	if (EVP_PKEY_get_bn_param(k, param, &b) == 1) {
		size_t len = width != 0 ? width : (size_t)BN_num_bytes(b);

		r = secret_zeroed(out, len, e);
		if (r == ACSR_OK && BN_bn2binpad(b, secret_data(*out), (int)len) < 0)
			r = err_set(e, "forensic.key", "the key's %s does not fit", param);
	}
	BN_clear_free(b);
	return r;
}

static enum acsr_result derive_rsa(
	struct needles *n, unsigned order, const struct acsr_key *k, struct acsr_err *e)
{
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		CLEANUP_SECRET struct acsr_secret *b = NULL;

		TRY(get_number(&b, acsr_key_evp(k), numbers[i].param, 0, e));
		if (b == NULL)
			return err_set(e, "forensic.key", "the key has no %s", numbers[i].name.what);
		TRY(add_number(n, order, &numbers[i].name, acsr_secret_bytes(b), acsr_secret_len(b), e));
	}
	return ACSR_OK;
}

static enum acsr_result derive_ec(
	struct needles *n, unsigned order, const struct acsr_key *k, struct acsr_err *e)
{
	static const struct number scalar = NUMBER("EC scalar");
	CLEANUP_SECRET struct acsr_secret *b = NULL;

	TRY(get_number(&b, acsr_key_evp(k), OSSL_PKEY_PARAM_PRIV_KEY, (acsr_key_bits(k) + 7) / 8, e));
	if (b == NULL)
		return err_set(e, "forensic.key", "the key has no scalar");
	return add_number(n, order, &scalar, acsr_secret_bytes(b), acsr_secret_len(b), e);
}

/* RFC 8032 5.1.5: the scalar and the prefix that signing works with. */
static enum acsr_result derive_ed_hash(
	struct needles *n, unsigned order, const struct acsr_secret *seed, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *h = NULL;
	size_t len = 0;
	uint8_t *p;

	TRY(secret_zeroed(&h, 64, e));
	p = secret_data(h);
	if (EVP_Q_digest(NULL, "SHA512", NULL, acsr_secret_bytes(seed), acsr_secret_len(seed), p, &len) !=
			1 ||
		len != 64)
		return err_set(e, "forensic.key", "OpenSSL does not hash the seed");
	p[0] &= 248;
	p[31] = (uint8_t)((p[31] & 127) | 64);
	TRY(add(n, order, NEEDLE_KEY, "Ed25519 scalar", p, 32, NEEDLE_WINDOW, e));
	return add(n, order, NEEDLE_KEY, "Ed25519 prefix", p + 32, 32, NEEDLE_WINDOW, e);
}

/* What OpenSSL gives out as octets: "priv" of Ed25519, Ed448, ML-DSA and SLH-DSA, "seed" of ML-DSA. */
static enum acsr_result derive_octets(struct needles *n, unsigned order, const struct acsr_key *k,
	const char *param, struct acsr_secret **out, struct acsr_err *e)
{
	static const struct number name = NUMBER("private octets");
	size_t len = 0;

	if (EVP_PKEY_get_octet_string_param(acsr_key_evp(k), param, NULL, 0, &len) != 1 || len == 0 ||
		len > NUMBER_MAX)
		return ACSR_OK;
	TRY(secret_zeroed(out, len, e));
	if (EVP_PKEY_get_octet_string_param(acsr_key_evp(k), param, secret_data(*out), len, &len) != 1)
		return err_set(e, "forensic.key", "the key's octets cannot be read");
	return add_number(n, order, &name, acsr_secret_bytes(*out), acsr_secret_len(*out), e);
}

static enum acsr_result derive_other(
	struct needles *n, unsigned order, const struct acsr_key *k, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *priv = NULL, *seed = NULL;

	TRY(derive_octets(n, order, k, OSSL_PKEY_PARAM_PRIV_KEY, &priv, e));
	TRY(derive_octets(n, order, k, "seed", &seed, e));
	if (priv == NULL && seed == NULL)
		return err_set(e, "forensic.key", "nothing private can be read of a key of type %s",
			acsr_key_name(k));
	if (acsr_key_alg(k) == ACSR_KEY_ED25519)
		return derive_ed_hash(n, order, priv, e);
	return ACSR_OK;
}

enum acsr_result derive_key(struct needles *n, unsigned order, const struct acsr_key *k, struct acsr_err *e)
{
	if (acsr_key_alg(k) == ACSR_KEY_RSA)
		return derive_rsa(n, order, k, e);
	if (acsr_key_alg(k) == ACSR_KEY_EC)
		return derive_ec(n, order, k, e);
	return derive_other(n, order, k, e);
}

enum acsr_result derive_public(struct needles *n, const struct acsr_key *k, struct acsr_err *e)
{
	ACSR_CLEANUP_BLOB struct acsr_blob spki = { NULL, 0 };
	CLEANUP_SECRET struct acsr_secret *little = NULL;

	TRY(acsr_key_spki(k, &spki, e));
	TRY(needles_exclude(n, spki.p, spki.len, e));
	TRY(reversed(&little, spki.p, spki.len, e));
	return needles_exclude(n, acsr_secret_bytes(little), spki.len, e);
}

/* --- the code, and what it becomes --- */

enum acsr_result derive_code(
	struct needles *n, unsigned order, const struct acsr_secret *code, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *shown = NULL;
	struct needle_source s = { .kind = NEEDLE_CODE, .order = order, .step = 1 };

	TRY(acsr_code_show(code, '-', &shown, e));
	s.what = "unlock code";
	s.p = acsr_secret_bytes(code);
	s.len = acsr_secret_len(code);
	s.least = CODE_LEAST;
	TRY(needles_add(n, &s, e));
	s.what = "unlock code with dashes";
	s.p = acsr_secret_bytes(shown);
	s.len = acsr_secret_len(shown);
	s.least = TEXT_LEAST;
	return needles_add(n, &s, e);
}

static uint8_t times_two(uint8_t x)
{
	return (uint8_t)(x << 1 ^ ((x & 0x80) != 0 ? 0x1b : 0));
}

static uint8_t rotate(uint8_t x, int by)
{
	return (uint8_t)(x << by | x >> (8 - by));
}

/* FIPS 197 5.1.1, made once: inverses by walking the powers of 3 and of its inverse. */
static void make_sbox(uint8_t box[256])
{
	uint8_t p = 1, q = 1;

	do {
		p = (uint8_t)(p ^ times_two(p));
		q = (uint8_t)(q ^ q << 1);
		q = (uint8_t)(q ^ q << 2);
		q = (uint8_t)(q ^ q << 4);
		q = (uint8_t)(q ^ ((q & 0x80) != 0 ? 0x09 : 0));
		box[p] = (uint8_t)(q ^ rotate(q, 1) ^ rotate(q, 2) ^ rotate(q, 3) ^ rotate(q, 4) ^ 0x63);
	} while (p != 1);
	box[0] = 0x63;
}

void derive_round_keys(const uint8_t key[32], uint8_t out[240])
{
	uint8_t box[256], round = 1;

	make_sbox(box);
	memcpy(out, key, 32);
	for (size_t i = 32; i < 240; i += 4) {
		uint8_t t[4] = { out[i - 4], out[i - 3], out[i - 2], out[i - 1] };

		if (i % 32 == 0) {
			uint8_t first = t[0];

			t[0] = box[t[1]] ^ round;
			t[1] = box[t[2]];
			t[2] = box[t[3]];
			t[3] = box[first];
			round = times_two(round);
		} else if (i % 32 == 16) {
			for (int k = 0; k < 4; k++)
				t[k] = box[t[k]];
		}
		for (size_t k = 0; k < 4; k++)
			out[i + k] = out[i + k - 32] ^ t[k];
	}
}

/* A ZIP's salt, verifier, ciphertext and seal: behind local header, name and extra field. Nothing when it is no
 * strict archive of AES-256. */
static struct bytes sealed_of(const uint8_t *p, size_t len)
{
	struct acsr_archive_info info;
	size_t at, n;

	if (acsr_archive_show(p, len, &info, NULL) != ACSR_OK || info.bits != 256 || len < 30)
		return (struct bytes){ NULL, 0 };
	at = 30 + (size_t)(p[26] | p[27] << 8) + (size_t)(p[28] | p[29] << 8);
	n = 16 + 2 + info.size + 10;
	return at + n <= len ? (struct bytes){ p + at, n } : (struct bytes){ NULL, 0 };
}

/* Of other containers the middle: names and identifiers, which stand elsewhere too, are at the beginning, and a
 * PEM's last line at the end. ASN.1 in between is alike in all of them, but not for 64 bytes. */
static struct bytes middle_of(const uint8_t *p, size_t len)
{
	return (struct bytes){ p + len / 3, len - len / 3 - len / 8 };
}

/* WinZip AE-2: PBKDF2-HMAC-SHA1, 1000 iterations, AES key 32, MAC key 32, verifier 2. */
static enum acsr_result derive_opened(struct needles *n, unsigned order, const uint8_t *salt,
	const struct acsr_secret *code, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *keys = NULL, *rounds = NULL;

	TRY(secret_zeroed(&keys, 66, e));
	TRY(secret_zeroed(&rounds, 240, e));
	if (PKCS5_PBKDF2_HMAC((const char *)acsr_secret_bytes(code), (int)acsr_secret_len(code), salt, 16,
		    1000, EVP_sha1(), 66, secret_data(keys)) != 1)
		return err_set(e, "forensic.archive", "OpenSSL does not derive the archive's key");
	derive_round_keys(acsr_secret_bytes(keys), secret_data(rounds));
	TRY(add(n, order, NEEDLE_ARCHIVE_KEY, "archive's AES round keys", acsr_secret_bytes(rounds), 240,
		NEEDLE_WINDOW, e));
	return add(n, order, NEEDLE_ARCHIVE_KEY, "archive's MAC key", acsr_secret_bytes(keys) + 32, 32,
		NEEDLE_WINDOW, e);
}

enum acsr_result derive_archive(struct needles *n, unsigned order, const uint8_t *p, size_t len,
	const struct acsr_secret *code, struct acsr_err *e)
{
	struct bytes zip = sealed_of(p, len), body = zip.p != NULL ? zip : middle_of(p, len);

	TRY(add(n, order, NEEDLE_ARCHIVE, "the archive's ciphertext", body.p, body.len,
		zip.p != NULL ? ARCHIVE_LEAST : OTHER_LEAST, e));
	if (zip.p == NULL || code == NULL)
		return ACSR_OK;
	return derive_opened(n, order, zip.p, code, e);
}
