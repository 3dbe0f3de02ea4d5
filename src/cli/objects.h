/* The objects in a file or stream of any length, one after another. */
#ifndef CLI_OBJECTS_H
#define CLI_OBJECTS_H

#include "autocsr/input.h"

/* The `number`-th object of the source, from 1; a loan. An error ends the run. */
typedef enum acsr_result (*object_fn)(
	void *ctx, unsigned number, const struct acsr_input_object *o, struct acsr_err *e);

/*
 * Calls fn for each object of a file or "-", as they are read: a stream of PEM blocks may be endless, it is
 * cut behind END lines and no more than a few hundred kilobytes are in memory. Anything else is read whole,
 * at most ACSR_INPUT_MAX bytes. input.open, input.read, input.too-large, input.empty, and what fn returns.
 */
ACSR_MUST_USE enum acsr_result objects_read(const char *path, object_fn fn, void *ctx, struct acsr_err *e);

#endif
