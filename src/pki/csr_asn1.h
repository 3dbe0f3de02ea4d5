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

/* The short way past OpenSSL's search for a decoder, for the whole of a SubjectPublicKeyInfo in DER: RSA, the three
 * NIST curves with an uncompressed point, Ed25519, Ed448; NULL for all else, which says nothing about it. */
EVP_PKEY *spki_common_key(struct bytes spki);
/* The key in a SubjectPublicKeyInfo; NULL when OpenSSL cannot read it. RSA keys and uncompressed points on
 * the three NIST curves go the short way. *out is the caller's. */
EVP_PKEY *spki_key(struct bytes spki);

#endif
