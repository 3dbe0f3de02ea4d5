/* The processes whose parent this one is: its own and, for a reaper of orphans (PR_SET_CHILD_SUBREAPER), those that fell to it. */
#ifndef BASE_CHILDREN_H
#define BASE_CHILDREN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { CHILDREN_MAX = 256 };

/* Up to CHILDREN_MAX of them, also those that have ended and were not waited for; more show when these are gone. Those of
 * this thread only: for processes with one. 0 too when the kernel does not tell (CONFIG_PROC_CHILDREN). */
size_t children_list(pid_t out[CHILDREN_MAX]);
/* false: the kernel does not tell, or /proc is not there. */
bool children_told(void);

#endif
