/* Answering with an account. */
#ifndef CORE_ACCOUNT_H
#define CORE_ACCOUNT_H

#include "core/request.h"

/* q is answered with the account as docs/API.md shows it; error "object.absent". */
ACSR_MUST_USE enum acsr_result account_answer(
	struct core *c, struct request *q, const char *account_id, struct acsr_err *e);

#endif
