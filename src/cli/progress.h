/* A line on the terminal that says how far a long run is. Nothing at all where standard error is no terminal.
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "autocsr/err.h"

struct progress {
	bool on;      /* a terminal is there */
	bool drawn;   /* the line is on it */
	int64_t next; /* monotonic milliseconds */
};

void progress_start(struct progress *p);
/* At most five times a second; `fmt` is our own text. */
void progress_tell(struct progress *p, const char *fmt, ...) ACSR_PRINTF(2, 3);
/* Before anything else is printed, and at the end. */
void progress_clear(struct progress *p);

#endif
