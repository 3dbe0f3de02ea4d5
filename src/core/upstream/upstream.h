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

/* --- orders, asked by core/order.c, validate.c and issue.c --- */

/* Does the order's round go to another CA, and which? *have is false when it is one of our own; clear *out with
 * upstream_issuer_clear. */
ACSR_MUST_USE enum acsr_result upstream_of(
	struct core *c, const struct order *o, struct upstream_issuer *out, bool *have, struct acsr_err *e);

/* The order, whose issuer is an ACME CA, is being validated: have an order made there. Again: a clean start. */
ACSR_MUST_USE enum acsr_result upstream_begin(struct core *c, struct order *o, struct acsr_err *e);
/* What the "validate" job does for a name of such an order: look ourselves first, then tell the CA, then ask what it says. */
ACSR_MUST_USE enum acsr_result upstream_prove(
	struct core *c, struct order *o, struct validation *v, struct acsr_err *e);
/* What the "issue" job does for it: finalize, fetch, judge, store. */
ACSR_MUST_USE enum acsr_result upstream_issue(struct core *c, const struct order *o, struct acsr_err *e);
/* May an order that is issuing be cancelled? One of an offline CA may, whose certificate perhaps never comes, and one of an
 * ACME CA until the CSR is sent. */
ACSR_MUST_USE enum acsr_result upstream_may_cancel(
	struct core *c, const struct order *o, bool *may, struct acsr_err *e);
/* It is cancelled: what is pending at the CA is let go of, and what was published taken away. */
ACSR_MUST_USE enum acsr_result upstream_cancel(struct core *c, const struct order *o, struct acsr_err *e);
/* A certificate of that issuer was revoked by the customer: *ours is false when another CA has to be told, which is then
 * seen to. */
struct certificate;
ACSR_MUST_USE enum acsr_result upstream_revoke(
	struct core *c, const struct certificate *cert, bool *ours, struct acsr_err *e);

/* Answer another of the challenges that the CA offers: "http" "dns" … "validation.method". v is not saved. */
ACSR_MUST_USE enum acsr_result upstream_set_method(
	struct validation *v, const char *method, struct acsr_err *e);
/* All that the CA offers for a name, as the API shows it. */
json_t *upstream_publish_json(struct core *c, const struct order *o, const struct validation *v);
/* How far the order is at its CA, for the API; null when it is our own. A new reference. */
ACSR_MUST_USE enum acsr_result upstream_json(
	struct core *c, const struct order *o, json_t **out, struct acsr_err *e);

#endif
