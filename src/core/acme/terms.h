/* Terms of service that have changed since an account agreed to them (RFC 8555 7.3.3). */
#ifndef CORE_ACME_TERMS_H
#define CORE_ACME_TERMS_H

#include "core/acme/acme.h"

/* For what begins something new. "acme.terms", with a link to the terms and one where a person agrees to them. */
ACSR_MUST_USE enum acsr_result acme_terms_check(struct acme_request *a, struct acsr_err *e);
/* When who agrees now has agreed: not before the terms were there. */
int64_t acme_terms_agreed(const struct acme_directory *d, int64_t now);

#endif
