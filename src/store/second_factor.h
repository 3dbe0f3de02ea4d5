/* The second factor as stored: the wrapped TOTP secret, its last used time step, the recovery codes' hashes.
 */
#ifndef STORE_SECOND_FACTOR_H
#define STORE_SECOND_FACTOR_H

#include "db/db.h"

/* Replace the wrapped secret; not active until second_factor_activate. */
ACSR_MUST_USE enum acsr_result second_factor_set(
	struct db *d, const char *user_id, struct bytes wrapped, struct acsr_err *e);
/* Append the wrapped secret to out; nothing when there is none. */
ACSR_MUST_USE enum acsr_result second_factor_get(
	struct db *d, const char *user_id, struct buf *out, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result second_factor_activate(struct db *d, const char *user_id, struct acsr_err *e);
/* Secret and counter are gone. */
ACSR_MUST_USE enum acsr_result second_factor_clear(struct db *d, const char *user_id, struct acsr_err *e);
/* *fresh: this time step is later than any used before, and is now the last used one. */
ACSR_MUST_USE enum acsr_result second_factor_use_step(
	struct db *d, const char *user_id, int64_t step, bool *fresh, struct acsr_err *e);

/* All of a user's. */
ACSR_MUST_USE enum acsr_result recovery_clear(struct db *d, const char *user_id, struct acsr_err *e);
/* How many are not used yet. */
ACSR_MUST_USE enum acsr_result recovery_left(
	struct db *d, const char *user_id, int64_t *n, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result recovery_add(
	struct db *d, const char *user_id, const uint8_t hash[32], struct acsr_err *e);
/* *fresh: the code is there and had not been used; now it is. */
ACSR_MUST_USE enum acsr_result recovery_use(struct db *d, const char *user_id, const uint8_t hash[32],
	int64_t now, bool *fresh, struct acsr_err *e);

#endif
