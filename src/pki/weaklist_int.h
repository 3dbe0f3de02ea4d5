/* The layout of a weak list (docs/WEAKLIST.md), for its reader and its writer. Integers are big-endian. */
#ifndef PKI_WEAKLIST_INT_H
#define PKI_WEAKLIST_INT_H

#include "autocsr/key.h"
#include "autocsr/weakkey.h"

#define WEAK_MAGIC "ACSRWEAK"
enum {
	WEAK_VERSION = 1,
	WEAK_HEADER = 24,   /* magic 8, version 4, sections 4, file length 8 */
	WEAK_SECTION = 192, /* form 2, width 2, bits 4, exponent 8, count 8, offset 8, then the four texts */
	WEAK_TRAILER = 32,  /* SHA-256 over all that stands before it */
	WEAK_SECTIONS_MAX = 1024,
	WEAK_WIDTH_MIN = 8,
	WEAK_WIDTH_MAX = 32,
};

/* The entries of section i: its count times its width bytes. A loan. */
const uint8_t *weak_entries(const struct acsr_weaklist *l, size_t i);
/* How many bytes a form's hash has. */
size_t weak_form_size(enum acsr_weak_form f);
/* The hash of a key in this form; *n = 0 when the form does not know such keys. openssl.unsupported */
ACSR_MUST_USE enum acsr_result weak_hash(enum acsr_weak_form form, const struct acsr_key *k,
	uint8_t out[WEAK_WIDTH_MAX], size_t *n, struct acsr_err *e);
/* The RSA exponent; 0 when it does not fit, or the key is of another kind. */
uint64_t weak_exponent(const struct acsr_key *k);

#endif
