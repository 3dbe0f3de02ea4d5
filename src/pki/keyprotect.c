/*
 * Private keys under a passphrase: EncryptedPrivateKeyInfo (RFC 5958 3) with PBES2 (RFC 8018 6.2),
 * AES-256-CBC, and PBKDF2-HMAC-SHA256 or scrypt (RFC 7914 7). Written by hand for the reason given in
 * keywrite.c.
 */
#include <stdlib.h>

#include "base/rnd.h"
#include "base/secret.h"
#include "base/str.h"
#include "der.h"
#include "key_int.h"
#include "pem.h"
#include "rounds.h"

#define PBKDF2_LEAST 600000
#define PBKDF2_MOST ROUNDS_MAX /* what reading takes */
/* N=2^14 r=8 needs 16 MiB: half of what OpenSSL allows itself when it opens such a key. */
#define SCRYPT_N 16384
#define SCRYPT_R 8
#define SCRYPT_LANES 5
#define SCRYPT_MOST 64

static const uint8_t oid_pbes2[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 13 };
static const uint8_t oid_pbkdf2[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 12 };
static const uint8_t oid_hmac_sha256[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, 9 };
static const uint8_t oid_scrypt[] = { 0x2b, 6, 1, 4, 1, 0xda, 0x47, 4, 11 };
static const uint8_t oid_aes256_cbc[] = { 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 42 };

struct pbes2 {
	enum acsr_kdf kdf;
	uint32_t cost;
	uint8_t salt[16], iv[16];
};

/* The parameters of the key derivation, last field first. */
static void put_kdf(struct der_out *w, const struct pbes2 *s)
{
	size_t end = w->pos, hmac;

	if (s->kdf == ACSR_KDF_SCRYPT) {
		der_put_small(w, s->cost);
		der_put_small(w, SCRYPT_R);
		der_put_small(w, SCRYPT_N);
	} else {
		hmac = w->pos;
		der_put_tlv(w, DER_NULL, NULL, 0);
		der_put_tlv(w, DER_OID, oid_hmac_sha256, sizeof(oid_hmac_sha256));
		der_wrap(w, DER_SEQUENCE, hmac);
		der_put_small(w, s->cost);
	}
	der_put_tlv(w, DER_OCTET_STRING, s->salt, sizeof(s->salt));
	der_wrap(w, DER_SEQUENCE, end);
	if (s->kdf == ACSR_KDF_SCRYPT)
		der_put_tlv(w, DER_OID, oid_scrypt, sizeof(oid_scrypt));
	else
		der_put_tlv(w, DER_OID, oid_pbkdf2, sizeof(oid_pbkdf2));
	der_wrap(w, DER_SEQUENCE, end);
}

/* EncryptedPrivateKeyInfo around the ciphertext. */
static void put_encrypted(struct der_out *w, const struct pbes2 *s, const uint8_t *p, size_t n)
{
	size_t end = w->pos, params;

	der_put_tlv(w, DER_OCTET_STRING, p, n);
	params = w->pos;
	der_put_tlv(w, DER_OCTET_STRING, s->iv, sizeof(s->iv));
	der_put_tlv(w, DER_OID, oid_aes256_cbc, sizeof(oid_aes256_cbc));
	der_wrap(w, DER_SEQUENCE, params);
	put_kdf(w, s);
	der_wrap(w, DER_SEQUENCE, params);
	der_put_tlv(w, DER_OID, oid_pbes2, sizeof(oid_pbes2));
	der_wrap(w, DER_SEQUENCE, params);
	der_wrap(w, DER_SEQUENCE, end);
}

static bool derive(const struct acsr_secret *passphrase, const struct pbes2 *s, struct acsr_secret *key)
{
	const char *pass = (const char *)acsr_secret_bytes(passphrase);
	size_t n = acsr_secret_len(passphrase), room = acsr_secret_len(key);

	if (s->kdf == ACSR_KDF_SCRYPT)
		return EVP_PBE_scrypt(pass, n, s->salt, sizeof(s->salt), SCRYPT_N, SCRYPT_R, s->cost, 0,
			       secret_data(key), room) == 1;
	return PKCS5_PBKDF2_HMAC(pass, (int)n, s->salt, sizeof(s->salt), (int)s->cost, EVP_sha256(),
		       (int)room, secret_data(key)) == 1;
}

