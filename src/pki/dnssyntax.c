/* DNS names as ASCII: labels and lengths. */
#include "dnssyntax.h"

#include <string.h>

#include "base/ascii.h"
#include "base/limits.h"

static enum acsr_result check_characters(const char *label, size_t n, struct acsr_err *e)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)label[i];

		if (c == '_')
			return err_rule(e, "name.underscore", NULL, "BR 7.1.2.7.12",
				"an underscore is not allowed in a host name");
		if (c == '*')
			return err_rule(e, "name.wildcard.position", NULL, "BR 1.6.1",
				"a wildcard must be the whole leftmost label, as in *.example.com");
		if (!ascii_alnum(c) && c != '-')
			return err_rule(e, "name.ldh", NULL, "RFC 5890 2.3.1",
				"a host name has letters, digits and hyphens only");
	}
	return ACSR_OK;
}

static enum acsr_result check_label(const char *label, size_t n, struct acsr_err *e)
{
	if (n == 0)
		return err_rule(e, "name.label.empty", NULL, "RFC 1034 3.5",
			"two dots in a row, or a dot at the beginning");
	TRY(check_characters(label, n, e));
	if (n > LIMIT_DNS_LABEL)
		return err_rule(e, "name.label.length", NULL, "RFC 1034 3.1",
			"a part between two dots has more than 63 characters");
	if (label[0] == '-' || label[n - 1] == '-')
		return err_rule(e, "name.ldh", NULL, "RFC 5890 2.3.1",
			"a part of the name begins or ends with a hyphen");
	if (n >= 4 && label[2] == '-' && label[3] == '-' && ascii_ncasecmp(label, "xn", 2) != 0)
		return err_rule(e, "name.hyphens", NULL, "RFC 5890 2.3.1",
			"hyphens at the third and fourth place are reserved");
	return ACSR_OK;
}

enum acsr_result dnssyntax_check(const char *s, struct acsr_err *e)
{
	size_t len = strlen(s);

	if (len == 0)
		return err_rule(e, "name.empty", NULL, NULL, "an empty name");
	if (s[len - 1] == '.')
		return err_rule(e, "name.trailing-dot", NULL, "BR 7.1.2.7.12",
			"the name ends with a dot; leave it out");
	for (const char *label = s;;) {
		size_t n = strcspn(label, ".");

		TRY(check_label(label, n, e));
		if (label[n] == '\0')
			break;
		label += n + 1;
	}
	if (len > LIMIT_DNS_NAME)
		return err_rule(
			e, "name.length", NULL, "RFC 1035 2.3.4", "the name has more than 253 characters");
	return ACSR_OK;
}

enum acsr_result dnssyntax_check_pattern(const char *s, struct acsr_err *e)
{
	if (strcmp(s, "*") == 0 || strcmp(s, "*.") == 0)
		return err_rule(e, "name.wildcard.position", NULL, "BR 1.6.1",
			"a wildcard needs a domain after it, as in *.example.com");
	if (strlen(s) > LIMIT_DNS_NAME)
		return err_rule(
			e, "name.length", NULL, "RFC 1035 2.3.4", "the name has more than 253 characters");
	return dnssyntax_check(strncmp(s, "*.", 2) == 0 ? s + 2 : s, e);
}

bool dnssyntax_below(const char *s, const char *domain)
{
	size_t n = strlen(s), d = strlen(domain);

	if (n < d || ascii_casecmp(s + n - d, domain) != 0)
		return false;
	return n == d || s[n - d - 1] == '.';
}
