/*
 * Secrets: passphrases, unlock codes, private key bytes. Opaque, in OpenSSL's secure heap where the
 * program has one (CRYPTO_secure_malloc_init), in ordinary memory otherwise; wiped when freed.
 * Nothing in this library prints one or puts it into an error.
 */
#ifndef AUTOCSR_SECRET_H
#define AUTOCSR_SECRET_H

#include <stddef.h>
#include <stdint.h>

#include "autocsr/err.h"

ACSR_C_BEGIN

struct acsr_secret;

/* A copy of n bytes, yours to free; the source stays yours to wipe. sys.nomem */
ACSR_MUST_USE enum acsr_result acsr_secret_new(
	struct acsr_secret **out, const void *p, size_t n, struct acsr_err *e);
void acsr_secret_free(struct acsr_secret *s); /* wipes; NULL is fine */

/* A loan; a NUL that is not counted always follows, so a PEM key can be used as a string. */
const uint8_t *acsr_secret_bytes(const struct acsr_secret *s);
size_t acsr_secret_len(const struct acsr_secret *s);

ACSR_C_END

#endif
