/*
 * What the embedded CA signs, as data: the names that core uses in sign_cert, each with the certificate it
 * stands for. What no row here allows is not signed, whatever core asks.
 */
#ifndef SIGNER_PROFILES_H
#define SIGNER_PROFILES_H

#include "autocsr/profile.h"

/* The profiles for leaves: "dv" "ov" "ev", and "service" for the TLS server of this service itself. NULL past
 * the end. */
const struct acsr_profile *profiles_at(size_t i);
/* Error "cert.profile". */
ACSR_MUST_USE enum acsr_result profiles_find(
	const struct acsr_profile **out, const char *name, struct acsr_err *e);

/* The two that the first start makes: 20 years with one CA below it, and 10 years with none. */
extern const struct acsr_profile profiles_root, profiles_intermediate;

/* notBefore may lie this far from now, either way (BR 7.1.2.7: 48 hours). Seconds. */
enum { PROFILES_CLOCK_WINDOW = 48 * 3600 };

#endif
