/*
 * JSON Web Keys (RFC 7517): RSA and EC (RFC 7518), Ed25519 and Ed448 (RFC 8037, with the algorithm names of
 * RFC 9864), ML-DSA (RFC 9964: "AKP", the seed as "priv"). Members come in one fixed order, so the same key
 * always gives the same text.
 */
#ifndef AUTOCSR_JWK_H
#define AUTOCSR_JWK_H

#include <stddef.h>
#include <stdint.h>

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

#define ACSR_JWK_MAX_KEYS 256

/*
 * One JWK, public or private (RSA with all of RFC 7518 6.3.2's members for two primes, EC, OKP), or the first
 * key of a JWK Set with at most ACSR_JWK_MAX_KEYS. All of a file with its certificates: input.h and contents.h.
 * Strict: base64url without padding, white space or stray bits, numbers in as few octets as they need (EC and
 * OKP: exactly those of the curve), no member twice, none of another type of key, "alg" that fits, "x5c" and
 * its hashes that fit the key; private numbers that fit each other and the public ones, except that p and q
 * are not tested for being prime (acsr_key_check_pair does). Unknown members are passed over; "x5u" is never
 * fetched; "use" and "key_ops" are not judged. Nothing is copied but into the secure heap; RSA costs some
 * modular multiplications.
 *   key.jwk  key.ec.point  key.pair.modulus  key.pair.exponent  key.pair.crt  key.pair.public  match.key
 *   cert.*: the first certificate cannot be read
 */
ACSR_MUST_USE enum acsr_result acsr_jwk_read(
	struct acsr_key **out, const uint8_t *json, size_t len, struct acsr_err *e);

ACSR_C_END

#endif
