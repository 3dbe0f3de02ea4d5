/* Small JSON helpers. */
#include "core/jsontext.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"

void json_dumps_free(char *text)
{
	json_free_t release;

	json_get_alloc_funcs(NULL, &release);
	if (text != NULL)
		release(text);
}

enum acsr_result json_text(json_t *v, char **out, struct acsr_err *e)
{
	char *text = json_dumps(v, JSON_COMPACT);
	enum acsr_result r = text != NULL ? str_dup(out, text, e) : err_nomem(e);

	json_dumps_free(text);
	json_decref(v);
	return r;
}

json_t *json_time(int64_t t)
{
	char text[21];

	if (t == 0)
		return json_null();
	clock_rfc3339(t, text);
	return json_string(text);
}

json_t *json_text_or_null(const char *s)
{
	return s != NULL && *s != '\0' ? json_string(s) : json_null();
}

void json_members(json_t *object, char *out, size_t cap)
{
	const char *name;
	size_t n = 0;
	json_t *v;

	*out = '\0';
	json_object_foreach(object, name, v)
	{
		if (n + strlen(name) + 2 > cap)
			return;
		n += (size_t)snprintf(out + n, cap - n, "%s%s", n > 0 ? " " : "", name);
	}
}
