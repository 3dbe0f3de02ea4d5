/* The parts of the check of a CSR, each in a file of its own, and how they report. */
#ifndef PKI_CHECK_INT_H
#define PKI_CHECK_INT_H

#include "autocsr/check.h"
#include "base/err.h"
#include "policy_int.h"

struct check {
	const struct acsr_csr_view *v;
	const struct acsr_check_policy *p;
	const struct acsr_known *known;
	const struct acsr_key_policy *gate;
	int64_t at;
	bool broken_only;
	struct acsr_findings *all;
};

/* The rule is broken, or holds: a finding as the policy wants it. `field` may be "". */
ACSR_MUST_USE enum acsr_result check_broken(const struct check *c, const char *id, const char *field,
	struct acsr_err *e, const char *fmt, ...) ACSR_PRINTF(5, 6);
ACSR_MUST_USE enum acsr_result check_holds(const struct check *c, const char *id, const char *field,
	struct acsr_err *e, const char *fmt, ...) ACSR_PRINTF(5, 6);
/* What another judge found, under the level that the policy gives to its id. */
ACSR_MUST_USE enum acsr_result check_found(
	const struct check *c, const struct acsr_err *found, const char *field, struct acsr_err *e);
/* Would a broken rule of this id be reported, or a kept one? Spares the work when not. */
bool check_wants(const struct check *c, const char *id);

ACSR_MUST_USE enum acsr_result check_form(const struct check *c, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result check_key(const struct check *c, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result check_names(const struct check *c, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result check_subject(const struct check *c, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result check_request(const struct check *c, struct acsr_err *e);

/* ISO 3166-1: two upper-case letters that are a country's. */
bool country_assigned(const char *code);

#endif
