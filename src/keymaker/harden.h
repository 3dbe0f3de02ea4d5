/*
 * What makes a worker leave nothing behind, in one place: so that the same keymaker can be built without it, to measure
 * what it costs (tests/bench/harden_none.c), and be sure that nothing else differs.
 */
#ifndef KEYMAKER_HARDEN_H
#define KEYMAKER_HARDEN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* First thing in the program: freed memory is wiped. */
ACSR_MUST_USE enum acsr_result harden_process(struct acsr_err *e);

/* In a worker, in this order: memory locked where asked, secure heap, limits, a fresh seed. `how`: what was done, for
 * the receipt, of harden_worker's life. */
ACSR_MUST_USE enum acsr_result harden_worker(bool lock_memory, char *how, size_t cap, struct acsr_err *e);
/* And then the seccomp filter. */
ACSR_MUST_USE enum acsr_result harden_sandbox(struct acsr_err *e);

/* Last thing in a worker: stack and registers. */
void harden_end(void);

enum { HARDEN_FILES = 6, HARDEN_SECONDS = 60 }; /* descriptors; seconds of processor */

#endif
