/*
 * Passkeys as the rest of core sees them: challenges, the options that browsers want, and checking an answer.
 * How an answer is judged stands in passkey_verify.h.
 */
#ifndef CORE_PASSKEY_H
#define CORE_PASSKEY_H

#include <jansson.h>

#include "core/core.h"
#include "core/passkey_verify.h"
#include "store/passkeys.h"

/* What a challenge is good for; one answer, once, within five minutes. */
enum passkey_purpose {
	PASSKEY_REGISTER = 1, /* adding a passkey */
	PASSKEY_LOGIN = 2,    /* a login without address and password */
	PASSKEY_SECOND = 4,   /* after the password */
	PASSKEY_AGAIN = 8     /* in place of the password, by somebody who is logged in */
};
enum { PASSKEY_LIFETIME = 300, PASSKEYS_A_USER = 20 };

/* The host name and origin from [server] public_url. Error "passkey.host": it has an IP address and no name. */
ACSR_MUST_USE enum acsr_result passkey_site(struct core *c, struct passkey_site *out, struct acsr_err *e);

/* A new challenge: PublicKeyCredentialCreationOptionsJSON, and PublicKeyCredentialRequestOptionsJSON (user_id ""
 * for PASSKEY_LOGIN). *out is a new reference. */
ACSR_MUST_USE enum acsr_result passkey_creation_options(
	struct core *c, const char *user_id, const char *email, json_t **out, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result passkey_request_options(
	struct core *c, enum passkey_purpose purpose, const char *user_id, json_t **out, struct acsr_err *e);

/* Use up the challenge of client data. False: it was not given out for this, or too long ago; why is filled. */
ACSR_MUST_USE enum acsr_result passkey_take_challenge(struct core *c, const uint8_t challenge[32],
	unsigned purposes, const char *user_id, bool *good, struct acsr_err *why, struct acsr_err *e);

struct passkey_wanted {
	const char *user_id; /* NULL: whoever the passkey belongs to */
	unsigned purposes;   /* the challenges that will do */
	bool verified;       /* the authenticator must have verified its user (PIN, fingerprint) */
};
/*
 * Judge an answer (AuthenticationResponseJSON). What it used up stays used up: when it is not right, *right is
 * false, `why` says so with the id auth.passkey, and the result is ACSR_OK. A signature counter that did not
 * grow is put into the audit log. On success *used is the passkey.
 */
ACSR_MUST_USE enum acsr_result passkey_check(struct core *c, const json_t *response,
	const struct passkey_wanted *wanted, struct passkey *used, bool *right, struct acsr_err *why,
	struct acsr_err *e);

#endif
