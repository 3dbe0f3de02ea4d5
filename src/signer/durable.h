/* Small files that are either whole on the disk or not there. */
#ifndef SIGNER_DURABLE_H
#define SIGNER_DURABLE_H

#include <stddef.h>

#include "base/err.h"

/*
 * Write DIR/NAME with mode 0600, on the disk when this returns: DIR/NAME.new by O_EXCL, fsync, rename, fsync
 * of the directory. A NAME.new that a killed process left is removed first. NAME must not exist
 * ("object.exists"). Errors: "sys.nospace", "sys.write".
 */
ACSR_MUST_USE enum acsr_result durable_write(
	const char *dir, const char *name, const void *p, size_t n, struct acsr_err *e);

/* The same, and what stands at NAME goes. */
ACSR_MUST_USE enum acsr_result durable_replace(
	const char *dir, const char *name, const void *p, size_t n, struct acsr_err *e);

/* Zeros over DIR/NAME, then it is removed, both on the disk when this returns; one that is not there is no error. What the
 * file system or the disk has copied elsewhere is not reached. */
ACSR_MUST_USE enum acsr_result durable_destroy(const char *dir, const char *name, struct acsr_err *e);

/* Make what was created, renamed or removed in `dir` durable. */
ACSR_MUST_USE enum acsr_result durable_sync_dir(const char *dir, struct acsr_err *e);

/* errno as an error: "sys.nospace" when there is no room, else "sys.write". */
enum acsr_result durable_error(struct acsr_err *e, int errnum, const char *what);

#endif
