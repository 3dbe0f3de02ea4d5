/*
 * Unlock codes: 26 upper-case Crockford base32 characters (130 random bits), the archive's passphrase as it
 * stands.
 *
 * People see it in groups of 5-5-5-5-6 and, beside it, a check symbol (Crockford, modulo 37) that finds every
 * mistyped or swapped neighbouring character. Separators and check symbol are not part of the passphrase.
 */
#ifndef AUTOCSR_CODE_H
#define AUTOCSR_CODE_H

#include <stddef.h>

#include "autocsr/err.h"
#include "autocsr/secret.h"

ACSR_C_BEGIN

#define ACSR_CODE_CHARS 26
#define ACSR_CODE_SHOWN 31 /* 26 characters and 4 separators, and a NUL */

/* From the kernel's randomness; *code holds exactly 26 bytes. */
ACSR_MUST_USE enum acsr_result acsr_code_new(struct acsr_secret **code, struct acsr_err *e);

/* "ABCDE-FGHJK-MNPQR-STVWX-YZ0123" into a new secret (30 bytes), with `separator` between the groups. */
ACSR_MUST_USE enum acsr_result acsr_code_show(
	const struct acsr_secret *code, char separator, struct acsr_secret **shown, struct acsr_err *e);
/* The check symbol: 0-9 A-Z without I L O U, or one of * ~ $ = U. `code` must hold 26 valid characters; else
 * '?'. */
char acsr_code_check(const struct acsr_secret *code);

/*
 * What a person typed, to the 26 characters: lower case, O for 0, I and L for 1, blanks and - _ . : /
 * dropped; a 27th character is the check symbol and must fit. archive.code.length archive.code.character
 * archive.code.check
 */
ACSR_MUST_USE enum acsr_result acsr_code_normalise(
	const char *in, size_t len, struct acsr_secret **code, struct acsr_err *e);

ACSR_C_END

#endif
