/* The dated rule table. Every number that the outside world changes on a day stands here and nowhere else. */
#include "autocsr/rules.h"

#include <string.h>

#include "base/err.h"

#define DAY INT64_C(86400)

/* Midnights UTC; the unit test computes them anew. */
#define D_2012_07_01 INT64_C(1341100800)
#define D_2020_09_01 INT64_C(1598918400)
#define D_2026_03_15 INT64_C(1773532800)
#define D_2026_12_15 INT64_C(1797292800)
#define D_2027_03_15 INT64_C(1805068800)
#define D_2028_03_15 INT64_C(1836691200)
#define D_2029_03_15 INT64_C(1868227200)

static const struct acsr_rule rules[] = {
	{ "cert.validity.max", D_2020_09_01, D_2026_03_15, 398 * DAY, "seconds", "BR 6.3.2",
		"a certificate may be valid for 398 days" },
	{ "cert.validity.max", D_2026_03_15, D_2027_03_15, 200 * DAY, "seconds", "BR 6.3.2",
		"a certificate may be valid for 200 days" },
	{ "cert.validity.max", D_2027_03_15, D_2029_03_15, 100 * DAY, "seconds", "BR 6.3.2",
		"a certificate may be valid for 100 days" },
	{ "cert.validity.max", D_2029_03_15, 0, 47 * DAY, "seconds", "BR 6.3.2",
		"a certificate may be valid for 47 days" },
	{ "dv.reuse.max", D_2020_09_01, D_2026_03_15, 398 * DAY, "seconds", "BR 4.2.1",
		"a domain validation may be reused for 398 days" },
	{ "dv.reuse.max", D_2026_03_15, D_2027_03_15, 200 * DAY, "seconds", "BR 4.2.1",
		"a domain validation may be reused for 200 days" },
	{ "dv.reuse.max", D_2027_03_15, D_2029_03_15, 100 * DAY, "seconds", "BR 4.2.1",
		"a domain validation may be reused for 100 days" },
	{ "dv.reuse.max", D_2029_03_15, 0, 10 * DAY, "seconds", "BR 4.2.1",
		"a domain validation may be reused for 10 days" },
	{ "identity.reuse.max", D_2012_07_01, D_2026_03_15, 825 * DAY, "seconds", "BR 4.2.1",
		"the validation of an organisation may be reused for 825 days" },
	{ "identity.reuse.max", D_2026_03_15, 0, 398 * DAY, "seconds", "BR 4.2.1",
		"the validation of an organisation may be reused for 398 days" },
	{ "ev.evidence.max", D_2012_07_01, 0, 398 * DAY, "seconds", "EVG 3.2.2.14",
		"evidence for EV may be 398 days old" },
	{ "cert.short-lived.max", D_2026_03_15, 0, 7 * DAY, "seconds", "BR 1.6.1",
		"up to 7 days, revocation information is optional" },
	{ "cert.backdate.max", D_2012_07_01, 0, 2 * DAY, "seconds", "BR 7.1.2.7",
		"notBefore lies within 48 hours of signing" },
	{ "key.rsa.min", D_2012_07_01, 0, 2048, "bits", "BR 6.1.5", "RSA keys have 2048 bits or more" },
	{ "serial.bits.min", D_2012_07_01, 0, 64, "bits", "BR 7.1", "serial numbers have 64 random bits" },
	{ "random-value.bits.min", D_2012_07_01, 0, 112, "bits", "BR 1.6.1",
		"random values have 112 bits or more" },
	{ "random-value.life.max", D_2012_07_01, 0, 30 * DAY, "seconds", "BR 3.2.2.4",
		"a random value may be used for 30 days" },
	{ "caa.life.max", D_2012_07_01, 0, 8 * 3600, "seconds", "BR 3.2.2.8",
		"issue within the TTL or 8 hours of the CAA check, whichever is longer" },
	{ "caa.accounturi.required", D_2027_03_15, 0, 1, "boolean", "BR 3.2.2.8, RFC 8657",
		"the CAA parameters accounturi and validationmethods are honoured" },
	{ "crl.interval.max", D_2012_07_01, 0, 7 * DAY, "seconds", "BR 4.9.7",
		"a new CRL at least every 7 days" },
	{ "crl.delay.max", D_2012_07_01, 0, 1 * DAY, "seconds", "BR 4.9.7",
		"a new CRL within 24 hours of a revocation" },
	{ "revoke.urgent.max", D_2012_07_01, 0, 1 * DAY, "seconds", "BR 4.9.1.1",
		"24 hours: subscriber's request, not authorised, key compromise, validation unreliable" },
	{ "revoke.other.max", D_2012_07_01, 0, 5 * DAY, "seconds", "BR 4.9.1.1",
		"5 days: all other reasons" },
	{ "perspectives.min", D_2026_03_15, D_2026_12_15, 4, "count", "BR 3.2.2.9",
		"4 remote perspectives or more" },
	{ "perspectives.min", D_2026_12_15, 0, 5, "count", "BR 3.2.2.9", "5 remote perspectives or more" },
	{ "dnssec.required", D_2026_03_15, 0, 1, "boolean", "BR 3.2.2.4, 3.2.2.8",
		"DNSSEC is validated to the root for domain validation and CAA" },
	{ "eku.client-auth.allowed", D_2012_07_01, D_2026_03_15, 1, "boolean", "BR 7.1.2.7.10",
		"clientAuth beside serverAuth" },
	{ "eku.client-auth.allowed", D_2026_03_15, 0, 0, "boolean", "root programs",
		"no clientAuth in public server certificates" },
};
#define N_RULES (sizeof(rules) / sizeof(rules[0]))

