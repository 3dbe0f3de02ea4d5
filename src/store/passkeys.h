/* WebAuthn credentials, their users' random handles, and the challenges that wait (only their SHA-256 is kept). */
#ifndef STORE_PASSKEYS_H
#define STORE_PASSKEYS_H

#include "db/db.h"

enum { PASSKEY_HANDLE = 32, PASSKEY_ID_MAX = 1023, PASSKEY_KEY_MAX = 512 };

struct passkey {
	char id[40], user_id[40];
	uint8_t credential[PASSKEY_ID_MAX]; /* the authenticator's id for it */
	size_t credential_len;
	uint8_t key[PASSKEY_KEY_MAX]; /* as libfido2 has it: ES256 x|y, EdDSA 32 bytes, RS256 n|e */
	size_t key_len;
	int64_t algorithm; /* COSE */
	int64_t sign_count;
	char name[260], transports[128];  /* transports: words with blanks between */
	int64_t created_at, last_used_at; /* 0: never */
};

/* Error "object.exists": the credential is registered already, here or with somebody else. */
ACSR_MUST_USE enum acsr_result passkeys_add(struct db *d, const struct passkey *p, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result passkeys_by_credential(
	struct db *d, struct bytes credential, struct passkey *out, bool *have, struct acsr_err *e);
/* A user's own passkey. */
ACSR_MUST_USE enum acsr_result passkeys_find(struct db *d, const char *id, const char *user_id,
	struct passkey *out, bool *have, struct acsr_err *e);
/* All of a user's, oldest first. p is a loan. */
typedef enum acsr_result passkeys_each_fn(void *arg, const struct passkey *p, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result passkeys_each(
	struct db *d, const char *user_id, passkeys_each_fn *fn, void *arg, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result passkeys_rename(
	struct db *d, const char *id, const char *name, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result passkeys_delete(struct db *d, const char *id, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result passkeys_delete_all(struct db *d, const char *user_id, struct acsr_err *e);
/* *grown: the counter is greater than the stored one, or both are 0 (the authenticator does not count); only
 * then it is stored, with the time. */
ACSR_MUST_USE enum acsr_result passkeys_used(
	struct db *d, const char *id, int64_t count, int64_t at, bool *grown, struct acsr_err *e);

/* What authenticators know the user by; `fresh` becomes it when there was none. */
ACSR_MUST_USE enum acsr_result passkeys_handle(struct db *d, const char *user_id,
	const uint8_t fresh[PASSKEY_HANDLE], uint8_t out[PASSKEY_HANDLE], struct acsr_err *e);

struct challenge {
	uint8_t hash[32];
	char purpose[16], user_id[40]; /* "": anybody, who then says by the passkey who they are */
	int64_t expires_at;
};
ACSR_MUST_USE enum acsr_result challenges_add(struct db *d, const struct challenge *ch, struct acsr_err *e);
/* Use one up. One that has expired is used up too, and not had. */
ACSR_MUST_USE enum acsr_result challenges_take(struct db *d, const uint8_t hash[32], int64_t now,
	struct challenge *out, bool *have, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result challenges_prune(struct db *d, int64_t now, struct acsr_err *e);

#endif
