/* PEM (RFC 7468), written into memory of the caller's choice and found in what people paste. */
#ifndef PKI_PEM_H
#define PKI_PEM_H

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
	struct bytes text; /* between the BEGIN and END lines; a missing END line takes the rest */
};
/* The next block at or after *pos; 0 when there is none. */
int pem_next(struct bytes in, size_t *pos, struct pem_block *out);
/* Base64 in any wrapping, also with literal "\n"; appends to out. input.base64 */
ACSR_MUST_USE enum acsr_result pem_decode(struct bytes text, struct buf *out, struct acsr_err *e);

#endif
