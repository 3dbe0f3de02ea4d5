/* What kind of thing somebody gave us, from its bytes. */
#ifndef PKI_INPUT_H
#define PKI_INPUT_H

#include "base/buf.h"
#include "base/err.h"

enum input_kind {
	INPUT_UNKNOWN,
	INPUT_CSR,
	INPUT_CERT,
	INPUT_PRIVATE_KEY, /* of any kind, encrypted or not, PKCS#12 too */
	INPUT_PUBLIC_KEY,
	INPUT_PKCS7,
};

/* From the outline of a DER; INPUT_UNKNOWN when it is none of these. */
enum input_kind input_kind_of_der(struct bytes der);
enum input_kind input_kind_of_label(const char *pem_label);

/* The text as 8-bit bytes, without a byte order mark; UTF-16 becomes its ASCII. */
ACSR_MUST_USE enum acsr_result input_plain(
	const uint8_t *p, size_t len, size_t max, const char *too_large, struct buf *out, struct acsr_err *e);

/* "this is a private key …" and the like, for somebody who gave the wrong thing. */
enum acsr_result input_wrong(enum input_kind kind, const char *wanted, struct acsr_err *e);

#endif
