/* Errors are values: formatted once, where they are found. */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

/* Copy, showing control characters and what is not UTF-8 as \xNN, so that a hostile name cannot forge a line.
 * What does not fit is cut between two characters. */
static void copy_printable(char *out, size_t cap, const char *in)
{
	size_t o = 0, used;

	for (; *in != '\0'; in += used) {
		unsigned char c = (unsigned char)*in;
		char one[8] = { 0 };

		used = c < 0x80 ? 1 : c >> 5 == 6 ? 2 : c >> 4 == 14 ? 3 : 4;
		memcpy(one, in, strnlen(in, used));
		if (!str_is_utf8(one, strlen(one)) || str_has_control(one)) {
			used = 1;
			snprintf(one, sizeof(one), "\\x%02x", c);
		}
		if (o + strlen(one) >= cap)
			break;
		memcpy(out + o, one, strlen(one));
		o += strlen(one);
	}
	out[o] = '\0';
}

static void fill(struct acsr_err *e, const char *id, const char *field, const char *source, const char *fmt,
	va_list ap)
{
	char raw[sizeof(e->text)];

	if (e == NULL)
		return;
	vsnprintf(raw, sizeof(raw), fmt, ap);
	copy_printable(e->text, sizeof(e->text), raw);
	snprintf(e->id, sizeof(e->id), "%s", id);
	copy_printable(e->field, sizeof(e->field), field != NULL ? field : "");
	copy_printable(e->source, sizeof(e->source), source != NULL ? source : "");
}

enum acsr_result err_set(struct acsr_err *e, const char *id, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fill(e, id, NULL, NULL, fmt, ap);
	va_end(ap);
	return ACSR_FAIL;
}

enum acsr_result err_rule(
	struct acsr_err *e, const char *id, const char *field, const char *source, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fill(e, id, field, source, fmt, ap);
	va_end(ap);
	return ACSR_FAIL;
}

enum acsr_result err_nomem(struct acsr_err *e)
{
	return err_set(e, "sys.nomem", "out of memory");
}

enum acsr_result err_errno(struct acsr_err *e, const char *id, int errnum, const char *fmt, ...)
{
	char what[sizeof(e->text)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	return err_set(e, id, "%s: %s", what, strerror(errnum));
}

void err_at(struct acsr_err *e, const char *fmt, ...)
{
	char raw[sizeof(e->field)];
	va_list ap;

	if (e == NULL || e->field[0] != '\0')
		return;
	va_start(ap, fmt);
	vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	copy_printable(e->field, sizeof(e->field), raw);
}

int err_is(const struct acsr_err *e, const char *id)
{
	size_t n = strlen(id);

	if (n > 0 && id[n - 1] == '.')
		return strncmp(e->id, id, n) == 0;
	return strcmp(e->id, id) == 0;
}
