/* One event, one line, one write. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

enum { LINE_MAX_BYTES = 8192 };

static const char *role_name = "autocsr";
static enum log_level least_level = LOG_INFO;

struct line {
	char s[LINE_MAX_BYTES];
	size_t n;
};

void log_init(const char *role, enum log_level least)
{
	role_name = role;
	least_level = least;
}

static void put(struct line *l, const char *s)
{
	size_t n = strlen(s);

	/* Room is kept for the closing quote, brace and newline. */
	if (l->n + n + 4 < sizeof(l->s)) {
		memcpy(l->s + l->n, s, n);
		l->n += n;
	}
}

static void put_json(struct line *l, const char *s)
{
	put(l, "\"");
	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;
		char esc[8];

		if (c == '"' || c == '\\')
			snprintf(esc, sizeof(esc), "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			snprintf(esc, sizeof(esc), "\\u%04x", c);
		else
			snprintf(esc, sizeof(esc), "%c", c);
		put(l, esc);
	}
	put(l, "\"");
}

static void put_pair(struct line *l, const char *name, const char *value)
{
	put(l, l->n > 1 ? "," : "");
	put_json(l, name);
	put(l, ":");
	if (value != NULL)
		put_json(l, value);
	else
		put(l, "null");
}

static void start(struct line *l, enum log_level level, const char *event)
{
	static const char *const names[] = { "debug", "info", "warn", "error" };
	char at[21];

	clock_rfc3339(clock_now(), at);
	l->n = 0;
	put(l, "{");
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
