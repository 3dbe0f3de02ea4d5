/*
 * The audit log: append-only rows, the leaves of a Merkle tree (RFC 9162 2.1) that the signer commits to in
 * signed checkpoints.
 *
 * An entry, as it is hashed: seq, at, actor, account_id, action, object, detail, in this order, numbers in
 * decimal, each followed by one zero byte. seq counts from 1; leaf number i of the tree is the entry i + 1.
 */
#ifndef STORE_AUDIT_H
#define STORE_AUDIT_H

#include "autocsr/merkle.h"
#include "db/db.h"

struct audit_entry {
	int64_t seq, at;
	const char *actor;      /* a user's e-mail address, "system", "operator" */
	const char *account_id; /* "" when it concerns none */
	const char *action;     /* "order.created" */
	const char *object;     /* "ord_…" */
	const char *detail;     /* for people; no secrets */
};

/* Inside a transaction. seq is filled in. */
ACSR_MUST_USE enum acsr_result audit_append(struct db *d, struct audit_entry *a, struct acsr_err *e);
/* The leaf hash of an entry. */
ACSR_MUST_USE enum acsr_result audit_leaf(
	const struct audit_entry *a, uint8_t out[ACSR_MERKLE_HASH], struct acsr_err *e);
/* Give entries of a database from before the tree their hashes. Inside a transaction; cheap when there are
 * none. */
ACSR_MUST_USE enum acsr_result audit_adopt(struct db *d, struct acsr_err *e);
/* Rows of: at, action, actor, detail; of one object, oldest first, the last `most` of them. */
ACSR_MUST_USE enum acsr_result audit_of_object(
	struct db *d, const char *object, int64_t most, struct db_rows **out, struct acsr_err *e);

ACSR_MUST_USE enum acsr_result audit_size(struct db *d, int64_t *entries, struct acsr_err *e);
/* An acsr_merkle_get_fn; db is the struct db. A hash that is not there: sys.audit-node. */
ACSR_MUST_USE enum acsr_result audit_node(
	void *db, unsigned level, uint64_t index, uint8_t out[ACSR_MERKLE_HASH], struct acsr_err *e);

#endif
