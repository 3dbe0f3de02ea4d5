/* Orders, their approvals, and idempotency keys. */
#ifndef STORE_ORDER_H
#define STORE_ORDER_H

#include "db/db.h"

/* One row of orders. Texts in char * are owned; order_clear frees them. Times: epoch seconds, 0 for none. */
struct order {
	char id[40], account_id[40], user_id[40], product_id[64], state[16];
	char *names;   /* canonical, space-separated */
	char *subject; /* JSON object */
	char organisation_id[40], delivery[12], email[256], method[16], request_id[40];
	int64_t round;
	char *waiting_reason;
	int64_t waiting_since, next_try_at, expires_at, created_at, updated_at;
	char issuer[65];                 /* of this round, as it was chosen; "" until then: the product's */
	int64_t renew_from, renew_until; /* the window that the CA suggests (RFC 9773) */
};

void order_clear(struct order *o);
#define CLEANUP_ORDER __attribute__((cleanup(order_clear)))

ACSR_MUST_USE enum acsr_result order_insert(struct db *d, const struct order *o, struct acsr_err *e);
/* account_id NULL: of any account. Absent, or of another account: "object.absent", the same text. */
ACSR_MUST_USE enum acsr_result order_load(
	struct db *d, const char *id, const char *account_id, struct order *out, struct acsr_err *e);
/* Write state, request_id, round, waiting, expiry, issuer, renewal window; sets updated_at. */
ACSR_MUST_USE enum acsr_result order_save(struct db *d, struct order *o, int64_t now, struct acsr_err *e);

/* What to list. Empty texts do not filter. */
struct order_filter {
	const char *account_id; /* "" : all accounts */
	const char *state, *product_id, *q;
	bool by_expiry;
	int64_t after_key; /* the last row's created_at or expires_at; INT64_MAX (or -1 by expiry) to begin */
	const char *after_id;
	int64_t limit;
};
/* Rows of ids only, in order; load each. The sort key is column 1. */
ACSR_MUST_USE enum acsr_result order_find(
	struct db *d, const struct order_filter *f, struct db_rows **out, struct acsr_err *e);
/* Rows of (state, count). */
ACSR_MUST_USE enum acsr_result order_count_states(struct db *d, struct db_rows **out, struct acsr_err *e);

/* order_id "" when the key has not come since `since`. */
ACSR_MUST_USE enum acsr_result idempotency_find(struct db *d, const char *account_id, const char *key,
	int64_t since, char body_sha256[65], char order_id[40], struct acsr_err *e);
ACSR_MUST_USE enum acsr_result idempotency_add(struct db *d, const char *account_id, const char *key,
	const char *body_sha256, const char *order_id, int64_t now, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result idempotency_prune(struct db *d, int64_t older_than, struct acsr_err *e);

/* One person's decision about one round of an order; a second one by the same person is object.exists. */
ACSR_MUST_USE enum acsr_result approval_add(struct db *d, const char *order_id, int64_t round,
	const char *user_id, const char *decision, const char *evidence, const char *note, int64_t now,
	struct acsr_err *e);
/* Approvals of this order since `since` (any round): how many different people. */
ACSR_MUST_USE enum acsr_result approval_count(
	struct db *d, const char *order_id, int64_t since, int64_t *people, struct acsr_err *e);
/* Rows: round, decision, evidence, note, at, e-mail of who. */
ACSR_MUST_USE enum acsr_result approval_list(
	struct db *d, const char *order_id, struct db_rows **out, struct acsr_err *e);

#endif
