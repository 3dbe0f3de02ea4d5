/* Do keys, CSRs and certificates belong together? They do when their SubjectPublicKeyInfo is the same. */
#ifndef AUTOCSR_MATCH_H
#define AUTOCSR_MATCH_H

#include <stddef.h>
#include <stdint.h>

#include "autocsr/err.h"
#include "autocsr/secret.h"

ACSR_C_BEGIN

enum acsr_object { ACSR_OBJECT_PRIVATE_KEY, ACSR_OBJECT_PUBLIC_KEY, ACSR_OBJECT_CSR, ACSR_OBJECT_CERT };

/* What the bytes are (PEM or DER) and the SHA-256 of their SPKI. `passphrase` may be NULL; errors as key.h.
 */
ACSR_MUST_USE enum acsr_result acsr_match_spki(const uint8_t *p, size_t len,
	const struct acsr_secret *passphrase, enum acsr_object *kind, uint8_t spki_sha256[32],
	struct acsr_err *e);
const char *acsr_object_name(enum acsr_object o); /* "private key" "public key" "CSR" "certificate" */

ACSR_C_END

#endif
