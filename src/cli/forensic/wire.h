/*
 * What goes over the network during the run: every packet of an interface (or of all), kept in memory up to a bound,
 * and searched when the needles are known. What the kernel or the bound dropped is counted: then the network cannot
 * be judged in full.
 */
#ifndef CLI_FORENSIC_WIRE_H
#define CLI_FORENSIC_WIRE_H

#include "cli/forensic/search.h"

struct wire;

/* Begins to listen, in a thread. `interface` NULL: all. forensic.network */
ACSR_MUST_USE enum acsr_result wire_open(
	struct wire **out, const char *interface, size_t bound, struct acsr_err *e);
/* Takes what has arrived so far, and ends. */
void wire_stop(struct wire *w);
/* After wire_stop. */
void wire_search(const struct wire *w, struct search *s);
void wire_free(struct wire *w); /* wipes; NULL is fine */

uint64_t wire_packets(const struct wire *w);
uint64_t wire_dropped(const struct wire *w);

/* "TCP 8443 to 41234" of a packet that begins with its IP header; for findings. */
void wire_describe(const uint8_t *p, size_t n, char *out, size_t cap);

#endif
