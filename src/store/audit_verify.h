/* Checkpoints of the audit log, and judging the whole log against them. */
#ifndef STORE_AUDIT_VERIFY_H
#define STORE_AUDIT_VERIFY_H

#include "store/audit.h"

struct audit_checkpoint {
	int64_t size, at;
	char root[2 * ACSR_MERKLE_HASH + 1]; /* lower-case hex */
};

/* Keep one. Nothing happens when there is one of that size. */
ACSR_MUST_USE enum acsr_result audit_checkpoint_add(
	struct db *d, const struct audit_checkpoint *c, const char *note, struct acsr_err *e);
/* The newest with at most `size` entries; note (NULL: not wanted) gets its signed note appended. */
ACSR_MUST_USE enum acsr_result audit_checkpoint_before(struct db *d, int64_t size,
	struct audit_checkpoint *out, struct buf *note, bool *have, struct acsr_err *e);
/* The oldest with at least `size` entries. */
ACSR_MUST_USE enum acsr_result audit_checkpoint_from(struct db *d, int64_t size, struct audit_checkpoint *out,
	struct buf *note, bool *have, struct acsr_err *e);

struct audit_verdict {
	int64_t entries;
	int64_t bad; /* the first entry that does not fit: changed, missing, or out of its place; 0: none */
	int64_t bad_checkpoint;  /* size of the first checkpoint that these entries do not lead to; 0: none */
	int64_t good_checkpoint; /* size of the last one before it that they do lead to */
	int64_t bad_node_level;  /* a stored hash above the entries that does not fit; 0: none */
	char root[2 * ACSR_MERKLE_HASH + 1];
};

/* Walk the whole log. The signatures of the checkpoints are not looked at. */
ACSR_MUST_USE enum acsr_result audit_verify(struct db *d, struct audit_verdict *out, struct acsr_err *e);

#endif
