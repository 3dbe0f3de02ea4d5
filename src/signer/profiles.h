/*
 * What the embedded CA signs when core asks: some of the toolkit's profiles (autocsr/profile.h), by the names
 * that core uses in sign_cert. No other is signed, a CA least of all, whatever core asks.
 */
#ifndef SIGNER_PROFILES_H
#define SIGNER_PROFILES_H

#include "autocsr/profile.h"

/* "dv" "ov" "ev", and "service" for the TLS server of this service itself. Error "cert.profile". */
ACSR_MUST_USE enum acsr_result profiles_find(
	const struct acsr_profile **out, const char *name, struct acsr_err *e);

/* notBefore may lie this far from now, either way (BR 7.1.2.7: 48 hours). Seconds. */
enum { PROFILES_CLOCK_WINDOW = 48 * 3600 };

#endif
