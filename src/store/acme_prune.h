/*
 * What the ACME server forgets. Much of what is old is still needed by something younger, so these walk through the old in
 * pages: each call looks at one page and no more, however much there is.
 */
#ifndef STORE_ACME_PRUNE_H
#define STORE_ACME_PRUNE_H

#include "db/db.h"

/* Where a walk goes on; all zero at its beginning, and again when it has come to its end. */
struct acme_cursor {
	int64_t at;
	char id[40];
};

/* Orders that expired before `before`, at most `most`; *n: how many it were. */
ACSR_MUST_USE enum acsr_result acme_orders_prune(
	struct db *d, int64_t before, int64_t most, int64_t *n, struct acsr_err *e);
/* Of the `most` next authorizations that expired before `before`, those that belong to no order any more. */
ACSR_MUST_USE enum acsr_result acme_authzs_prune(
	struct db *d, struct acme_cursor *at, int64_t before, int64_t most, struct acsr_err *e);
/* Of the `most` next accounts that came without external binding, never finalized an order and were last seen before
 * `before`, those that have neither an order nor an authorization; *n: how many it were. One that was deactivated stays:
 * its key must not come again (RFC 8555 7.3.6). */
ACSR_MUST_USE enum acsr_result acme_accounts_prune(
	struct db *d, struct acme_cursor *at, int64_t before, int64_t most, int64_t *n, struct acsr_err *e);
/* Are there more than `most` such accounts, whenever they were seen? */
ACSR_MUST_USE enum acsr_result acme_accounts_many(struct db *d, int64_t most, bool *are, struct acsr_err *e);

#endif
