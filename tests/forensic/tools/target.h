/*
 * A stopped process of which everything is copied: registers of every thread, every page that it has.
 * For x86-64 and aarch64; only root can do this to the processes of the service, which are not dumpable.
 */
#ifndef FORENSIC_TARGET_H
#define FORENSIC_TARGET_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

enum { TARGET_THREADS = 256 };

/* Threads that this program has stopped. */
struct target {
	pid_t pid;
	pid_t tids[TARGET_THREADS];
	size_t n;
};

/* Stop all threads. False: the process is gone, or somebody else traces it. */
bool target_stop(struct target *t, pid_t pid);
/* Let them run again. */
void target_release(struct target *t);

/*
 * A copy is two files: DIR/PID.bin, all bytes one after the other, and DIR/PID.map, a line for each piece:
 *   AT LENGTH START PERMISSIONS NAME
 * with the offset in PID.bin, bytes, address in the process (hex), and the mapping's permissions and name as in
 * /proc/PID/maps; of registers "-" and "[registers TID KIND]". What could not be read stands there with AT "-".
 */
struct copy {
	FILE *bin, *map;
	uint64_t at;
};

bool copy_open(struct copy *c, const char *dir, pid_t pid);
bool copy_close(struct copy *c);

bool copy_registers(struct copy *c, const struct target *t);
/* Every page that is present or swapped out; pages of memfd_secret are left to copy_inside. */
bool copy_memory(struct copy *c, pid_t pid);
/* memfd_secret's pages, which no other process can read: the stopped thread `tid` copies them out itself.
 * `in_call`: it stands at the entry of a system call. */
bool copy_inside(struct copy *c, pid_t tid, bool in_call);

#endif
