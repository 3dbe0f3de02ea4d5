/* One hash over everything that decides what is signed: two requests are the same when it is the same. */
#ifndef SIGNER_PARAMS_H
#define SIGNER_PARAMS_H

#include "issuance_log.h"

/* All of `i` but params, and the subject. */
ACSR_MUST_USE enum acsr_result params_of_certificate(
	const struct issuance *i, const struct strv *subject, uint8_t out[32], struct acsr_err *e);
/* All of `i` but params, and the entries. */
ACSR_MUST_USE enum acsr_result params_of_crl(
	const struct crl_issuance *i, const struct strv *entries, uint8_t out[32], struct acsr_err *e);

#endif
