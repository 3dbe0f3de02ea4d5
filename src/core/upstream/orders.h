/*
 * What the files about orders share. upstream_orders.step says what is to be done next:
 *   order      ask the CA for an order            ordering   asked, and the answer is not known
 *   authorize  read its authorizations            prove      names are being proven, one job each ("validate")
 *   finalize   all proven: send the CSR, or see what became of it ("issue")
 *   download   fetch the certificate              done       it is stored
 *   failed     the CA refused a proof or lost the order: begin again later, or when the customer asks
 * A step is stored before the request that belongs to it leaves.
 */
#ifndef CORE_UPSTREAM_ORDERS_H
#define CORE_UPSTREAM_ORDERS_H

#include <jansson.h>

#include "core/order.h"
#include "core/upstream/call.h"
#include "core/upstream/upstream.h"
#include "store/upstream.h"

/* An order of ours with all that belongs to it. */
struct errand {
	struct order o;
	struct upstream_issuer i;
	struct upstream_order u;
	json_t *detail; /* u.detail; errand_save writes it back */
};
void errand_clear(struct errand *x);
#define CLEANUP_ERRAND __attribute__((cleanup(errand_clear)))

/* *have is false when the order's round does not go to an ACME CA, or has no row yet. */
ACSR_MUST_USE enum acsr_result errand_load(
	struct core *c, const char *order_id, struct errand *out, bool *have, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result errand_save(struct core *c, struct errand *x, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result errand_step(
	struct core *c, struct errand *x, const char *step, struct acsr_err *e);

/* What the issuer's orders wait for the operator for: "issuer-off" (switched off), "terms" (its CA has new ones); NULL: nothing. */
const char *errand_holds(const struct upstream_issuer *i);
/* Does it? Then the order waits with that reason, without an end, or goes to its fallback when it is time, and the job is
 * tried again. When it does no more, the time of waiting counts for nothing. */
ACSR_MUST_USE enum acsr_result errand_held(struct core *c, struct errand *x, const char *job,
	const char *object, bool *held, struct acsr_err *e);
/* Ask the CA about the order; then->object is `object`. What cannot be asked goes to errand_trouble. job: the kind (and
 * object) of the job that this is part of. */
ACSR_MUST_USE enum acsr_result errand_ask(struct core *c, struct errand *x, const struct upstream_ask *a,
	const char *job, const char *object, upstream_fn *fn, struct acsr_err *e);

/* The CA did not do it: the order waits with the reason, the job is tried again (at retry_at, when not 0), and another
 * issuer takes over when it is time, but not once the CA has the CSR (detail.sent_at). After [validation] give_up of
 * nothing but trouble the order fails. */
ACSR_MUST_USE enum acsr_result errand_trouble(struct core *c, struct errand *x, const char *job,
	const char *object, const struct acsr_err *why, int64_t retry_at, struct acsr_err *e);
/* The end of it: the order fails with the reason, and with a word about a CSR that the CA has. */
ACSR_MUST_USE enum acsr_result errand_give_up(struct core *c, struct errand *x, const char *job,
	const char *object, const struct acsr_err *why, struct acsr_err *e);
/* Is the fault that counts one of this object? */
bool errand_has_fault(const struct errand *x, const char *object);
/* The CA did what was asked about `object` (NULL: all of it): its fault in that is forgotten. */
ACSR_MUST_USE enum acsr_result errand_well(
	struct core *c, struct errand *x, const char *object, struct acsr_err *e);
/* The CA's order is of no more use: another one later (after a growing pause), with the CA's words for the customer. */
ACSR_MUST_USE enum acsr_result errand_again(
	struct core *c, struct errand *x, const struct acsr_err *why, struct acsr_err *e);

/* --- leave.c --- */
/* The order goes away from this CA: what is pending there is written down, and let go of by a job. Saves x. Call it while
 * the validations are there. */
ACSR_MUST_USE enum acsr_result errand_leave(struct core *c, struct errand *x, struct acsr_err *e);

/* --- offer.c: the challenges of an authorization --- */

/* Fill v with what this authorization (7.1.4) offers, and choose. "upstream.answer", "upstream.refused.challenge" (none
 * that we know). */
ACSR_MUST_USE enum acsr_result offer_read(struct core *c, const struct errand *x, const char *url,
	json_t *authz, struct validation *v, struct acsr_err *e);
/* The name that an authorization is for, as our orders write it: "*.example.com"; false when it has none. */
bool offer_name(json_t *authz, char name[256]);
/* The challenge that is being answered, in an authorization; NULL: it is not there. A loan. */
json_t *offer_challenge(json_t *authz, const char *url);
/* The CA's words about a challenge or an order that failed. */
void offer_why(const struct upstream_issuer *i, json_t *error, const char *name, struct acsr_err *why);

/* A clean start at the same CA: no challenge, no URL, step "order". */
ACSR_MUST_USE enum acsr_result errand_begin_again(struct core *c, struct errand *x, struct acsr_err *e);

/* --- prove.c --- */
/* The CA says that this authorization is valid, and the order's own account has shown control of the name. */
ACSR_MUST_USE enum acsr_result prove_passed(
	struct core *c, struct errand *x, struct validation *v, json_t *authz, struct acsr_err *e);

/* --- authorize.c --- */
/* The order there is ours: read its next authorization, and go on to prove when all are read. */
ACSR_MUST_USE enum acsr_result authorize_next(struct core *c, struct errand *x, struct acsr_err *e);
/* The CA gave what another order or account of ours has, with this authorization: wait, and the next time have the CA let
 * go of it first. */
ACSR_MUST_USE enum acsr_result authorize_taken(struct core *c, struct errand *x, const char *authz_url,
	const struct acsr_err *why, struct acsr_err *e);

/* --- place.c --- */
/* The name of the order's newest certificate of that issuer in ARI (RFC 9773 4.1); "" when it has none. */
ACSR_MUST_USE enum acsr_result upstream_certid(
	struct core *c, const struct order *o, const char *issuer, char out[256], struct acsr_err *e);

/* Ask the CA for the order. Its step is "order", or "ordering" when the CA surely has none. */
ACSR_MUST_USE enum acsr_result place_order(struct core *c, struct errand *x, struct acsr_err *e);
/* This is the CA's order for ours: keep it. "upstream.taken": another of ours has it; "upstream.answer". */
ACSR_MUST_USE enum acsr_result place_take(
	struct core *c, struct errand *x, const char *url, json_t *order, struct acsr_err *e);
/* Is it still to be ordered? It may have been cancelled while the CA was asked. */
bool place_wanted(const struct errand *x);

/* --- recover.c --- */
/* Whether the CA got the request is not known: look for the order there, and ask for it when there is none. */
ACSR_MUST_USE enum acsr_result recover_order(struct core *c, struct errand *x, struct acsr_err *e);

/* RFC 3339 with or without fractions of a second, with any offset; 0 when it is none. */
int64_t errand_time(json_t *text);

#endif
