/* What opening something with a passphrase costs: the file says how often the passphrase is to be hashed, and one
 * written to annoy says a billion times. */
#ifndef PKI_ROUNDS_H
#define PKI_ROUNDS_H

#include <openssl/pkcs12.h>

#include "pki/ossl.h"

/* For all of one file: some ten seconds. */
#define ROUNDS_MAX 20000000

/* What is left of it; start with ROUNDS_MAX. */
struct rounds {
	int64_t left;
};

/* PBKDF2, PKCS#12 and PKCS#5 v1 count their iterations, scrypt N * r * p (about as much work). An algorithm that is
 * not known costs nothing: it does not open either. input.rounds */
ACSR_MUST_USE enum acsr_result rounds_spend(struct rounds *r, const X509_ALGOR *alg, struct acsr_err *e);
/* The same for the older MAC of PKCS#12, whose iterations stand beside its algorithm. */
ACSR_MUST_USE enum acsr_result rounds_spend_mac(struct rounds *r, const PKCS12 *p12, struct acsr_err *e);
/* Of an EncryptedPrivateKeyInfo; anything else costs nothing. */
ACSR_MUST_USE enum acsr_result rounds_spend_key(
	struct rounds *r, const uint8_t *der, size_t len, struct acsr_err *e);

#endif
