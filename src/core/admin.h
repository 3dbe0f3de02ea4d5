/* How the service is doing, for /readyz, /metrics and the operator's page. */
#ifndef CORE_ADMIN_H
#define CORE_ADMIN_H

#include "core/core.h"

/* Error "busy.ROLE" for the first process that is needed and not there, or the database's. */
ACSR_MUST_USE enum acsr_result admin_ready(struct core *c, struct acsr_err *e);

#endif
