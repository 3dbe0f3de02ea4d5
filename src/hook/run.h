/*
 * One run of the operator's command: without a shell, with fixed arguments, a clean environment and a time limit. It leads a
 * process group of its own; whatever it started ends with it.
 */
#ifndef HOOK_RUN_H
#define HOOK_RUN_H

#include "ipc/loop.h"

struct run;

struct run_order {
	const char *program; /* an absolute path */
	const char *action;  /* "add", "remove" */
	const char *kind;    /* "dns", "http" */
	const char *name, *value;
	int64_t limit_ms;
	int null_fd; /* /dev/null, a loan */
};

/* It is over and *r is gone. why is NULL when it ended with 0, otherwise "publish.hook-later" (exit 75), "publish.hook",
 * "publish.hook-slow"; said: what it wrote, for people. */
typedef void run_done_fn(void *arg, const char *said, const struct acsr_err *why);

/* The texts are copied or used up at once. done is not called from here. */
ACSR_MUST_USE enum acsr_result run_start(struct run **out, struct loop *l, const struct run_order *o,
	run_done_fn *done, void *arg, struct acsr_err *e);
/* End it before its time: SIGTERM, and SIGKILL soon after; done follows. */
void run_stop(struct run *r);
/* Kill it with all that it started, before the process ends without the loop; done does not follow. NULL is fine. */
void run_kill(const struct run *r);

#endif
