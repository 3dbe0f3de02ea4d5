/* Every rule that a CA, public or private, will judge a CSR by; one finding a rule. */
#ifndef PKI_CSR_RULES_H
#define PKI_CSR_RULES_H

#include "autocsr/csr.h"
#include "autocsr/finding.h"
#include "pki/csr_policy.h"

/* The parser has accepted it: what that proved, then key, names, subject, usage. `now` in epoch
 * seconds, for rules that change on known days. Fails only without memory. */
ACSR_MUST_USE enum acsr_result csr_rules(const struct acsr_csr_view *v, const struct csr_policy *p,
	int64_t now, struct acsr_findings *all, struct acsr_err *e);

/* Is this host covered by the CSR's names? One finding. */
ACSR_MUST_USE enum acsr_result csr_rules_host(const struct acsr_csr_view *v, const struct csr_policy *p,
	const char *host, struct acsr_findings *all, struct acsr_err *e);

#endif
