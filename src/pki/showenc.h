/* How keys and PKCS#12 contents are encrypted: the algorithms, and whether this OpenSSL has them. */
#ifndef PKI_SHOWENC_H
#define PKI_SHOWENC_H

#include <jansson.h>

#include "autocsr/secret.h"
#include "pki/ossl.h"

/* "encryption" in the schemas: algorithm, kdf, prf, iterations, cipher; NULL without memory. */
json_t *enc_of_algorithm(const X509_ALGOR *alg);
/* Of an encrypted private key, from its PKCS#8 or from the headers of its PEM. Null when it cannot be told.
 */
json_t *enc_of_key(const struct acsr_secret *key, const char *form);
/* Has this OpenSSL the cipher and the digests of such an object? openssl.unsupported names what is missing:
 * without them, the right passphrase looks like a wrong one. */
ACSR_MUST_USE enum acsr_result enc_check_known(const json_t *encryption, struct acsr_err *e);

#endif
