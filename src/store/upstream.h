/* Rows of upstream_orders: an order as another CA knows it, one of each round and issuer; and whose its authorizations are. */
#ifndef STORE_UPSTREAM_H
#define STORE_UPSTREAM_H

#include "db/db.h"

/* Texts in char * are owned, never NULL after a load. Times: epoch seconds, 0 for none. */
struct upstream_order {
	char order_id[40], issuer[65];
	int64_t round;
	char step[16]; /* what is to be done next: core/upstream/orders.h */
	char *url, *finalize_url, *certificate_url;
	char replaces[256]; /* the certificate that it says it replaces (RFC 9773 5), or "" */
	char *detail;       /* JSON object */
	int64_t started_at, told_at, expires_at;
};

void upstream_order_clear(struct upstream_order *u);
#define CLEANUP_UPSTREAM_ORDER __attribute__((cleanup(upstream_order_clear)))

ACSR_MUST_USE enum acsr_result upstream_order_load(struct db *d, const char *order_id, int64_t round,
	const char *issuer, struct upstream_order *out, bool *have, struct acsr_err *e);
/* Insert, or change the one of that order, round and issuer. */
ACSR_MUST_USE enum acsr_result upstream_order_save(
	struct db *d, const struct upstream_order *u, struct acsr_err *e);
/* Do we know this URL as an order of ours? */
ACSR_MUST_USE enum acsr_result upstream_order_known(
	struct db *d, const char *issuer, const char *url, bool *known, struct acsr_err *e);
/* Orders that were begun at the issuer since `since`. */
ACSR_MUST_USE enum acsr_result upstream_order_count(
	struct db *d, const char *issuer, int64_t since, int64_t *n, struct acsr_err *e);

/* The first row of the order, of whatever round and issuer, with authorizations that are still to be let go of there
 * ("leaving" in its detail). */
ACSR_MUST_USE enum acsr_result upstream_order_leaving(
	struct db *d, const char *order_id, struct upstream_order *out, bool *have, struct acsr_err *e);
/* Orders of the issuer that wait for the operator ("held_since" in their detail) are looked at now. */
ACSR_MUST_USE enum acsr_result upstream_orders_wake(
	struct db *d, const char *issuer, int64_t now, struct acsr_err *e);

/* The account has another key, which every key authorization names (RFC 8555 8.1): proofs of its orders that the CA was not
 * told of are read anew from their authorizations. */
ACSR_MUST_USE enum acsr_result upstream_orders_reread(
	struct db *d, const char *issuer, int64_t now, struct acsr_err *e);

/* Is it the authorization of an order under way, other than this one? */
ACSR_MUST_USE enum acsr_result upstream_authorization_used(
	struct db *d, const char *url, const char *order_id, bool *used, struct acsr_err *e);
/* Take the authorization for an account, if nobody has it yet: *ours says whether it is this account's now. */
ACSR_MUST_USE enum acsr_result upstream_authorization_take(struct db *d, const char *issuer, const char *url,
	const char *account_id, const char *name, int64_t now, bool *ours, struct acsr_err *e);
/* Its account has shown control by it. */
ACSR_MUST_USE enum acsr_result upstream_authorization_proved(
	struct db *d, const char *issuer, const char *url, int64_t now, struct acsr_err *e);
/* Has the account shown control of the name ("*.example.com" is another than "example.com") since? */
ACSR_MUST_USE enum acsr_result upstream_authorization_shown(struct db *d, const char *account_id,
	const char *name, int64_t since, bool *shown, struct acsr_err *e);

#endif
