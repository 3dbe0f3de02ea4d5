/*
 * Profiles: what a certificate of one kind looks like, as data. The signer fills a certificate from one, the
 * linter judges by it, and what a profile does not allow is not signed.
 */
#ifndef AUTOCSR_PROFILE_H
#define AUTOCSR_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "autocsr/err.h"

ACSR_C_BEGIN

enum acsr_level { ACSR_LEVEL_NONE, ACSR_LEVEL_DV, ACSR_LEVEL_OV, ACSR_LEVEL_EV };

#define ACSR_PROFILE_KEY_TYPES 24
#define ACSR_PROFILE_LIST 8

/* A value type: copy one of the built-in rows and change it. Strings are loans, lists end with NULL. */
struct acsr_profile {
	const char *name;  /* "dv" */
	bool public_trust; /* BR rules bind; else the private subset */
	enum acsr_level level;
	bool ca;
	int path_len;         /* CAs; -1: none */
	int64_t validity;     /* seconds, as issued; notAfter - notBefore + 1 never exceeds it */
	int64_t max_validity; /* seconds, the most that a request may ask for */
	int64_t backdate;     /* seconds that notBefore lies before now */
	const char *ekus[ACSR_PROFILE_LIST];           /* every one is put in; others are refused */
	const char *policies[ACSR_PROFILE_LIST];       /* certificatePolicies OIDs */
	const char *key_types[ACSR_PROFILE_KEY_TYPES]; /* allowed names of key.h */
	unsigned san_types;                            /* 1u << ACSR_SAN_DNS | … */
	const char *subject[16];                       /* allowed subject fields; NULL first: none */
	const char *required[8];                       /* subject fields that must be there */
	bool wildcard;
};

/* Built in: dv ov ev (of a private CA), service (its own HTTPS server), public-dv public-ov public-ev,
 * tls-client, ca-root (20 years, one CA below it), ca-intermediate (10 years, none), ocsp-signer. NULL past
 * the end. */
const struct acsr_profile *acsr_profile_at(size_t i);
/* Error cert.profile. */
ACSR_MUST_USE enum acsr_result acsr_profile_find(
	const struct acsr_profile **out, const char *name, struct acsr_err *e);
const char *acsr_level_name(enum acsr_level l); /* "" "dv" "ov" "ev" */

ACSR_C_END

#endif
