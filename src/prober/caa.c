/* The record parser, the grammar of issue values, and the verdict. */
#include "prober/caa.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "prober/show.h"

#define RFC_CAA "RFC 8659 4"

enum acsr_result caa_parse(struct bytes rdata, struct caa_record *out, struct acsr_err *e)
{
	struct caa_record r = { 0 };
	size_t n;

	if (rdata.len < 2 || rdata.p[1] == 0 || rdata.len < 2u + rdata.p[1])
		return err_rule(e, "caa.malformed", NULL, RFC_CAA ".1",
			"a CAA record is cut short; publish it anew as: 0 issue \"ca.example\"");
	n = rdata.p[1];
	r.flags = rdata.p[0];
	for (size_t i = 0; i < n; i++) {
		uint8_t c = rdata.p[2 + i];

		if (!isascii(c) || !isalnum(c))
			return err_rule(e, "caa.malformed", NULL, RFC_CAA ".1",
				"a CAA tag holds something else than letters and digits; publish the record "
				"anew");
		r.tag[i] = (char)tolower(c);
	}
	r.value = (struct bytes){ rdata.p + 2 + n, rdata.len - 2 - n };
	*out = r;
	return ACSR_OK;
}

void caa_print(struct bytes rdata, char *out, size_t cap)
{
	struct caa_record r;
	char tag[40], value[161];

	if (caa_parse(rdata, &r, NULL) != ACSR_OK) {
		show_bytes(rdata.p, rdata.len, value, sizeof(value));
		snprintf(out, cap, "malformed: %s", value);
		return;
	}
	show_text(r.tag, tag, sizeof(tag));
	show_bytes(r.value.p, r.value.len, value, sizeof(value));
	snprintf(out, cap, "%u %s \"%s\"", r.flags, tag, value);
}

/* Properties whose meaning is known here or is about something else than TLS certificates. */
static bool tag_known(const char *tag)
{
	static const char *const known[] = { "issue", "issuewild", "iodef", "contactemail", "contactphone",
		"issuemail", "issuevmc" };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(tag, known[i]) == 0)
			return true;
	return false;
}

/* --- the issue value: [issuer-domain-name] [ *WSP ";" parameters ] --- */

enum issue_verdict { ISSUE_US, ISSUE_OTHERS, ISSUE_NOBODY, ISSUE_CONSTRAINED, ISSUE_MALFORMED };

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static struct bytes trim(struct bytes b)
{
	while (b.len > 0 && is_blank(b.p[0])) {
		b.p++;
		b.len--;
	}
	while (b.len > 0 && is_blank(b.p[b.len - 1]))
		b.len--;
	return b;
}

/* Cut at the first `at`; *rest is what stands behind it, p NULL when there is none. */
static struct bytes cut(struct bytes b, char at, struct bytes *rest)
{
	const uint8_t *p = b.len > 0 ? memchr(b.p, at, b.len) : NULL;

	*rest = (struct bytes){ NULL, 0 };
	if (p == NULL)
		return trim(b);
	*rest = (struct bytes){ p + 1, b.len - (size_t)(p - b.p) - 1 };
	return trim((struct bytes){ b.p, (size_t)(p - b.p) });
}

/* (ALPHA / DIGIT) *( *("-") (ALPHA / DIGIT)) */
static bool is_label(struct bytes b)
{
	if (b.len == 0 || b.p[0] == '-' || b.p[b.len - 1] == '-')
		return false;
	for (size_t i = 0; i < b.len; i++)
		if (!isascii(b.p[i]) || (!isalnum(b.p[i]) && b.p[i] != '-'))
			return false;
	return true;
}

static bool is_domain(struct bytes b)
{
	struct bytes rest = b;

	do {
		const uint8_t *dot = rest.len > 0 ? memchr(rest.p, '.', rest.len) : NULL;
		size_t n = dot != NULL ? (size_t)(dot - rest.p) : rest.len;

		if (!is_label((struct bytes){ rest.p, n }))
			return false;
		if (dot == NULL)
			return true;
		rest = (struct bytes){ dot + 1, rest.len - n - 1 };
	} while (true);
}

static bool same_text(struct bytes b, const char *s)
{
	return b.len == strlen(s) && strncasecmp((const char *)b.p, s, b.len) == 0;
}

/* *(%x21-3A / %x3C-7E) */
static bool is_parameter_value(struct bytes b)
{
	for (size_t i = 0; i < b.len; i++)
		if (b.p[i] < 0x21 || b.p[i] > 0x7e || b.p[i] == ';')
			return false;
	return true;
}

