/*
 * A few threads for what is slow and needs no database: argon2; and one for what reads much of it, over a
 * connection of its own. The work runs in a thread and touches only its own argument; when it is finished,
 * `then` runs as a step on the loop.
 */
#ifndef CORE_POOL_H
#define CORE_POOL_H

#include "core/core.h"

ACSR_MUST_USE enum acsr_result pool_new(
	struct pool **out, struct core *c, size_t threads, struct acsr_err *e);
/* q (may be NULL) gets `later` set and waits. On success arg is the pool's: `done` frees it in the end. Error
 * "busy.pool" when too much waits already; then arg stays the caller's. When q has been
 * answered otherwise meanwhile, `then` does not run. */
ACSR_MUST_USE enum acsr_result pool_run(struct core *c, struct request *q, void (*work)(void *arg),
	step_fn *then, void *arg, void (*done)(void *arg), struct acsr_err *e);
/* The same for strangers: after what waits otherwise, and only half as many may wait. */
ACSR_MUST_USE enum acsr_result pool_run_last(struct core *c, struct request *q, void (*work)(void *arg),
	step_fn *then, void *arg, void (*done)(void *arg), struct acsr_err *e);
/* The same for long reading of the database: one at a time, and no password waits for it. */
ACSR_MUST_USE enum acsr_result pool_run_reader(struct core *c, struct request *q, void (*work)(void *arg),
	step_fn *then, void *arg, void (*done)(void *arg), struct acsr_err *e);
#endif
