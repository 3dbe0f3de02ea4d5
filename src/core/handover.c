/* Having a key made, checking what comes of it, and ending the hand-over. */
#include "core/handover.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/rnd.h"
#include "core/code.h"
#include "core/kek.h"
#include "core/keyresult.h"
#include "core/mail.h"
#include "core/receipt.h"
#include "store/jobs.h"

/* FILE_BASE: what fits into an archive's entry name with its ending (ACSR_ARCHIVE_NAME_MAX). */
enum { MAKE_SECONDS = HANDOVER_MADE_WITHIN / 2, FILE_BASE = 190, RETRY_FIRST = 3, RETRY_MOST = 3600 };
/* --- making --- */

/* What a request takes over from the choice. */
static void note_choice(struct csr_request *r, const struct handover_choice *how)
{
	memcpy(r->grade, how->grade, sizeof(r->grade));
	snprintf(r->format, sizeof(r->format), "%s", how->form->name);
	memcpy(r->recipient_name, how->recipient_name, sizeof(r->recipient_name));
}

enum acsr_result handover_own_csr(struct core *c, struct order *o, const struct intake_csr *csr,
	const struct handover_choice *how, const char *actor, struct acsr_err *e)
{
	bool browser = handover_choice_is(how, "browser");
	struct csr_request r = { .made_at = c->now };

	rnd_id("req_", r.id, sizeof(r.id));
	snprintf(r.order_id, sizeof(r.order_id), "%s", o->id);
	snprintf(r.key_source, sizeof(r.key_source), "%s", browser ? "browser" : "own-csr");
	snprintf(r.key_type, sizeof(r.key_type), "%s", csr->key_type);
	snprintf(r.spki_sha256, sizeof(r.spki_sha256), "%s", csr->spki_sha256);
	note_choice(&r, how);
	TRY(csr_request_insert(c->db, &r, (struct bytes){ csr->der.p, csr->der.len }, NULL, e));
	snprintf(o->request_id, sizeof(o->request_id), "%s", r.id);
	if (!browser)
		return ACSR_OK;
	TRY(core_audit(c, actor, o->account_id, "key.browser", o->id, e,
		"%s made in the browser, SPKI SHA-256 %s, kept there as %s", r.key_type, r.spki_sha256,
		r.format));
	return receipt_handed_over(c, r.id, e);
}

/* "www.example.com.zip", and "www.example.com.key" for what comes out of it; a wildcard's star is no part of a file name. */
static void name_files(const struct order *o, const struct keyform *form, struct csr_request *r)
{
	char base[256];

	snprintf(base, sizeof(base), "%.*s", (int)strcspn(o->names, " "), o->names);
	base[FILE_BASE] = '\0';
	if (base[0] == '*')
		memmove(base, base + 2, strlen(base + 2) + 1);
	for (char *p = base; *p != '\0'; p++)
		if (*p == ':')
			*p = '-';
	snprintf(r->filename, sizeof(r->filename), "%s%s", base, form->extension);
	snprintf(r->key_filename, sizeof(r->key_filename), "%s.key", base);
}

static enum acsr_result new_request(struct core *c, struct order *o, const char *key_type,
	const struct handover_choice *how, const struct request *q, struct csr_request *r, struct acsr_err *e)
{
	bool mail = strcmp(o->delivery, "email") == 0;
	struct product p;

	TRY(products_load(c->db, o->product_id, &p, e));
	TRY(order_may_make_key(c, &p, e));
	*r = (struct csr_request){ .made_at = c->now };
	rnd_id("req_", r->id, sizeof(r->id));
	rnd_id("", r->ticket, sizeof(r->ticket));
	snprintf(r->order_id, sizeof(r->order_id), "%s", o->id);
	snprintf(r->key_source, sizeof(r->key_source), "autocsr");
	snprintf(r->key_type, sizeof(r->key_type), "%s", key_type);
	snprintf(r->archive_state, sizeof(r->archive_state), "%s", mail ? "mailing" : "making");
	note_choice(r, how);
	name_files(o, how->form, r);
	TRY(csr_request_insert(c->db, r, (struct bytes){ 0 }, how->recipient, e));
	TRY(receipt_authorised(c, o, &p, r->id, o->request_id, q, e));
	snprintf(o->request_id, sizeof(o->request_id), "%s", r->id);
	TRY(order_save(c->db, o, c->now, e));
	return mail ? ACSR_OK : core_want_job(c, "archive-expire", r->id, c->now + HANDOVER_MADE_WITHIN, e);
}

static enum acsr_result forget_last(struct core *c, const struct order *o, struct acsr_err *e)
{
	struct csr_request last;

