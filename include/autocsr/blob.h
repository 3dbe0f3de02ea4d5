/*
 * Owned bytes, as the library returns them (DER, PEM, archives). Nothing secret is ever put into
 * one: keys and codes come back as struct acsr_secret (secret.h).
 */
#ifndef AUTOCSR_BLOB_H
#define AUTOCSR_BLOB_H

#include <stddef.h>
#include <stdint.h>

#include "autocsr/err.h"

ACSR_C_BEGIN

/* p is malloc'ed and the caller's; a NUL that is not counted always follows, so PEM can be used as a string.
 */
struct acsr_blob {
	uint8_t *p;
	size_t len;
};

void acsr_blob_free(struct acsr_blob *b); /* leaves it empty; NULL is fine */
#define ACSR_CLEANUP_BLOB __attribute__((cleanup(acsr_blob_free)))

/* A copy of n bytes. */
ACSR_MUST_USE enum acsr_result acsr_blob_copy(
	struct acsr_blob *out, const void *p, size_t n, struct acsr_err *e);

ACSR_C_END

#endif
