/*
 * DER (X.690) by hand, where OpenSSL is too lenient or would copy a secret: a strict walker for what comes
 * in, and a writer from the back to the front for what must stay in caller memory.
 */
#ifndef PKI_DER_H
#define PKI_DER_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

#define DER_BOOLEAN 0x01u
#define DER_INTEGER 0x02u
#define DER_BIT_STRING 0x03u
#define DER_OCTET_STRING 0x04u
#define DER_NULL 0x05u
#define DER_OID 0x06u
#define DER_SEQUENCE 0x30u
#define DER_SET 0x31u
#define DER_CONTEXT(n) (0xa0u | (n))

#define DER_MAX_DEPTH 16
#define DER_MAX_INTEGER 2050 /* bytes: a 16,384-bit modulus fits */

struct der_tlv {
	unsigned tag; /* the identifier octet; high tag numbers are refused */
	struct bytes body;
	struct bytes whole;
};

/* Read one element from the front of `in`. `area` starts the ids: "csr" gives csr.der, csr.der.indefinite,
 * csr.der.length. */
ACSR_MUST_USE enum acsr_result der_next(
	struct bytes *in, struct der_tlv *out, const char *area, struct acsr_err *e);
/* The same, and the tag must be this one. */
ACSR_MUST_USE enum acsr_result der_expect(
	struct bytes *in, unsigned tag, struct der_tlv *out, const char *area, struct acsr_err *e);
/* Is `in` exactly one element, strict to its leaves (lengths, depth, BOOLEAN, INTEGER, NULL, BIT STRING)?
 * Adds AREA.trailing AREA.der.depth AREA.der.integer. */
ACSR_MUST_USE enum acsr_result der_check(struct bytes in, const char *area, struct acsr_err *e);

/* Writes backwards: last element first. `failed` sticks when the room is too small. */
struct der_out {
	uint8_t *p;
	size_t pos; /* what is written lies in [pos, cap) */
	size_t cap;
	bool failed;
};

void der_out_init(struct der_out *w, void *p, size_t cap);
void der_put(struct der_out *w, const void *p, size_t n);
/* A header for everything written since `end`, a value that w->pos had. */
void der_wrap(struct der_out *w, unsigned tag, size_t end);
/* A whole element. */
void der_put_tlv(struct der_out *w, unsigned tag, const void *p, size_t n);
/* A non-negative INTEGER from a big-endian magnitude. */
void der_put_uint(struct der_out *w, const uint8_t *p, size_t n);
void der_put_small(struct der_out *w, uint32_t v);

#endif
