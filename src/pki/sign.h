/* Signing what X.509 signs, with a key that is here or one that lies in a token. */
#ifndef PKI_SIGN_H
#define PKI_SIGN_H

#include "key_int.h"

ACSR_MUST_USE enum acsr_result sign_req(
	X509_REQ *x, const struct acsr_key *key, const EVP_MD *md, struct acsr_err *e);
/* Over any bytes, with the key's own scheme; md NULL for schemes that have their own. */
ACSR_MUST_USE enum acsr_result sign_bytes(const struct acsr_key *key, const EVP_MD *md, const void *msg,
	size_t len, struct acsr_blob *sig, struct acsr_err *e);

#endif