static bool in_force(int64_t from, int64_t to, int64_t t)
{
	return t >= from && (to == 0 || t < to);
}

const struct acsr_rule *acsr_rule_at(const char *id, int64_t t)
{
	for (size_t i = 0; i < N_RULES; i++)
		if (strcmp(rules[i].id, id) == 0 && in_force(rules[i].from, rules[i].to, t))
			return &rules[i];
	return NULL;
}

int64_t acsr_rule_value(const char *id, int64_t t, int64_t otherwise)
{
	const struct acsr_rule *r = acsr_rule_at(id, t);

	return r != NULL ? r->value : otherwise;
}

static void nearer(int64_t *best, int64_t edge, int64_t t)
{
	if (edge > t && (*best == 0 || edge < *best))
		*best = edge;
}

int64_t acsr_rule_next_change(const char *id, int64_t t)
{
	int64_t best = 0;

	for (size_t i = 0; i < N_RULES; i++) {
		if (strcmp(rules[i].id, id) != 0)
			continue;
		nearer(&best, rules[i].from, t);
		nearer(&best, rules[i].to, t);
	}
	return best;
}

const struct acsr_rule *acsr_rule_row(size_t i)
{
	return i < N_RULES ? &rules[i] : NULL;
}

static const struct acsr_method methods[] = {
	/* id, section, from, to, wildcard, subdomains, ip, reuse_max */
	{ "email-constructed", "3.2.2.4.4", D_2012_07_01, D_2028_03_15, true, true, false, 0 },
	{ "dns-txt", "3.2.2.4.7", D_2012_07_01, 0, true, true, false, 0 },
	{ "dns-cname", "3.2.2.4.7", D_2012_07_01, 0, true, true, false, 0 },
	{ "dns-01", "3.2.2.4.7", D_2012_07_01, 0, true, true, false, 0 },
	{ "email-caa", "3.2.2.4.13", D_2012_07_01, D_2028_03_15, true, true, false, 0 },
	{ "email-txt", "3.2.2.4.14", D_2012_07_01, D_2028_03_15, true, true, false, 0 },
	{ "phone-txt", "3.2.2.4.16", D_2012_07_01, D_2027_03_15, true, true, false, 0 },
	{ "phone-caa", "3.2.2.4.17", D_2012_07_01, D_2027_03_15, true, true, false, 0 },
	{ "file", "3.2.2.4.18", D_2012_07_01, 0, false, false, true, 0 },
	{ "http-01", "3.2.2.4.19", D_2012_07_01, 0, false, false, true, 0 },
	{ "tls-alpn-01", "3.2.2.4.20", D_2012_07_01, 0, false, false, true, 0 },
	{ "dns-account-01", "3.2.2.4.21", D_2026_03_15, 0, true, true, false, 0 },
	{ "dns-persist-01", "3.2.2.4.22", D_2026_03_15, 0, true, true, false, 10 * DAY },
};

const struct acsr_method *acsr_method_row(size_t i)
{
	return i < sizeof(methods) / sizeof(methods[0]) ? &methods[i] : NULL;
}

static enum acsr_result check_method(
	const struct acsr_method *m, int64_t t, bool wildcard, struct acsr_err *e)
{
	char source[64];

	memcpy(source, "BR ", 4);
	strncat(source, m->section, sizeof(source) - 4);
	if (!in_force(m->from, m->to, t))
		return err_rule(e, "policy.method-ended", "method", source,
			"the validation method %s is no longer (or not yet) permitted", m->id);
	if (wildcard && !m->wildcard)
		return err_rule(e, "policy.method-wildcard", "method", source,
			"the validation method %s cannot validate a wildcard; use dns-txt", m->id);
	return ACSR_OK;
}

enum acsr_result acsr_method_at(
	const struct acsr_method **out, const char *id, int64_t t, bool wildcard, struct acsr_err *e)
{
	for (size_t i = 0; acsr_method_row(i) != NULL; i++) {
		if (strcmp(methods[i].id, id) != 0)
			continue;
		TRY(check_method(&methods[i], t, wildcard, e));
		*out = &methods[i];
		return ACSR_OK;
	}
	return err_rule(
		e, "validation.method", "method", NULL, "there is no validation method \"%.40s\"", id);
}
