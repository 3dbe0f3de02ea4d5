/* The record parser, the grammar of issue values, their parameters, and the verdict. */
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

bool caa_same_text(struct bytes b, const char *s)
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

/* parameters = (parameter *WSP ";" *WSP parameters) / parameter; parameter = tag *WSP "=" *WSP value. */
static bool read_parameters(struct bytes rest, struct caa_issue *out)
{
	/* ";" with nothing behind it has no parameters at all. */
	if (rest.p == NULL || trim(rest).len == 0)
		return true;
	while (rest.p != NULL) {
		struct bytes value, tag, one = cut(rest, ';', &rest);

		if (out->n == CAA_PARAMETERS)
			return false;
		tag = cut(one, '=', &value);
		if (value.p == NULL || !is_label(tag) || !is_parameter_value(trim(value)))
			return false;
		out->parameter[out->n++] = (struct caa_parameter){ tag, trim(value) };
	}
	return true;
}

bool caa_read_issue(struct bytes value, struct caa_issue *out)
{
	struct bytes rest;

	out->n = 0;
	out->domain = cut(value, ';', &rest);
	return (out->domain.len == 0 || is_domain(out->domain)) && read_parameters(rest, out);
}

/* --- the parameters of RFC 8657 --- */

enum issue_verdict { ISSUE_US, ISSUE_OTHERS, ISSUE_OTHER_ACCOUNT, ISSUE_OTHER_METHOD };

/* How often does the parameter stand there; *value is the last. */
static size_t find_parameter(const struct caa_issue *issue, const char *tag, struct bytes *value)
{
	size_t n = 0;

	for (size_t i = 0; i < issue->n; i++)
		if (caa_same_text(issue->parameter[i].tag, tag)) {
			*value = issue->parameter[i].value;
			n++;
		}
	return n;
}

/* RFC 8657 3: the very URI, compared byte by byte (RFC 3986 6.2.1); two of them fit nobody. */
static bool account_fits(const struct caa_issue *issue, const char *account_uri)
{
	struct bytes value = { 0 };
	size_t n = find_parameter(issue, "accounturi", &value);

	if (n == 0)
		return true;
	return n == 1 && value.len > 0 && value.len == strlen(account_uri) &&
	       memcmp(value.p, account_uri, value.len) == 0;
}

/* RFC 8657 4: value = [*(label ",") label], label = 1*(ALPHA / DIGIT / "-"); methods that we do not know are passed
 * over, a list that cannot be read fits nothing. */
static bool method_fits(const struct caa_issue *issue, const char *method)
{
	struct bytes rest = { 0 };
	size_t n = find_parameter(issue, "validationmethods", &rest);
	bool fits = false;

	if (n == 0)
		return true;
	if (n > 1)
		return false;
	while (rest.p != NULL) {
		struct bytes one = cut(rest, ',', &rest);

		for (size_t i = 0; i < one.len; i++)
			if (!isascii(one.p[i]) || (!isalnum(one.p[i]) && one.p[i] != '-'))
				return false;
		if (one.len == 0)
			return false;
		fits = fits || (method[0] != '\0' && caa_same_text(one, method));
	}
	return fits;
}

static enum issue_verdict judge_issue(struct bytes value, const struct caa_asker *who)
{
	struct caa_issue issue;

	/* RFC 8659 4.2: what does not follow the grammar is as good as an empty issuer-domain-name. */
	if (!caa_read_issue(value, &issue) || who->identity[0] == '\0' ||
		!caa_same_text(issue.domain, who->identity))
		return ISSUE_OTHERS;
	if (!account_fits(&issue, who->account_uri))
		return ISSUE_OTHER_ACCOUNT;
	return method_fits(&issue, who->method) ? ISSUE_US : ISSUE_OTHER_METHOD;
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

static enum acsr_result forbid(struct acsr_err *e, const char *name, const char *property, const char *named,
	enum issue_verdict why, const struct caa_asker *who)
{
	const char *identity = who->identity;

	if (identity[0] == '\0')
		return err_rule(e, "caa.forbidden", NULL, "BR 3.2.2.8",
			"the CAA %s records of %s name %s, and this CA has no name of its own for CAA; "
			"remove them",
			property, name, named);
	if (why == ISSUE_OTHER_ACCOUNT)
		return err_rule(e, "caa.forbidden", NULL, "RFC 8657 3",
			"the CAA %s record of %s for \"%s\" is bound to another account by accounturi; "
			"write: "
			"accounturi=%.200s",
			property, name, identity, who->account_uri[0] != '\0' ? who->account_uri : "(none)");
	if (why == ISSUE_OTHER_METHOD)
		return err_rule(e, "caa.forbidden", NULL, "RFC 8657 4",
			"the CAA %s record of %s for \"%s\" does not list the way in which control was "
			"shown; add "
			"\"%s\" to its validationmethods",
			property, name, identity, who->method[0] != '\0' ? who->method : "(none)");
	return err_rule(e, "caa.forbidden", NULL, "BR 3.2.2.8",
		"the CAA %s records of %s permit %s, not this CA; add: %s CAA 0 %s \"%s\"", property, name,
		named, name, property, identity);
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

enum acsr_result caa_decide(const struct bytes *rdata, size_t n, const char *name,
	const struct caa_asker *who, struct acsr_err *e)
{
	bool wild, relevant = false;
	enum issue_verdict worst = ISSUE_OTHERS;
	const char *property;
	char named[161] = "";

	TRY(check_readable(rdata, n, name, &wild, e));
	property = who->wildcard && wild ? "issuewild" : "issue";
	for (size_t i = 0; i < n; i++) {
		struct caa_record r;
		enum issue_verdict v;

		TRY(caa_parse(rdata[i], &r, e));
		if (strcmp(r.tag, property) != 0)
			continue;
		relevant = true;
		v = judge_issue(r.value, who);
		if (v == ISSUE_US)
			return ACSR_OK;
		worst = v != ISSUE_OTHERS ? v : worst;
		add_who(named, sizeof(named), r.value);
	}
	return relevant ? forbid(e, name, property, named, worst, who) : ACSR_OK;
}
