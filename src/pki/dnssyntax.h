/*
 * The syntax of a DNS name in ASCII (RFC 1034 3.5, 1123 2.1, 5890 2.3.1): what can be judged without tables
 * of suffixes or scripts. Shared by name.h and lint.h.
 */
#ifndef PKI_DNSSYNTAX_H
#define PKI_DNSSYNTAX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* Labels, lengths, characters, hyphens; `s` has no wildcard. The ids are those of name.h. Letters may be of
 * any case. */
ACSR_MUST_USE enum acsr_result dnssyntax_check(const char *s, struct acsr_err *e);
/* The same with a wildcard permitted as the whole leftmost label: name.wildcard.position. */
ACSR_MUST_USE enum acsr_result dnssyntax_check_pattern(const char *s, struct acsr_err *e);
/* Does it end with this domain, at a label's border? Any case. */
bool dnssyntax_below(const char *s, const char *domain);

#endif
