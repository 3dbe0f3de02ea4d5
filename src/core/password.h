/* Passwords: argon2id in the thread pool, rules, and the slowing of guesses. */
#ifndef CORE_PASSWORD_H
#define CORE_PASSWORD_H

#include "core/proof.h"

/*
 * Check that the person behind q is who they say: password, and where a second factor is enrolled TOTP, a
 * recovery code or a passkey. The check takes a thread; `then` runs as q's next step when it was right, with
 * q->who.second set. When it was wrong, q is answered with auth.wrong (or auth.totp, auth.second-factor,
 * auth.passkey, auth.slow) and the attempt is counted and logged; a wrong password is told from an unknown
 * user neither by answer nor by time.
 */
ACSR_MUST_USE enum acsr_result password_check(struct core *c, struct request *q, const char *email,
	const struct proof *p, proof_then_fn *then, struct acsr_err *e);

/* Is it fit to be this person's password? Errors "request.field.password…", naming `field`. */
ACSR_MUST_USE enum acsr_result password_acceptable(
	const char *password, const char *email, const char *field, struct acsr_err *e);
/* Hash a new password in a thread; `then` runs as q's next step with the encoded hash. */
typedef enum acsr_result password_hashed_fn(
	struct core *c, struct request *q, const char *encoded, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result password_hash(struct core *c, struct request *q, const char *password,
	password_hashed_fn *then, struct acsr_err *e);
/* The same at once, without a thread; for the start. */
ACSR_MUST_USE enum acsr_result password_hash_now(
	const char *password, char *encoded, size_t cap, struct acsr_err *e);

#endif
