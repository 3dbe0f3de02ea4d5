/* Shortening and cleaning of a command's output. */
#include "hook/said.h"

#include <string.h>

#include "base/str.h"

struct saying {
	char *out;
	size_t n;
	int lines;
	bool between; /* a line has ended, the next one has not begun */
};

static void put(struct saying *s, const char *p, size_t n)
{
	if (s->n + n >= SAID_MAX)
		return;
	memcpy(s->out + s->n, p, n);
	s->n += n;
}

static void put_char(struct saying *s, char c)
{
	if (s->between && s->n > 0)
		put(s, " / ", 3);
	s->between = false;
	put(s, &c, 1);
}

void said_short(struct bytes raw, char out[SAID_MAX])
{
	struct saying s = { .out = out };
	bool utf8 = str_is_utf8((const char *)raw.p, raw.len);

	for (size_t i = 0; i < raw.len && s.lines < SAID_LINES && s.n + 4 < SAID_MAX; i++) {
		unsigned char c = raw.p[i];

		if (c == '\n' || c == '\r') {
			s.lines += !s.between && s.n > 0;
			s.between = true;
		} else if (c >= 0x20 && c != 0x7f && (utf8 || c < 0x80)) {
			put_char(&s, (char)c);
		} else {
			put_char(&s, '?');
		}
	}
	out[s.n] = '\0';
	str_whole(out);
	if (str_has_control(out)) /* C1 and what turns the direction of writing */
		for (char *p = out; *p != '\0'; p++)
			if ((unsigned char)*p >= 0x80)
				*p = '?';
}
