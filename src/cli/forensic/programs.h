/* The programs that run, and what the keymaker maps: SHA-256 and ELF facts of each, read through /proc. */
#ifndef CLI_FORENSIC_PROGRAMS_H
#define CLI_FORENSIC_PROGRAMS_H

#include <jansson.h>

#include "cli/forensic/processes.h"

/* [{path, sha256, program, pie, relro, bind_now, nx_stack}]; one that cannot be read has `error` instead of facts.
 * bind_now is the file's own flag; what only the keymaker maps has told_to_bind_now too: LD_BIND_NOW is in its
 * environment, so that libraries without the flag are bound at start as well. */
ACSR_MUST_USE enum acsr_result programs_json(json_t **out, const struct processes *ps, struct acsr_err *e);

#endif
