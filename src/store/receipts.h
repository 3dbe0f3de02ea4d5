/* Receipts (pki/receipt.h), and what they tell of: columns of requests that only these functions touch. */
#ifndef STORE_RECEIPTS_H
#define STORE_RECEIPTS_H

#include "db/db.h"

/* What is known of one request, for its receipt. Texts are owned; 0: it did not happen, or nobody knows. */
struct receipt_facts {
	char request_id[40], order_id[40], account_id[40], product_id[64];
	char key_source[12], key_type[32], spki_sha256[65], archive_state[16], archive_sha256[65];
	char grade[12], format[12], recipient_name[512], sandbox[513];
	char *names, *recipient, *authorised; /* blank-separated; whole; JSON, "" when nobody had to */
	int64_t archive_size, made_at, gone_at, handed_over_at, destroyed_at;
	int64_t made_seq, handed_over_seq, destroyed_seq; /* entries of the audit log */
};
void receipt_facts_clear(struct receipt_facts *f);
#define CLEANUP_FACTS __attribute__((cleanup(receipt_facts_clear)))

/* "object.absent" */
ACSR_MUST_USE enum acsr_result receipt_facts_load(
	struct db *d, const char *request_id, struct receipt_facts *out, struct acsr_err *e);

/* Each with the audit entry that says so. What has its time already keeps it. The news that the worker has ended may
 * come before its result: then the key was made no later than that. */
ACSR_MUST_USE enum acsr_result receipt_facts_made(
	struct db *d, const char *request_id, int64_t at, int64_t seq, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result receipt_facts_handed_over(
	struct db *d, const char *request_id, int64_t at, int64_t seq, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result receipt_facts_destroyed(
	struct db *d, const char *request_id, int64_t seq, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result receipt_facts_authorised(
	struct db *d, const char *request_id, const char *json, struct acsr_err *e);
/* The JSON of the last request of an order that has one; free() it. */
ACSR_MUST_USE enum acsr_result receipt_facts_authorisation(
	struct db *d, const char *request_id, char **json, struct acsr_err *e);

/* Kept once: of the same part of the same request the first one stays. */
ACSR_MUST_USE enum acsr_result receipts_add(struct db *d, const char *request_id, const char *part,
	int64_t at, const char *document, struct acsr_err *e);
/* The document, appended; part "": the final one, or else the one of the hand-over. *have: is there one? */
ACSR_MUST_USE enum acsr_result receipts_load(struct db *d, const char *request_id, const char *part,
	struct buf *document, bool *have, struct acsr_err *e);
/* Rows of: request_id, part, at; of all requests of an order, oldest first. */
ACSR_MUST_USE enum acsr_result receipts_of_order(
	struct db *d, const char *order_id, struct db_rows **out, struct acsr_err *e);

#endif
