/* The second factor: TOTP (RFC 6238, SHA-1, six digits, 30 seconds) and recovery codes. */
#ifndef CORE_SECOND_H
#define CORE_SECOND_H

#include "core/core.h"
#include "store/users.h"

/* Is this a code of the user's authenticator (one step of grace either way), or an unused recovery code?
 * What was right is used up. */
ACSR_MUST_USE enum acsr_result second_check(
	struct core *c, const struct user *u, const char *code, bool *right, struct acsr_err *e);

enum { RECOVERY_CODES = 10, RECOVERY_TEXT = 12 }; /* "abcde-fghjk" */
/* Ten fresh recovery codes instead of whatever there was. */
ACSR_MUST_USE enum acsr_result second_make_recovery(
	struct core *c, const char *user_id, char out[RECOVERY_CODES][RECOVERY_TEXT], struct acsr_err *e);

#endif
