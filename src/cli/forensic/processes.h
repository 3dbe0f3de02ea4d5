/*
 * The processes of the service, as /proc shows them: the supervisor and all that descend from it.
 *
 * Of each: what it runs, as whom, and which of its protections the kernel confirms. Processes come and go; what has
 * gone between two looks is left out.
 */
#ifndef CLI_FORENSIC_PROCESSES_H
#define CLI_FORENSIC_PROCESSES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

enum { PROCESSES_MAX = 512, PROCESS_EXE = 256 };

struct process {
	pid_t pid, parent;
	char name[32]; /* "autocsrd", "core", "keymaker", "keymaker worker" */
	char exe[PROCESS_EXE]; /* "" when it may not be known */
	uid_t uid;
	unsigned threads;
	int seccomp; /* 0 off, 2 filter; -1 unknown */
	bool no_new_privs, no_core, core_known;
	/* The kernel gives /proc/PID of a process that cannot be dumped to root; of one that is root's it says
	 * nothing. */
	enum { DUMPABLE_UNKNOWN, DUMPABLE_NO, DUMPABLE_YES } dumpable;
	uint64_t resident_kb, locked_kb, swap_kb;
};

struct processes {
	struct process v[PROCESSES_MAX];
	size_t n;
};

/* `root` and its descendants. object.absent when there is no such process; forensic.processes when there are too
 * many. */
ACSR_MUST_USE enum acsr_result processes_list(struct processes *out, pid_t root, struct acsr_err *e);
bool processes_has(const struct processes *p, pid_t pid);

/*
 * The topmost process among those that hold a socket which listens on `port`, through /proc/net/tcp and tcp6.
 * forensic.pid when no process on this machine does.
 */
ACSR_MUST_USE enum acsr_result process_listening(pid_t *out, unsigned port, struct acsr_err *e);

/* "…/autocsr-keymaker" of a child of another keymaker: "keymaker worker". */
void process_name(const char *exe, const char *parent_exe, char *out, size_t cap);

/* The value behind "Name:" in the text of /proc/PID/status; NULL when it is not there. For tests too. */
const char *process_status(const char *text, const char *name);

/* It has ended, or is ending and has no memory any more. For threads as well. */
bool process_is_gone(pid_t pid);

/* A file below /proc, at most cap - 1 bytes of it, as a string. False: it has gone. */
bool process_read(pid_t pid, const char *what, char *out, size_t cap);

#endif
