/* Printing, with everything foreign made harmless. */
#include "cli/say.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "pki/show.h"

#define LABEL_WIDTH 16

static void *must(void *p)
{
	if (p == NULL)
		abort();
	return p;
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

/* Controls, line and paragraph separators, zero-width and bidi characters, byte order mark. */
static bool harmless(unsigned cp)
{
	if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0))
		return false;
	return !(cp >= 0x200b && cp <= 0x200f) && !(cp >= 0x2028 && cp <= 0x202e) &&
	       !(cp >= 0x2060 && cp <= 0x206f) && cp != 0xfeff && cp != 0x061c;
}

/* Bytes that are spelled out take at most six each. */
static size_t spell(char *out, const unsigned char *p, size_t len, unsigned cp)
{
	if (len == 0) {
		snprintf(out, 7, "\\x%02x", p[0]);
		return strlen(out);
	}
	if (harmless(cp)) {
		memcpy(out, p, len);
		return len;
	}
	snprintf(out, 7, "\\u%04x", cp & 0xffff);
	return strlen(out);
}

char *say_safe(const char *s)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t n = strlen(s), at = 0;
	char *out = must(malloc(n * 6 + 8));

	for (size_t i = 0; i < n;) {
		unsigned cp = 0;
		size_t len = decode(p + i, n - i, &cp);

		at += spell(out + at, p + i, len, cp);
		i += len > 0 ? len : 1;
	}
	out[at] = '\0';
	return out;
}

static json_t *safe_object(const json_t *v)
{
	json_t *out = must(json_object());
	const char *key;
	json_t *item;

	json_object_foreach((json_t *)v, key, item)
	{
		CLEANUP_STR char *k = say_safe(key);

		if (json_object_set_new(out, k, say_safe_json(item)) != 0)
			abort();
	}
	return out;
}

json_t *say_safe_json(const json_t *v)
{
	if (json_is_object(v))
		return safe_object(v);
	if (json_is_array(v)) {
		json_t *out = must(json_array());

		for (size_t i = 0; i < json_array_size(v); i++)
			if (json_array_append_new(out, say_safe_json(json_array_get(v, i))) != 0)
				abort();
		return out;
	}
	if (json_is_string(v)) {
		CLEANUP_STR char *s = say_safe(json_string_value(v));

		return must(json_string(s));
	}
	return must(json_copy((json_t *)v));
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
		abort();
	va_end(ap);
	safe = say_safe(line);
	fprintf(stderr, "autocsr: %s\n", safe);
	fflush(stderr);
}

static bool print_json(const json_t *v)
{
	return json_dumpf(v, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII) == 0 && putchar('\n') != EOF;
}

void say_line(struct cli *c, const json_t *result)
{
	json_t *safe;

	c->streamed = true;
	if (c->json) {
		(void)json_dumpf(result, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
		putchar('\n');
		return;
	}
	safe = say_safe_json(result);
	c->cmd->show(c, safe);
	json_decref(safe);
}

bool say_result(struct cli *c)
{
	bool ok = true;

	if (c->streamed) {
		ok = !ferror(stdout);
	} else if (c->json) {
		ok = print_json(c->result);
	} else if (c->raw.len > 0) {
		ok = fwrite(c->raw.p, 1, c->raw.len, stdout) == c->raw.len;
	} else if (c->cmd->show != NULL) {
		json_t *safe = say_safe_json(c->result);

		c->cmd->show(c, safe);
		json_decref(safe);
	}
	return fflush(stdout) == 0 && !ferror(stdout) && ok;
}

json_t *say_problem(const struct acsr_err *e)
{
	json_t *raw = must(show_problem(e)), *safe = say_safe_json(raw);

	json_decref(raw);
	return safe;
}

static void error_json(const struct acsr_err *e)
{
	json_t *o = say_problem(e);

	print_json(o);
	json_decref(o);
}

static void error_text(const struct acsr_err *e)
{
	CLEANUP_STR char *text = say_safe(e->text);
	CLEANUP_STR char *field = say_safe(e->field);
	CLEANUP_STR char *source = say_safe(e->source);

	fprintf(stderr, "autocsr: %s\n", text);
	if (field[0] != '\0')
		fprintf(stderr, "  field   %s\n", field);
	if (source[0] != '\0')
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
