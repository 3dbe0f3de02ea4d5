/* The first start: one administrator, and the files by which the operator gets in. */
#ifndef CORE_BOOTSTRAP_H
#define CORE_BOOTSTRAP_H

#include "core/core.h"

/* Inside the start's transaction: when there is no user yet, make the operator's account with the
 * administrator admin@localhost, and write bootstrap/admin-password and bootstrap/admin-token (mode 0600) in
 * core's directory. */
ACSR_MUST_USE enum acsr_result bootstrap_operator(struct core *c, struct acsr_err *e);
/* Write bootstrap/root.pem when it is not there. */
void bootstrap_root(struct core *c, const char *pem);

#endif
