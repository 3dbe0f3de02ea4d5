/* PEM (RFC 7468), written into memory of the caller's choice and found in what people paste. */
#ifndef PKI_PEM_H
#define PKI_PEM_H

#include <stdbool.h>

#include "autocsr/blob.h"
#include "base/buf.h"
#include "base/err.h"

struct acsr_secret;

/* "-----BEGIN label-----", 64 columns, "\n". */
ACSR_MUST_USE enum acsr_result pem_encode(
	const char *label, const void *der, size_t n, struct acsr_blob *out, struct acsr_err *e);
/* The same without a copy in ordinary memory. */
ACSR_MUST_USE enum acsr_result pem_encode_secret(
	const char *label, const struct acsr_secret *der, struct acsr_secret **out, struct acsr_err *e);

struct pem_block {
	char label[48];
	struct bytes
		text; /* between the BEGIN and END lines; without an END line up to the next BEGIN, or all */
	struct bytes whole; /* from the dashes of BEGIN to those of END */
	bool encrypted;     /* its headers say so (RFC 1421 4.6.1.1) */
};
/* The next block at or after *pos; 0 when there is none. Linear over a whole input. */
int pem_next(struct bytes in, size_t *pos, struct pem_block *out);
/* Base64 in any wrapping, also quoted with ">", with literal "\n", or with "=3D" for "="; headers in front of
 * it are left out. Appends to out. input.base64 */
ACSR_MUST_USE enum acsr_result pem_decode(struct bytes text, struct buf *out, struct acsr_err *e);
/* Is there nothing but base64, in the sense of pem_decode? */
bool pem_is_base64(struct bytes text);

#endif
