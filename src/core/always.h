/*
 * Accounts that always want a second factor: where it is shown, a session that is fresh does not count, and who
 * has no second factor is told to set one up.
 */
#ifndef CORE_ALWAYS_H
#define CORE_ALWAYS_H

#include "core/proof.h"

/* As proof_check (proof.h), under the rule of the asker's account. Error "state.second-factor": the asker has
 * none. */
ACSR_MUST_USE enum acsr_result always_proof(struct core *c, struct request *q, const struct proof *p,
	const char *what, proof_then_fn *then, struct acsr_err *e);
/* Turn the rule on: the asker must have a second factor. The owners are told by mail. */
ACSR_MUST_USE enum acsr_result always_turn_on(struct core *c, struct request *q, struct acsr_err *e);
/* What turning it off takes: the password and the second factor, or a passkey; `then` calls always_turn_off. */
ACSR_MUST_USE enum acsr_result always_prove_off(
	struct core *c, struct request *q, const struct proof *p, proof_then_fn *then, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result always_turn_off(struct core *c, struct request *q, struct acsr_err *e);

#endif
