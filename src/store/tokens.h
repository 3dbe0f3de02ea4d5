/* API tokens, found by the SHA-256 of their whole text. */
#ifndef STORE_TOKENS_H
#define STORE_TOKENS_H

#include "db/db.h"

struct token {
	char id[40], user_id[40], account_id[40], name[520];
	uint8_t hash[32]; /* not filled in by the look-ups */
	bool read_only;
	int64_t created_at, expires_at, last_used_at; /* 0: never */
};

ACSR_MUST_USE enum acsr_result tokens_add(struct db *d, const struct token *t, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result tokens_by_hash(
	struct db *d, const uint8_t hash[32], struct token *out, bool *have, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result tokens_by_id(
	struct db *d, const char *id, struct token *out, bool *have, struct acsr_err *e);
/* Each token of an account, or only this user's (user_id may be NULL), oldest first. */
typedef enum acsr_result tokens_each_fn(void *arg, const struct token *t, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result tokens_each(struct db *d, const char *account_id, const char *user_id,
	tokens_each_fn *fn, void *arg, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result tokens_used(struct db *d, const char *id, int64_t at, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result tokens_delete(struct db *d, const char *id, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result tokens_count(
	struct db *d, const char *user_id, int64_t *n, struct acsr_err *e);
/* Those that ended before this time. */
ACSR_MUST_USE enum acsr_result tokens_prune(struct db *d, int64_t before, struct acsr_err *e);

#endif
