/* An exported audit log (JSON lines) against signed checkpoints, without the service. */
#ifndef CLI_AUDITLOG_H
#define CLI_AUDITLOG_H

#include "autocsr/note.h"

enum { AUDITLOG_CHECKPOINTS = 64 };

struct auditlog_checkpoint {
	struct acsr_checkpoint said;
	bool reached, fits;
};

struct auditlog {
	struct auditlog_checkpoint v[AUDITLOG_CHECKPOINTS];
	size_t n;
	uint64_t entries;
	uint64_t
		bad; /* number of the first entry that was changed, is missing or out of its place; 0: none */
	uint8_t root[ACSR_MERKLE_HASH];
};

/* A checkpoint that this verifier key (note.h) has signed: note.…, input.… */
ACSR_MUST_USE enum acsr_result auditlog_checkpoint(
	struct auditlog *l, const char *path, const char *verifier, struct acsr_err *e);
/* Read it all. A line that is not an entry: input.audit. */
ACSR_MUST_USE enum acsr_result auditlog_read(struct auditlog *l, const char *path, struct acsr_err *e);
/* Nothing bad, and every checkpoint reached and met. */
bool auditlog_good(const struct auditlog *l);

#endif
