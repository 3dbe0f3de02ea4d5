/* The parts that the archive's writer and reader share. */
#ifndef PKI_ARCHIVE_INT_H
#define PKI_ARCHIVE_INT_H

#include <stdbool.h>

#include "autocsr/archive.h"
#include "base/err.h"

#define ZIP_LOCAL 0x04034b50u
#define ZIP_CENTRAL 0x02014b50u
#define ZIP_END 0x06054b50u
#define ZIP_LOCAL_SIZE 30
#define ZIP_CENTRAL_SIZE 46
#define ZIP_END_SIZE 22
#define AE_EXTRA_SIZE 11
#define AE_EXTRA_ID 0x9901u
#define AE_METHOD 99
#define AE_VERIFIER 2
#define AE_MAC 10
#define ZIP_FLAG_ENCRYPTED 0x0001u
#define ZIP_FLAG_UTF8 0x0800u

/* UTF-8, no path, no control character, 1..ACSR_ARCHIVE_NAME_MAX bytes; else archive.name. */
ACSR_MUST_USE enum acsr_result archive_check_name(const char *name, size_t n, struct acsr_err *e);

/*
 * The cipher of WinZip AES on `n` bytes: PBKDF2-HMAC-SHA1 over code and salt, AES-CTR with a little-endian
 * counter from 1. `strength` 1, 2, 3 is AES-128, 192, 256; the salt has 8, 12, 16 bytes. `mac` is the HMAC
 * over the ciphertext, which is `out` when encrypting. Keys stay in the secure heap.
 */
struct ae_job {
	unsigned strength;
	const uint8_t *salt;
	const struct acsr_secret *code;
	bool encrypt;
	const uint8_t *in;
	uint8_t *out;
	size_t n;
	/* filled: */
	uint8_t verifier[AE_VERIFIER];
	uint8_t mac[AE_MAC];
	/* when decrypting: these must match before anything is decrypted */
	const uint8_t *want_verifier, *want_mac;
};
size_t ae_salt_size(unsigned strength);
/* archive.code, archive.damaged when decrypting */
ACSR_MUST_USE enum acsr_result ae_run(struct ae_job *job, struct acsr_err *e);

#endif
