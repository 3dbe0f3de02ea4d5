/* Verify a certificate up to a root (RFC 5280 6) at a time, for names, and say which certificate fails and
 * why. */
#ifndef AUTOCSR_CHAIN_H
#define AUTOCSR_CHAIN_H

#include <stddef.h>
#include <stdint.h>

#include "autocsr/blob.h"
#include "autocsr/err.h"

ACSR_C_BEGIN

/* All DER, all loans. */
struct acsr_chain {
	const struct acsr_blob *leaf;
	const struct acsr_blob *intermediates;
	size_t n_intermediates;
	const struct acsr_blob *roots; /* trust anchors */
	size_t n_roots;
	const struct acsr_blob *crls;
	size_t n_crls;            /* when not 0, the leaf's issuer must have one that is current */
	int64_t at;               /* epoch seconds */
	const char *const *names; /* DNS names or IP addresses that the leaf must cover (RFC 9525) */
	size_t n_names;
	const char *eku; /* "serverAuth", "clientAuth"; NULL: any */
};

/*
 * ACSR_OK: verified. Else e->field says which input failed: "leaf", "intermediates[0]", "roots[0]",
 * "crls[0]", "names[1]".
 *   verify.expired  verify.not-yet   both ends of the validity count as valid
 *   verify.issuer                    no path to a root
 *   verify.untrusted                 a path, but to a root that is not given
 *   verify.signature  verify.ca  verify.purpose  verify.name
 *   verify.revoked  verify.crl       revoked; the CRL is missing, stale or forged
 *   verify.weak                      below 112 bits, or SHA-1
 *   verify.chain                     anything else
 *   cert.der  cert.parse             an input is not a certificate
 * NOT checked: OCSP, certificate transparency.
 */
ACSR_MUST_USE enum acsr_result acsr_chain_verify(const struct acsr_chain *c, struct acsr_err *e);

ACSR_C_END

#endif
