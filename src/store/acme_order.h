/*
 * Orders of the ACME server (RFC 8555 7.1.3). The row in `orders` that an order gets at finalize has the same id.
 *
 * "ready" is no status here: a pending order is ready when all its authorizations are valid. So what many orders
 * share can become valid without touching each of them.
 */
#ifndef STORE_ACME_ORDER_H
#define STORE_ACME_ORDER_H

#include "db/db.h"

/* Times: epoch seconds, 0 for none. Texts in char * are owned; acme_order_clear frees them. */
struct acme_order {
	char id[40], acme_account_id[40], product_id[64], profile[64];
	char status[12];   /* pending processing valid invalid */
	char *identifiers; /* canonical, space-separated */
	char names_hash
		[44];      /* of the identifiers, whatever their order (acme_names_hash); written, not read */
	char *error;       /* JSON problem, or "" */
	char replaces[96]; /* a certificate's id (RFC 9773 4.1), or "" */
	char serial[43];   /* of the certificate, hex, or "" */
	int64_t not_before, not_after, created_at, expires_at;
};
void acme_order_clear(struct acme_order *o);
#define CLEANUP_ACME_ORDER __attribute__((cleanup(acme_order_clear)))

ACSR_MUST_USE enum acsr_result acme_order_insert(
	struct db *d, const struct acme_order *o, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result acme_order_link(
	struct db *d, const char *id, const char *authz_id, struct acsr_err *e);
/* acme_account_id "": of any account. Absent, or of another account: "object.absent", the same text. */
ACSR_MUST_USE enum acsr_result acme_order_load(struct db *d, const char *id, const char *acme_account_id,
	struct acme_order *out, struct acsr_err *e);
/* Write what changes: status, error, serial, expires_at. */
ACSR_MUST_USE enum acsr_result acme_order_save(struct db *d, const struct acme_order *o, struct acsr_err *e);

/* The order whose certificate this is; *have false when it was none of ours. */
ACSR_MUST_USE enum acsr_result acme_order_by_serial(
	struct db *d, const char *serial, struct acme_order *out, bool *have, struct acsr_err *e);
/* Does an order that is not invalid, nor open beyond its time, replace this certificate? */
ACSR_MUST_USE enum acsr_result acme_order_replaced(
	struct db *d, const char *certificate_id, int64_t now, bool *is, struct acsr_err *e);
/* Are there `most` orders of the account since `since` for just these names? *at: when the oldest of the `most` newest was
 * made; 0 when there are fewer. */
ACSR_MUST_USE enum acsr_result acme_order_same(struct db *d, const char *acme_account_id,
	const char *names_hash, int64_t since, int64_t most, int64_t *at, struct acsr_err *e);
/* The pending orders that need this authorization become invalid, with no error of their own. */
ACSR_MUST_USE enum acsr_result acme_orders_fail(struct db *d, const char *authz_id, struct acsr_err *e);

/* What an order shows of its authorizations. */
struct acme_order_authz {
	char id[40], status[12];
	int64_t expires_at;
};
/* The same order in one query with them. *out is n structs, to free. */
ACSR_MUST_USE enum acsr_result acme_order_load_with(struct db *d, const char *id, const char *acme_account_id,
	struct acme_order *o, struct acme_order_authz **out, size_t *n, struct acsr_err *e);

#endif
