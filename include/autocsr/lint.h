/*
 * Lint: every rule of a certificate's profile and of BR 7.1, over a certificate that is not yet signed
 * (acsr_cert_preview) or is (acsr_cert_parse). Public rules bind when profile->public_trust; else the private
 * subset.
 */
#ifndef AUTOCSR_LINT_H
#define AUTOCSR_LINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "autocsr/cert.h"
#include "autocsr/err.h"
#include "autocsr/finding.h"
#include "autocsr/profile.h"

ACSR_C_BEGIN

/*
 * A further judge of names, such as acsr_name_check behind two lines: the linter itself knows only the syntax
 * (LDH, lengths, wildcard position), because the signer links no list of suffixes. NULL: none.
 */
typedef enum acsr_result (*acsr_lint_name_fn)(const char *name, bool public_trust, struct acsr_err *e);

/*
 * Adds one finding a rule (ids "lint.…", passes too). ACSR_FAIL with the first finding of severity ACSR_ERROR
 * in `e` when there is any; so `lint, then sign` reads as two TRYs. `all` may be NULL.
 */
ACSR_MUST_USE enum acsr_result acsr_lint_cert(const struct acsr_cert_view *cert,
	const struct acsr_profile *profile, acsr_lint_name_fn judge, struct acsr_findings *all,
	struct acsr_err *e);

ACSR_C_END

#endif
