/* RFC 3986, cut down to what a validation redirect may be (BR 3.2.2.4.18: http or https, nothing fancy). */
#include "prober/url.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "prober/show.h"

#define BR_REDIRECT "BR 3.2.2.4.18"

static enum acsr_result refuse(struct acsr_err *e, const char *location, const char *why)
{
	char shown[161];

	show_text(location, shown, sizeof(shown));
	return err_rule(e, "validation.http.redirect", NULL, BR_REDIRECT,
		"the redirect to \"%s\" is refused: %s; redirect to a plain http or https URL of a public "
		"host",
		shown, why);
}

static bool label_chars(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char c = s[i];

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'))
			return false;
	}
	return n > 0 && n <= LIMIT_DNS_LABEL && s[0] != '-' && s[n - 1] != '-';
}

/* Lower-case labels, at least two of them. */
static bool host_is_name(const char *host)
{
	size_t labels = 0;

	for (const char *p = host;;) {
		size_t n = strcspn(p, ".");

		if (!label_chars(p, n))
			return false;
		labels++;
		if (p[n] == '\0')
			return labels >= 2;
		p += n + 1;
	}
}

/* Fill host, literal and addr from `host` (n bytes, brackets already gone); NULL when it is fine. */
static const char *set_host(struct url *u, const char *host, size_t n, bool bracketed)
{
	if (n == 0)
		return "it has no host";
	if (n > LIMIT_DNS_NAME + 1)
		return "the host is too long";
	for (size_t i = 0; i < n; i++)
		u->host[i] = (char)tolower((unsigned char)host[i]);
	if (!bracketed && u->host[n - 1] == '.')
		n--;
	u->host[n] = '\0';
	if (n > LIMIT_DNS_NAME)
		return "the host is too long";
	if (bracketed || netaddr_is_numeric_host(u->host)) {
		u->literal = true;
		if (!netaddr_parse(u->host, &u->addr) || (u->addr.family == AF_INET6) != bracketed)
			return "the host is a number that is not a plain IP address";
		netaddr_print(&u->addr, u->host);
		return NULL;
	}
	return host_is_name(u->host) ? NULL : "the host is not a public DNS name";
}

/* ":8080" or "" or ":" up to n bytes. */
static const char *set_port(struct url *u, const char *s, size_t n)
{
	unsigned long port = 0;

	u->port = u->https ? 443 : 80;
	if (n <= 1)
		return n == 0 || *s == ':' ? NULL : "something stands behind the host";
	if (*s != ':' || n > 6)
		return "the port is not valid";
	for (size_t i = 1; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return "the port is not valid";
		port = port * 10 + (unsigned long)(s[i] - '0');
	}
	if (port == 0 || port > 65535)
		return "the port is not valid";
	u->port = (uint16_t)port;
	return NULL;
}

static const char *set_authority(struct url *u, const char *s, size_t n)
{
	const char *why;
	size_t host;

	if (memchr(s, '@', n) != NULL)
		return "it carries a user name or password";
	if (n > 0 && *s == '[') {
		const char *close = memchr(s, ']', n);

		if (close == NULL)
			return "a bracket is missing";
		host = (size_t)(close - s) + 1;
		why = set_host(u, s + 1, host - 2, true);
	} else {
		const char *colon = memchr(s, ':', n);

		host = colon != NULL ? (size_t)(colon - s) : n;
		why = set_host(u, s, host, false);
	}
	return why != NULL ? why : set_port(u, s + host, n - host);
}

/* prefix (n bytes) and then s up to its fragment. */
static const char *set_path(struct url *u, const char *prefix, size_t n, const char *s)
{
	size_t m = strcspn(s, "#");

	if (n + m >= URL_PATH)
		return "it is too long";
	memmove(u->path, prefix, n);
	memcpy(u->path + n, s, m);
	u->path[n + m] = '\0';
	return NULL;
}

/* "scheme" before ':' that is not part of a path; 0: a relative reference. */
static size_t scheme_length(const char *s)
{
	size_t n = 0;

	if (!isalpha((unsigned char)*s))
		return 0;
	while (isalnum((unsigned char)s[n]) || s[n] == '+' || s[n] == '-' || s[n] == '.')
		n++;
	return s[n] == ':' ? n : 0;
}

static const char *parse_after_scheme(struct url *u, const char *s)
{
	size_t n;
	const char *why;

	if (strncmp(s, "//", 2) != 0)
		return "it has no host";
	s += 2;
	n = strcspn(s, "/?#");
	why = set_authority(u, s, n);
	if (why != NULL)
		return why;
	return set_path(u, "/", s[n] == '/' ? 0 : 1, s + n);
}

static const char *parse_relative(struct url *u, const struct url *base, const char *s)
{
	size_t keep = strcspn(base->path, "?");

	*u = *base;
	if (*s == '/')
		return set_path(u, "", 0, s);
	if (*s == '\0' || *s == '#')
		return NULL;
	if (*s == '?')
		return set_path(u, base->path, keep, s);
	while (keep > 0 && base->path[keep - 1] != '/')
		keep--;
	return set_path(u, base->path, keep, s);
}

static const char *parse(struct url *u, const struct url *base, const char *s)
{
	size_t scheme = scheme_length(s);

	for (const char *p = s; *p != '\0'; p++)
		if (*p <= 0x20 || *p >= 0x7f || *p == '\\')
			return "it holds a character that no URL may hold";
	if (scheme == 0 && strncmp(s, "//", 2) != 0)
		return parse_relative(u, base, s);
	if (scheme == 0)
		u->https = base->https;
	else if (scheme == 4 && strncasecmp(s, "http", 4) == 0)
		u->https = false;
	else if (scheme == 5 && strncasecmp(s, "https", 5) == 0)
		u->https = true;
	else
		return "it is neither http nor https";
	return parse_after_scheme(u, scheme == 0 ? s : s + scheme + 1);
}

enum acsr_result url_follow(struct url *out, const struct url *base, const char *location, struct acsr_err *e)
{
	struct url u = { 0 };
	const char *why = parse(&u, base, location);

	if (why != NULL)
		return refuse(e, location, why);
	*out = u;
	return ACSR_OK;
}

enum acsr_result url_make(
	struct url *out, const char *name, uint16_t port, const char *path, struct acsr_err *e)
{
	struct url u = { .port = port };
	char shown[128];
	const char *why = set_host(&u, name, strlen(name), strchr(name, ':') != NULL);

	show_text(name, shown, sizeof(shown));
	if (why != NULL)
		return err_rule(e, "validation.http.name", "name", "BR 3.2.2.4.18",
			"\"%s\" cannot be asked over http: %s", shown, why);
	if (*path != '/' || strlen(path) >= URL_PATH || strchr(path, '#') != NULL)
		return err_set(e, "validation.http.path", "the path to look at must begin with a slash");
	for (const char *p = path; *p != '\0'; p++)
		if (*p <= 0x20 || *p >= 0x7f)
			return err_set(
				e, "validation.http.path", "the path holds a character that no URL may hold");
	snprintf(u.path, sizeof(u.path), "%s", path);
	*out = u;
	return ACSR_OK;
}

void url_print(const struct url *u, char out[URL_TEXT])
{
	bool v6 = u->literal && u->addr.family == AF_INET6;
	char port[8] = "";

	if (u->port != (u->https ? 443 : 80))
		snprintf(port, sizeof(port), ":%u", (unsigned)u->port);
	snprintf(out, URL_TEXT, "%s://%s%s%s%s%s", u->https ? "https" : "http", v6 ? "[" : "", u->host,
		v6 ? "]" : "", port, u->path);
}
