/* The little writer of problem documents. */
#include "base/problem.h"

#include <string.h>

#include "base/str.h"

/* Length of the valid UTF-8 sequence at s, 0 when there is none. */
static size_t sequence(const char *s)
{
	for (size_t n = 1; n <= 4; n++) {
		if (s[n - 1] == '\0')
			return 0;
		if (str_is_utf8(s, n))
			return n;
	}
	return 0;
}

static enum acsr_result put_char(struct buf *out, const char *s, size_t n, struct acsr_err *e)
{
	unsigned char c = (unsigned char)*s;

	if (n == 0)
		return buf_putstr(out, "\xef\xbf\xbd", e);
	if (c == '"' || c == '\\')
		return buf_printf(out, e, "\\%c", c);
	if (c < 0x20 || c == 0x7f)
		return buf_printf(out, e, "\\u%04x", c);
	return buf_put(out, s, n, e);
}

enum acsr_result problem_put_json(struct buf *out, const char *s, struct acsr_err *e)
{
	TRY(buf_putstr(out, "\"", e));
	while (*s != '\0') {
		size_t n = sequence(s);

		TRY(put_char(out, s, n, e));
		s += n > 0 ? n : 1;
	}
	return buf_putstr(out, "\"", e);
}

static enum acsr_result member(struct buf *out, const char *name, const char *value, struct acsr_err *e)
{
	if (value == NULL || value[0] == '\0')
		return ACSR_OK;
	TRY(buf_printf(out, e, ",\"%s\":", name));
	return problem_put_json(out, value, e);
}

enum acsr_result problem_write(
	struct buf *out, const struct acsr_err *why, const char *instance, struct acsr_err *e)
{
	const struct err_face *face = err_face(why->id);

	TRY(buf_putstr(out, "{\"type\":\"urn:autocsr:error:", e));
	TRY(buf_printf(out, e, "%s\"", why->id));
	TRY(member(out, "title", face->title, e));
	TRY(buf_printf(out, e, ",\"status\":%d", face->http));
	TRY(member(out, "detail", why->text, e));
	TRY(member(out, "field", why->field, e));
	TRY(member(out, "source", why->source, e));
	TRY(member(out, "instance", instance, e));
	return buf_putstr(out, "}\n", e);
}
