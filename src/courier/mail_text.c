/* Checks first, then a few lines of text. */
#include "courier/mail_text.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"

/* "=?UTF-8?B?" and "?=" take 12 of the 75 characters: 63 are left, 60 of them whole base64 quads = 45 bytes.
 */
enum { WORD_BYTES = 45, SUBJECT_MAX = 200 };

static enum acsr_result refuse(struct acsr_err *e, const char *field, const char *what)
{
	return err_rule(e, "mail.refused", field, "RFC 5322", "%s", what);
}

static bool alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Dots only between other characters. */
static bool dots_are_inside(const char *s, size_t n)
{
	if (n == 0 || s[0] == '.' || s[n - 1] == '.')
		return false;
	for (size_t i = 1; i < n; i++)
		if (s[i] == '.' && s[i - 1] == '.')
			return false;
	return true;
}

static bool is_local(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!alnum(s[i]) && strchr("!#$%&'*+-/=?^_`{|}~.", s[i]) == NULL)
			return false;
	return n <= 64 && dots_are_inside(s, n);
}

static bool is_domain(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!alnum(s[i]) && s[i] != '-' && s[i] != '.')
			return false;
	return n <= LIMIT_DNS_NAME && dots_are_inside(s, n);
}

bool mail_is_address(const char *s)
{
	const char *at = strchr(s, '@');

	return at != NULL && strlen(s) <= LIMIT_EMAIL && is_local(s, (size_t)(at - s)) &&
	       is_domain(at + 1, strlen(at + 1));
}

static bool is_id(const char *s)
{
	for (const char *c = s; *c != '\0'; c++)
		if (!alnum(*c) && *c != '_' && *c != '-')
			return false;
	return *s != '\0';
}

static bool is_file_name(const char *s)
{
	for (const char *c = s; *c != '\0'; c++)
		if (!alnum(*c) && strchr("._-+@", *c) == NULL)
			return false;
	return *s != '\0' && *s != '.';
}

/* "application/pkcs7-mime; smime-type=authEnveloped-data": a type and plain parameters, nothing that could begin another
 * header. */
static bool is_media_type(const char *s)
{
	for (const char *c = s; *c != '\0'; c++)
		if (!alnum(*c) && strchr("/-+._=; ", *c) == NULL)
			return false;
	return alnum(s[0]) && strchr(s, '/') != NULL;
}

enum acsr_result mail_check(const struct msg_mail *m, struct acsr_err *e)
{
	if (!mail_is_address(m->to))
		return refuse(e, "to", "not one plain mail address");
	if (!is_id(m->mail_id))
		return refuse(e, "mail_id", "not an id");
	if (*m->subject == '\0' || str_has_control(m->subject) ||
		!str_is_utf8(m->subject, strlen(m->subject)))
		return refuse(e, "subject", "empty, not UTF-8, or with control characters");
	if (strlen(m->subject) > SUBJECT_MAX)
		return refuse(e, "subject", "longer than 200 bytes");
	if (*m->text == '\0' || *m->html == '\0')
		return refuse(e, "text", "a mail needs a text and an HTML body");
	if (!str_is_utf8(m->text, strlen(m->text)) || !str_is_utf8(m->html, strlen(m->html)))
		return refuse(e, "text", "not UTF-8");
	if ((*m->ticket != '\0') != (*m->attachment_name != '\0'))
		return refuse(e, "attachment_name", "a ticket and an attachment name belong together");
	if (*m->attachment_name != '\0' && !is_file_name(m->attachment_name))
		return refuse(e, "attachment_name", "not a plain file name");
	if (*m->attachment_name != '\0' && !is_media_type(m->attachment_type))
		return refuse(e, "attachment_type", "not a media type");
	return ACSR_OK;
}

/* --- encoded words --- */

static bool is_printable_ascii(const char *s)
{
	for (; *s != '\0'; s++)
		if (*s < 0x20 || *s > 0x7e)
			return false;
	return true;
}

/* Bytes of s that one word takes: at most WORD_BYTES, ending between two characters. */
static size_t word_length(const char *s)
{
	size_t n = strlen(s);

	if (n <= WORD_BYTES)
		return n;
	n = WORD_BYTES;
	while (n > 1 && ((unsigned char)s[n] & 0xc0) == 0x80)
		n--;
	return n;
}

enum acsr_result mail_encode_words(const char *s, struct buf *out, struct acsr_err *e)
{
	const char *gap = "";

	/* "=?" would be taken for an encoded word by the reader. */
	if (is_printable_ascii(s) && strstr(s, "=?") == NULL)
		return buf_putstr(out, s, e);
	while (*s != '\0') {
		char b64[B64_LEN(WORD_BYTES)];
		size_t n = word_length(s);

		b64_encode(s, n, false, b64);
		TRY(buf_printf(out, e, "%s=?UTF-8?B?%s?=", gap, b64));
		gap = "\r\n ";
		s += n;
	}
	return ACSR_OK;
}

enum acsr_result mail_put_lines(const char *s, struct buf *out, struct acsr_err *e)
{
	while (*s != '\0') {
		size_t n = strcspn(s, "\n");
		bool ended = s[n] == '\n';

		TRY(buf_put(out, s, n > 0 && ended && s[n - 1] == '\r' ? n - 1 : n, e));
		if (!ended)
			return ACSR_OK;
		TRY(buf_putstr(out, "\r\n", e));
		s += n + 1;
	}
	return ACSR_OK;
}

/* --- the header --- */

void mail_date(int64_t t, char out[32])
{
	char http[30];

	clock_http(t, http);
	snprintf(out, 32, "%.25s +0000", http); /* instead of " GMT" */
}

static enum acsr_result add(struct strv *out, const char *name, const char *before, const char *value,
	const char *after, struct acsr_err *e)
{
	CLEANUP_STR char *line = NULL;

	TRY(str_printf(&line, e, "%s: %s%s%s", name, before, value, after));
	return strv_add(out, line, e);
}

enum acsr_result mail_headers(
	const struct msg_mail *m, const char *from, int64_t now, struct strv *out, struct acsr_err *e)
{
	CLEANUP_STR char *id = NULL;
	CLEANUP_BUF struct buf subject = { 0 };
	char date[32];

	buf_init(&subject, 4096);
	TRY(mail_encode_words(m->subject, &subject, e));
	TRY(str_printf(&id, e, "%s@%s", m->mail_id, strchr(from, '@') + 1));
	mail_date(now, date);
	TRY(add(out, "Date", "", date, "", e));
	TRY(add(out, "From", "<", from, ">", e));
	TRY(add(out, "To", "<", m->to, ">", e));
	TRY(add(out, "Subject", "", buf_cstr(&subject), "", e));
	TRY(add(out, "Message-ID", "<", id, ">", e));
	return add(out, "Auto-Submitted", "", "auto-generated", "", e); /* RFC 3834 5 */
}
