/* The issuers that the signer has told of: certificates and chains, kept in memory. */
#ifndef CORE_ISSUERS_H
#define CORE_ISSUERS_H

#include "core/core.h"

struct issuer {
	char name[65], kind[17]; /* kind: root, issuing */
	char *certificate;       /* PEM */
	char *chain;             /* PEM of those above, root last */
	bool can_sign;
	int64_t not_before, not_after;
	char sha256[65]; /* of the certificate */
	uint8_t spki_sha256[32];
	struct blob subject; /* DER */
	struct blob der;
};

ACSR_MUST_USE enum acsr_result issuers_new(struct issuers **out, struct acsr_err *e);
/* Take in what the signer says. */
ACSR_MUST_USE enum acsr_result issuers_set(struct issuers *l, const struct msg_issuer *m, struct acsr_err *e);
/* NULL when there is none of that name. A loan, until the signer says something new. */
const struct issuer *issuers_find(const struct issuers *l, const char *name);
const struct issuer *issuers_at(const struct issuers *l, size_t i); /* NULL behind the last */
/* The issuer's own certificate and those above it without the root, PEM: what is delivered as chain. */
ACSR_MUST_USE enum acsr_result issuer_chain_without_root(
	const struct issuer *i, struct buf *out, struct acsr_err *e);

#endif
