/* Strict and lenient reading: where a broken rule goes. */
#include "pki/reading.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"

enum acsr_result reading_found(const struct reading *r, const struct acsr_err *found, struct acsr_err *e)
{
	if (err_is(found, "sys.nomem"))
		return err_nomem(e);
	if (r->broken != NULL)
		return acsr_findings_add_err(r->broken, found, "make the CSR anew", e);
	if (e != NULL)
		*e = *found;
	return ACSR_FAIL;
}

enum acsr_result reading_broken(const struct reading *r, const char *what, const char *field,
	const char *source, struct acsr_err *e, const char *fmt, ...)
{
	struct acsr_err found;
	char id[64], text[sizeof(found.text)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	snprintf(id, sizeof(id), "%s.%s", r->area, what);
	(void)err_rule(&found, id, field, source, "%s", text);
	return reading_found(r, &found, e);
}

enum acsr_result reading_escape(char **out, const uint8_t *p, size_t n, struct acsr_err *e)
{
	char *s = malloc(4 * n + 1), *w = s;

	if (s == NULL)
		return err_nomem(e);
	for (size_t i = 0; i < n; i++) {
		if (p[i] > 0x20 && p[i] < 0x7f && p[i] != '\\')
			*w++ = (char)p[i];
		else
			w += snprintf(w, 5, "\\x%02x", p[i]);
	}
	*w = '\0';
	*out = s;
	return ACSR_OK;
}
