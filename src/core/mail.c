/* Rendering, queueing and sending of mails. */
#include "core/mail.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/rnd.h"
#include "base/str.h"
#include "core/mail_templates.h"
#include "core/request.h"
#include "store/jobs.h"
#include "store/mails.h"

enum {
	SUBJECT_MAX = 190,
	VALUE_MAX = 30000, /* of one value: the tasks of a hundred names still fit */
	TEXT_MAX = 65000,
	HTML_MAX = 131000,
	ANSWER_WITHIN = 100, /* seconds, for the courier */
	LONGEST_PAUSE = 3600,
	GIVE_UP = 5 * 86400
};

/* --- rendering --- */

static const char *value_of(const struct mail_value *values, const char *name, size_t n)
{
	for (; values->name != NULL; values++)
		if (strlen(values->name) == n && strncmp(values->name, name, n) == 0)
			return values->value != NULL ? values->value : "";
	return "";
}

/* How many bytes of s to show: whole characters, and whole lines where there are lines. */
static size_t fitting(const char *s, size_t max)
{
	size_t n = strlen(s), line;

	if (n <= max)
		return n;
	for (n = max; n > 0 && ((unsigned char)s[n] & 0xc0) == 0x80;)
		n--;
	for (line = n; line > 0 && s[line - 1] != '\n';)
		line--;
	return line > 0 ? line : n;
}

enum face { FACE_SUBJECT, FACE_TEXT, FACE_HTML };