	if (o->request_id[0] == '\0')
		return ACSR_OK;
	TRY(csr_request_load(c->db, o->request_id, &last, e));
	/* A reissue leaves the last key alone: it is in use. */
	if (last.handed_over_at != 0 || strcmp(last.key_source, "autocsr") != 0 ||
		strcmp(last.archive_state, "lost") == 0)
		return ACSR_OK;
	return handover_lose(c, &last, "a new key is being made", e);
}

static enum acsr_result on_key_started(
	struct core *c, struct call *call, struct msg *m, const struct acsr_err *why, struct acsr_err *e);

static enum acsr_result ask_keymaker(struct core *c, const struct order *o, const struct csr_request *r,
	struct request *q, unsigned status, struct acsr_err *e)
{
	struct msg_key_make m = { .ticket = (char *)(uintptr_t)r->ticket,
		.deliver = strcmp(o->delivery, "email") == 0 ? ROLE_COURIER : ROLE_FRONT,
		.key_type = (char *)(uintptr_t)r->key_type,
		.entry_name = (char *)(uintptr_t)r->key_filename,
		.form = (char *)(uintptr_t)r->format };
	struct call like = { .q = q, .fn = on_key_started };
	enum acsr_result res;

	snprintf(like.object, sizeof(like.object), "%s", r->id);
	snprintf(like.detail, sizeof(like.detail), "%u", status);
	res = csr_request_recipient(c->db, r->id, &m.recipient, e);
	if (res == ACSR_OK)
		res = order_subject_list(o, true, &m.subject, e);
	if (res == ACSR_OK)
		res = order_sans_list(o, &m.sans, e);
	if (res == ACSR_OK)
		res = strv_add(&m.ekus, "serverAuth", e);
	if (res == ACSR_OK)
		res = core_ask(c, ROLE_KEYMAKER, MSG_key_make, &m, MAKE_SECONDS, &like, e);
	strv_free(&m.subject);
	strv_free(&m.sans);
	strv_free(&m.ekus);
	free(m.recipient);
	return res;
}

enum acsr_result handover_make(struct core *c, struct order *o, const char *key_type,
	const struct handover_choice *how, struct request *q, unsigned status, struct acsr_err *e)
{
	struct csr_request r;

	TRY(forget_last(c, o, e));
	TRY(new_request(c, o, key_type, how, q, &r, e));
	return ask_keymaker(c, o, &r, q, status, e);
}

enum acsr_result handover_make_again(struct core *c, struct order *o, const struct csr_request *r,
	struct request *q, unsigned status, struct acsr_err *e)
{
	CLEANUP_CHOICE struct handover_choice how = { 0 };

	TRY(handover_choice_of(c, r, &how, e));
	return handover_make(c, o, r->key_type, &how, q, status, e);
}

enum acsr_result handover_begin(struct core *c, struct order *o, const char *key_type,
	const struct handover_choice *how, struct request *q, unsigned status, struct acsr_err *e)
{
	struct csr_request r;

	TRY(order_move(c, o, "handover", q->who.email, "the service makes a key and a CSR", e));
	if (strcmp(o->delivery, "email") != 0)
		return handover_make(c, o, key_type, how, q, status, e);
	TRY(forget_last(c, o, e));
	TRY(new_request(c, o, key_type, how, q, &r, e));
	TRY(core_want_job(c, "archive-mail", o->id, c->now, e));
	return order_answer(c, q, o->id, status, e);
}

/* --- the keymaker's answers --- */

static enum acsr_result key_failed(struct core *c, const char *request_id, const char *why, struct request *q,
	unsigned status, struct acsr_err *e)
{
	CLEANUP_ORDER struct order o = { 0 };
	struct csr_request r;
	int64_t attempts;

	TRY(csr_request_load(c->db, request_id, &r, e));
	TRY(order_load(c->db, r.order_id, NULL, &o, e));
	if (strcmp(o.request_id, r.id) != 0) /* overtaken by a newer one */
		return q != NULL ? order_answer(c, q, o.id, status, e) : ACSR_OK;
	if (strcmp(r.archive_state, "lost") != 0)
		TRY(handover_lose(c, &r, why, e));
	TRY(order_wait(c, &o, 0, e, "no key could be made: %s", why));
	if (strcmp(o.delivery, "email") == 0) {
		TRY(jobs_attempts(c->db, "archive-mail", o.id, &attempts, e));
		return jobs_again(c->db, "archive-mail", o.id,
			c->now + jobs_pause(RETRY_FIRST, RETRY_MOST, attempts), why, e);
	}
	return q != NULL ? order_answer(c, q, o.id, status, e) : ACSR_OK;
}

