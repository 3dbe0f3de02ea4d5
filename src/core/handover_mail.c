/* The archive by mail: the courier has it on its pipe, core gives it the text around it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rnd.h"
#include "core/handover.h"
#include "core/mail.h"
#include "store/jobs.h"

enum { MAIL_SECONDS = 90 };

static enum acsr_result try_again(struct core *c, struct order *o, struct csr_request *r, const char *why,
	int64_t attempts, struct acsr_err *e)
{
	int64_t at = c->now + jobs_pause(conf_span(&c->proc->conf, "mail.retry"), 3600, attempts);

	TRY(handover_lose(c, r, "the mail could not be sent; the next one brings a new key", e));
	TRY(order_wait(c, o, at, e, "the mail with the archive could not be sent yet: %s", why));
	return jobs_again(c->db, "archive-mail", o->id, at, why, e);
}

static enum acsr_result on_mail_sent(
	struct core *c, struct call *call, struct msg *m, const struct acsr_err *why, struct acsr_err *e)
{
	CLEANUP_ORDER struct order o = { 0 };
	struct csr_request r;
	int64_t attempts;

	TRY(csr_request_load(c->db, call->object, &r, e));
	TRY(order_load(c->db, r.order_id, NULL, &o, e));
	if (strcmp(o.request_id, r.id) != 0 || strcmp(o.state, "handover") != 0 ||
		strcmp(r.archive_state, "mailing") != 0)
		return ACSR_OK;
	TRY(jobs_attempts(c->db, "archive-mail", o.id, &attempts, e));
	if (m != NULL) {
		TRY(jobs_done(c->db, "archive-mail", o.id, e));
		return handover_done(c, &o, &r, "mailed", "system", e);
	}
	if (strcmp(why->id, "mail.refused") == 0) {
		TRY(handover_lose(c, &r, "the mail server refused the mail", e));
		TRY(jobs_done(c->db, "archive-mail", o.id, e));
		return order_fail(c, &o, why->text, e);
	}
	return try_again(c, &o, &r, why->text, attempts, e);
}

/* Each form is opened in its own way, and the mail says how. */
static void which_mail(const struct csr_request *r, char what[32])
{
	bool zip = strcmp(r->format, "zip") == 0;

	snprintf(what, 32, "%s%s", zip ? "archive" : "key-", zip ? "" : r->format);
}

enum acsr_result handover_send_mail(
	struct core *c, const struct order *o, const struct csr_request *r, struct acsr_err *e)
{
	CLEANUP_STR char *subject = NULL, *text = NULL, *html = NULL, *url = NULL;
	struct call like = { .fn = on_mail_sent };
	struct msg_mail m = { .mail_id = (char *)(uintptr_t)r->id,
		.to = (char *)(uintptr_t)o->email,
		.ticket = (char *)(uintptr_t)r->ticket,
		.attachment_name = (char *)(uintptr_t)r->filename,
		.attachment_type = (char *)(uintptr_t)handover_media_type(r) };

	TRY(str_printf(&url, e, "%s/#/orders/%s", conf_str(&c->proc->conf, "server.public_url"), o->id));
	const struct mail_value values[] = { { "service", conf_str(&c->proc->conf, "server.public_url") },
		{ "order", o->id }, { "names", o->names }, { "url", url }, { "filename", r->filename },
		{ "key_filename", r->key_filename }, { "sha256", r->archive_sha256 },
		{ "recipient", r->recipient_name }, { NULL, NULL } };
	char what[32];

	which_mail(r, what);
	TRY(mail_render(what, values, &subject, &text, &html, e));
	m.subject = subject;
	m.text = text;
	m.html = html;
	memcpy(like.object, r->id, sizeof(r->id));
	return core_ask(c, ROLE_COURIER, MSG_mail, &m, MAIL_SECONDS, &like, e);
}
