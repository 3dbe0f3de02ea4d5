/* The verdict on a name: one small function a rule, in the order in which a person would want to hear of it.
 */
#include "autocsr/name.h"

#include <stdio.h>
#include <string.h>

#include "base/ascii.h"
#include "base/limits.h"
#include "base/str.h"
#include "dnssyntax.h"
#include "name_int.h"

/* Top-level domains that never lead to a host on the public Internet. */
static const struct {
	const char *domain, *source;
} special[] = {
	{ "test", "RFC 6761" },
	{ "example", "RFC 6761" },
	{ "invalid", "RFC 6761" },
	{ "localhost", "RFC 6761" },
	{ "local", "RFC 6762" },
	{ "onion", "RFC 7686" },
	{ "internal", "ICANN 2024-07-29" },
	{ "alt", "RFC 9476" },
	{ "home.arpa", "RFC 8375" },
};

/* What no name may contain, before anything is looked at as text. */
static enum acsr_result check_bytes(const char *s, size_t len, struct acsr_err *e)
{
	if (len == 0)
		return err_rule(e, "name.empty", NULL, NULL, "an empty name");
	if (memchr(s, '\0', len) != NULL)
		return err_rule(e, "name.control", NULL, "RFC 5280 4.2.1.6", "a NUL in the name");
	if (len > 1000)
		return err_rule(
			e, "name.length", NULL, "RFC 1035 2.3.4", "the name has more than 253 characters");
	if (!str_is_utf8(s, len))
		return err_rule(e, "name.utf8", NULL, "RFC 3629", "the name is not UTF-8");
	if (idn_has_invisible(s, len))
		return err_rule(e, "name.control", NULL, "RFC 5891 4.2.2",
			"a control, invisible or direction-changing character in the name");
	if (idn_has_space(s, len))
		return err_rule(e, "name.space", NULL, NULL, "a blank in the name");
	return ACSR_OK;
}

static enum acsr_result check_url(const char *s, struct acsr_err *e)
{
	if (strpbrk(s, "/?#@:\\") != NULL)
		return err_rule(e, "name.url", NULL, NULL,
			"this is a URL, a port or an e-mail address; give the host name alone");
	return ACSR_OK;
}

static bool has_non_ascii(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s >= 0x80)
			return true;
	return false;
}

/* To lower-case A-labels; `out` needs 256 bytes. */
static enum acsr_result canonical(const char *s, char *out, struct acsr_err *e)
{
	if (has_non_ascii(s)) {
		TRY(idn_to_ascii(s, out, e));
		return dnssyntax_check(out, e);
	}
	TRY(dnssyntax_check(s, e));
	snprintf(out, 256, "%s", s);
	str_lower(out);
	return ACSR_OK;
}

/* A top-level domain that a browser would take for a piece of an IPv4 address. */
static enum acsr_result check_tld(const char *s, struct acsr_err *e)
{
	const char *tld = strrchr(s, '.');

	tld = tld != NULL ? tld + 1 : s;
	if (tld[strspn(tld, "0123456789")] == '\0' ||
		(strncmp(tld, "0x", 2) == 0 && tld[2 + strspn(tld + 2, "0123456789abcdef")] == '\0'))
		return err_rule(e, "name.numeric-tld", NULL, "RFC 3696 2",
			"the last part of the name is a number, as if it were an IP address");
	return ACSR_OK;
}

static enum acsr_result check_reverse(const char *s, struct acsr_err *e)
{
	if (dnssyntax_below(s, "in-addr.arpa") || dnssyntax_below(s, "ip6.arpa"))
		return err_rule(e, "name.reverse", NULL, "BR 7.1.2.7.12", "a name in a reverse zone");
	return ACSR_OK;
}

static enum acsr_result check_special(const char *s, struct acsr_err *e)
{
	for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++)
		if (dnssyntax_below(s, special[i].domain))
			return err_rule(e, "name.special", NULL, special[i].source,
				"names under .%s are not on the public Internet; a private CA can certify "
				"them",
				special[i].domain);
	return ACSR_OK;
}

/* No bare suffix, no wildcard directly above one; for public certificates a known top-level domain. */
static enum acsr_result check_suffix(
	const struct acsr_name *n, const char *base, enum acsr_name_policy policy, struct acsr_err *e)
{
	bool wildcard = n->kind == ACSR_NAME_WILDCARD;

	if (wildcard && (suffix_is_public(base) || strchr(base, '.') == NULL))
		return err_rule(e, "name.wildcard.suffix", NULL, "BR 3.2.2.6",
			"a wildcard directly above the public suffix %s", base);
	if (suffix_is_public(base))
		return err_rule(
			e, "name.suffix", NULL, "BR 3.2.2.6", "%s is a public suffix, not a domain", base);
	if (policy == ACSR_NAMES_PRIVATE)
		return ACSR_OK;
	if (strchr(base, '.') == NULL || suffix_of(base) == NULL)
		return err_rule(e, "name.internal", NULL, "BR 4.2.2",
			"an internal name: its last part is no top-level domain; a private CA can certify "
			"it");
	return ACSR_OK;
}

