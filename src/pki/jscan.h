/*
 * Strict JSON (RFC 8259) read where it lies: no part of it is copied, so that the private numbers of a JWK
 * come to no heap that nobody wipes. For small documents of known shape; everything else uses jansson.
 */
#ifndef PKI_JSCAN_H
#define PKI_JSCAN_H

#include <stdbool.h>

#include "base/buf.h"

#define JSCAN_MAX_DEPTH 16
#define JSCAN_MAX_MEMBERS 64 /* of one object */

enum jscan_type { JSCAN_OBJECT, JSCAN_ARRAY, JSCAN_STRING, JSCAN_OTHER };

/* A value, a loan. body: what stands between its brackets or quotes, escapes as they were written. */
struct jscan_value {
	enum jscan_type type;
	struct bytes body;
	struct bytes whole;
};

/* Is this one JSON value and nothing else but white space? Refused are also invalid UTF-8, the same member
 * twice in an object, member names with escapes, and what is beyond the bounds above. On false *why says what
 * is wrong (static) and *at where, in bytes. The time is linear. */
ACSR_MUST_USE bool jscan(struct bytes in, struct jscan_value *out, const char **why, size_t *at);
/* The next member of an object's body, or of an array's (name NULL), that jscan has seen; false at the end. */
bool jscan_next(struct bytes *body, struct bytes *name, struct jscan_value *out);

#endif
