/*
 * Controls: on every surface a piece of one of the run's own keys is hidden, and the very code that searches the
 * service has to find it. What is hidden lies in a child of this program, in files of this program in memory (tmpfs
 * where there is one), and in a packet to itself on loopback; all of it is gone afterwards.
 */
#ifndef CLI_FORENSIC_DECOY_H
#define CLI_FORENSIC_DECOY_H

#include "cli/forensic/search.h"

/* Sets `control` of every surface in s->surfaces, and `why` where it was not found. Fails only without memory or
 * without any opened key (forensic.needles). */
ACSR_MUST_USE enum acsr_result decoy_all(struct search *s, struct acsr_err *e);

/* The parts, on a search of their own (only needles are set). For tests too. */
ACSR_MUST_USE enum acsr_result decoy_process(
	struct search *own, const uint8_t piece[NEEDLE_PIECE], struct acsr_err *e);
ACSR_MUST_USE enum acsr_result decoy_files(
	struct search *own, const uint8_t piece[NEEDLE_PIECE], struct acsr_err *e);
ACSR_MUST_USE enum acsr_result decoy_pipe(
	struct search *own, const uint8_t piece[NEEDLE_PIECE], struct acsr_err *e);
ACSR_MUST_USE enum acsr_result decoy_packet(
	struct search *own, const uint8_t piece[NEEDLE_PIECE], struct acsr_err *e);

#endif