static void fill_suffix(struct acsr_name *n, const char *base)
{
	const char *suffix = suffix_of(base), *dot = strrchr(base, '.');

	if (suffix == NULL)
		suffix = dot != NULL ? dot + 1 : "";
	snprintf(n->suffix, sizeof(n->suffix), "%s", suffix);
}

/* `base` is the name without "*.", canonical. */
static enum acsr_result judge(
	struct acsr_name *n, const char *base, enum acsr_name_policy policy, struct acsr_err *e)
{
	char unicode[1000];

	TRY(idn_to_unicode(base, unicode, e));
	TRY(check_tld(base, e));
	TRY(check_reverse(base, e));
	if (policy == ACSR_NAMES_PUBLIC)
		TRY(check_special(base, e));
	TRY(check_suffix(n, base, policy, e));
	n->warnings = idn_warnings(unicode);
	fill_suffix(n, base);
	snprintf(n->unicode, sizeof(n->unicode), "%s%s", n->kind == ACSR_NAME_WILDCARD ? "*." : "", unicode);
	return ACSR_OK;
}

static enum acsr_result check_host(
	const char *s, enum acsr_name_policy policy, struct acsr_name *out, struct acsr_err *e)
{
	struct acsr_name n = { .kind = ACSR_NAME_DNS };
	char base[256];

	if (strncmp(s, "*.", 2) == 0 || strcmp(s, "*") == 0) {
		n.kind = ACSR_NAME_WILDCARD;
		if (s[1] == '\0' || s[2] == '\0')
			return err_rule(e, "name.wildcard.position", NULL, "BR 1.6.1",
				"a wildcard needs a domain after it, as in *.example.com");
		s += 2;
	}
	TRY(canonical(s, base, e));
	if (strlen(base) + (n.kind == ACSR_NAME_WILDCARD ? 2 : 0) > LIMIT_DNS_NAME)
		return err_rule(
			e, "name.length", NULL, "RFC 1035 2.3.4", "the name has more than 253 characters");
	snprintf(n.ascii, sizeof(n.ascii), "%s%.253s", n.kind == ACSR_NAME_WILDCARD ? "*." : "", base);
	TRY(judge(&n, base, policy, e));
	*out = n;
	return ACSR_OK;
}

enum acsr_result acsr_name_check(
	const char *s, size_t len, enum acsr_name_policy policy, struct acsr_name *out, struct acsr_err *e)
{
	CLEANUP_STR char *text = NULL;
	enum acsr_result r;

	TRY(check_bytes(s, len, e));
	TRY(str_printf(&text, e, "%.*s", (int)len, s));
	if (nameip_check(text, policy, out, &r, e))
		return r;
	TRY(check_url(text, e));
	return check_host(text, policy, out, e);
}

static bool is_address(const char *s)
{
	return strchr(s, ':') != NULL || s[strspn(s, "0123456789.")] == '\0';
}

bool acsr_name_covers(const char *pattern, const char *host)
{
	const char *dot = strchr(host, '.');

	if (ascii_casecmp(pattern, host) == 0)
		return true;
	if (strncmp(pattern, "*.", 2) != 0 || dot == NULL || dot == host || host[0] == '*' ||
		is_address(host))
		return false;
	return ascii_casecmp(pattern + 2, dot + 1) == 0;
}

enum acsr_result acsr_name_registrable(const char *ascii, char out[256], struct acsr_err *e)
{
	const char *base = strncmp(ascii, "*.", 2) == 0 ? ascii + 2 : ascii;
	const char *suffix = suffix_of(base), *p;

	if (suffix == NULL)
		suffix = strrchr(base, '.') != NULL ? strrchr(base, '.') + 1 : base;
	if (suffix == base || strlen(base) > LIMIT_DNS_NAME)
		return err_rule(
			e, "name.suffix", NULL, "BR 3.2.2.6", "%.100s has no domain below its suffix", base);
	for (p = suffix - 1; p > base && p[-1] != '.'; p--)
		;
	snprintf(out, 256, "%s", p);
	return ACSR_OK;
}
