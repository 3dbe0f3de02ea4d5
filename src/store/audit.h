/*
 * The audit log: append-only rows, each hashed over the one before.
 *
 * hash = lower-case hex SHA-256 of: prev, seq, at, actor, account_id, action, object, detail, in this order,
 * numbers in decimal, each followed by one zero byte. The first row's prev is 64 zeros.
 */
#ifndef STORE_AUDIT_H
#define STORE_AUDIT_H

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
/* Rows of: at, action, actor, detail; of one object, oldest first, the last `most` of them. */
ACSR_MUST_USE enum acsr_result audit_of_object(
	struct db *d, const char *object, int64_t most, struct db_rows **out, struct acsr_err *e);
/* Walk the whole log. *bad: the first row that does not fit, 0 when all do; head: the last hash. */
ACSR_MUST_USE enum acsr_result audit_verify(
	struct db *d, int64_t *entries, int64_t *bad, char head[65], struct acsr_err *e);

#endif
