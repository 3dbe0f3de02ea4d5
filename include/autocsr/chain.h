/* Verify a certificate up to a root (RFC 5280 6) at a time, for names, and say which certificate fails and
 * why. */
#ifndef AUTOCSR_CHAIN_H
#define AUTOCSR_CHAIN_H

#include <stddef.h>
#include <stdint.h>

#include "autocsr/blob.h"
#include "autocsr/err.h"

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
 * ACSR_OK: verified. Else e->field says which certificate ("leaf", "intermediates[0]", "roots[0]",
 * "names[1]"): verify.expired verify.not-yet verify.issuer (no path to a root) verify.untrusted
 * verify.signature verify.ca verify.purpose verify.revoked verify.crl verify.name verify.weak verify.chain
 * (anything else), cert.parse NOT checked: OCSP, certificate transparency.
 */
ACSR_MUST_USE enum acsr_result acsr_chain_verify(const struct acsr_chain *c, struct acsr_err *e);

#endif
