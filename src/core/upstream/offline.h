/*
 * Offline CAs: those that people bring a CSR to, by a web form or in an envelope. The order waits in "issuing" until
 * somebody imports the certificate (import_api.c).
 */
#ifndef CORE_UPSTREAM_OFFLINE_H
#define CORE_UPSTREAM_OFFLINE_H

#include "core/order.h"
#include "store/issuers.h"

/* Does the order's round go to an offline CA, and which? Clear *out with upstream_issuer_clear. */
ACSR_MUST_USE enum acsr_result offline_of(
	struct core *c, const struct order *o, struct upstream_issuer *out, bool *have, struct acsr_err *e);
/* Part of validating: `have` says that CAA is not ours to judge, `left` that control of the names is not either. */
ACSR_MUST_USE enum acsr_result offline_validation(
	struct core *c, const struct order *o, bool *have, bool *left, struct acsr_err *e);
/* The state of a validation that is left to the CA. */
#define VALIDATION_BY_CA "by-ca"

/* Issuing: the order waits for the certificate. *have is false when it goes to no offline CA. */
ACSR_MUST_USE enum acsr_result offline_issue(struct core *c, struct order *o, bool *have, struct acsr_err *e);

#endif
