/*
 * The sandbox of a role: limits, no core dumps, Landlock, own ids, no_new_privs, seccomp, in this order.
 * Where the kernel lacks a part, *facts says so and the rest is done.
 */
#ifndef IPC_SANDBOX_H
#define IPC_SANDBOX_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

/* Groups of system calls beyond those that every process needs. */
enum {
	SYS_FILES = 1 << 0,   /* open, create, rename, unlink, fsync below the permitted paths */
	SYS_NET_OUT = 1 << 1, /* socket, connect, send, receive */
	SYS_NET_IN = 1 << 2,  /* accept on the sockets that were passed in */
	SYS_THREADS = 1 << 3, /* clone for threads */
	SYS_FORK = 1 << 4,    /* fork and wait (keymaker) */
	/* Run programs of others (hook), which inherit all of this: the paths may be executed too, the network is open, and
	 * the filter is not a list of what is needed but of what no such program should do. */
	SYS_EXEC = 1 << 5
};

struct sandbox_path {
	const char *path;
	bool writable;
};

struct sandbox_needs {
	unsigned calls; /* SYS_… */
	const struct sandbox_path
		*paths;       /* ends with a NULL path; the role's own directory is added, writable */
	unsigned long files;  /* RLIMIT_NOFILE; 0: 256 */
	unsigned long memory; /* RLIMIT_DATA in bytes; 0: no limit */
};

/* dir may be "". uid 0: stay who we are. The facts are for logs and receipts. */
ACSR_MUST_USE enum acsr_result sandbox_enter(const struct sandbox_needs *needs, const char *dir, uid_t uid,
	gid_t gid, char *facts, size_t facts_cap, struct acsr_err *e);

/* For the keymaker's worker: the short kill list of HYGIENE.md on top; call after everything is loaded. */
ACSR_MUST_USE enum acsr_result sandbox_enter_worker(struct acsr_err *e);

#endif
