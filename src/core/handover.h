/* Key, archive and unlock code of an order: from the keymaker to the customer. */
#ifndef CORE_HANDOVER_H
#define CORE_HANDOVER_H

#include "core/request.h"

/* Inside the start's transaction: archives that nobody has any more are lost. */
ACSR_MUST_USE enum acsr_result handover_after_restart(struct core *c, struct acsr_err *e);
/* front died, and the archives that it held with it. */
void handover_front_gone(struct core *c);
void handover_archive_sent(struct core *c, const struct msg_archive_sent *m);

/* Have the keymaker make a key, CSR, archive and code for the order's current round. With q, the answer is
 * the order with its archive_url, once the archive waits. */
ACSR_MUST_USE enum acsr_result handover_start(
	struct core *c, const char *order_id, struct request *q, struct acsr_err *e);

/* Jobs: "archive-mail" and "code-destroy". */
ACSR_MUST_USE enum acsr_result handover_mail_job(
	struct core *c, const char *order_id, int64_t attempts, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result handover_code_job(
	struct core *c, const char *request_id, int64_t attempts, struct acsr_err *e);

#endif
