/* The forms in which a certificate is delivered. Never with the key. */
#ifndef AUTOCSR_BUNDLE_H
#define AUTOCSR_BUNDLE_H

#include <stddef.h>

#include "autocsr/blob.h"
#include "autocsr/err.h"
#include "autocsr/key.h"

ACSR_C_BEGIN

enum acsr_format {
	ACSR_FORMAT_LEAF,      /* PEM, the certificate alone */
	ACSR_FORMAT_CHAIN,     /* PEM, the intermediates, no root */
	ACSR_FORMAT_FULLCHAIN, /* PEM, the certificate, then the intermediates */
	ACSR_FORMAT_DER,       /* the certificate alone */
	ACSR_FORMAT_P7B, /* PKCS#7 certs only (RFC 5652 degenerate SignedData), PEM, with the intermediates */
};

/* "leaf" "chain" "fullchain" "der" "p7b"; error request.field.format. */
ACSR_MUST_USE enum acsr_result acsr_format_find(enum acsr_format *out, const char *name, struct acsr_err *e);
const char *acsr_format_media_type(enum acsr_format f); /* "application/pem-certificate-chain" … */
const char *acsr_format_extension(enum acsr_format f);  /* "pem" "der" "p7b" */

/* Self-signed certificates among the intermediates are left out. DERs are loans. */
ACSR_MUST_USE enum acsr_result acsr_bundle(enum acsr_format format, const struct acsr_blob *leaf,
	const struct acsr_blob *intermediates, size_t n, struct acsr_blob *out, struct acsr_err *e);

/*
 * The order in which servers send certificates: the leaf, then each one's issuer (by name and signature),
 * without the root. `key` (NULL: unknown) says which is the leaf; else it is the first that issued none of
 * the others. *out are indexes into certs, the caller's to free(). What is left out (roots, strangers,
 * doubles) is not in it. match.key      the key belongs to none of the certificates, or to a CA of another
 * one cert.parse …   one of them is none
 */
ACSR_MUST_USE enum acsr_result acsr_bundle_order(const struct acsr_blob *certs, size_t n,
	const struct acsr_key *key, size_t **out, size_t *n_out, struct acsr_err *e);

ACSR_C_END

#endif
