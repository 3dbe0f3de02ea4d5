/* One event, one line, one write. */
#include "base/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"

enum { LINE_MAX_BYTES = 8192 };

static const char *role_name = "autocsr";
static enum log_level least_level = LOG_INFO;

struct line {
	char s[LINE_MAX_BYTES];
	size_t n;
};

enum log_level log_level_named(const char *name)
{
	static const char *const names[] = { "debug", "info", "warn", "error" };

	for (size_t i = 0; i < 4; i++)
		if (strcmp(names[i], name) == 0)
			return (enum log_level)i;
	return LOG_INFO;
}

void log_init(const char *role, enum log_level least)
{
	role_name = role;
	least_level = least;
}

/* Room is always kept for what closes a value and the line. */
static bool fits(const struct line *l, size_t n)
{
	return l->n + n + 4 < sizeof(l->s);
}

static void put(struct line *l, const char *s, size_t n)
{
	memcpy(l->s + l->n, s, n);
	l->n += n;
}

/* One character of s as JSON into esc: *used bytes were read, the result is the number written. */
static size_t escape(const char *s, char esc[16], size_t *used)
{
	unsigned char c = (unsigned char)*s;
	char one[5] = { 0 };
	unsigned code;

	*used = c < 0x80 ? 1 : c >> 5 == 6 ? 2 : c >> 4 == 14 ? 3 : 4;
	memcpy(one, s, strnlen(s, *used));
	if (!str_is_utf8(one, strlen(one))) {
		*used = 1;
		return (size_t)snprintf(esc, 16, "\\ufffd");
	}
	if (c == '"' || c == '\\')
		return (size_t)snprintf(esc, 16, "\\%c", c);
	if (!str_has_control(one))
		return (size_t)snprintf(esc, 16, "%s", one);
	code = *used == 1 ? c : *used == 2 ? c & 0x1fu : c & 0xfu;
	for (size_t i = 1; i < *used; i++)
		code = code << 6 | ((unsigned char)one[i] & 0x3fu);
	return (size_t)snprintf(esc, 16, "\\u%04x", code & 0xffffu);
}

/* How many characters stand for themselves: most. */
static size_t plain(const char *s)
{
	size_t n = 0;

	while (s[n] >= 0x20 && s[n] < 0x7f && s[n] != '"' && s[n] != '\\')
		n++;
	return n;
}

/* What does not fit is cut between two characters. */
static void put_json(struct line *l, const char *s)
{
	size_t used;

	put(l, "\"", 1);
	for (; *s != '\0'; s += used) {
		char esc[16];
		size_t n = plain(s), room = sizeof(l->s) - 5 - l->n;

		used = n < room ? n : room;
		put(l, s, used);
		if (n > room)
			break;
		if (n > 0)
			continue;
		n = escape(s, esc, &used);
		if (!fits(l, n))
			break;
		put(l, esc, n);
	}
	put(l, "\"", 1);
}

/* A pair whose name does not fit is left out. */
static void put_pair(struct line *l, const char *name, const char *value)
{
	if (!fits(l, strlen(name) + 16))
		return;
	if (l->n > 1)
		put(l, ",", 1);
	put_json(l, name);
	put(l, ":", 1);
	if (value != NULL)
		put_json(l, value);
	else
		put(l, "null", 4);
}

static void start(struct line *l, enum log_level level, const char *event)
{
	static const char *const names[] = { "debug", "info", "warn", "error" };
	char at[21];

	clock_rfc3339(clock_now(), at);
	l->n = 0;
	put(l, "{", 1);
	put_pair(l, "time", at);
	put_pair(l, "level", names[level]);
	put_pair(l, "role", role_name);
	put_pair(l, "event", event);
}

static void finish(struct line *l)
{
	memcpy(l->s + l->n, "}\n", 2);
	l->n += 2;
	/* A log that cannot be written must not stop the service. */
	if (write(STDERR_FILENO, l->s, l->n) < 0)
		return;
}

void log_event(enum log_level level, const char *event, ...)
{
	struct line l;
	const char *name;
	va_list ap;

	if (level < least_level)
		return;
	start(&l, level, event);
	va_start(ap, event);
	while ((name = va_arg(ap, const char *)) != NULL)
		put_pair(&l, name, va_arg(ap, const char *));
	va_end(ap);
	finish(&l);
}

void log_error(enum log_level level, const char *event, const struct acsr_err *e)
{
	log_event(level, event, "error", e->id, "text", e->text, "field", e->field, NULL);
}
