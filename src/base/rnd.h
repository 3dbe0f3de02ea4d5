/* Random bytes and random identifiers, from the kernel (getrandom). */
#ifndef BASE_RND_H
#define BASE_RND_H

#include <stddef.h>

#include "base/err.h"

/* sys.random when the kernel gives none; what the library (src/pki) uses. */
ACSR_MUST_USE enum acsr_result rnd_fill(void *p, size_t n, struct acsr_err *e);

/* Never fails: without randomness the process must not go on (abort). */
void rnd_bytes(void *p, size_t n);

/* An id: prefix, then 26 characters of lower-case Crockford base32 (130 bits): "ord_0k3…".
 * out needs strlen(prefix) + 27 bytes. Random, so ids need no sequence and cannot be guessed. */
void rnd_id(const char *prefix, char *out, size_t cap);

/* Lower-case Crockford base32 (no i l o u) of `chars` random characters, 5 bits each, NUL-terminated. */
void rnd_base32(char *out, size_t chars);

#endif
