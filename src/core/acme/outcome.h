/*
 * What issuing (core/issue.c) tells the ACME server of the orders that are also its own: those with method "acme".
 */
#ifndef CORE_ACME_OUTCOME_H
#define CORE_ACME_OUTCOME_H

#include "store/certificate.h"
#include "store/order.h"
#include "core/core.h"

bool acme_outcome_wanted(const struct order *o);
/* The times that the client asked for, each 0 when it did not. */
ACSR_MUST_USE enum acsr_result acme_outcome_times(
	struct core *c, const struct order *o, int64_t *not_before, int64_t *not_after, struct acsr_err *e);
/* Has the client's order expired, so that nobody waits for the certificate any more? */
ACSR_MUST_USE enum acsr_result acme_outcome_expired(
	struct core *c, const struct order *o, bool *expired, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result acme_outcome_issued(
	struct core *c, const struct order *o, const struct certificate *cert, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result acme_outcome_failed(
	struct core *c, const struct order *o, const struct acsr_err *why, struct acsr_err *e);

/* tidy.c. Job "acme-tidy": orders, authorizations and accounts that nobody needs any more, a page at a time. */
ACSR_MUST_USE enum acsr_result acme_tidy_job(
	struct core *c, const char *object, int64_t attempts, struct acsr_err *e);

#endif
