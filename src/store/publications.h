/* Proofs that the service publishes, and the names that customers' CNAMEs point at. What each column means stands in the
 * migration. */
#ifndef STORE_PUBLICATIONS_H
#define STORE_PUBLICATIONS_H

#include "db/db.h"

struct publication {
	char id[40], order_id[40], validation_id[40], automation[16], method[8], place[321];
	char published_as[321], state[16], wake[32], error[64];
	char *value, *error_text;
	int64_t asked_at, published_at, retry_at, created_at, unwanted_at; /* 0 for none */
	bool unsure;
};

void publication_clear(struct publication *p);
#define CLEANUP_PUBLICATION __attribute__((cleanup(publication_clear)))

ACSR_MUST_USE enum acsr_result publication_insert(
	struct db *d, const struct publication *p, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result publication_load(
	struct db *d, const char *id, struct publication *out, bool *have, struct acsr_err *e);
/* The one that already stands for this wish. */
ACSR_MUST_USE enum acsr_result publication_find(struct db *d, const char *validation_id,
	const char *automation, const char *place, const char *value, struct publication *out, bool *have,
	struct acsr_err *e);
/* Write what changes: published_as, state, wake, error, error_text, asked_at, published_at,
 * unsure, retry_at, unwanted_at. */
ACSR_MUST_USE enum acsr_result publication_save(
	struct db *d, const struct publication *p, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result publication_delete(struct db *d, const char *id, struct acsr_err *e);

/* Ids of those that are not unwanted yet. */
ACSR_MUST_USE enum acsr_result publications_of_validation(
	struct db *d, const char *validation_id, struct db_rows **out, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result publications_of_order(
	struct db *d, const char *order_id, struct db_rows **out, struct acsr_err *e);
/* Does another one, not unwanted, stand for the same value at the same place? */
ACSR_MUST_USE enum acsr_result publication_shared(
	struct db *d, const struct publication *p, bool *shared, struct acsr_err *e);
/* Is the validation still there and waiting for its proof? */
ACSR_MUST_USE enum acsr_result publication_needed(
	struct db *d, const struct publication *p, bool *needed, struct acsr_err *e);
/* What our own web server says for this token; value NULL when nothing. *value is the caller's to free. */
ACSR_MUST_USE enum acsr_result publication_answer(
	struct db *d, const char *token, char **value, struct acsr_err *e);

/* The label of this account and name; made when there is none. label: 26 characters of base32, lower case. */
ACSR_MUST_USE enum acsr_result delegation_label(struct db *d, const char *account_id, const char *name,
	int64_t now, char label[40], struct acsr_err *e);

#endif
