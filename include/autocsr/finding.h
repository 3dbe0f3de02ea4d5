/*
 * A list of findings: what a check over many rules found, one entry a rule.
 * `autocsr csr check`, the key gate and the linter fill it; the portal shows it as it is.
 */
#ifndef AUTOCSR_FINDING_H
#define AUTOCSR_FINDING_H

#include <stddef.h>

#include "autocsr/err.h"

ACSR_C_BEGIN

enum acsr_severity { ACSR_PASS, ACSR_INFO, ACSR_WARN, ACSR_ERROR };

struct acsr_finding {
	enum acsr_severity severity;
	char id[64];      /* stable: "key.rsa.bits", "lint.san.absent" */
	char field[96];   /* "sans[2]", or "" */
	char source[64];  /* "BR 6.1.5" */
	char text[400];   /* what was found */
	char remedy[200]; /* what to do; "" for a pass */
};

/* Zero-initialise it; `v` is owned. */
struct acsr_findings {
	struct acsr_finding *v;
	size_t n;
};

void acsr_findings_free(struct acsr_findings *l); /* leaves an empty list */
ACSR_MUST_USE enum acsr_result acsr_findings_add(struct acsr_findings *l, enum acsr_severity severity,
	const char *id, const char *field, const char *source, const char *remedy, struct acsr_err *e,
	const char *fmt, ...) ACSR_PRINTF(8, 9);
/* An error as an entry of severity ACSR_ERROR; `remedy` may be NULL. */
ACSR_MUST_USE enum acsr_result acsr_findings_add_err(
	struct acsr_findings *l, const struct acsr_err *found, const char *remedy, struct acsr_err *e);
/* The worst severity in the list; ACSR_PASS for an empty one. */
enum acsr_severity acsr_findings_worst(const struct acsr_findings *l);
/* The first entry of severity ACSR_ERROR, or NULL. */
const struct acsr_finding *acsr_findings_first_error(const struct acsr_findings *l);
const char *acsr_severity_name(enum acsr_severity s); /* "pass" "info" "warn" "fail" */

ACSR_C_END

#endif
