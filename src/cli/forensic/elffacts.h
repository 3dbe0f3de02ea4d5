/*
 * What an executable or shared library promises about itself, read from its ELF headers by a small reader of our
 * own: bounded, on any input, without running anything.
 */
#ifndef CLI_FORENSIC_ELFFACTS_H
#define CLI_FORENSIC_ELFFACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct elffacts {
	bool pie;   /* position independent (ET_DYN), so its place is random */
	bool relro; /* a part is made read-only after relocation */
	bool bind_now; /* all symbols are bound at start: the linker never runs in between, on secrets' registers */
	bool nx_stack;   /* the stack is not executable */
	bool executable; /* has an interpreter or is marked PIE: a program, not a library */
};

/*
 * ELF of 64 bits in this machine's byte order. forensic.elf: something else, cut short, or headers that point outside
 * the file. Symbols, sections and notes are not read.
 */
ACSR_MUST_USE enum acsr_result elffacts_read(
	struct elffacts *out, const uint8_t *p, size_t len, struct acsr_err *e);

#endif
