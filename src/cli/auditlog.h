/* An exported audit log (JSON lines) against signed checkpoints, without the service. */
#ifndef CLI_AUDITLOG_H
#define CLI_AUDITLOG_H

#include <jansson.h>

#include "autocsr/note.h"

enum { AUDITLOG_CHECKPOINTS = 64 };

struct auditlog_checkpoint {
	struct acsr_checkpoint said;
	bool reached, fits;
};

/* Hears of each entry: its place (from 1), and its leaf hash as it was computed, in hex. */
typedef enum acsr_result auditlog_hear_fn(
	void *arg, uint64_t place, const char *leaf, const json_t *entry, struct acsr_err *e);

struct auditlog {
	auditlog_hear_fn *hear; /* NULL: nobody */
	void *arg;
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
/* The same, of a checkpoint that somebody else vouches for. */
ACSR_MUST_USE enum acsr_result auditlog_expect(
	struct auditlog *l, const struct acsr_checkpoint *said, struct acsr_err *e);
/* Read it all. A line that is not an entry: input.audit. */
ACSR_MUST_USE enum acsr_result auditlog_read(struct auditlog *l, const char *path, struct acsr_err *e);
/* Nothing bad, and every checkpoint reached and met. */
bool auditlog_good(const struct auditlog *l);
/* What is wrong, for people; "" when all is good. */
void auditlog_why(const struct auditlog *l, char *why, size_t cap);

#endif
