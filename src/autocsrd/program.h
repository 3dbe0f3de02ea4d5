/* The program of a role, found from where autocsrd itself lies. */
#ifndef AUTOCSRD_PROGRAM_H
#define AUTOCSRD_PROGRAM_H

#include "base/err.h"
#include "ipc/messages.h"

/* Its path: beside us (installed), in a build tree, or where it was configured to be installed. Error "sys.exec". */
ACSR_MUST_USE enum acsr_result program_find(enum role role, char out[4096], struct acsr_err *e);

#endif
