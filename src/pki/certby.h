/*
 * Making many certificates by one issuer, whose certificate is read once: what cert.h and lint.h do, for those that keep it
 * parsed. spec->issuer_der is not looked at.
 */
#ifndef PKI_CERTBY_H
#define PKI_CERTBY_H

#include "autocsr/cert.h"
#include "autocsr/lint.h"

/* acsr_cert_sign_judged. */
ACSR_MUST_USE enum acsr_result certby_sign(const struct acsr_cert_spec *spec,
	const struct acsr_cert_view *issuer, const struct acsr_key *issuer_key, acsr_cert_judge_fn *judge,
	void *arg, struct acsr_blob *der, struct acsr_err *e);
/* acsr_lint_cert, that lists only the rules which are broken. */
ACSR_MUST_USE enum acsr_result certby_lint(const struct acsr_cert_view *cert,
	const struct acsr_profile *profile, struct acsr_findings *broken, struct acsr_err *e);

#endif
