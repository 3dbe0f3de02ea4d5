/*
 * The dated rule table (BR, ballots, RFCs): numbers and permissions that change on known days. The order
 * form, validation, renewal, lint and dashboard all read this one. Times are epoch seconds UTC; a row holds
 * from `from` (inclusive) until `to` (exclusive, 0: no end known).
 */
#ifndef AUTOCSR_RULES_H
#define AUTOCSR_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "autocsr/err.h"

ACSR_C_BEGIN

struct acsr_rule {
	const char *id;
	int64_t from, to;
	int64_t value; /* seconds, bits, a count, or 1/0, as `unit` says */
	const char *unit;
	const char *source;
	const char *text;
};

/* Ids: "cert.validity.max" "dv.reuse.max" "identity.reuse.max" "cert.short-lived.max" "cert.backdate.max"
 * "key.rsa.min" "serial.bits.min" "random-value.bits.min" "random-value.life.max" "caa.life.max"
 * "digest.sha1.allowed" "names.internal.allowed" "names.underscore.allowed" "subject.ou.allowed"
 * "crl.interval.max" "perspectives.min" "eku.client-auth.allowed" "caa.accounturi.required" … all in data/rules.json.
 */
/* The row in force at `t`, or NULL. */
const struct acsr_rule *acsr_rule_at(const char *id, int64_t t);
/* Its value, or `otherwise` when no row is in force. */
int64_t acsr_rule_value(const char *id, int64_t t, int64_t otherwise);
/* The next moment after `t` at which any row of this id begins or ends; 0: none. */
int64_t acsr_rule_next_change(const char *id, int64_t t);
const struct acsr_rule *acsr_rule_row(size_t i); /* NULL past the end */

/* Domain validation methods (BR 3.2.2.4 and 3.2.2.5). */
struct acsr_method {
	const char *id;      /* "http-01" "dns-01" "tls-alpn-01" "file" "dns-txt" "email-constructed" … */
	const char *section; /* "3.2.2.4.19" */
	int64_t from, to;
	bool wildcard;     /* may validate a wildcard */
	bool subdomains;   /* proves the names below it too; else that FQDN only */
	bool ip;           /* may validate an IP address */
	int64_t reuse_max; /* a limit of its own on reuse in seconds; 0: dv.reuse.max */
};
const struct acsr_method *acsr_method_row(size_t i); /* NULL past the end */
/* Allowed at `t`? validation.method (unknown), policy.method-ended, policy.method-wildcard. */
ACSR_MUST_USE enum acsr_result acsr_method_at(
	const struct acsr_method **out, const char *id, int64_t t, bool wildcard, struct acsr_err *e);

ACSR_C_END

#endif
