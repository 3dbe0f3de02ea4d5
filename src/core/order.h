/*
 * The life of an order: its states as a table, and the steps that lead from one to the next. What each
 * function does is one transaction's worth; it may be repeated after a crash.
 */
#ifndef CORE_ORDER_H
#define CORE_ORDER_H

#include "autocsr/csr.h"
#include "autocsr/rules.h"
#include "core/product.h"
#include "store/csr_request.h"
#include "store/order.h"
#include "store/validation.h"

/* Move to `state` when the table allows it ("state.transition" otherwise), clear what was waited for, save,
 * and write the audit entry "order.STATE". */
ACSR_MUST_USE enum acsr_result order_move(struct core *c, struct order *o, const char *state,
	const char *actor, const char *detail, struct acsr_err *e);
bool order_may_move(const char *from, const char *to);

/* Why nothing goes on right now, and when it is tried again (0: when somebody does something). Saved. */
ACSR_MUST_USE enum acsr_result order_wait(struct core *c, struct order *o, int64_t next_try_at,
	struct acsr_err *e, const char *fmt, ...) ACSR_PRINTF(5, 6);

/* All names validated? Then on to vetting or issuing. Called whenever one of them changed. */
ACSR_MUST_USE enum acsr_result order_advance(
	struct core *c, struct order *o, const char *actor, struct acsr_err *e);
/* The CSR of the current round is there and, for a key of ours, handed over: begin to validate. */
ACSR_MUST_USE enum acsr_result order_begin_validation(
	struct core *c, struct order *o, const char *actor, struct acsr_err *e);
/* The same for one that is validating already, because it goes to another issuer. */
ACSR_MUST_USE enum acsr_result order_start_validation(
	struct core *c, struct order *o, const char *actor, struct acsr_err *e);
/* Have every name that is pending looked at now; mail: tell the customer what to publish. */
ACSR_MUST_USE enum acsr_result order_check_names(
	struct core *c, const struct order *o, bool mail, struct acsr_err *e);
/* The order cannot be fulfilled; one that has a valid certificate goes back to issued. Mails the reason. */
ACSR_MUST_USE enum acsr_result order_fail(
	struct core *c, struct order *o, const char *reason, struct acsr_err *e);

/* Back to issued, and to the key of the certificate that is valid: what a reissue began is dropped. */
ACSR_MUST_USE enum acsr_result order_return(
	struct core *c, struct order *o, const char *actor, const char *why, struct acsr_err *e);

/* May the service make keys for this product? A CA must not for those whom it certifies publicly, nor may one
 * that belongs to it ("policy.autocsr"). */
ACSR_MUST_USE enum acsr_result order_may_make_key(
	struct core *c, const struct product *p, struct acsr_err *e);
/* The second half alone, for a key that is there: is it, by the statements that hold now, no key that a CA has
 * made for its own customer ("policy.autocsr")? */
ACSR_MUST_USE enum acsr_result order_key_is_allowed(
	struct core *c, const struct product *p, struct acsr_err *e);
/* The same of one issuer, whatever the product says; "" is the CA of ours that issues. */
ACSR_MUST_USE enum acsr_result order_key_is_allowed_at(
	struct core *c, const char *issuer, struct acsr_err *e);
/* The account begins one more order or key: too many within the hour ("limit.orders")? *again_at (NULL: not wanted) is then
 * when it may go on. Undone with the step when the order comes to nothing. */
ACSR_MUST_USE enum acsr_result order_check_pace(
	struct core *c, const char *account_id, int64_t *again_at, struct acsr_err *e);
/* Is this the address of a confirmed user of the account? Archives and notices go to nobody else. */
ACSR_MUST_USE enum acsr_result order_recipient_good(
	struct core *c, const char *account_id, const char *email, bool *good, struct acsr_err *e);

/* Has it a certificate that is valid now? */
ACSR_MUST_USE enum acsr_result order_has_certificate(
	struct core *c, const struct order *o, bool *has, struct acsr_err *e);

/* The order as the API shows it; brief leaves out events and validations. *out is a new reference. */
ACSR_MUST_USE enum acsr_result order_json(
	struct core *c, const struct order *o, bool brief, json_t **out, struct acsr_err *e);
/* Load the order that the path names, if q's asker may see it; an admin sees all. */
ACSR_MUST_USE enum acsr_result order_of_request(
	struct core *c, struct request *q, struct order *out, struct acsr_err *e);
/* Answer q with the order as it is now. */
ACSR_MUST_USE enum acsr_result order_answer(
	struct core *c, struct request *q, const char *order_id, unsigned status, struct acsr_err *e);

