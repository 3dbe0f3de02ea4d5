/*
 * Checkpoints of the audit log: a while after entries were added, the signer is asked to sign over all of
 * them, with the proof that the log has only grown since its last signature.
 */
#ifndef CORE_CHECKPOINT_H
#define CORE_CHECKPOINT_H

#include "core/core.h"

/* What the signer says when it has started. */
void checkpoint_head(struct core *c, const struct msg_log_head *m);
/* Once a second. */
void checkpoint_tick(struct core *c);

#endif
