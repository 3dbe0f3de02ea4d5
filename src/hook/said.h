/* What a command wrote, made fit for one line that people read. */
#ifndef HOOK_SAID_H
#define HOOK_SAID_H

#include <stddef.h>

#include "base/buf.h"

enum { SAID_MAX = 200, SAID_LINES = 3 };

/* The first lines of `raw`, " / " between them, without what is empty or could act on a terminal; bytes that are no UTF-8
 * become '?'. */
void said_short(struct bytes raw, char out[SAID_MAX]);

#endif
