/*
 * Keys for external account binding (RFC 8555 7.3.4): who has one may make ACME accounts whose orders belong to an account
 * of ours. A revoked one stays, because the accounts made with it keep its limit on names.
 */
#ifndef STORE_ACME_EAB_H
#define STORE_ACME_EAB_H

#include "db/db.h"

struct acme_eab {
	char kid[40], account_id[40], user_id[40], directory[40], title[520];
	char names[4000];      /* space-separated domains that it is limited to, "" for no limit */
	int64_t most_accounts; /* 0: no limit */
	int64_t created_at, expires_at, last_used_at, revoked_at; /* 0: never */
	int64_t accounts;                                         /* that were made with it */
};

/* wrapped: the MAC key under the key-encryption key, owner kid. */
ACSR_MUST_USE enum acsr_result acme_eab_insert(
	struct db *d, const struct acme_eab *k, struct bytes wrapped, struct acsr_err *e);
/* wrapped (NULL: not wanted) is appended to. */
ACSR_MUST_USE enum acsr_result acme_eab_load(struct db *d, const char *kid, struct acme_eab *out, bool *have,
	struct buf *wrapped, struct acsr_err *e);
/* Only what it is limited to; "" for an absent one too. */
ACSR_MUST_USE enum acsr_result acme_eab_names(
	struct db *d, const char *kid, char out[4000], struct acsr_err *e);
/* Newest first, at most 1000, of this account of ours ("": of all). */
typedef enum acsr_result acme_eab_fn(void *arg, const struct acme_eab *k, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result acme_eab_each(
	struct db *d, const char *account_id, acme_eab_fn *fn, void *arg, struct acsr_err *e);
/* An account was made with it. */
ACSR_MUST_USE enum acsr_result acme_eab_used(struct db *d, const char *kid, int64_t at, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result acme_eab_revoke(struct db *d, const char *kid, int64_t at, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result acme_eab_revoke_all(
	struct db *d, const char *directory, int64_t at, struct acsr_err *e);
/* How many are good for something: neither revoked nor ended by `now`. */
ACSR_MUST_USE enum acsr_result acme_eab_count(
	struct db *d, const char *account_id, int64_t now, int64_t *n, struct acsr_err *e);

#endif