static enum acsr_result check_csr(struct core *c, const struct order *o, const struct csr_request *r,
	const struct msg_key_result *m, char spki[65], struct acsr_err *e)
{
	const struct acsr_key_policy policy = { .allow_eddsa = true, .allow_pqc = true };
	CLEANUP_STRV struct strv names = { 0 };
	struct acsr_csr_view *view = NULL;
	enum acsr_result res;
	bool used = false;

	TRY(order_names_list(o, &names, e));
	TRY(acsr_csr_parse(&view, m->csr.p, m->csr.len, e));
	res = acsr_key_check_public(view->key, &policy, NULL, e);
	if (res == ACSR_OK && strcmp(acsr_key_name(view->key), r->key_type) != 0)
		res = err_set(e, "sys.keymaker", "the keymaker made a key of another type");
	if (res == ACSR_OK && view->sans.n != names.n)
		res = err_set(e, "sys.keymaker", "the keymaker's CSR has other names");
	hex_encode(view->spki_sha256, 32, spki);
	acsr_csr_view_free(view);
	TRY(res);
	TRY(csr_request_key_used(c->db, spki, o->id, true, &used, e));
	return used ? err_set(e, "sys.keymaker", "the keymaker made a key that was there before") : ACSR_OK;
}

static enum acsr_result store_code(struct core *c, const struct order *o, struct csr_request *r,
	const struct msg_key_result *m, struct acsr_err *e)
{
	CLEANUP_BUF struct buf wrapped = { 0 };
	bool sealed = strcmp(r->grade, "sealed") == 0;
	struct product p;

	if (sealed != (m->code == NULL))
		return err_set(e, "sys.keymaker", "the keymaker sent %s",
			sealed ? "a code for a sealed key" : "no code");
	buf_init(&wrapped, 512);
	TRY(products_load(c->db, o->product_id, &p, e));
	if (sealed) {
		r->code_window =
			product_code_window(c, &p); /* so long the acknowledgement may take, as with a code */
		return csr_request_save_code(c->db, r, e);
	}
	TRY(kek_wrap(c->kek, r->id, m->code, &wrapped, e));
	return code_keep(c, r, (struct bytes){ wrapped.p, wrapped.len }, &p, e);
}

static enum acsr_result key_made(struct core *c, struct order *o, struct csr_request *r,
	const struct msg_key_result *m, struct acsr_err *e)
{
	bool mail = strcmp(o->delivery, "email") == 0;
	char spki[65];

	TRY(check_csr(c, o, r, m, spki, e));
	TRY(csr_request_made(c->db, r->id, (struct bytes){ m->csr.p, m->csr.len }, spki, e));
	TRY(store_code(c, o, r, m, e));
	hex_encode(m->archive_sha256.p, m->archive_sha256.len, r->archive_sha256);
	r->archive_size = (int64_t)m->archive_size;
	snprintf(r->sandbox, sizeof(r->sandbox), "%s", m->sandbox);
	snprintf(r->archive_state, sizeof(r->archive_state), "%s", mail ? "mailing" : "waiting");
	r->ticket_expires_at = c->now + conf_span(&c->proc->conf, "orders.archive_window");
	TRY(csr_request_save(c->db, r, e));
	c->count.keys_made++;
	TRY(core_audit(c, "system", o->account_id, "key.made", o->id, e,
		"%s, SPKI SHA-256 %s, archive SHA-256 %s, grade %s, format %s%s%s", r->key_type, spki,
		r->archive_sha256, r->grade, r->format, r->recipient_name[0] != '\0' ? ", to " : "",
		r->recipient_name));
	TRY(receipt_key_made(c, r->id, e));
	if (!mail)
		return core_want_job(c, "archive-expire", r->id, r->ticket_expires_at, e);
	return handover_send_mail(c, o, r, e);
}

/* Not given up meanwhile, because whoever was to deliver the archive died. */
static bool still_wanted(const struct csr_request *r)
{
	return strcmp(r->archive_state, "making") == 0 || strcmp(r->archive_state, "mailing") == 0;
}

/* The worker's pipe has ended: whole, or not. */
static enum acsr_result on_key_result(struct core *c, struct keyresult *k, struct acsr_err *e)
{
	CLEANUP_ORDER struct order o = { 0 };
	struct msg_key_result *m = keyresult_message(k);
	struct csr_request r;
	struct acsr_err why;

