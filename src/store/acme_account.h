/* Accounts of ACME clients (RFC 8555 7.1.2), and the nonces that their requests have used (6.5). */
#ifndef STORE_ACME_ACCOUNT_H
#define STORE_ACME_ACCOUNT_H

#include "db/db.h"

struct acme_account {
	char id[40], directory[40];
	char account_id[40]; /* whose orders and certificates these are */
	char eab_kid[40];    /* "" when it came without */
	char thumbprint[44]; /* of its key, RFC 7638; one account a key and directory */
	char jwk[1600];      /* the public key, as RFC 7638 3 writes it */
	char status[16];     /* valid deactivated revoked */
	char contacts[3000]; /* JSON list */
	char network[64]; /* that it was made from, as throttle_network says it; "" when that is not known */
	bool finalized;   /* an order, once */
	int64_t terms_agreed_at, created_at, last_seen_at; /* 0: never */
};

/* "object.exists" when the directory has an account with that key. */
ACSR_MUST_USE enum acsr_result acme_account_insert(
	struct db *d, const struct acme_account *a, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result acme_account_load(
	struct db *d, const char *id, struct acme_account *out, bool *have, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result acme_account_by_key(struct db *d, const char *directory,
	const char *thumbprint, struct acme_account *out, bool *have, struct acsr_err *e);
/* Has any account of any directory this key? */
ACSR_MUST_USE enum acsr_result acme_account_key_known(
	struct db *d, const char *thumbprint, bool *known, struct acsr_err *e);
/* Write what changes: key, status, contacts, terms_agreed_at. "object.exists" as above. */
ACSR_MUST_USE enum acsr_result acme_account_save(
	struct db *d, const struct acme_account *a, struct acsr_err *e);
/* The external account binding as it came, JSON; "" without. *out is yours. */
ACSR_MUST_USE enum acsr_result acme_account_bind(
	struct db *d, const char *id, const char *binding, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result acme_account_binding(
	struct db *d, const char *id, char **out, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result acme_account_seen(
	struct db *d, const char *id, int64_t at, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result acme_account_finalized(struct db *d, const char *id, struct acsr_err *e);

/* Newest first, at most `most`, of this account of ours ("": of all), beyond the one with this created_at and id
 * (INT64_MAX and "": from the beginning). */
typedef enum acsr_result acme_account_fn(void *arg, const struct acme_account *a, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result acme_account_each(struct db *d, const char *account_id, int64_t before,
	const char *before_id, int64_t most, acme_account_fn *fn, void *arg, struct acsr_err *e);

/* A place in the list of an account's orders, and one entry. */
struct acme_listed {
	char id[40], status[12];
	int64_t created_at;
};
/* Newest first, at most `most`, older than `after`; *n of them in out. Costs the same wherever it starts. */
ACSR_MUST_USE enum acsr_result acme_account_listed(struct db *d, const char *id,
	const struct acme_listed *after, struct acme_listed *out, size_t most, size_t *n, struct acsr_err *e);
/* Nothing that is open goes on: its pending orders and authorizations become invalid (7.3.6). */
ACSR_MUST_USE enum acsr_result acme_account_drop_open(struct db *d, const char *id, struct acsr_err *e);

enum { ACME_NONCE_RAW = 24 };
/* *fresh: it was not used before. */
ACSR_MUST_USE enum acsr_result acme_nonce_spend(
	struct db *d, const uint8_t nonce[ACME_NONCE_RAW], bool *fresh, struct acsr_err *e);
/* Forget at most `most` that were made before `before`. */
ACSR_MUST_USE enum acsr_result acme_nonces_prune(
	struct db *d, int64_t before, int64_t most, struct acsr_err *e);
/* The first 8 bytes of a nonce: in the order of time. */
void acme_nonce_time(int64_t at, uint8_t out[8]);

#endif
