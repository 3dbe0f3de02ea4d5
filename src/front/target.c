/* One rule, one function; the first that does not hold refuses. */
#include "front/target.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

static enum acsr_result refuse(struct acsr_err *e, const char *source, const char *what)
{
	return err_rule(e, "request.target", "target", source, "%s", what);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The value of "%XY", -1 when it is none. */
static int escaped(const char *s)
{
	int high = hex_digit(s[1]);
	int low = high < 0 ? -1 : hex_digit(s[2]);

	return low < 0 ? -1 : high << 4 | low;
}

static bool path_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("/-._~!$&'()*+,;=:@", c) != NULL);
}

/* Browsers send more than RFC 3986 permits here; what could break a log or a header is still refused. */
static bool query_char(char c)
{
	return c > ' ' && c < 0x7f && strchr("#\"<>\\^`", c) == NULL;
}

static enum acsr_result decode_path(const char *s, size_t n, char *out, struct acsr_err *e)
{
	size_t o = 0;

	for (size_t i = 0; i < n; i++) {
		int c = (unsigned char)s[i];

		if (c == '%') {
			c = escaped(s + i);
			if (c < 0)
				return refuse(e, "RFC 3986 2.1", "a percent sign without two hex digits");
			if (c == 0 || c == '/' || c == '\\')
				return refuse(e, "", "an encoded slash, backslash or NUL in the path");
			i += 2;
		} else if (!path_char(s[i])) {
			return refuse(
				e, "RFC 3986 3.3", "a character that must be percent-encoded in a path");
		}
		out[o++] = (char)c;
	}
	out[o] = '\0';
	return ACSR_OK;
}

static enum acsr_result check_text(const char *path, struct acsr_err *e)
{
	if (!str_is_utf8(path, strlen(path)))
		return refuse(e, "RFC 3629", "the path is not UTF-8");
	if (str_has_control(path))
		return refuse(e, "", "a control character in the path");
	return ACSR_OK;
}

static enum acsr_result check_segments(const char *path, struct acsr_err *e)
{
	for (const char *s = path + 1;;) {
		size_t n = strcspn(s, "/");

		if (n == 0 && *s == '/')
			return refuse(e, "", "an empty segment in the path");
		if ((n == 1 && s[0] == '.') || (n == 2 && s[0] == '.' && s[1] == '.'))
			return refuse(e, "RFC 3986 5.2.4", "a dot segment in the path");
		if (s[n] == '\0')
			return ACSR_OK;
		s += n + 1;
	}
}

static enum acsr_result check_query(const char *q, struct acsr_err *e)
{
	if (strlen(q) > TARGET_QUERY_MAX)
		return err_rule(e, "request.target.long", "target", "", "the query is longer than %d bytes",
			TARGET_QUERY_MAX);
	for (; *q != '\0'; q++) {
		if (!query_char(*q))
			return refuse(
				e, "RFC 3986 3.4", "a character that must be percent-encoded in a query");
		if (*q == '%' && escaped(q) < 0)
			return refuse(e, "RFC 3986 2.1", "a percent sign without two hex digits");
		if (*q == '%' && escaped(q) == 0)
			return refuse(e, "", "an encoded NUL in the query");
	}
	return ACSR_OK;
}

static enum acsr_result read_path(const char *s, size_t n, char **path, struct acsr_err *e)
{
	CLEANUP_STR char *out = NULL;

	if (n > TARGET_PATH_MAX)
		return err_rule(e, "request.target.long", "target", "", "the path is longer than %d bytes",
			TARGET_PATH_MAX);
	out = malloc(n + 1);
	if (out == NULL)
		return err_nomem(e);
	TRY(decode_path(s, n, out, e));
	TRY(check_text(out, e));
	TRY(check_segments(out, e));
	*path = out;
	out = NULL;
	return ACSR_OK;
}

enum acsr_result target_read(const char *target, char **path, char **query, struct acsr_err *e)
{
	CLEANUP_STR char *p = NULL;
	size_t n = strcspn(target, "?");

	if (target[0] != '/')
		return refuse(e, "RFC 9112 3.2.1", "the target must start with a slash");
	TRY(read_path(target, n, &p, e));
	if (target[n] == '?')
		n++;
	TRY(check_query(target + n, e));
	TRY(str_dup(query, target + n, e));
	*path = p;
	p = NULL;
	return ACSR_OK;
}