/* parameters = (parameter *WSP ";" *WSP parameters) / parameter, each tag=value; may be empty. */
static enum issue_verdict judge_parameters(struct bytes rest)
{
	enum issue_verdict v = ISSUE_US;

	while (rest.p != NULL) {
		struct bytes value, one = cut(rest, ';', &rest);
		struct bytes tag = cut(one, '=', &value);

		if (one.len == 0)
			continue;
		if (value.p == NULL || !is_label(tag) || !is_parameter_value(trim(value)))
			return ISSUE_MALFORMED;
		if (same_text(tag, "accounturi") || same_text(tag, "validationmethods"))
			v = ISSUE_CONSTRAINED;
	}
	return v;
}

static enum issue_verdict judge_issue(struct bytes value, const char *identity)
{
	struct bytes parameters, domain = cut(value, ';', &parameters);
	enum issue_verdict v = judge_parameters(parameters);

	if (v == ISSUE_MALFORMED)
		return v;
	if (domain.len == 0)
		return ISSUE_NOBODY;
	if (!is_domain(domain))
		return ISSUE_MALFORMED;
	return identity[0] != '\0' && same_text(domain, identity) ? v : ISSUE_OTHERS;
}

/* --- the set --- */

static enum acsr_result check_readable(
	const struct bytes *rdata, size_t n, const char *name, bool *wild, struct acsr_err *e)
{
	*wild = false;
	for (size_t i = 0; i < n; i++) {
		struct caa_record r;
		char tag[40];

		TRY(caa_parse(rdata[i], &r, e));
		show_text(r.tag, tag, sizeof(tag));
		if ((r.flags & CAA_CRITICAL) != 0 && !tag_known(r.tag))
			return err_rule(e, "caa.critical", NULL, RFC_CAA ".1",
				"the CAA records of %s hold the property \"%s\", which is critical and "
				"unknown "
				"here; "
				"remove it or clear its critical flag",
				name, tag);
		if (strcmp(r.tag, "issuewild") == 0)
			*wild = true;
	}
	return ACSR_OK;
}

static enum acsr_result forbid(struct acsr_err *e, const char *name, const char *property, const char *who,
	bool constrained, const char *identity)
{
	if (identity[0] == '\0')
		return err_rule(e, "caa.forbidden", NULL, "BR 3.2.2.8",
			"the CAA %s records of %s name %s, and this CA has no name of its own for CAA; "
			"remove them",
			property, name, who);
	if (constrained)
		return err_rule(e, "caa.forbidden", NULL, "RFC 8657 3",
			"the CAA %s record of %s for \"%s\" is bound to an accounturi or to "
			"validationmethods that "
			"do "
			"not match ours; publish it without these parameters",
			property, name, identity);
	return err_rule(e, "caa.forbidden", NULL, "BR 3.2.2.8",
		"the CAA %s records of %s permit %s, not this CA; add: %s CAA 0 %s \"%s\"", property, name,
		who, name, property, identity);
}

/* Collects who is named, for the error's text. */
static void add_who(char *who, size_t cap, struct bytes value)
{
	char one[64];
	size_t at = strlen(who);

	show_bytes(value.p, value.len, one, sizeof(one));
	if (at + strlen(one) + 5 < cap)
		snprintf(who + at, cap - at, "%s\"%s\"", at > 0 ? ", " : "", one);
}

enum acsr_result caa_decide(const struct bytes *rdata, size_t n, const char *name, bool wildcard,
	const char *identity, struct acsr_err *e)
{
	bool wild, relevant = false, constrained = false;
	const char *property;
	char who[161] = "";

	TRY(check_readable(rdata, n, name, &wild, e));
	property = wildcard && wild ? "issuewild" : "issue";
	for (size_t i = 0; i < n; i++) {
		struct caa_record r;
		enum issue_verdict v;

		TRY(caa_parse(rdata[i], &r, e));
		if (strcmp(r.tag, property) != 0)
			continue;
		relevant = true;
		v = judge_issue(r.value, identity);
		if (v == ISSUE_US)
			return ACSR_OK;
		constrained = constrained || v == ISSUE_CONSTRAINED;
		add_who(who, sizeof(who), r.value);
	}
	return relevant ? forbid(e, name, property, who, constrained, identity) : ACSR_OK;
}
