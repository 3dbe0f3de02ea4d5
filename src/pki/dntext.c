/* Subjects as text: RFC 4514, and the "/C=DE/CN=name" of OpenSSL's command. */
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/str.h"
#include "subject_int.h"

#define MAX_TEXT 65536

struct reader {
	const char *p;
	const char *ends; /* what separates RDNs: ",;" or "/" */
};

static enum acsr_result syntax(struct acsr_err *e, const char *text)
{
	return err_rule(e, "subject.syntax", NULL, "RFC 4514",
		"%s; a subject is written like CN=www.example.com,O=Example\\, Inc,C=DE", text);
}

static int hex_digit(char c)
{
	const char *digits = "0123456789abcdef", *at;

	if (c == '\0')
		return -1;
	at = strchr(digits, ascii_lower(c));
	return at != NULL ? (int)(at - digits) : -1;
}

/* "\," or "\C3"; the reader stands behind it. */
static enum acsr_result read_escape(struct reader *r, struct buf *out, struct acsr_err *e)
{
	char c = r->p[1];

	if (c != '\0' && strchr(" \"#+,;<=>\\/", c) != NULL) {
		r->p += 2;
		return buf_put(out, &c, 1, e);
	}
	if (hex_digit(c) < 0 || hex_digit(r->p[2]) < 0)
		return syntax(e, "a backslash stands before , + \" \\ < > ; # = / or two hex digits");
	c = (char)(hex_digit(c) * 16 + hex_digit(r->p[2]));
	if (c == '\0')
		return err_rule(e, "subject.control", NULL, "RFC 5280 4.1.2.4", "the field holds a NUL");
	r->p += 3;
	return buf_put(out, &c, 1, e);
}

static enum acsr_result read_quoted(struct reader *r, struct buf *out, struct acsr_err *e)
{
	for (r->p++; *r->p != '"';) {
		if (*r->p == '\0')
			return syntax(e, "a quoted value does not end");
		if (*r->p == '\\') {
			TRY(read_escape(r, out, e));
			continue;
		}
		TRY(buf_put(out, r->p++, 1, e));
	}
	r->p++;
	r->p += strspn(r->p, " ");
	return ACSR_OK;
}

/* Blanks at the end do not count unless they are escaped. */
static enum acsr_result read_plain(struct reader *r, struct buf *out, struct acsr_err *e)
{
	size_t keep = 0;

	while (*r->p != '\0' && *r->p != '+' && strchr(r->ends, *r->p) == NULL) {
		bool escaped = *r->p == '\\', blank = *r->p == ' ';

		if (*r->p == '"')
			return syntax(e, "a quotation mark inside a value is written \\\"");
		if (escaped)
			TRY(read_escape(r, out, e));
		else
			TRY(buf_put(out, r->p++, 1, e));
		if (!blank)
			keep = out->len;
	}
	out->len = keep;
	return ACSR_OK;
}

static enum acsr_result read_hex(struct reader *r, struct buf *out, struct acsr_err *e)
{
	for (r->p++; hex_digit(*r->p) >= 0; r->p++) {
		char c = ascii_lower(*r->p);

		TRY(buf_put(out, &c, 1, e));
	}
	r->p += strspn(r->p, " ");
	return ACSR_OK;
}

static enum acsr_result read_name(struct reader *r, char *out, size_t cap, struct acsr_err *e)
{
	size_t n;

	r->p += strspn(r->p, " ");
	n = strcspn(r->p, "=,;+/\"\\");
	if (r->p[n] != '=' || n == 0 || n >= cap)
		return syntax(e, "a field without a name");
	memcpy(out, r->p, n);
	r->p += n + 1;
	while (n > 0 && out[n - 1] == ' ')
		n--;
	out[n] = '\0';
	r->p += strspn(r->p, " ");
	return ACSR_OK;
}

static enum acsr_result read_field(struct reader *r, struct acsr_dn *dn, bool joined, struct acsr_err *e)
{
	CLEANUP_BUF struct buf value = { 0 };
	char name[200];
	struct acsr_dn_field f = { .name = name, .joined = joined };

	buf_init(&value, MAX_TEXT);
	TRY(read_name(r, name, sizeof(name), e));
	f.hex = *r->p == '#';
	if (f.hex)
		TRY(read_hex(r, &value, e));
	else if (*r->p == '"')
		TRY(read_quoted(r, &value, e));
	else
		TRY(read_plain(r, &value, e));
	if (*r->p != '\0' && *r->p != '+' && strchr(r->ends, *r->p) == NULL)
		return syntax(e, "something stands behind a value");
	f.value = (char *)(uintptr_t)buf_cstr(&value);
	return dn_add(dn, &f, e);
}

static enum acsr_result read_all(struct reader *r, struct acsr_dn *dn, struct acsr_err *e)
{
	bool joined = false;

	while (*r->p != '\0') {
		TRY(read_field(r, dn, joined, e));
		if (*r->p == '\0')
			return ACSR_OK;
		joined = *r->p == '+';
		r->p++;
		if (r->p[strspn(r->p, " ")] == '\0')
			return syntax(e, "the text ends where another field should follow");
	}
	return ACSR_OK;
}

enum acsr_result acsr_dn_parse(struct acsr_dn *dn, const char *text, struct acsr_err *e)
{
	struct reader r = { text + strspn(text, " "), ",;" };
	struct acsr_dn all = { 0 };
	bool slashes = *r.p == '/';
	enum acsr_result result;

	if (strlen(text) > MAX_TEXT)
		return err_rule(e, "subject.length", NULL, NULL, "the subject is too long");
	if (slashes) {
		r.p++;
		r.ends = "/";
	}
	result = read_all(&r, &all, e);
	if (result == ACSR_OK && !slashes)
		dn_reverse(&all);
	if (result == ACSR_OK)
		result = acsr_dn_append(dn, &all, e);
	acsr_dn_free(&all);
	return result;
}

static enum acsr_result put_char(struct buf *b, const char *p, bool first, struct acsr_err *e)
{
	unsigned char c = (unsigned char)*p;
	bool last = p[1] == '\0';

	if (c < 0x20 || c == 0x7f)
		return buf_printf(b, e, "\\%02X", c);
	if (strchr(",\\+\"<>;", *p) != NULL || (first && (c == '#' || c == ' ')) || (last && c == ' '))
		TRY(buf_putstr(b, "\\", e));
	return buf_put(b, p, 1, e);
}

static enum acsr_result put_field(struct buf *b, const struct acsr_dn_field *f, struct acsr_err *e)
{
	TRY(buf_printf(b, e, "%s=%s", f->name, f->hex ? "#" : ""));
	if (f->hex)
		return buf_putstr(b, f->value, e);
	for (const char *p = f->value; *p != '\0'; p++)
		TRY(put_char(b, p, p == f->value, e));
	return ACSR_OK;
}

enum acsr_result acsr_dn_print(char **out, const struct acsr_dn *dn, struct acsr_err *e)
{
	CLEANUP_BUF struct buf b = { 0 };
	size_t end = dn->n;

	buf_init(&b, 1024 * 1024);
	while (end > 0) {
		size_t start = end - 1;

		while (start > 0 && dn->v[start].joined)
			start--;
		for (size_t i = start; i < end; i++) {
			if (b.len > 0)
				TRY(buf_putstr(&b, i == start ? "," : "+", e));
			TRY(put_field(&b, &dn->v[i], e));
		}
		end = start;
	}
	return str_dup(out, buf_cstr(&b), e);
}
