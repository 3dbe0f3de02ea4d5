/*
 * Secrets: passwords, unlock codes, keys of ours. Opaque, from OpenSSL's secure heap where
 * the process has one (secret_heap_init), wiped on free. No log, JSON, database or message
 * writer takes a struct acsr_secret except those that say so by name, so passing one elsewhere
 * does not compile.
 */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stdbool.h>
#include <stdint.h>

#include "autocsr/secret.h"
#include "base/err.h"

/* Lock `size` bytes (a power of two) for secrets; call once, before threads. Failure of the
 * kernel to lock is reported in *locked, not an error. */
ACSR_MUST_USE enum acsr_result secret_heap_init(size_t size, bool *locked, struct acsr_err *e);

/* n random bytes, or room for n zero bytes to be filled through secret_data. */
ACSR_MUST_USE enum acsr_result secret_random(struct acsr_secret **out, size_t n, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result secret_zeroed(struct acsr_secret **out, size_t n, struct acsr_err *e);

/* As acsr_secret_bytes, to be written to. */
uint8_t *secret_data(struct acsr_secret *s);
bool secret_equal(const struct acsr_secret *a, const struct acsr_secret *b); /* constant time */

/* Overwrite memory so that the compiler cannot drop it. */
void wipe(void *p, size_t n);

void secret_cleanup(struct acsr_secret **s);
#define CLEANUP_SECRET __attribute__((cleanup(secret_cleanup)))

#endif