	if (m == NULL)
		return key_failed(c, k->request_id, "the key's maker ended early", k->q, k->status, e);
	TRY(csr_request_load(c->db, k->request_id, &r, e));
	TRY(order_load(c->db, r.order_id, NULL, &o, e));
	if (strcmp(o.request_id, r.id) != 0 || strcmp(o.state, "handover") != 0 || !still_wanted(&r))
		return k->q != NULL ? order_answer(c, k->q, o.id, k->status, e) : ACSR_OK;
	if (key_made(c, &o, &r, m, &why) != ACSR_OK) {
		log_error(LOG_ERROR, "key.refused", &why);
		return key_failed(c, k->request_id, why.text, k->q, k->status, e);
	}
	return k->q != NULL ? order_answer(c, k->q, o.id, k->status, e) : ACSR_OK;
}

static enum acsr_result on_key_started(
	struct core *c, struct call *call, struct msg *m, const struct acsr_err *why, struct acsr_err *e)
{
	unsigned status = (unsigned)strtoul(call->detail, NULL, 10);
	int fd;

	if (m == NULL)
		return key_failed(c, call->object, why->text, call->q, status, e);
	fd = m->fd;
	m->fd = -1;
	return keyresult_read(c, fd, call->object, call->q, status, on_key_result, e);
}

/* --- the end of a hand-over --- */

enum acsr_result handover_done(struct core *c, struct order *o, struct csr_request *r,
	const char *archive_state, const char *actor, struct acsr_err *e)
{
	snprintf(r->archive_state, sizeof(r->archive_state), "%s", archive_state);
	r->handed_over_at = c->now;
	if (r->has_code)
		r->code_expires_at = c->now + r->code_window;
	TRY(csr_request_save(c->db, r, e));
	TRY(core_audit(c, actor, o->account_id, "key.handed-over", o->id, e,
		"archive SHA-256 %s, %s, grade %s, format %s", r->archive_sha256, archive_state, r->grade,
		r->format));
	TRY(receipt_handed_over(c, r->id, e));
	if (r->has_code)
		TRY(core_want_job(c, "code-destroy", r->id, r->code_expires_at, e));
	return order_begin_validation(c, o, actor, e);
}
/* --- the job --- */

/* A certificate that has expired since the order, say: no attempt would get further. */
static enum acsr_result seal_forbidden(
	struct core *c, const struct csr_request *r, char why[400], struct acsr_err *e)
{
	CLEANUP_CHOICE struct handover_choice how = { 0 };
	struct acsr_err refusal;

	if (handover_choice_again(c, r, &how, &refusal) == ACSR_OK)
		return ACSR_OK;
	if (!str_starts(refusal.id, "recipient.")) {
		*e = refusal;
		return ACSR_FAIL;
	}
	snprintf(why, 400, "nothing can be sealed to the recipient any more: %.300s", refusal.text);
	return ACSR_OK;
}

/* Why no mail with a key may leave for this order any more; *why is "" when one may. */
static enum acsr_result mail_forbidden(
	struct core *c, const struct order *o, const struct csr_request *r, char why[400], struct acsr_err *e)
{
	struct acsr_err refusal;
	struct product p;
	bool good;

	*why = '\0';
	TRY(order_recipient_good(c, o->account_id, o->email, &good, e));
	if (!good)
		snprintf(why, 400, "whom the archive was to be mailed to is no user of the account any more");
	TRY(products_load(c->db, o->product_id, &p, e));
	if (good && order_may_make_key(c, &p, &refusal) != ACSR_OK)
		snprintf(why, 400, "%s", refusal.text);
	return *why == '\0' ? seal_forbidden(c, r, why, e) : ACSR_OK;
}

enum acsr_result handover_mail_job(struct core *c, const char *order_id, int64_t attempts, struct acsr_err *e)
{
	CLEANUP_ORDER struct order o = { 0 };
	struct csr_request r;
	char why[400];

	(void)attempts;
	TRY(order_load(c->db, order_id, NULL, &o, e));
	if (strcmp(o.state, "handover") != 0 || strcmp(o.delivery, "email") != 0)
		return jobs_done(c->db, "archive-mail", order_id, e);
	TRY(csr_request_load(c->db, o.request_id, &r, e));
	TRY(mail_forbidden(c, &o, &r, why, e));
	if (*why != '\0') {
		TRY(jobs_done(c->db, "archive-mail", order_id, e));
		return order_fail(c, &o, why, e);
	}
	/* An attempt that failed leaves no key: the next one makes a new one. */
	if (strcmp(r.archive_state, "lost") == 0)
		return handover_make_again(c, &o, &r, NULL, 0, e);
	return ask_keymaker(c, &o, &r, NULL, 0, e);
}
