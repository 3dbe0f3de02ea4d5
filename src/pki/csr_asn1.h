/*
 * A CSR as OpenSSL's decoder sees it, but with the public key left as bytes: X509_REQ runs OpenSSL's whole
 * search for a key decoder on each, which costs more than all the rest of reading and verifying it.
 */
#ifndef PKI_CSR_ASN1_H
#define PKI_CSR_ASN1_H

#include "base/buf.h"
#include "ossl.h"

struct csr_info {
	ASN1_ENCODING enc; /* as it was read: what the signature is over */
	ASN1_INTEGER *version;
	X509_NAME *subject;
	ASN1_TYPE *spki; /* a SEQUENCE, undecoded */
	STACK_OF(X509_ATTRIBUTE) * attributes;
};

struct csr_asn1 {
	struct csr_info *info;
	X509_ALGOR *alg;
	ASN1_BIT_STRING *signature;
};

/* NULL when it cannot be decoded; *p moves behind it. OpenSSL's error queue says why. */
struct csr_asn1 *csr_asn1_read(const unsigned char **p, size_t len);
void csr_asn1_free(struct csr_asn1 *x); /* NULL is fine */

struct bytes csr_asn1_spki(const struct csr_asn1 *x);
/* 1: it verifies; 0 or less: it does not, or cannot be checked. */
int csr_asn1_verify(const struct csr_asn1 *x, EVP_PKEY *pkey);

#endif
