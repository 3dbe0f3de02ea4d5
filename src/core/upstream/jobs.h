/* Jobs of orders that another CA fulfils, and of accounts there; for job_kinds.c. Each may be repeated. */
#ifndef CORE_UPSTREAM_JOBS_H
#define CORE_UPSTREAM_JOBS_H

#include "core/core.h"

/* "upstream-roll", an issuer: a change of the account's key whose outcome is not known. */
ACSR_MUST_USE enum acsr_result upstream_roll_job(
	struct core *c, const char *issuer, int64_t attempts, struct acsr_err *e);

#endif
