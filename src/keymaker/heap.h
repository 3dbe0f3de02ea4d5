/* The worker's secure heap, in memory that even the kernel's own mapping does not show where it can. */
#ifndef KEYMAKER_HEAP_H
#define KEYMAKER_HEAP_H

#include "base/err.h"

/* Once in a process, before the limits on files are set. *how says what was got: "memfd_secret", "mlock", or
 * "not locked". */
ACSR_MUST_USE enum acsr_result heap_enter(size_t size, const char **how, struct acsr_err *e);
/* What the workers will get: "memfd_secret" where the kernel has it, else "mlock". */
const char *heap_expected(void);

#endif
