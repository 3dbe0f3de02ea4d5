/* Printing, with everything foreign made harmless. */
#include "cli/say.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "pki/name_int.h"
#include "pki/show.h"

#define LABEL_WIDTH 16

/* Something that was to be printed could not be made for want of memory; say_result tells. */
static bool lost;

void say_lost(void)
{
	lost = true;
}

bool say_was_lost(void)
{
	return lost;
}

/* Length of the UTF-8 sequence at s (n bytes left) and its code point; 0 when it is not one. */
static size_t decode(const unsigned char *s, size_t n, unsigned *cp)
{
	size_t len = s[0] < 0x80 ? 1 : s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;

	if (len > n || !str_is_utf8((const char *)s, len))
		return 0;
	*cp = len == 1 ? s[0] : s[0] & (0xffU >> (len + 1));
	for (size_t i = 1; i < len; i++)
		*cp = *cp << 6 | (s[i] & 0x3f);
	return len;
}

/* What is spelled out takes at most six bytes for each of its own. */
static size_t spell(char *out, const unsigned char *p, size_t len, unsigned cp)
{
	if (len == 0) {
		snprintf(out, 7, "\\x%02x", p[0]);
		return strlen(out);
	}
	if (!idn_has_invisible((const char *)p, len)) {
		memcpy(out, p, len);
		return len;
	}
	snprintf(out, 11, cp > 0xffff ? "\\U%08x" : "\\u%04x", cp & 0x1fffff);
	return strlen(out);
}

char *say_safe(const char *s)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t n = strlen(s), at = 0;
	char *out = malloc(n * 6 + 8);

	if (out == NULL) {
		say_lost();
		return NULL;
	}
	for (size_t i = 0; i < n;) {
		unsigned cp = 0;
		size_t len = decode(p + i, n - i, &cp);

		at += spell(out + at, p + i, len, cp);
		i += len > 0 ? len : 1;
	}
	out[at] = '\0';
	return out;
}

static bool copy_members(json_t *out, const json_t *v)
{
	const char *key;
	json_t *item;

	json_object_foreach((json_t *)v, key, item)
	{
		CLEANUP_STR char *k = say_safe(key);

		if (k == NULL || json_object_set_new(out, k, say_safe_json(item)) != 0)
			return false;
	}
	return true;
}

static bool copy_elements(json_t *out, const json_t *v)
{
	for (size_t i = 0; i < json_array_size(v); i++)
		if (json_array_append_new(out, say_safe_json(json_array_get(v, i))) != 0)
			return false;
	return true;
}

json_t *say_safe_json(const json_t *v)
{
	json_t *out;

	if (json_is_string(v)) {
		CLEANUP_STR char *s = say_safe(json_string_value(v));

		out = json_string(s);
	} else {
		out = json_is_object(v)  ? json_object()
		      : json_is_array(v) ? json_array()
					 : json_copy((json_t *)v);
		if (out != NULL && !(json_is_object(v) ? copy_members(out, v) : copy_elements(out, v))) {
			json_decref(out);
			out = NULL;
		}
	}
	if (out == NULL)
		say_lost();
	return out;
}

void say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

void say_field(const char *label, const char *value)
{
	if (value != NULL && value[0] != '\0')
		say("%-*s %s", LABEL_WIDTH, label, value);
}

void say_progress(const char *fmt, ...)
{
	CLEANUP_STR char *line = NULL;
	CLEANUP_STR char *safe = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&line, fmt, ap) < 0)
		line = NULL;
	va_end(ap);
	safe = line != NULL ? say_safe(line) : NULL;
	if (safe == NULL)
		return;
	fprintf(stderr, "autocsr: %s\n", safe);
	fflush(stderr);
}

/* All or nothing. */
static bool print_json(const json_t *v, size_t flags)
{
	CLEANUP_STR char *text = NULL;

	errno = 0; /* jansson leaves a member's name out that it has no memory for */
	text = json_dumps(v, flags | JSON_ENSURE_ASCII);
	if (text == NULL || errno == ENOMEM) {
		say_lost();
		return false;
	}
	return puts(text) != EOF;
}

static void show(struct cli *c, const json_t *result)
{
	json_t *safe = say_safe_json(result);

	if (safe != NULL)
		c->cmd->show(c, safe);
	json_decref(safe);
}

void say_line(struct cli *c, const json_t *result)
{
	c->streamed = true;
	if (c->json)
		(void)print_json(result, JSON_COMPACT);
	else
		show(c, result);
}

enum acsr_result say_result(struct cli *c, struct acsr_err *e)
{
	bool ok = true;

	if (c->streamed)
		ok = !ferror(stdout);
	else if (c->json)
		ok = print_json(c->result, JSON_INDENT(2));
	else if (c->raw.len > 0)
		ok = fwrite(c->raw.p, 1, c->raw.len, stdout) == c->raw.len;
	else if (c->cmd->show != NULL)
		show(c, c->result);
	if (lost)
		return err_nomem(e);
	if (fflush(stdout) != 0 || ferror(stdout) || !ok)
		return err_set(e, "sys.write", "cannot write to standard output");
	return ACSR_OK;
}

json_t *say_problem(const struct acsr_err *e)
{
	json_t *raw = show_problem(e), *safe = raw != NULL ? say_safe_json(raw) : NULL;

	json_decref(raw);
	return safe;
}

/* What is said when there is no memory to say anything else. */
static const char no_memory[] = "out of memory";

static void error_json(const struct acsr_err *e)
{
	json_t *o = say_problem(e);

	if (o == NULL || !print_json(o, JSON_INDENT(2)))
		printf("{\"type\": \"urn:autocsr:error:sys.nomem\", \"title\": \"the system refused\", "
		       "\"status\": 500, "
		       "\"detail\": \"%s\", \"exit_code\": %d}\n",
			no_memory, err_face("sys.nomem")->exit_code);
	json_decref(o);
}

static void error_text(const struct acsr_err *e)
{
	CLEANUP_STR char *text = say_safe(e->text);
	CLEANUP_STR char *field = say_safe(e->field);
	CLEANUP_STR char *source = say_safe(e->source);

	fprintf(stderr, "autocsr: %s\n", text != NULL ? text : no_memory);
	if (field != NULL && field[0] != '\0')
		fprintf(stderr, "  field   %s\n", field);
	if (source != NULL && source[0] != '\0')
		fprintf(stderr, "  source  %s\n", source);
	fprintf(stderr, "  error   %s\n", e->id);
}

void say_error(bool json, const struct acsr_err *e)
{
	if (json)
		error_json(e);
	else
		error_text(e);
}
