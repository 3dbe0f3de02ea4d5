/*
 * Key, archive and unlock code of an order: from the keymaker to the customer.
 *
 * The archive goes by a pipe from the keymaker's worker to front or courier; core only ever sees its hash.
 * The code comes by another pipe, and is wrapped as soon as it is here.
 */
#ifndef CORE_HANDOVER_H
#define CORE_HANDOVER_H

#include "core/handover_choice.h"
#include "core/order.h"

/* Seconds from the question to the keymaker to the last byte of its answer. */
enum { HANDOVER_MADE_WITHIN = 180 };

/* Inside the start's transaction: archives that nobody has any more are lost. */
ACSR_MUST_USE enum acsr_result handover_after_restart(struct core *c, struct acsr_err *e);
/* front died, and the archives that it held with it. */
void handover_front_gone(struct core *c);
void handover_archive_sent(struct core *c, const struct msg_archive_sent *m);
/* The worker that made a key has ended. */
void handover_key_gone(struct core *c, const struct msg_key_gone *m);

/* Store a CSR whose key was made elsewhere as the current request of the order. */
ACSR_MUST_USE enum acsr_result handover_own_csr(struct core *c, struct order *o, const struct intake_csr *csr,
	const struct handover_choice *how, const char *actor, struct acsr_err *e);
/* Move the order to handover, and have a key made: now (download; q is answered with the order and its
 * archive_url when it waits) or by the job archive-mail (email; q is answered at once). */
ACSR_MUST_USE enum acsr_result handover_begin(struct core *c, struct order *o, const char *key_type,
	const struct handover_choice *how, struct request *q, unsigned status, struct acsr_err *e);
/* Have the keymaker make key, CSR, archive and code for an order in handover; what was before is lost. */
ACSR_MUST_USE enum acsr_result handover_make(struct core *c, struct order *o, const char *key_type,
	const struct handover_choice *how, struct request *q, unsigned status, struct acsr_err *e);
/* The same again for the order's current request r: its key was lost. */
ACSR_MUST_USE enum acsr_result handover_make_again(struct core *c, struct order *o,
	const struct csr_request *r, struct request *q, unsigned status, struct acsr_err *e);
/* The archive has reached the customer. */
ACSR_MUST_USE enum acsr_result handover_done(struct core *c, struct order *o, struct csr_request *r,
	const char *archive_state, const char *actor, struct acsr_err *e);
/* The key is made and the archive is on its way to the courier: have it mailed (handover_mail.c). */
ACSR_MUST_USE enum acsr_result handover_send_mail(
	struct core *c, const struct order *o, const struct csr_request *r, struct acsr_err *e);
/* Forget archive and code of a request that was not handed over. */
ACSR_MUST_USE enum acsr_result handover_lose(
	struct core *c, struct csr_request *r, const char *why, struct acsr_err *e);

/* Jobs: "archive-mail" (an order), "archive-expire" and "code-destroy" (a request). */
ACSR_MUST_USE enum acsr_result handover_mail_job(
	struct core *c, const char *order_id, int64_t attempts, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result handover_expire_job(
	struct core *c, const char *request_id, int64_t attempts, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result handover_code_job(
	struct core *c, const char *request_id, int64_t attempts, struct acsr_err *e);

#endif
