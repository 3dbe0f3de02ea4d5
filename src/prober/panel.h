/*
 * One question, asked here and at every remote perspective at once; answered to core when all have spoken or their time
 * is over. What the answers amount to is core's to decide (core/quorum.h): here nobody votes.
 */
#ifndef PROBER_PANEL_H
#define PROBER_PANEL_H

#include "prober/perspective.h"
#include "prober/probe.h"

struct panel;

/* Before the sandbox. spec NULL-less list of n; files are read only when n > 0. Where they cannot be used, the log says so at
 * ERROR, and every remote one answers "busy.perspective" until the next start. */
ACSR_MUST_USE enum acsr_result panel_open(struct panel **out, struct prober *here,
	const struct perspective_spec *spec, size_t n, const struct tls_files *files, struct acsr_err *e);
/* After: takes over here->answer, here->failed and here->begins, and passes on to those that it found there. */
ACSR_MUST_USE enum acsr_result panel_start(struct panel *p, struct acsr_err *e);

/* Ask; the answer carries id. */
void panel_ask(struct panel *p, uint64_t id, unsigned type, const void *body);
/* Core is gone: forget what it asked. */
void panel_drop_all(struct panel *p);

#endif
