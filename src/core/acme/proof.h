/* What each ACME challenge asks to be published, in the terms of core/control.h. */
#ifndef CORE_ACME_PROOF_H
#define CORE_ACME_PROOF_H

#include "core/control.h"
#include "store/acme_account.h"
#include "store/acme_authz.h"

/* As struct control knows it: "http" for "http-01"; "" for a type that is none. */
const char *acme_proof_method(const char *type);
/* Have the prober look for what z's challenge (z->type) wants, made with the owner's key of today. */
ACSR_MUST_USE enum acsr_result acme_proof_ask(struct core *c, const struct acme_authz *z,
	const struct acme_account *owner, const struct call *like, struct acsr_err *e);
/* base64url of the SHA-256 of a text. */
ACSR_MUST_USE enum acsr_result acme_digest_text(const char *text, char out[44], struct acsr_err *e);

#endif
