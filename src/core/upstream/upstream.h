/*
 * Orders that another CA fulfils, by ACME (RFC 8555): what the rest of core asks of them, and what the API handlers of
 * issuers call. Every step is a job that may be repeated; what was sent and not answered is looked up, not sent again.
 */
#ifndef CORE_UPSTREAM_UPSTREAM_H
#define CORE_UPSTREAM_UPSTREAM_H

#include "core/order.h"
#include "core/request.h"
#include "store/issuers.h"

/* --- accounts at the CA (account.c), for API handlers: q is answered later, by `done`, which runs as a step with q.
 * why is NULL when it is done. The row of the issuer is saved before `done` is called. --- */
typedef enum acsr_result upstream_done_fn(struct core *c, struct request *q, const char *issuer,
	const struct acsr_err *why, struct acsr_err *e);

struct upstream_register {
	bool terms;           /* the operator agrees to the CA's terms as its directory names them */
	const char *contacts; /* JSON list of "mailto:…", or NULL for those of the issuer */
	const char *eab_kid;  /* external account binding (RFC 8555 7.3.4), or NULL */
	const struct acsr_secret *eab_key; /* its MAC key, octets; never stored */
};
/* Make an account, or find the one that our key has there already, and bring its contacts up to date. Errors:
 * "upstream.terms" (say yes to them; the text has the URL), "upstream.eab" (the CA wants a binding), "net.*", "upstream.*". */
ACSR_MUST_USE enum acsr_result upstream_account_register(struct core *c, struct request *q,
	const char *issuer, const struct upstream_register *r, upstream_done_fn *done, struct acsr_err *e);
/* Another key for the account (7.3.5). One that was begun before and whose end is not known is looked up first. */
ACSR_MUST_USE enum acsr_result upstream_account_roll(
	struct core *c, struct request *q, const char *issuer, upstream_done_fn *done, struct acsr_err *e);
/* For ever (7.3.6). */
ACSR_MUST_USE enum acsr_result upstream_account_deactivate(
	struct core *c, struct request *q, const char *issuer, upstream_done_fn *done, struct acsr_err *e);

/* --- orders (order.c in this folder), asked by core/order.c, validate.c and issue.c --- */

/* Does the order's round go to another CA, and which? *have is false when it is one of our own; clear *out with upstream_issuer_clear. */
ACSR_MUST_USE enum acsr_result upstream_of(
	struct core *c, const struct order *o, struct upstream_issuer *out, bool *have, struct acsr_err *e);

#endif
