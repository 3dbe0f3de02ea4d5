/*
 * Devices that a user is known by: a browser that logged in gets a long-lived random cookie,
 * __Host-autocsr-device. It opens nothing; it only gives guesses from that device a bucket of their own
 * (throttle.h), so that strangers' guesses do not slow its owner. Only its hash is stored. Ends with a password
 * reset, when it is deleted (DELETE /devices/{id}), or half a year after its last login.
 */
#ifndef CORE_DEVICE_H
#define CORE_DEVICE_H

#include "core/request.h"

enum { DEVICE_DAYS = 180 };

/* The id of the device that q comes from, if this user is known by it; "" otherwise. */
ACSR_MUST_USE enum acsr_result device_of(
	struct core *c, const struct request *q, const char *user_id, char id[40], struct acsr_err *e);
/* Is somebody known by the device that q comes from? */
ACSR_MUST_USE enum acsr_result device_is_known(
	struct core *c, const struct request *q, bool *yes, struct acsr_err *e);
/* The user has just logged in with q: know the device from now on, and give it its cookie. */
ACSR_MUST_USE enum acsr_result device_note(
	struct core *c, struct request *q, const char *user_id, struct acsr_err *e);
/* Forget the user's devices; with `but_this`, q's own stays. */
ACSR_MUST_USE enum acsr_result device_forget(
	struct core *c, const struct request *q, const char *user_id, bool but_this, struct acsr_err *e);

#endif
