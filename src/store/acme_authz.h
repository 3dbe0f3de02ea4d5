/*
 * Authorizations of the ACME server (RFC 8555 7.1.4): that an account controls a name, or wants to show it. The
 * challenges are part of the row: they have one token between them, and the first that is answered decides it.
 */
#ifndef STORE_ACME_AUTHZ_H
#define STORE_ACME_AUTHZ_H

#include "db/db.h"

/* Times: epoch seconds, 0 for none. Texts in char * are owned; acme_authz_clear frees them. */
struct acme_authz {
	char id[40], acme_account_id[40], name[256]; /* name without "*." */
	bool wildcard;
	char status[12];  /* pending valid invalid deactivated revoked; past expires_at it is expired */
	char token[44];   /* base64url, 256 bits */
	char types[128];  /* space-separated: the challenges that were offered */
	char type[24];    /* the one that was answered, or "" */
	int64_t attempts; /* looks at it that ended with its error */
	char *error;      /* JSON problem of the last one, or "" */
	char *evidence;   /* JSON, "" until control is proven */
	int64_t proved_at, caa_at, created_at, expires_at;
};
void acme_authz_clear(struct acme_authz *a);
#define CLEANUP_ACME_AUTHZ __attribute__((cleanup(acme_authz_clear)))

ACSR_MUST_USE enum acsr_result acme_authz_insert(
	struct db *d, const struct acme_authz *a, struct acsr_err *e);
/* acme_account_id "": of any account. Absent, or of another account: "object.absent", the same text. */
ACSR_MUST_USE enum acsr_result acme_authz_load(struct db *d, const char *id, const char *acme_account_id,
	struct acme_authz *out, struct acsr_err *e);
/* Write what changes: status, type, attempts, error, evidence, times. */
ACSR_MUST_USE enum acsr_result acme_authz_save(struct db *d, const struct acme_authz *a, struct acsr_err *e);
/* The account's valid one for this name that lasts longest, beyond `now`, and was proven after `since` by one of the
 * challenges in `types` (space-separated; "": by any); id "" when there is none. */
ACSR_MUST_USE enum acsr_result acme_authz_find(struct db *d, const char *acme_account_id, const char *name,
	bool wildcard, const char *types, int64_t now, int64_t since, char id[40], int64_t *expires_at,
	struct acsr_err *e);

/* All of an order, whole. *out is n structs; acme_authzs_free. */
ACSR_MUST_USE enum acsr_result acme_authzs_of(
	struct db *d, const char *acme_order_id, struct acme_authz **out, size_t *n, struct acsr_err *e);
void acme_authzs_free(struct acme_authz *a, size_t n);

#endif