/* The user's address that mail about this order goes to. */
ACSR_MUST_USE enum acsr_result order_mail(struct core *c, const struct order *o, const char *what,
	const char *name1, const char *value1, const char *name2, const char *value2, struct acsr_err *e);

/* --- intake.c: what was asked for, judged --- */

/* A pasted CSR that passed every rule. */
struct intake_csr {
	struct acsr_csr_view *view;
	struct blob der;
	char spki_sha256[65];
	const char *key_type;
};
void intake_csr_clear(struct intake_csr *in);

/* Read, parse and judge `text` for this product; order_id "" for a new order. `fresh`: the key was made for this
 * order, so nobody can have used it before. */
ACSR_MUST_USE enum acsr_result intake_csr(struct core *c, const char *text, const struct product *p,
	const char *order_id, bool fresh, struct intake_csr *out, struct acsr_err *e);
/* The same for a CSR in DER, which is taken over. */
ACSR_MUST_USE enum acsr_result intake_csr_der(struct core *c, struct blob der, const struct product *p,
	const char *order_id, bool fresh, struct intake_csr *out, struct acsr_err *e);
/* Canonical names out of a JSON list; duplicates are dropped. fields of errors: "names[i]". */
/* Does the CSR that the service would make for these names and this subject (JSON) stay within what is read again
 * ("name.size")? Reckoned from above. */
ACSR_MUST_USE enum acsr_result intake_fits_csr(
	const struct strv *names, const char *subject, const char *key_type, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result intake_names(
	struct core *c, json_t *list, const struct product *p, struct strv *out, struct acsr_err *e);
/* The names that a CSR asks for, judged the same way. */
ACSR_MUST_USE enum acsr_result intake_names_of_csr(struct core *c, const struct intake_csr *csr,
	const struct product *p, struct strv *out, struct acsr_err *e);
/* A CSR for other names than the order's is a mistake of somebody: refused ("csr.names"). */
ACSR_MUST_USE enum acsr_result intake_csr_fits(
	struct core *c, const struct intake_csr *csr, const struct strv *names, struct acsr_err *e);
/* Subject fields for the certificate as a JSON object, from the organisation or the request. */
ACSR_MUST_USE enum acsr_result intake_subject(struct core *c, const struct product *p, const char *account_id,
	const char *organisation_id, json_t *given, char **out, struct acsr_err *e);

/* The CN and, with `details`, "O=Demo Ltd" …, for messages to keymaker and signer. A CSR has them whenever
 * the customer gave them; a DV certificate names only sites (BR 7.1.2.7.2). */
ACSR_MUST_USE enum acsr_result order_subject_list(
	const struct order *o, bool details, struct strv *out, struct acsr_err *e);
/* "DNS:…", "IP:…". */
ACSR_MUST_USE enum acsr_result order_sans_list(const struct order *o, struct strv *out, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result order_names_list(const struct order *o, struct strv *out, struct acsr_err *e);

/* --- validate.c --- */
/* Rows for all names: reused evidence, pre-authorised, or pending with fresh random values. Another CA wants proofs of its
 * own (upstream.h), and an order of a product of such a one is noted to be its (o->issuer, saved). */
ACSR_MUST_USE enum acsr_result validate_prepare(
	struct core *c, struct order *o, const struct product *p, struct acsr_err *e);
/* Jobs: "validate" (a validation), "issue" and "expire" (an order), "crl" (an issuer). */
ACSR_MUST_USE enum acsr_result validate_job(
	struct core *c, const char *validation_id, int64_t attempts, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result issue_job(
	struct core *c, const char *order_id, int64_t attempts, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result expire_job(
	struct core *c, const char *order_id, int64_t attempts, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result crl_job(
	struct core *c, const char *issuer, int64_t attempts, struct acsr_err *e);
/* The signer has told of an issuer: its first CRL is due. */
void crl_issuer_known(struct core *c);
/* It is not proven: said, and looked at again later, or the order fails when that took too long. */
ACSR_MUST_USE enum acsr_result validate_not_yet(struct core *c, struct order *o, struct validation *v,
	const struct acsr_err *why, struct acsr_err *e);
/* Does the operator's word stand for the proof? */
bool validate_is_vouched(const struct validation *v);
/* Is `method` ("http", "dns") a way of our own, and good for this name at `t`? Errors: "validation.method", "policy.method-…". */
ACSR_MUST_USE enum acsr_result validate_way(
	const struct acsr_method **out, const char *method, bool wildcard, int64_t t, struct acsr_err *e);
/* Ask about CAA of a validation's name; `like` says whom to tell. */
ACSR_MUST_USE enum acsr_result validate_ask_caa(struct core *c, const struct order *o,
	const struct validation *v, const struct call *like, struct acsr_err *e);

#endif
