/* Sessions, found by the SHA-256 of their cookie. */
#ifndef STORE_SESSIONS_H
#define STORE_SESSIONS_H

#include "db/db.h"

struct session {
	uint8_t hash[32];
	char user_id[40], csrf[64];
	int64_t created_at, authenticated_at, used_at, expires_at;
	bool second; /* at authenticated_at the second factor was shown too */
};

ACSR_MUST_USE enum acsr_result sessions_add(struct db *d, const struct session *s, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result sessions_find(
	struct db *d, const uint8_t hash[32], struct session *out, bool *have, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result sessions_used(
	struct db *d, const uint8_t hash[32], int64_t at, struct acsr_err *e);
/* The password (or a passkey) was given again; second: with the second factor. */
ACSR_MUST_USE enum acsr_result sessions_authenticated(
	struct db *d, const uint8_t hash[32], int64_t at, bool second, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result sessions_end(struct db *d, const uint8_t hash[32], struct acsr_err *e);
/* All of a user's but `keep` (NULL: none is kept). */
ACSR_MUST_USE enum acsr_result sessions_end_all(
	struct db *d, const char *user_id, const uint8_t *keep, struct acsr_err *e);
/* All but the newest `n` of a user. */
ACSR_MUST_USE enum acsr_result sessions_keep_newest(
	struct db *d, const char *user_id, int64_t n, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result sessions_prune(struct db *d, int64_t now, struct acsr_err *e);

#endif
