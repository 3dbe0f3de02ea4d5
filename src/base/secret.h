/*
 * Secrets: passwords, unlock codes, keys of ours. Opaque, from OpenSSL's secure heap where
 * the process has one (secret_heap_init), wiped on free. No log, JSON, database or message
 * writer takes a struct secret except those that say so by name, so passing one elsewhere
 * does not compile.
 */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct secret;

/* Lock `size` bytes (a power of two) for secrets; call once, before threads. Failure of the
 * kernel to lock is reported in *locked, not an error. */
ACSR_MUST_USE enum acsr_result secret_heap_init(size_t size, bool *locked, struct acsr_err *e);

/* A copy of n bytes; the source stays the caller's to wipe. */
ACSR_MUST_USE enum acsr_result secret_new(struct secret **out, const void *p, size_t n, struct acsr_err *e);
/* n random bytes, or room for n zero bytes to be filled through secret_data. */
ACSR_MUST_USE enum acsr_result secret_random(struct secret **out, size_t n, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result secret_zeroed(struct secret **out, size_t n, struct acsr_err *e);
void secret_free(struct secret *s); /* wipes; NULL is fine */

/* A loan; a NUL that is not counted always follows. Keep it out of printf. */
const uint8_t *secret_bytes(const struct secret *s);
uint8_t *secret_data(struct secret *s);
size_t secret_len(const struct secret *s);
bool secret_equal(const struct secret *a, const struct secret *b); /* constant time */

/* Overwrite memory so that the compiler cannot drop it. */
void wipe(void *p, size_t n);

void secret_cleanup(struct secret **s);
#define CLEANUP_SECRET __attribute__((cleanup(secret_cleanup)))

#endif
