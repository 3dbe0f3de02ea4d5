/*
 * Mail headers: what mail_check lets pass must give exactly six headers and one recipient, whatever is in it.
 * Input: lines of to, mail id, subject, attachment name; the rest is the body. A backslash and n stand for
 * LF, a backslash and r for CR.
 */
#include <stdlib.h>
#include <string.h>

#include "courier/mail_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void unescape(char *s)
{
	char *o = s;

	for (; *s != '\0'; s++) {
		if (s[0] == '\\' && (s[1] == 'n' || s[1] == 'r'))
			*o++ = *++s == 'n' ? '\n' : '\r';
		else
			*o++ = *s;
	}
	*o = '\0';
}

static char *field(char **rest)
{
	static char none[1];
	char *s = strsep(rest, "\n");

	if (s == NULL)
		return none;
	unescape(s);
	return s;
}

static void check_header(const char *line)
{
	for (const char *s = line; *s != '\0'; s++) {
		must(*s == '\r' || *s == '\n' || (*s >= 0x20 && *s <= 0x7e));
		must(*s != '\r' || s[1] == '\n');
		must(*s != '\n' || (s > line && s[-1] == '\r' && s[1] == ' '));
	}
}

static void check(struct msg_mail *m)
{
	struct strv l = { 0 };
	struct acsr_err e;
	struct buf b;

	must(mail_headers(m, "ca@demo.test", 1795421700, &l, &e) == ACSR_OK && l.n == 6);
	for (size_t i = 0; i < l.n; i++)
		check_header(l.v[i]);
	must(*m->attachment_name == '\0' || strpbrk(m->attachment_type, "\r\n\"") == NULL);
	must(strpbrk(m->to, " ,;<>\r\n\"") == NULL);
	strv_free(&l);
	buf_init(&b, 1 << 24);
	must(mail_put_lines(m->text, &b, &e) == ACSR_OK);
	for (const char *s = buf_cstr(&b); (s = strchr(s, '\n')) != NULL; s++)
		must(s > (const char *)b.p && s[-1] == '\r');
	buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), *rest = text;
	struct msg_mail m = { .html = text };

	if (text == NULL)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	m.to = field(&rest);
	m.mail_id = field(&rest);
	m.subject = field(&rest);
	m.attachment_name = field(&rest);
	m.ticket = m.attachment_name;
	m.attachment_type = field(&rest);
	m.text = m.html = rest != NULL ? rest : m.ticket;
	if (mail_check(&m, NULL) == ACSR_OK)
		check(&m);
	free(text);
	return 0;
}
