/*
 * JSON Web Keys (RFC 7517): RSA and EC (RFC 7518), Ed25519 and Ed448 (RFC 8037, with the algorithm names of
 * RFC 9864), ML-DSA (RFC 9964: "AKP", the seed as "priv"). Members come in one fixed order, so the same key
 * always gives the same text.
 */
#ifndef AUTOCSR_JWK_H
#define AUTOCSR_JWK_H

#include <stddef.h>

#include "autocsr/blob.h"
#include "autocsr/err.h"
#include "autocsr/key.h"
#include "autocsr/secret.h"

ACSR_C_BEGIN

/*
 * One JSON object and a newline. "kid" is the thumbprint (RFC 7638). With certificates (DER, the key's own
 * first) it gets "x5c" and "x5t#S256"; match.key when the first is not the key's. Other key types, also P-192
 * and SLH-DSA, which no RFC names: key.jwk.
 */
ACSR_MUST_USE enum acsr_result acsr_jwk_public(const struct acsr_key *key, const struct acsr_blob *certs,
	size_t n_certs, struct acsr_blob *json, struct acsr_err *e);
/* With the private members, in the secure heap. key.parse when there is no private part, key.jwk
 * when it is an ML-DSA key without its seed. */
ACSR_MUST_USE enum acsr_result acsr_jwk_private(const struct acsr_key *key, const struct acsr_blob *certs,
	size_t n_certs, struct acsr_secret **json, struct acsr_err *e);
/* SHA-256 over the required members (RFC 7638), base64url; out needs 44 bytes. */
ACSR_MUST_USE enum acsr_result acsr_jwk_thumbprint(
	const struct acsr_key *key, char out[44], struct acsr_err *e);

ACSR_C_END

#endif
