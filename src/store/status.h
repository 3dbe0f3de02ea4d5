/* Numbers for the operator: how much of what there is. */
#ifndef STORE_STATUS_H
#define STORE_STATUS_H

#include "db/db.h"

/* Jobs that are due now, and those that fall due later. */
ACSR_MUST_USE enum acsr_result status_jobs(
	struct db *d, int64_t now, int64_t *due, int64_t *waiting, struct acsr_err *e);
/* How many orders are in each state that any order is in. */
typedef enum acsr_result status_state_fn(void *arg, const char *state, int64_t n, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result status_orders(
	struct db *d, status_state_fn *fn, void *arg, struct acsr_err *e);
/* Does the database answer at all? */
ACSR_MUST_USE enum acsr_result status_ping(struct db *d, struct acsr_err *e);

#endif
