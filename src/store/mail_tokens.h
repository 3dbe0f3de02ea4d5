/* Links sent by mail: good once, found by the SHA-256 of their random part. */
#ifndef STORE_MAIL_TOKENS_H
#define STORE_MAIL_TOKENS_H

#include "db/db.h"

struct mail_token {
	uint8_t hash[32];
	char purpose[16], email[256], user_id[40];
	char data[1600]; /* JSON; what the purpose needs */
	int64_t expires_at;
};

ACSR_MUST_USE enum acsr_result mail_tokens_add(struct db *d, const struct mail_token *t, struct acsr_err *e);
/* Look without deleting. *have as below. */
ACSR_MUST_USE enum acsr_result mail_tokens_find(struct db *d, const char *purpose, const uint8_t hash[32],
	int64_t now, struct mail_token *out, bool *have, struct acsr_err *e);
/* Find and delete. *have is false when there is none for this purpose that is still good. */
ACSR_MUST_USE enum acsr_result mail_tokens_take(struct db *d, const char *purpose, const uint8_t hash[32],
	int64_t now, struct mail_token *out, bool *have, struct acsr_err *e);
/* The other links for this purpose and address. */
ACSR_MUST_USE enum acsr_result mail_tokens_drop(
	struct db *d, const char *purpose, const char *email, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result mail_tokens_prune(struct db *d, int64_t now, struct acsr_err *e);

#endif
