/* JSON without copies. */
#include "jscan.h"

#include <string.h>

#include "base/ascii.h"
#include "base/str.h"

struct scan {
	const uint8_t *p, *end;
	const char *why; /* the first thing that is wrong */
	unsigned depth;
};

static bool value(struct scan *s, struct jscan_value *out);

static bool bad(struct scan *s, const char *why)
{
	if (s->why == NULL)
		s->why = why;
	return false;
}

static void skip_space(struct scan *s)
{
	while (s->p < s->end && (*s->p == ' ' || *s->p == '\t' || *s->p == '\n' || *s->p == '\r'))
		s->p++;
}

/* The next character, when it is this one. */
static bool take(struct scan *s, char c)
{
	skip_space(s);
	if (s->p == s->end || *s->p != (uint8_t)c)
		return false;
	s->p++;
	return true;
}

static bool escape(struct scan *s)
{
	if (s->p == s->end)
		return bad(s, "a string has no end");
	if (*s->p++ != 'u')
		return memchr("\"\\/bfnrt", s->p[-1], 8) != NULL || bad(s, "there is no such escape");
	for (int i = 0; i < 4; i++, s->p++)
		if (s->p == s->end ||
			!(ascii_digit(*s->p) || ((*s->p | 0x20) >= 'a' && (*s->p | 0x20) <= 'f')))
			return bad(s, "\\u needs four hex digits");
	return true;
}

/* Behind the opening quote. */
static bool string(struct scan *s, struct bytes *body)
{
	const uint8_t *begin = s->p;

	while (s->p < s->end && *s->p != '"') {
		uint8_t c = *s->p++;

		if (c < 0x20)
			return bad(s, "a control character in a string");
		if (c == '\\' && !escape(s))
			return false;
	}
	if (s->p == s->end)
		return bad(s, "a string has no end");
	*body = (struct bytes){ begin, (size_t)(s->p - begin) };
	s->p++;
	return str_is_utf8((const char *)body->p, body->len) || bad(s, "a string is not UTF-8");
}

static bool same(struct bytes a, struct bytes b)
{
	return a.len == b.len && memcmp(a.p, b.p, a.len) == 0;
}

static bool name_is_new(struct scan *s, struct bytes names[JSCAN_MAX_MEMBERS], size_t n, struct bytes name)
{
	if (memchr(name.p, '\\', name.len) != NULL)
		return bad(s, "a member name with an escape is not read");
	if (n == JSCAN_MAX_MEMBERS)
		return bad(s, "an object has more than 64 members");
	for (size_t i = 0; i < n; i++)
		if (same(names[i], name))
			return bad(s, "a member is there twice");
	names[n] = name;
	return true;
}

static bool members(struct scan *s)
{
	struct bytes names[JSCAN_MAX_MEMBERS];
	struct jscan_value v;
	size_t n = 0;

	if (take(s, '}'))
		return true;
	do {
		struct bytes name;

		if (!take(s, '"'))
			return bad(s, "a member name is missing");
		if (!string(s, &name) || !name_is_new(s, names, n++, name))
			return false;
		if (!take(s, ':'))
			return bad(s, "\":\" is missing");
		if (!value(s, &v))
			return false;
	} while (take(s, ','));
	return take(s, '}') || bad(s, "\",\" or \"}\" is missing");
}

static bool elements(struct scan *s)
{
	struct jscan_value v;

	if (take(s, ']'))
		return true;
	do {
		if (!value(s, &v))
			return false;
	} while (take(s, ','));
	return take(s, ']') || bad(s, "\",\" or \"]\" is missing");
}

static bool digits(struct scan *s)
{
	const uint8_t *begin = s->p;

	while (s->p < s->end && ascii_digit(*s->p))
		s->p++;
	return s->p > begin || bad(s, "a digit is missing");
}

static bool one_of(struct scan *s, const char *set)
{
	if (s->p == s->end || *s->p == '\0' || strchr(set, *s->p) == NULL)
		return false;
	s->p++;
	return true;
}

static bool number(struct scan *s)
{
	bool negative = one_of(s, "-");

	(void)negative;
	if (!one_of(s, "0") && !digits(s))
		return false;
	if (one_of(s, ".") && !digits(s))
		return false;
	if (!one_of(s, "eE"))
		return true;
	(void)one_of(s, "+-");
	return digits(s);
}

static bool literal(struct scan *s)
{
	static const char *const words[] = { "true", "false", "null" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t n = strlen(words[i]);

		if ((size_t)(s->end - s->p) < n || memcmp(s->p, words[i], n) != 0)
			continue;
		s->p += n;
		return true;
	}
	return number(s) || (s->why = "this is not JSON", false);
}

static bool nested(struct scan *s, struct jscan_value *out)
{
	bool object = out->type == JSCAN_OBJECT;
	const uint8_t *begin = s->p;

	if (s->depth == JSCAN_MAX_DEPTH)
		return bad(s, "it is nested too deeply");
	s->depth++;
	if (!(object ? members(s) : elements(s)))
		return false;
	s->depth--;
	out->body = (struct bytes){ begin, (size_t)(s->p - 1 - begin) };
	return true;
}

static bool value(struct scan *s, struct jscan_value *out)
{
	const uint8_t *begin;
	bool ok;

	skip_space(s);
	begin = s->p;
	if (take(s, '"')) {
		out->type = JSCAN_STRING;
		ok = string(s, &out->body);
	} else if (take(s, '{') || take(s, '[')) {
		out->type = s->p[-1] == '{' ? JSCAN_OBJECT : JSCAN_ARRAY;
		ok = nested(s, out);
	} else {
		out->type = JSCAN_OTHER;
		ok = literal(s);
		out->body = (struct bytes){ begin, (size_t)(s->p - begin) };
	}
	out->whole = (struct bytes){ begin, (size_t)(s->p - begin) };
	return ok;
}

bool jscan(struct bytes in, struct jscan_value *out, const char **why, size_t *at)
{
	struct scan s = { .p = in.p, .end = in.p + in.len };
	bool ok = value(&s, out);

	skip_space(&s);
	if (ok && s.p != s.end)
		ok = bad(&s, "there is something behind its end");
	*why = s.why;
	*at = (size_t)(s.p - in.p);
	return ok;
}

bool jscan_next(struct bytes *body, struct bytes *name, struct jscan_value *out)
{
	struct scan s = { .p = body->p, .end = body->p + body->len };
	bool ok;

	(void)take(&s, ',');
	skip_space(&s);
	if (s.p == s.end)
		return false;
	ok = name == NULL || (take(&s, '"') && string(&s, name) && take(&s, ':'));
	ok = ok && value(&s, out);
	*body = (struct bytes){ s.p, (size_t)(s.end - s.p) };
	return ok;
}
