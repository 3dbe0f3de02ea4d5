/* Lists of findings, shared by the key gate, the CSR check and the linter. */
#include "autocsr/finding.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

void acsr_findings_free(struct acsr_findings *l)
{
	free(l->v);
	*l = (struct acsr_findings){ 0 };
}

/* Room for one more, zeroed; NULL when memory is out. */
static struct acsr_finding *append(struct acsr_findings *l)
{
	struct acsr_finding *v = l->v;

	/* room for 1, 2, 4, 8 …: it is full whenever the count is a power of two */
	if ((l->n & (l->n - 1)) == 0)
		v = realloc(l->v, (l->n == 0 ? 1 : 2 * l->n) * sizeof(*v));
	if (v == NULL)
		return NULL;
	l->v = v;
	memset(&v[l->n], 0, sizeof(*v));
	return &v[l->n++];
}

static void put(char *out, size_t cap, const char *s)
{
	snprintf(out, cap, "%s", s != NULL ? s : "");
}

enum acsr_result acsr_findings_add(struct acsr_findings *l, enum acsr_severity severity, const char *id,
	const char *field, const char *source, const char *remedy, struct acsr_err *e, const char *fmt, ...)
{
	struct acsr_finding *f;
	struct acsr_err clean;
	char raw[sizeof(clean.text)];
	va_list ap;

	if (l == NULL)
		return ACSR_OK;
	f = append(l);
	if (f == NULL)
		return err_nomem(e);
	va_start(ap, fmt);
	vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);

	/* Through an error, so that hostile text is escaped the same way everywhere. */
	(void)err_rule(&clean, id, field, source, "%s", raw);
	f->severity = severity;
	put(f->id, sizeof(f->id), clean.id);
	put(f->field, sizeof(f->field), clean.field);
	put(f->source, sizeof(f->source), clean.source);
	put(f->text, sizeof(f->text), clean.text);
	put(f->remedy, sizeof(f->remedy), severity == ACSR_PASS ? "" : remedy);
	return ACSR_OK;
}

enum acsr_result acsr_findings_add_err(
	struct acsr_findings *l, const struct acsr_err *found, const char *remedy, struct acsr_err *e)
{
	return acsr_findings_add(
		l, ACSR_ERROR, found->id, found->field, found->source, remedy, e, "%s", found->text);
}

enum acsr_severity acsr_findings_worst(const struct acsr_findings *l)
{
	enum acsr_severity worst = ACSR_PASS;

	for (size_t i = 0; i < l->n; i++)
		if (l->v[i].severity > worst)
			worst = l->v[i].severity;
	return worst;
}

const struct acsr_finding *acsr_findings_first_error(const struct acsr_findings *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i].severity == ACSR_ERROR)
			return &l->v[i];
	return NULL;
}

const char *acsr_severity_name(enum acsr_severity s)
{
	static const char *const names[] = { "pass", "info", "warn", "fail" };

	return s >= ACSR_PASS && s <= ACSR_ERROR ? names[s] : "?";
}
