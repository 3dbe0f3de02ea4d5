/*
 * RSA keys that share a prime, or a modulus: every modulus compared with every other.
 *
 * Batch GCD (Bernstein 2004): the product of all moduli, and its remainder by the square of each, through
 * trees. That takes multiplication and division faster than quadratic, which libcrypto has not; so this alone
 * of the toolkit uses libgmp. GMP ends the process when memory runs out, which a library must not: that is
 * why it is no part of libautocsr. Figures for 100,000 keys: docs/WEAKLIST.md.
 */
#ifndef PKI_MODULI_H
#define PKI_MODULI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "autocsr/key.h"

struct moduli;

#define MODULI_CHUNK 16384 /* 60 MB at a time for RSA-2048 */

/* `chunk`: so many moduli are in one tree, 2 to MODULI_CHUNK; fewer need less memory and more time. */
ACSR_MUST_USE enum acsr_result moduli_new(struct moduli **out, size_t chunk, struct acsr_err *e);
void moduli_free(struct moduli *m); /* NULL is fine */
/* `id` is the caller's number of the key, told back by moduli_find; they ascend. Keys that are not RSA are
 * left out; so are moduli of fewer than 512 or more than 16384 bits. */
ACSR_MUST_USE enum acsr_result moduli_add(
	struct moduli *m, const struct acsr_key *k, uint32_t id, struct acsr_err *e);
size_t moduli_count(const struct moduli *m);

/* Two keys that belong to each other; a was added before b. */
struct moduli_pair {
	uint32_t a, b;
	bool same; /* the same modulus; else a common prime, and both are broken */
	/* a == b: it has a prime in common with another, which was not searched for: there were too many. Real
	 * keys never come to this; numbers that are no RSA moduli may have small primes in common by the
	 * thousand. */
};
/* `permille` of the work is done. */
typedef void moduli_progress(void *arg, unsigned permille);
/* Every key that shares its modulus or a prime with another is in at least one pair. *v is the caller's to
 * free(). `progress` may be NULL. Call it once: nothing can be added afterwards. */
ACSR_MUST_USE enum acsr_result moduli_find(struct moduli *m, struct moduli_pair **v, size_t *n,
	moduli_progress *progress, void *arg, struct acsr_err *e);

#endif
