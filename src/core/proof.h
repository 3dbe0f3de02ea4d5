/*
 * What people show to prove who they are when something needs it: the password with the second factor where one
 * is enrolled, a passkey by which the authenticator has verified its user, or a session that did so just now.
 */
#ifndef CORE_PROOF_H
#define CORE_PROOF_H

#include "core/request.h"
#include "store/users.h"

/* The members `password`, `totp` and `passkey` of a body; all loans of it, NULL when absent. */
struct proof {
	const char *password, *totp;
	json_t *passkey; /* what navigator.credentials.get() gave, as its toJSON() writes it */
};
#define PROOF_FACTORS(p)                                        \
	{ "totp", FIELD_TEXT, false, &(p).totp, 64 },           \
	{                                                       \
		"passkey", FIELD_OBJECT, false, &(p).passkey, 0 \
	}
#define PROOF_FIELDS(p) { "password", FIELD_TEXT, false, &(p).password, 1000 }, PROOF_FACTORS(p)

typedef enum acsr_result proof_then_fn(
	struct core *c, struct request *q, const char *user_id, struct acsr_err *e);

/*
 * Any of the three, from a user who is known already; `what` ends the sentence "give the password again …" of
 * the refusal. `then` runs at once or in a later step. Refusals answer q: auth.reauth when nothing was given and
 * the session is too old, or was begun without the second factor that is enrolled now; otherwise as
 * password_check, or auth.passkey.
 */
ACSR_MUST_USE enum acsr_result proof_check(struct core *c, struct request *q, const struct proof *p,
	const char *what, proof_then_fn *then, struct acsr_err *e);

/* Is q's session younger than accounts.reauth_window, and was the second factor shown in it where u has one? */
bool proof_is_fresh(const struct core *c, const struct request *q, const struct user *u);
/* Is there a second factor? */
bool proof_has_second(const struct user *u);

/* --- for the files that check --- */
/* It was right: q's session (if it has one) is fresh from now on, and `then` runs in a savepoint of its own, so
 * that its failing does not undo what the check has counted and used up. */
ACSR_MUST_USE enum acsr_result proof_right(struct core *c, struct request *q, const char *user_id,
	bool second, proof_then_fn *then, struct acsr_err *e);
/* It was wrong: q is answered with `why`, and the audit log tells. user_id "": somebody unknown. */
ACSR_MUST_USE enum acsr_result proof_wrong(struct core *c, struct request *q, const char *email,
	const char *account_id, const char *user_id, const struct acsr_err *why, struct acsr_err *e);
/* The entry of something wrong that a known user has shown; sixty an hour and user have one. */
ACSR_MUST_USE enum acsr_result proof_audit_wrong(struct core *c, const char *email, const char *account_id,
	const char *action, const char *user_id, struct acsr_err *e, const char *detail, ...)
	ACSR_PRINTF(7, 8);
/* The password was right and the second factor is still to come: auth.totp or auth.second-factor, with
 * `methods`, and `public_key` for the passkey. */
ACSR_MUST_USE enum acsr_result proof_ask_second(
	struct core *c, struct request *q, const struct user *u, struct acsr_err *e);

#endif
