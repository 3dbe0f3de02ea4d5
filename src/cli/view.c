/* Lines about findings, and the small things that commands do with their results. */
#include "cli/view.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "cli/say.h"

const char *view_str(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s != NULL ? s : "";
}

char *view_join(const json_t *list)
{
	size_t n = json_array_size(list);
	struct acsr_err e = { 0 };
	char *out = NULL;
	struct buf b;

	buf_init(&b, 1024 * 1024);
	for (size_t i = 0; i < n; i++) {
		const char *item = json_string_value(json_array_get(list, i));

		if (buf_printf(&b, &e, "%s%s", i > 0 ? ", " : "", item != NULL ? item : "") != ACSR_OK)
			break; /* a list longer than a megabyte is cut */
	}
	if (str_dup(&out, buf_cstr(&b), &e) != ACSR_OK || err_is(&e, "sys.nomem"))
		say_lost();
	buf_free(&b);
	return out;
}

static void show_finding(const json_t *f)
{
	const char *field = view_str(f, "field"), *source = view_str(f, "source");

	say("%-4s  %s: %s%s%s%s%s%s", view_str(f, "result"), view_str(f, "id"), field,
		field[0] != '\0' ? ": " : "", view_str(f, "text"), source[0] != '\0' ? " [" : "", source,
		source[0] != '\0' ? "]" : "");
	if (view_str(f, "remedy")[0] != '\0' && strcmp(view_str(f, "result"), "pass") != 0)
		say("      remedy: %s", view_str(f, "remedy"));
}

/* The worst last, where the eye is. */
void view_show_findings(const json_t *findings)
{
	static const char *const results[] = { "pass", "info", "warn", "fail" };
	size_t n[4] = { 0 };

	for (size_t k = 0; k < 4; k++)
		for (size_t i = 0; i < json_array_size(findings); i++) {
			const json_t *f = json_array_get(findings, i);

			if (strcmp(view_str(f, "result"), results[k]) != 0)
				continue;
			show_finding(f);
			n[k]++;
		}
	say("\n%zu passed, %zu notes, %zu warnings, %zu failed", n[0], n[1], n[2], n[3]);
}
