/* WinZip AES: key derivation, counter mode, MAC. Every key byte lives in the secure heap. */
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <string.h>

#include "archive_int.h"
#include "base/secret.h"
#include "ossl.h"

#define AE_ROUNDS 1000 /* fixed by the format */
#define BLOCK 16
#define BATCH 64 /* blocks of key stream at a time */

size_t ae_salt_size(unsigned strength)
{
	return 4 + 4 * (size_t)strength;
}

static size_t key_size(unsigned strength)
{
	return 8 + 8 * (size_t)strength;
}

/* AES key | HMAC key | verifier. */
static enum acsr_result derive(const struct ae_job *job, struct acsr_secret **keys, struct acsr_err *e)
{
	size_t n = 2 * key_size(job->strength) + AE_VERIFIER;
	int ok;

	TRY(secret_zeroed(keys, n, e));
	ok = PKCS5_PBKDF2_HMAC((const char *)acsr_secret_bytes(job->code), (int)acsr_secret_len(job->code),
		job->salt, (int)ae_salt_size(job->strength), AE_ROUNDS, EVP_sha1(), (int)n,
		secret_data(*keys));
	ossl_wipe_stack();
	return ok == 1 ? ACSR_OK : ossl_err(e, "sys.openssl", "cannot derive the archive's keys");
}

static enum acsr_result hmac(
	const uint8_t *key, size_t key_len, const uint8_t *p, size_t n, uint8_t out[20], struct acsr_err *e)
{
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *ctx = mac != NULL ? EVP_MAC_CTX_new(mac) : NULL;
	char digest[] = "SHA1";
	OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end() };
	size_t len = 0;
	int ok = ctx != NULL && EVP_MAC_init(ctx, key, key_len, params) == 1 &&
		 EVP_MAC_update(ctx, p, n) == 1 && EVP_MAC_final(ctx, out, &len, 20) == 1;

	EVP_MAC_CTX_free(ctx);
	EVP_MAC_free(mac);
	ossl_wipe_stack();
	return ok ? ACSR_OK : ossl_err(e, "sys.openssl", "cannot authenticate the archive");
}

static const EVP_CIPHER *cipher_of(unsigned strength)
{
	switch (strength) {
	case 1:
		return EVP_aes_128_ecb();
	case 2:
		return EVP_aes_192_ecb();
	default:
		return EVP_aes_256_ecb();
	}
}

/* The next blocks of key stream over counters from *counter on. */
static int key_stream(EVP_CIPHER_CTX *ctx, uint64_t *counter, uint8_t *blocks)
{
	int got = 0;

	memset(blocks, 0, (size_t)BATCH * BLOCK);
	for (size_t b = 0; b < BATCH; b++, ++*counter)
		for (unsigned i = 0; i < 8; i++)
			blocks[b * BLOCK + i] = (uint8_t)(*counter >> (8 * i));
	return EVP_EncryptUpdate(ctx, blocks, &got, blocks, BATCH * BLOCK) == 1 && got == BATCH * BLOCK;
}

static enum acsr_result counter_mode(const struct ae_job *job, const uint8_t *key, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *stream = NULL;
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint64_t counter = 1;
	size_t at = 0;
	int ok = ctx != NULL && EVP_EncryptInit_ex2(ctx, cipher_of(job->strength), key, NULL, NULL) == 1 &&
		 secret_zeroed(&stream, (size_t)BATCH * BLOCK, e) == ACSR_OK;

	while (ok && at < job->n) {
		size_t now = job->n - at < BATCH * BLOCK ? job->n - at : BATCH * BLOCK;

		ok = key_stream(ctx, &counter, secret_data(stream));
		for (size_t i = 0; ok && i < now; i++)
			job->out[at + i] = (uint8_t)(job->in[at + i] ^ secret_data(stream)[i]);
		at += now;
	}
	EVP_CIPHER_CTX_free(ctx);
	ossl_wipe_stack();
	return ok ? ACSR_OK : ossl_err(e, "sys.openssl", "cannot run the archive's cipher");
}

static enum acsr_result check(const struct ae_job *job, const uint8_t *mac, struct acsr_err *e)
{
	if (CRYPTO_memcmp(job->verifier, job->want_verifier, AE_VERIFIER) != 0)
		return err_set(e, "archive.code", "the unlock code does not fit this archive");
	if (CRYPTO_memcmp(mac, job->want_mac, AE_MAC) != 0)
		return err_set(
			e, "archive.damaged", "the archive is damaged: its contents do not match their seal");
	return ACSR_OK;
}

enum acsr_result ae_run(struct ae_job *job, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *keys = NULL;
	size_t k = key_size(job->strength);
	uint8_t mac[20];
	const uint8_t *aes, *auth;

	TRY(derive(job, &keys, e));
	aes = acsr_secret_bytes(keys);
	auth = aes + k;
	memcpy(job->verifier, auth + k, AE_VERIFIER);
	if (job->encrypt) {
		TRY(counter_mode(job, aes, e));
		TRY(hmac(auth, k, job->out, job->n, mac, e));
		memcpy(job->mac, mac, AE_MAC);
		return ACSR_OK;
	}
	TRY(hmac(auth, k, job->in, job->n, mac, e));
	TRY(check(job, mac, e));
	return counter_mode(job, aes, e);
}
