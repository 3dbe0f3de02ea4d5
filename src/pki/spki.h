/*
 * SubjectPublicKeyInfo (RFC 5280 4.1.2.7) by the short way: OpenSSL looks through all that it has for a decoder or an encoder
 * each time, which costs several times what a signature does. RSA keys, uncompressed points on the three NIST curves by name,
 * Ed25519 and Ed448 go past that; all others go OpenSSL's way.
 */
#ifndef PKI_SPKI_H
#define PKI_SPKI_H

#include <stdbool.h>

#include "autocsr/blob.h"
#include "base/buf.h"
#include "ossl.h"

/* The short way past OpenSSL's search for a decoder, for the whole of a SubjectPublicKeyInfo in DER: RSA, the three
 * NIST curves with an uncompressed point, Ed25519, Ed448; NULL for all else, which says nothing about it. */
EVP_PKEY *spki_common_key(struct bytes spki);
/* A public key on "P-256" "P-384" "P-521" from its uncompressed point; NULL for other points, those that are not on the curve,
 * and where memory is short. */
EVP_PKEY *spki_ec_key(const char *group, struct bytes point);
/* The key in a SubjectPublicKeyInfo; NULL when OpenSSL cannot read it. RSA keys and uncompressed points on
 * the three NIST curves go the short way. *out is the caller's. */
EVP_PKEY *spki_key(struct bytes spki);

/* DER; *out is the caller's. */
ACSR_MUST_USE enum acsr_result spki_write(EVP_PKEY *key, struct acsr_blob *out, struct acsr_err *e);
/* Into a certificate or a CSR that is being made. false: it is none of those keys, or memory is short; OpenSSL's own way, such
 * as X509_set_pubkey, is to be gone. */
bool spki_put(X509_PUBKEY *pub, const EVP_PKEY *key);
/* The subject key identifier: the leftmost 160 bits of SHA-256 over the key's bits (RFC 7093 2, method 1). */
ACSR_MUST_USE enum acsr_result spki_key_id(EVP_PKEY *key, uint8_t out[20], struct acsr_err *e);

#endif
