/* A view of an X509 object that may not be signed yet, for the files of this folder. */
#ifndef PKI_CERTVIEW_H
#define PKI_CERTVIEW_H

#include "autocsr/cert.h"
#include "ossl.h"

ACSR_MUST_USE enum acsr_result certview_make(struct acsr_cert_view **out, const X509 *x, struct acsr_err *e);
/* DER to X509, whole input and strict: cert.too-large cert.der cert.parse. *out is the caller's. */
ACSR_MUST_USE enum acsr_result certview_load(X509 **out, const uint8_t *der, size_t len, struct acsr_err *e);
/* The same without its key, which costs most: X509_get0_pubkey gives NULL, and OpenSSL's judgements of certificates (X509_check_…)
 * do not work on it. For what else it says. */
ACSR_MUST_USE enum acsr_result certview_load_keyless(
	X509 **out, const uint8_t *der, size_t len, struct acsr_err *e);
/* Epoch seconds of an ASN.1 time. */
ACSR_MUST_USE enum acsr_result certview_time(int64_t *out, const ASN1_TIME *t, struct acsr_err *e);
/* A serial's magnitude, at most 21 octets. */
ACSR_MUST_USE enum acsr_result certview_serial(
	const ASN1_INTEGER *s, uint8_t out[21], size_t *n, struct acsr_err *e);

#endif
