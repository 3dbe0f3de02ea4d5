/*
 * Reading memory that only its process can read: memfd_secret(2) pages are gone from the kernel's own map, so
 * neither /proc/PID/mem nor ptrace reads them. The stopped process is made to copy them itself: a few instructions
 * are put where it stands ("copy, then trap"), it runs them with registers of ours, and code, registers and the page
 * that was copied to are put back as they were.
 */
#ifndef CLI_FORENSIC_INSIDE_H
#define CLI_FORENSIC_INSIDE_H

#include "cli/forensic/hold.h"

enum { INSIDE_PAGE = 4096 };

struct inside {
	struct held_thread *thread;
	int mem;          /* /proc/PID/mem, to read and write */
	uint64_t scratch; /* a page of the process that may be written to for a moment */
};

/* Does this processor have the instructions? */
bool inside_possible(void);
/* Copies the page at `address` to `out`. False: the process could not read it either, and goes on as before. */
bool inside_read(struct inside *in, uint64_t address, uint8_t out[INSIDE_PAGE]);

#endif
