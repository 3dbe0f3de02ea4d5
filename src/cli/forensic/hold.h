/*
 * Holding the whole service still: every thread of every process is stopped by ptrace, looked at, and let go as it
 * was, so that nothing moves from one process to another while it is searched.
 *
 * A filter (seccomp), no_new_privs or an own user does not hinder root. Threads and processes that are born while it
 * is being stopped are found too. When this program dies, the kernel lets all of them go on.
 */
#ifndef CLI_FORENSIC_HOLD_H
#define CLI_FORENSIC_HOLD_H

#include "cli/forensic/processes.h"
#include "cli/forensic/search.h"

enum { HELD_MAX = 4096 };

struct held_thread {
	pid_t pid, tid;
	int signal; /* that it was about to get, and gets when it is let go */
};

struct held {
	struct processes processes;
	struct held_thread threads[HELD_MAX];
	size_t n;
	size_t unread; /* threads that could not be stopped */
	char why[120];
};

/* Stops all; what could not be stopped is counted in h->unread, and `h` is to be released whatever the result. */
ACSR_MUST_USE enum acsr_result hold_all(struct held *h, pid_t root, struct acsr_err *e);
void hold_release(struct held *h);

/* Registers, memory and secret memory of all that is held, into the search. */
void hold_search(struct held *h, struct search *s);

/* Pieces of that, one process each; used by hold_search. */
void registers_search(const struct held_thread *t, const struct process *p, struct search *s);
void memory_search(struct held *h, const struct process *p, struct search *s);

/* "zmm17 upper half", "rdi": what lies at an offset of a register set (NT_PRSTATUS, NT_X86_XSTATE, NT_PRFPREG). */
void register_name(int set, size_t offset, char *out, size_t cap);

/* May this process hold archives (ciphertext): front streams them, courier mails them, a worker makes them. */
bool hold_archive_is_normal(const struct process *p);

#endif
