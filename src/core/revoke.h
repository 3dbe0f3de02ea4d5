/* Revoking one certificate, and with a compromised key all that share it: for the portal's orders and ACME clients alike. */
#ifndef CORE_REVOKE_H
#define CORE_REVOKE_H

#include "core/core.h"
#include "store/certificate.h"

struct revocation {
	const char *actor;  /* for the audit log */
	const char *reason; /* by its name, one that a customer may choose */
	bool everywhere; /* somebody signed with the key itself: compromised, it is so in every account (BR 4.9.1.1) */
};

/* The certificate must be valid or replaced, not revoked. Its order becomes revoked when it was the newest. */
ACSR_MUST_USE enum acsr_result revoke_certificate(
	struct core *c, const struct revocation *r, const struct certificate *cert, struct acsr_err *e);
/* The others that share a key which was revoked as compromised in this order. */
ACSR_MUST_USE enum acsr_result revoke_sharers(struct core *c, const struct revocation *r,
	const char *order_id, const char *account_id, struct acsr_err *e);

#endif
