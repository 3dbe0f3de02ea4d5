/*
 * Judging a CSR: every rule that a CA will apply to it, one finding a rule, by a policy that is data.
 *
 * A policy says for each rule whether it is off, a note, a warning or a failure, perhaps from a day on, and
 * holds the parameters (key types, sizes, names, subject fields …). Two are part of the library: "public"
 * (the CA/Browser Forum's Baseline Requirements, dated) and "private"; others are JSON files,
 * autocsr-policy(5).
 *
 * In the library pki_csr_rules (jansson, libidn2, libpsl), which the keymaker and the signer do not link.
 * A policy and a set of known keys may be read by any number of threads at once.
 */
#ifndef AUTOCSR_CHECK_H
#define AUTOCSR_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "autocsr/csr.h"
#include "autocsr/err.h"
#include "autocsr/finding.h"

ACSR_C_BEGIN

/* --- rules --- */

/* What a policy makes of a broken rule. OFF: it is not looked at. */
enum acsr_rule_level { ACSR_RULE_OFF, ACSR_RULE_INFO, ACSR_RULE_WARN, ACSR_RULE_FAIL };

/* One row of the table of rules; static, sorted by id. */
struct acsr_check_rule {
	const char *id;     /* stable: "csr.cn", "name.underscore" */
	const char *source; /* "BR 7.1.4.3"; a dated policy may name another */
	const char *title;  /* what it asks for, lower case */
	const char *remedy; /* what to do when it is broken */
};

/* NULL past the end. */
const struct acsr_check_rule *acsr_check_rule_at(size_t i);
/* NULL: there is no rule of this id. */
const struct acsr_check_rule *acsr_check_rule_find(const char *id);

/* --- policies --- */

struct acsr_check_policy;

/*
 * By name or path. A name ("public", "ours") is looked for as DIR/NAME.json in `dirs` (ended by NULL, or NULL
 * for none), in order, then among the two inside the library; anything with a '/' or ending in ".json" is a
 * file, and so is a name that is nowhere else. NULL means "private". At most 64 KB, at most 8 files deep.
 *   input.open, input.read   the file cannot be read
 *   input.policy             not JSON, an unknown member, rule or value; `field` names the member
 */
ACSR_MUST_USE enum acsr_result acsr_check_policy_load(
	struct acsr_check_policy **out, const char *name, const char *const *dirs, struct acsr_err *e);
/* From memory; its "base" must be one of the two inside the library. */
ACSR_MUST_USE enum acsr_result acsr_check_policy_parse(
	struct acsr_check_policy **out, const char *json, size_t len, struct acsr_err *e);
void acsr_check_policy_free(struct acsr_check_policy *p); /* NULL is fine */

/* As it names itself, else as it was asked for. A loan. */
const char *acsr_check_policy_name(const struct acsr_check_policy *p);
/* Are names judged as a publicly trusted CA would ("names": "public")? */
bool acsr_check_policy_public(const struct acsr_check_policy *p);
/* The level of a rule at `at` (epoch seconds); ACSR_RULE_WARN for an unknown id. */
enum acsr_rule_level acsr_check_policy_level(const struct acsr_check_policy *p, const char *id, int64_t at);

/* --- keys that are in use already --- */

struct acsr_known;

/* An empty set. sys.nomem sys.random */
ACSR_MUST_USE enum acsr_result acsr_known_new(struct acsr_known **out, struct acsr_err *e);
void acsr_known_free(struct acsr_known *k); /* NULL is fine */
/* SHA-256 of the SPKI, and where it is from ("old.crt"; copied). The first label of a key stays. */
ACSR_MUST_USE enum acsr_result acsr_known_add(
	struct acsr_known *k, const uint8_t spki_sha256[32], const char *label, struct acsr_err *e);
/* Its label, a loan; NULL when it is not there. */
const char *acsr_known_find(const struct acsr_known *k, const uint8_t spki_sha256[32]);

/* --- the check --- */

/* All loans. */
struct acsr_check {
	const struct acsr_check_policy *policy;
	int64_t at;                     /* judge as on this day, epoch seconds */
	const struct acsr_known *known; /* or NULL */
	const struct acsr_key_policy
		*gate;    /* or NULL; its lists and `thorough` are used, the policy decides the rest */
	bool broken_only; /* leave out what passes: much faster for many CSRs */
};

/*
 * Adds a finding for every rule, in the order form, key, names, subject, requested extensions, attributes.
 * `v` is from acsr_csr_read or acsr_csr_parse. Rules about single names are judged for the first
 * ACSR_SANS_MAX names. Fails without memory, and when this OpenSSL lacks the algorithm of a post-quantum key
 * (openssl.unsupported); else the verdict is acsr_findings_worst(all). NOT checked: who may have the names,
 * CAA, whether they resolve.
 */
ACSR_MUST_USE enum acsr_result acsr_csr_check(const struct acsr_csr_view *v, const struct acsr_check *how,
	struct acsr_findings *all, struct acsr_err *e);

/*
 * Which of these hosts do the CSR's names cover (RFC 9525)? One finding for each: host.covered, or
 * host.not-covered with the reason; then host.not-asked for each name of the CSR that no host needed. Hosts
 * are UTF-8 DNS names (U-labels or A-labels, any case, a trailing dot), wildcards, or IP addresses. The
 * common name covers nothing.
 */
ACSR_MUST_USE enum acsr_result acsr_csr_check_hosts(const struct acsr_csr_view *v,
	const struct acsr_check *how, const char *const *hosts, size_t n, struct acsr_findings *all,
	struct acsr_err *e);

ACSR_C_END

#endif
