/* One certificate: everything that core asked for is judged again here, logged, signed, and verified. */
#ifndef SIGNER_CERTIFY_H
#define SIGNER_CERTIFY_H

#include "autocsr/blob.h"
#include "ipc/messages.h"
#include "issuers.h"

enum { AUTHORITY_PROVEN = 64 };

struct authority {
	struct issuers issuers;
	struct issuance_log *log;
	const char *base_url; /* without a slash at the end */
	struct proven {
		const struct issuer *issuer;
		const struct acsr_profile *profile;
	} proven[AUTHORITY_PROVEN]; /* a certificate of theirs was verified up to the root */
	size_t n_proven;
};

/*
 * *der is the certificate; *warnings one line each, both the caller's. The same request again gives the same
 * certificate; so a core that was killed may repeat itself.
 * Errors: cert.issuer (none of that name) state.issuer-offline (its key is not here) policy.issuer (the root
 * signs no leaf) cert.profile cert.serial cert.serial-reused csr.* key.* subject.* name.* policy.*
 * cert.validity cert.outlives-issuer lint.* sys.nospace sys.write. Nothing is signed then.
 */
ACSR_MUST_USE enum acsr_result certify(struct authority *a, const struct msg_sign_cert *m,
	struct acsr_blob *der, char **warnings, struct acsr_err *e);

/* The same for a revocation list. Errors: cert.issuer state.issuer-offline cert.crl.number cert.crl.times
 * cert.crl.duplicate cert.crl.entry cert.reason sys.nospace sys.write. */
ACSR_MUST_USE enum acsr_result certify_crl(
	struct authority *a, const struct msg_sign_crl *m, struct acsr_blob *der, struct acsr_err *e);

/* The issuer, when it can sign. */
ACSR_MUST_USE enum acsr_result certify_issuer(
	const struct issuer **out, const struct authority *a, const char *name, struct acsr_err *e);

#endif
