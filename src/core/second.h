/* The second factor: TOTP (RFC 6238, SHA-1, six digits, 30 seconds) and recovery codes. */
#ifndef CORE_SECOND_H
#define CORE_SECOND_H

#include <jansson.h>

#include "core/core.h"
#include "store/users.h"

/* Is this a code of the user's authenticator app (one step of grace either way), or an unused recovery code?
 * What was right is used up. */
ACSR_MUST_USE enum acsr_result second_check(
	struct core *c, const struct user *u, const char *code, bool *right, struct acsr_err *e);

/* The same for an app that is being set up: no recovery code, and the app need not be active yet. */
ACSR_MUST_USE enum acsr_result second_check_app(
	struct core *c, const struct user *u, const char *code, bool *right, struct acsr_err *e);

/* May u be as it stands here, after a removal that is about to be made? Error "state.always-second": the account
 * always wants a second factor, and there would be none. */
ACSR_MUST_USE enum acsr_result second_may_lose(struct core *c, const struct user *u, struct acsr_err *e);

enum { RECOVERY_CODES = 10, RECOVERY_TEXT = 12 }; /* "abcde-fghjk" */
/* Ten fresh recovery codes instead of whatever there was. */
ACSR_MUST_USE enum acsr_result second_make_recovery(
	struct core *c, const char *user_id, char out[RECOVERY_CODES][RECOVERY_TEXT], struct acsr_err *e);
/* The same as a JSON array, a new reference. */
ACSR_MUST_USE enum acsr_result second_new_recovery(
	struct core *c, const char *user_id, json_t **out, struct acsr_err *e);

#endif
