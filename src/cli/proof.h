/* Who is asking: the password, from a file or typed, and the second factor once the service says it wants
 * one. */
#ifndef CLI_PROOF_H
#define CLI_PROOF_H

#include "base/secret.h"
#include "cli/service.h"

/* One call to POST path with {email?, password, totp?}; email may be NULL. */
struct proof {
	struct service *service;
	const struct args *args; /* --password-file, --totp */
	const char *path, *email;
	const char *method; /* NULL: POST */
	const json_t *more; /* members for the body that are no secrets; a loan, NULL: none */
};

/* Asks again with a typed code when the answer is auth.totp and none was given. *answer is a new reference.
 */
ACSR_MUST_USE enum acsr_result proof_post(const struct proof *p, json_t **answer, struct acsr_err *e);

#endif
