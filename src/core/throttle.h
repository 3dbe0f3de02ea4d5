/*
 * The slowing of guesses. Attempts are counted in buckets; a full one refuses for a pause that doubles with
 * each further wrong attempt, and is forgotten an hour after the last one.
 *
 * A stranger's guesses must not lock out the owner, so who can show more has a bucket of their own: a valid
 * session or token of that user, the cookie of a device that the user has logged in with (device.h), or a
 * network that the user has come from before. All others share one bucket for the address that they try (whether
 * or not it is known here), and one for their network. Passkeys cannot be guessed, so they are not counted.
 *
 * What is left to an attacker: somebody who comes with none of these, while strangers guess at the same
 * address, waits for up to 15 minutes; a password reset by mail or a passkey gets in meanwhile.
 *
 * An attempt counts as wrong from its beginning, so that many at the same time gain nothing; what proves
 * right is taken back.
 */
#ifndef CORE_THROTTLE_H
#define CORE_THROTTLE_H

#include "core/request.h"

struct throttle {
	char bucket[160]; /* of the address, the session or the known network */
	char network[96]; /* "" for those who need not share their network's */
	char seen[160];   /* remembers that the user came from this network; "" when there is no such user */
	char device[40];  /* id of the device that the user is known by; "" without one */
};

/* The peer's /24 or /64: "198.51.100.0/24"; "unknown" when the address cannot be read. */
void throttle_network(const char *remote, char out[64]);

/* Begin an attempt for an address; user_id is NULL when nobody has it. *wait: 0, or refuse for so many
 * seconds (then nothing was counted). */
ACSR_MUST_USE enum acsr_result throttle_begin(struct core *c, struct request *q, const char *email,
	const char *user_id, struct throttle *t, int64_t *wait, struct acsr_err *e);
/* The asker shows nothing that would make them more than just anybody. */
bool throttle_is_stranger(const struct throttle *t);
/* It was right. */
ACSR_MUST_USE enum acsr_result throttle_right(struct core *c, const struct throttle *t, struct acsr_err *e);
/* It was neither right nor wrong (the second factor was not given yet): as if it had not been made. */
ACSR_MUST_USE enum acsr_result throttle_undo(struct core *c, const struct throttle *t, struct acsr_err *e);
/* This user has proven to be at q's address (a mailed link): the network counts as known. */
ACSR_MUST_USE enum acsr_result throttle_known(
	struct core *c, const struct request *q, const char *user_id, struct acsr_err *e);
/* Answer q with auth.slow and Retry-After. */
ACSR_MUST_USE enum acsr_result throttle_refuse(struct request *q, int64_t wait, struct acsr_err *e);

/* Has this wrong attempt, for nobody who is known here, an entry of its own in the audit log? Twenty a minute have.
 * *untold: how many had none in the minute that has just ended, to be told now. */
bool throttle_tell_stranger(struct core *c, uint64_t *untold);

/* Count something that is no guess, such as mails to one address: *ok is false when there were `most` in the
 * last hour. */
ACSR_MUST_USE enum acsr_result throttle_allow(
	struct core *c, const char *bucket, int64_t most, bool *ok, struct acsr_err *e);

#endif
