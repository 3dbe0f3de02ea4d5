/*
 * The hand-over archive: a ZIP with exactly one entry, WinZip AES (AE-2), AES-256, stored.
 *
 * Layout: local header | salt 16 | verifier 2 | ciphertext | HMAC-SHA1 first 10 bytes | central header | end
 * record. Key material is PBKDF2-HMAC-SHA1, 1000 iterations (fixed by the format), so the code is the key:
 * 130 random bits. The MAC covers the ciphertext only; names, times and sizes are not authenticated. Opens
 * with 7-Zip, WinZip, WinRAR, Keka, The Unarchiver, bsdtar; not with Info-ZIP unzip, Windows Explorer, macOS
 * Archive Utility or Python's zipfile.
 */
#ifndef AUTOCSR_ARCHIVE_H
#define AUTOCSR_ARCHIVE_H

#include <stddef.h>
#include <stdint.h>

#include "autocsr/err.h"
#include "autocsr/limits.h"
#include "autocsr/secret.h"

ACSR_C_BEGIN

#define ACSR_ARCHIVE_NAME_MAX 200
/* Bytes that an archive of `n` bytes under a name of `name_len` bytes takes, exactly. */
#define ACSR_ARCHIVE_SIZE(name_len, n) ((size_t)(n) + 2 * (size_t)(name_len) + 148)

/*
 * Write into caller memory; *len is the size. `mtime` in epoch seconds (UTC), 0 writes 1980-01-01.
 * `name`: UTF-8, no slash, no control character, 1..ACSR_ARCHIVE_NAME_MAX bytes (archive.name). `code`: 1..63
 * ASCII bytes (archive.code.length); normally the 26 of code.h. cap too small or plain empty: archive.size.
 * Neither the plaintext nor a derived key is left in ordinary memory.
 */
ACSR_MUST_USE enum acsr_result acsr_archive_write(const char *name, const struct acsr_secret *plain,
	const struct acsr_secret *code, int64_t mtime, uint8_t *out, size_t cap, size_t *len,
	struct acsr_err *e);

struct acsr_archive_info {
	char name[ACSR_ARCHIVE_NAME_MAX + 1];
	size_t size;        /* of the plaintext */
	int version;        /* 2, or 1 (AE-1) */
	unsigned bits;      /* 256; 128 and 192 are read too */
	int64_t mtime;      /* epoch seconds; DOS time taken as UTC */
	uint8_t sha256[32]; /* of the whole archive */
};

/*
 * Strict reader; at most ACSR_ARCHIVE_MAX bytes (archive.too-large). One entry, its two headers alike,
 * nothing before, between or after the parts; extra fields other than the AES one are passed over.
 *   archive.format       not a ZIP, or with features that a hand-over archive never has
 *   archive.truncated    begins well and ends too early
 *   archive.altered      its headers, sizes or records contradict each other
 *   archive.empty        no entry
 *   archive.entries      several entries
 *   archive.appended     something behind the end, or an entry that the directory does not list
 *   archive.prepended    something in front of the beginning
 *   archive.name         the entry's name is a path, not UTF-8, or too long
 *   archive.unencrypted  no encryption
 *   archive.zipcrypto    the old ZIP encryption
 *   archive.method       compressed: only stored entries are read
 *   archive.code         the code does not fit
 *   archive.damaged      the code fits, the contents do not match their seal
 * A wrong code passes the 2-byte verifier once in 65,536 times and is then archive.damaged.
 */
ACSR_MUST_USE enum acsr_result acsr_archive_show(
	const uint8_t *p, size_t len, struct acsr_archive_info *info, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result acsr_archive_open(const uint8_t *p, size_t len, const struct acsr_secret *code,
	struct acsr_secret **plain, struct acsr_archive_info *info, struct acsr_err *e);

/* AE-2 with AES-256, as the writer makes it? Else archive.ae1 or archive.aes-bits: the reader takes those of
 * other programs too, the caller decides. */
ACSR_MUST_USE enum acsr_result acsr_archive_is_handover(
	const struct acsr_archive_info *info, struct acsr_err *e);

ACSR_C_END

#endif
