/* Jobs of orders that another CA fulfils, and of accounts there; for job_kinds.c. Each may be repeated. */
#ifndef CORE_UPSTREAM_JOBS_H
#define CORE_UPSTREAM_JOBS_H

#include "core/core.h"

/* "upstream", an order: have it ordered at the CA, and read its authorizations. */
ACSR_MUST_USE enum acsr_result upstream_job(
	struct core *c, const char *order_id, int64_t attempts, struct acsr_err *e);
/* "upstream-tidy", an order: let go of authorizations that it has left pending at a CA: cancelled, failed, or gone elsewhere. */
ACSR_MUST_USE enum acsr_result upstream_tidy_job(
	struct core *c, const char *order_id, int64_t attempts, struct acsr_err *e);
/* "upstream-ari", an order: ask when its certificate should be renewed. */
ACSR_MUST_USE enum acsr_result upstream_ari_job(
	struct core *c, const char *order_id, int64_t attempts, struct acsr_err *e);
/* "renewal-notice", an order and its round, "ID/N": tell the customer that it is time to renew this certificate. */
ACSR_MUST_USE enum acsr_result upstream_notice_job(
	struct core *c, const char *object, int64_t attempts, struct acsr_err *e);
/* "renewal-told", the same, due when the certificate has ended: until then it notes that the customer was told. */
ACSR_MUST_USE enum acsr_result upstream_told_job(
	struct core *c, const char *object, int64_t attempts, struct acsr_err *e);
/* "upstream-revoke", a serial: tell the CA that the certificate is revoked. */
ACSR_MUST_USE enum acsr_result upstream_revoke_job(
	struct core *c, const char *serial, int64_t attempts, struct acsr_err *e);
/* "upstream-roll", an issuer: a change of the account's key whose outcome is not known. */
ACSR_MUST_USE enum acsr_result upstream_roll_job(
	struct core *c, const char *issuer, int64_t attempts, struct acsr_err *e);
/* "upstream-forget", the name of an account's key: have the signer destroy it, when no issuer has it. */
ACSR_MUST_USE enum acsr_result upstream_forget_job(
	struct core *c, const char *key, int64_t attempts, struct acsr_err *e);

#endif
