/* The marks of last time are kept in the database, one a line. */
#include "core/settings.h"

#include <stdlib.h>
#include <string.h>

#include "store/meta.h"

enum { MARKS_MAX = 64 * 1024, NAMES_MAX = 900 };

static const char kept[] = "settings";

struct told {
	struct buf marks;
};

static void told_free(void *arg)
{
	struct told *t = arg;

	buf_free(&t->marks);
	free(t);
}

/* Is this line (without its end) one of the text's? */
static bool has_line(const char *text, const char *line, size_t n)
{
	for (const char *p = text; *p != '\0'; p += strcspn(p, "\n") + 1)
		if (strncmp(p, line, n) == 0 && p[n] == '\n')
			return true;
	return false;
}

/* The names of lines in `these` that are not in `those`, as far as they fit. */
static enum acsr_result put_new(struct buf *names, const char *these, const char *those, struct acsr_err *e)
{
	for (const char *p = these; *p != '\0'; p += strcspn(p, "\n") + 1) {
		size_t n = strcspn(p, "\n"), name = strcspn(p, "=");

		if (!has_line(those, p, n) && names->len + name + 2 < NAMES_MAX)
			TRY(buf_printf(names, e, "%s%.*s", names->len > 0 ? " " : "", (int)name, p));
	}
	return ACSR_OK;
}

static enum acsr_result note(struct core *c, void *arg, struct acsr_err *e)
{
	struct told *t = arg;
	CLEANUP_STR char *before = NULL;
	CLEANUP_BUF struct buf names = { 0 };
	const char *now = buf_cstr(&t->marks);

	buf_init(&names, NAMES_MAX + 1);
	TRY(meta_load(c->db, kept, &before, e));
	if (strcmp(before, now) == 0)
		return ACSR_OK;
	TRY(meta_save(c->db, kept, now, e));
	if (*before == '\0')
		return core_audit(c, "operator", "", "settings.noted", "", e, "for the first time");
	TRY(put_new(&names, now, before, e));
	return core_audit(c, "operator", "", "settings.changed", "", e, "%s", buf_cstr(&names));
}

void settings_told(struct core *c, const struct msg_settings *m)
{
	struct told *t = calloc(1, sizeof(*t));
	struct acsr_err e;

	if (t == NULL)
		abort();
	buf_init(&t->marks, MARKS_MAX);
	for (size_t i = 0; i < m->marks.n; i++)
		if (buf_printf(&t->marks, &e, "%s\n", m->marks.v[i]) != ACSR_OK)
			abort();
	if (buf_printf(&t->marks, &e, "software.version=%s\n", AUTOCSR_VERSION) != ACSR_OK)
		abort();
	core_step(c, NULL, note, t, told_free);
}