static const char *html_entity(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

/* Control characters become blanks; line breaks stay where lines may be. */
static enum acsr_result put_char(struct buf *out, enum face face, char c, struct acsr_err *e)
{
	const char *entity = face == FACE_HTML ? html_entity(c) : NULL;

	if (entity != NULL)
		return buf_putstr(out, entity, e);
	if (((unsigned char)c < 0x20 && (c != '\n' || face == FACE_SUBJECT)) || c == 0x7f)
		c = ' ';
	return buf_put(out, &c, 1, e);
}

static enum acsr_result put_value(struct buf *out, enum face face, const char *s, struct acsr_err *e)
{
	size_t n = fitting(s, face == FACE_SUBJECT ? 120 : VALUE_MAX);

	for (size_t i = 0; i < n; i++)
		TRY(put_char(out, face, s[i], e));
	return s[n] != '\0'
		       ? buf_putstr(out, face == FACE_SUBJECT ? "…" : "\n… (more on the order's page)", e)
		       : ACSR_OK;
}

/* n bytes of a template, with the values put in. */
static enum acsr_result put_filled(struct buf *out, enum face face, const char *s, size_t n,
	const struct mail_value *values, struct acsr_err *e)
{
	for (size_t i = 0; i < n;) {
		const char *end = i + 2 < n && strncmp(s + i, "{{", 2) == 0 ? strstr(s + i, "}}") : NULL;

		if (end == NULL) {
			TRY(put_char(out, face, s[i++], e));
			continue;
		}
		TRY(put_value(out, face, value_of(values, s + i + 2, (size_t)(end - s) - i - 2), e));
		i = (size_t)(end - s) + 2;
	}
	return ACSR_OK;
}

static bool is_just(const char *s, size_t n, const char *what)
{
	return strlen(what) == n && strncmp(s, what, n) == 0;
}

static enum acsr_result put_paragraph(
	struct buf *out, const char *s, size_t n, const struct mail_value *values, struct acsr_err *e)
{
	bool link = is_just(s, n, "{{link}}") || is_just(s, n, "{{url}}");
	bool fixed = s[0] == ' ' || is_just(s, n, "{{tasks}}");

	TRY(buf_putstr(out, fixed ? "<pre>" : "<p>", e));
	if (link) {
		TRY(buf_putstr(out, "<a href=\"", e));
		TRY(put_filled(out, FACE_HTML, s, n, values, e));
		TRY(buf_putstr(out, "\">", e));
	}
	TRY(put_filled(out, FACE_HTML, s, n, values, e));
	return buf_putstr(out, link ? "</a></p>\n" : fixed ? "</pre>\n" : "</p>\n", e);
}

static enum acsr_result put_html(struct buf *out, const struct mail_template *t, const char *subject,
	const struct mail_value *values, struct acsr_err *e)
{
	const char *service = value_of(values, "service", 7);

	TRY(buf_putstr(out, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>", e));
	TRY(put_value(out, FACE_HTML, subject, e));
	TRY(buf_putstr(out, "</title></head>\n<body>\n", e));
	for (const char *p = t->text; *p != '\0';) {
		const char *end = strstr(p, "\n\n");
		size_t n = end != NULL ? (size_t)(end - p) : strlen(p);

		TRY(put_paragraph(out, p, n, values, e));
		p += n + strspn(p + n, "\n");
	}
	if (*service != '\0') {
		TRY(buf_putstr(out, "<hr>\n<p>AutoCSR, ", e));
		TRY(put_value(out, FACE_HTML, service, e));
		TRY(buf_putstr(out, "</p>\n", e));
	}
	return buf_putstr(out, "</body></html>\n", e);
}

/* Break the lines of running text at blanks, so that they read well everywhere; what is longer stays whole.
 */
static enum acsr_result put_wrapped(struct buf *out, const char *s, size_t n, struct acsr_err *e)
{
	size_t column = 0;

	for (size_t i = 0; i < n;) {
		size_t word = strcspn(s + i, " \n");

		if (word > n - i)
			word = n - i;
		if (column > 0 && column + 1 + word > 72) {
			TRY(buf_putstr(out, "\n", e));
			column = 0;
		} else if (column > 0) {
			TRY(buf_putstr(out, " ", e));
			column++;
		}
		TRY(buf_put(out, s + i, word, e));
		column += word;
		i += word + 1;
	}
	return ACSR_OK;
}

static enum acsr_result put_text(
	struct buf *out, const struct mail_template *t, const struct mail_value *values, struct acsr_err *e)
{
	const char *service = value_of(values, "service", 7);

	for (const char *p = t->text; *p != '\0';) {
		const char *end = strstr(p, "\n\n");
		size_t n = end != NULL ? (size_t)(end - p) : strlen(p);
		CLEANUP_BUF struct buf part = { 0 };

		buf_init(&part, TEXT_MAX);
		TRY(put_filled(&part, FACE_TEXT, p, n, values, e));
		TRY(*p == ' ' || is_just(p, n, "{{tasks}}") ? buf_put(out, part.p, part.len, e)
							    : put_wrapped(out, buf_cstr(&part), part.len, e));
		TRY(buf_putstr(out, "\n\n", e));
		p += n + strspn(p + n, "\n");
	}
	return *service != '\0' ? buf_printf(out, e, "-- \nAutoCSR, %s\n", service) : ACSR_OK;
}

static enum acsr_result put_subject(
	struct buf *out, const struct mail_template *t, const struct mail_value *values, struct acsr_err *e)
{
	TRY(put_filled(out, FACE_SUBJECT, t->subject, strlen(t->subject), values, e));
	out->len = fitting(buf_cstr(out), SUBJECT_MAX);
	return ACSR_OK;
}

static enum acsr_result render(const struct mail_template *t, const struct mail_value *values,
	struct buf part[3], struct acsr_err *e)
{
	TRY(put_subject(&part[0], t, values, e));
	TRY(put_text(&part[1], t, values, e));
	return put_html(&part[2], t, buf_cstr(&part[0]), values, e);
}

enum acsr_result mail_render(const char *what, const struct mail_value *values, char **subject, char **text,
	char **html, struct acsr_err *e)
{
	static const size_t max[3] = { 1000, TEXT_MAX, HTML_MAX };
	char **out[3] = { subject, text, html };
	const struct mail_template *t = mail_templates();
	struct buf part[3];
	enum acsr_result r;

	while (t->what != NULL && strcmp(t->what, what) != 0)
		t++;
	if (t->what == NULL)
		return err_set(e, "sys.mail-template", "there is no mail \"%s\"", what);
	for (int i = 0; i < 3; i++) {
		buf_init(&part[i], max[i]);
		*out[i] = NULL;
	}
	r = render(t, values, part, e);
	for (int i = 0; i < 3; i++) {
		if (r == ACSR_OK)
			r = str_dup(out[i], buf_cstr(&part[i]), e);
		buf_free(&part[i]);
	}
	for (int i = 0; r != ACSR_OK && i < 3; i++)
		free_charp(out[i]);
	return r;
}

/* --- queueing --- */

bool mail_possible(const struct core *c)
{
	return *conf_str(&c->proc->conf, "mail.smtp") != '\0';
}

static enum acsr_result store(
	struct core *c, struct mail_row *m, const char *to, const char *order_id, struct acsr_err *e)
{
	rnd_id("mail_", m->id, sizeof(m->id));
	snprintf(m->recipient, sizeof(m->recipient), "%s", to);
	snprintf(m->order_id, sizeof(m->order_id), "%s", order_id != NULL ? order_id : "");
	m->created_at = c->now;
	TRY(mails_add(c->db, m, e));
	return core_want_job(c, "mail", m->id, c->now, e);
}

enum acsr_result mail_queue(struct core *c, const char *what, const char *to, const char *order_id,
	const struct mail_value *values, struct acsr_err *e)
{
	struct mail_value all[16] = { { "service", conf_str(&c->proc->conf, "server.public_url") } };
	struct mail_row m = { 0 };
	enum acsr_result r;

	if (!mail_possible(c)) {
		log_event(LOG_WARN, "mail.off", "mail", what, "order", order_id, NULL);
		return ACSR_OK;
	}
	for (size_t i = 0; values[i].name != NULL && i < 14; i++)
		all[i + 1] = values[i];
	TRY(mail_render(what, all, &m.subject, &m.text, &m.html, e));
	r = store(c, &m, to, order_id, e);
	mail_row_free(&m);
	return r;
}

enum acsr_result mail_password_changed(struct core *c, const char *email, struct acsr_err *e)
{
	static const struct mail_value none[] = { { 0 } };

	return strchr(email, '.') != NULL ? mail_queue(c, "password-changed", email, NULL, none, e) : ACSR_OK;
}

/* --- sending --- */

/* The row keeps what became of the mail; its text goes, and with it the link that may have been in it. */
static enum acsr_result end_mail(
	struct core *c, const struct mail_row *m, const char *state, const char *reply, struct acsr_err *e)
{
	TRY(mails_end(c->db, m->id, state, reply, c->now, e));
	/* Mails about orders hold nothing secret, and there are many of them. */
	if (m->order_id[0] == '\0')
		c->forget = true;
	return jobs_done(c->db, "mail", m->id, e);
}

static enum acsr_result try_again(struct core *c, const struct mail_row *m, int64_t attempts,
	const struct acsr_err *why, struct acsr_err *e)
{
	int64_t pause = jobs_pause(conf_span(&c->proc->conf, "mail.retry"), LONGEST_PAUSE, attempts);

	log_error(LOG_WARN, "mail.waiting", why);
	TRY(mails_note(c->db, m->id, why->text, e));
	return jobs_again(c->db, "mail", m->id, c->now + pause, why->text, e);
}

static enum acsr_result not_sent(struct core *c, const struct mail_row *m, int64_t attempts,
	const struct acsr_err *why, struct acsr_err *e)
{
	bool refused = err_is(why, "mail.refused");

	if (!refused && m->created_at + GIVE_UP > c->now)
		return try_again(c, m, attempts, why, e);
	log_event(LOG_WARN, refused ? "mail.refused" : "mail.given-up", "mail", m->id, "order",
		m->order_id[0] != '\0' ? m->order_id : NULL, "text", why->text, NULL);
	return end_mail(c, m, "refused", why->text, e);
}

static enum acsr_result answered(
	struct core *c, struct call *call, struct msg *m, const struct acsr_err *why, struct acsr_err *e)
{
	struct mail_row row = { 0 };
	enum acsr_result r;
	bool have;

	TRY(mails_find(c->db, call->object, &row, &have, e));
	if (!have || strcmp(row.state, "queued") != 0)
		r = jobs_done(c->db, "mail", call->object, e);
	else if (m == NULL)
		r = not_sent(c, &row, strtoll(call->detail, NULL, 10), why, e);
	else
		r = end_mail(c, &row, "sent", ((const struct msg_mail_sent *)m->body)->reply, e);
	mail_row_free(&row);
	return r;
}

static enum acsr_result ask_courier(
	struct core *c, const struct mail_row *row, int64_t attempts, struct acsr_err *e)
{
	const struct msg_mail m = { .mail_id = (char *)(uintptr_t)row->id,
		.to = (char *)(uintptr_t)row->recipient,
		.subject = row->subject,
		.text = row->text,
		.html = row->html };
	struct call like = { .fn = answered };

	snprintf(like.object, sizeof(like.object), "%s", row->id);
	snprintf(like.detail, sizeof(like.detail), "%lld", (long long)attempts);
	return core_ask(c, ROLE_COURIER, MSG_mail, &m, ANSWER_WITHIN, &like, e);
}

enum acsr_result mail_job(struct core *c, const char *mail_id, int64_t attempts, struct acsr_err *e)
{
	struct mail_row row = { 0 };
	enum acsr_result r;
	bool have;

	TRY(mails_find(c->db, mail_id, &row, &have, e));
	r = have && strcmp(row.state, "queued") == 0 ? ask_courier(c, &row, attempts, e)
						     : jobs_done(c->db, "mail", mail_id, e);
	mail_row_free(&row);
	return r;
}
