/*
 * A worker: a forked process that makes one key for one order and ends. What it holds dies with it.
 *
 * It reads one key_make frame from `order`, writes the archive to `archive`, then one key_result frame to
 * `result`, and _exits. So whoever gets a key_result knows that the archive is whole. If anything fails it
 * writes nothing more and ends with a worker_exit that says at which step; nothing else leaves it.
 */
#ifndef KEYMAKER_WORKER_H
#define KEYMAKER_WORKER_H

#include <stdbool.h>
#include <stddef.h>

struct worker_pipes {
	int order;   /* read end */
	int result;  /* write end */
	int archive; /* write end */
};

struct worker_setup {
	const char *ready_type; /* make a key of this type at once and wait with it; NULL: wait without */
	bool lock_memory;       /* lock every page; a failure is fatal */
	const char *facts;      /* what protects the parent, and so this process */
};

/* Exit statuses, for the parent's log. */
enum worker_exit {
	WORKER_DONE = 0, /* also: the order pipe closed before an order came */
	WORKER_SETUP = 10,
	WORKER_SANDBOX,
	WORKER_READY_KEY,
	WORKER_ORDER,
	WORKER_KEY,
	WORKER_MAKE,
	WORKER_ARCHIVE,
	WORKER_RESULT
};
const char *worker_exit_name(int status); /* "sandbox"; "unknown" */

enum { WORKER_SECONDS = 60 }; /* from the order to the end */

/* Called in the child after fork; closes every descriptor but the three pipes. */
_Noreturn void worker_run(const struct worker_pipes *pipes, const struct worker_setup *setup);

#endif
