/* Lists of hashes as text: lines, comments, and the spellings of a hash. */
#ifndef PKI_WEAKTEXT_H
#define PKI_WEAKTEXT_H

#include <stdbool.h>

#include "base/buf.h"

/* A walk over the lines of a text. */
struct weak_line {
	struct bytes rest;
	unsigned long number; /* of the line below, from 1 */
	struct bytes word[2]; /* its first two words; the second is empty when there is one */
};
/* The next line that holds more than blanks and a comment; false at the end. */
bool weak_line_next(struct weak_line *l);

/* Exactly n bytes as hex. */
bool weak_hex(struct bytes word, uint8_t *out, size_t n);
/* A SHA-256: 64 hex digits, also with colons between bytes, or base64, also behind "sha256//" or
 * "pin-sha256=", in quotes or not. */
bool weak_sha256(struct bytes word, uint8_t out[32]);

#endif
