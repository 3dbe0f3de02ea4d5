/*
 * Receipts: what the service states, signed by the signer, of each key that it made, and of those that a
 * browser made for its orders (docs/RECEIPTS.md). Not of pasted CSRs: of their keys it knows nothing.
 *
 * What happens to a key is noted here, in the same transaction and with its audit entry (receipt_facts.c). A
 * job then has the signer sign: at the hand-over, and once more when the unlock code is destroyed. It may be
 * repeated; the signer gives the same receipt again.
 */
#ifndef CORE_RECEIPT_H
#define CORE_RECEIPT_H

#include "core/order.h"
#include "pki/receipt.h"
#include "store/receipts.h"

/* What a person says by placing an order without a CSR; the id stands in receipts. */
#define AUTHORISED_WORDING "key-generation-1"
#define AUTHORISED_TEXT                                                                                     \
	"I authorise this service to make the key pair of this order for me, to hand the private key over " \
	"to me as chosen, and to keep no copy of it."

/* --- receipt_facts.c: called by those to whom it happens --- */

/* That a key may be made for this request. q is who asks; NULL: nobody asks anew, and what was said for the
 * request `before` of the same order still holds. */
ACSR_MUST_USE enum acsr_result receipt_authorised(struct core *c, const struct order *o,
	const struct product *p, const char *request_id, const char *before, const struct request *q,
	struct acsr_err *e);
/* Each directly after its audit entry. */
ACSR_MUST_USE enum acsr_result receipt_key_made(struct core *c, const char *request_id, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result receipt_handed_over(
	struct core *c, const char *request_id, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result receipt_code_destroyed(
	struct core *c, const char *request_id, struct acsr_err *e);
/* {by, kind, token, at, network, wording, text} as an order shows it, or null. */
json_t *receipt_authorised_json(const char *stored);

/* --- receipt.c --- */

/* The signer has said what it signs receipts with. A key that is new goes into the audit log. */
ACSR_MUST_USE enum acsr_result receipt_key_known(
	struct core *c, const struct msg_receipt_key *m, struct acsr_err *e);
/* Job "receipt" (a request). */
ACSR_MUST_USE enum acsr_result receipt_job(
	struct core *c, const char *request_id, int64_t attempts, struct acsr_err *e);

/* --- receipt_api.c --- */

/* Adds `receipt` and, unless brief, `receipts` and `authorised` to an order's JSON. */
ACSR_MUST_USE enum acsr_result receipt_put(
	struct core *c, json_t *out, const struct order *o, bool brief, struct acsr_err *e);

/* --- receipt_html.c --- */

/* The page: the facts in words, the document itself below. No script, nothing from elsewhere. */
ACSR_MUST_USE enum acsr_result receipt_html(
	const struct receipt_signed *s, const char *document, struct buf *out, struct acsr_err *e);
/* The Content-Security-Policy that fits to it. */
ACSR_MUST_USE enum acsr_result receipt_html_policy(char out[300], struct acsr_err *e);

#endif
