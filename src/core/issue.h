/* Asking the signer for certificates: for orders, and for front's own TLS key. */
#ifndef CORE_ISSUE_H
#define CORE_ISSUE_H

#include "core/issuers.h"
#include "core/order.h"
#include "store/certificate.h"

/* An issuing CA that can sign now; name "" for any. NULL: none. */
const struct issuer *issue_choose_issuer(struct core *c, const char *name);
/* The name of the issuer that the order's round goes to, "" for any of ours: an order that began with a CA of ours stays
 * with ours when its product is given another's. */
ACSR_MUST_USE enum acsr_result issue_issuer_of(
	struct core *c, const struct order *o, const struct product *p, char out[65], struct acsr_err *e);

/* Choose serial and times, and store the row in state "signing". order_id and request_id are the caller's to set, and
 * times that were asked for, else 0; validity in seconds, 0: the longest that is allowed. */
ACSR_MUST_USE enum acsr_result issue_reserve(struct core *c, const struct issuer *is, const char *profile,
	int64_t validity, struct certificate *cert, struct acsr_err *e);

/* The certificate is stored: the order, which is issuing, is issued; older certificates are replaced; audit, mail,
 * expiry. lint: what the linter said, for the audit log, or "". */
ACSR_MUST_USE enum acsr_result issue_done(struct core *c, struct order *o, const struct certificate *cert,
	const char *actor, const char *lint, struct acsr_err *e);

struct issue_what {
	const char *reference;
	const struct buf *csr;
	struct strv subject, sans;
};
ACSR_MUST_USE enum acsr_result issue_ask(struct core *c, const struct certificate *cert, struct issue_what *w,
	const struct call *like, struct acsr_err *e);

#endif