static enum acsr_result encrypt(const struct acsr_secret *der, const struct acsr_secret *passphrase,
	const struct pbes2 *s, uint8_t *out, size_t *n, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *key = NULL;
	EVP_CIPHER_CTX *ctx;
	int a = 0, b = 0, ok;

	TRY(secret_zeroed(&key, 32, e));
	if (!derive(passphrase, s, key))
		return ossl_err(e, "sys.openssl", "cannot derive a key");
	ctx = EVP_CIPHER_CTX_new();
	ok = ctx != NULL &&
	     EVP_EncryptInit_ex2(ctx, EVP_aes_256_cbc(), acsr_secret_bytes(key), s->iv, NULL) == 1 &&
	     EVP_EncryptUpdate(ctx, out, &a, acsr_secret_bytes(der), (int)acsr_secret_len(der)) == 1 &&
	     EVP_EncryptFinal_ex(ctx, out + a, &b) == 1;
	EVP_CIPHER_CTX_free(ctx);
	ossl_wipe_stack();
	if (!ok)
		return ossl_err(e, "sys.openssl", "cannot encrypt");
	*n = (size_t)(a + b);
	return ACSR_OK;
}

static enum acsr_result check_cost(const struct acsr_key_protect *how, struct acsr_err *e)
{
	if (how->kdf == ACSR_KDF_PBKDF2 && how->cost != 0 &&
		(how->cost < PBKDF2_LEAST || how->cost > PBKDF2_MOST))
		return err_rule(e, "key.kdf", NULL, "OWASP, RFC 8018",
			"PBKDF2 with %u iterations; %d to %d are used", how->cost, PBKDF2_LEAST, PBKDF2_MOST);
	if (how->kdf == ACSR_KDF_SCRYPT && how->cost > SCRYPT_MOST)
		return err_rule(e, "key.kdf", NULL, "RFC 7914", "scrypt with %u lanes; at most %d are used",
			how->cost, SCRYPT_MOST);
	return ACSR_OK;
}

static enum acsr_result settle(struct pbes2 *s, const struct acsr_key_protect *how, struct acsr_err *e)
{
	if (acsr_secret_len(how->passphrase) == 0)
		return err_set(e, "key.passphrase.empty", "an empty passphrase protects nothing");
	s->kdf = how->kdf;
	s->cost = how->cost;
	if (s->cost == 0)
		s->cost = s->kdf == ACSR_KDF_SCRYPT ? SCRYPT_LANES : PBKDF2_LEAST;
	TRY(rnd_fill(s->salt, sizeof(s->salt), e));
	return rnd_fill(s->iv, sizeof(s->iv), e);
}

/* `room` holds the ciphertext first, the whole behind it. */
static enum acsr_result protect(struct acsr_blob *out, const struct acsr_secret *der,
	const struct acsr_key_protect *how, bool pem, struct acsr_err *e)
{
	size_t cap = acsr_secret_len(der) + 32, n = 0;
	CLEANUP_STR char *room = malloc(2 * cap + 256);
	struct pbes2 s;
	struct der_out w;

	if (room == NULL)
		return err_nomem(e);
	TRY(settle(&s, how, e));
	TRY(encrypt(der, how->passphrase, &s, (uint8_t *)room, &n, e));
	der_out_init(&w, room + cap, cap + 256);
	put_encrypted(&w, &s, (const uint8_t *)room, n);
	if (w.failed)
		return err_set(e, "key.unsupported", "the private key is too large to be encrypted");
	return pem ? pem_encode("ENCRYPTED PRIVATE KEY", w.p + w.pos, w.cap - w.pos, out, e)
		   : acsr_blob_copy(out, w.p + w.pos, w.cap - w.pos, e);
}

enum acsr_result key_pkcs8_locked(const struct acsr_key *k, const struct acsr_key_protect *how, bool pem,
	struct acsr_blob *out, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *der = NULL;

	TRY(acsr_key_pkcs8_der(k, &der, e));
	return protect(out, der, how, pem, e);
}

enum acsr_result acsr_key_pkcs8_encrypted(const struct acsr_key *k, const struct acsr_key_protect *how,
	bool pem, struct acsr_blob *out, struct acsr_err *e)
{
	TRY(check_cost(how, e));
	return key_pkcs8_locked(k, how, pem, out, e);
}

enum acsr_result acsr_key_pkcs8_pem_encrypted(const struct acsr_key *k, const struct acsr_secret *passphrase,
	struct acsr_blob *pem, struct acsr_err *e)
{
	const struct acsr_key_protect how = { .passphrase = passphrase };

	return acsr_key_pkcs8_encrypted(k, &how, true, pem, e);
}
