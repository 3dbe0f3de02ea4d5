/* Fetching and acknowledging an archive, and revealing its unlock code. */
#include <stdio.h>
#include <string.h>

#include "autocsr/code.h"
#include "base/clock.h"
#include "core/always.h"
#include "core/code.h"
#include "core/handlers.h"
#include "core/handover.h"
#include "core/identity.h"
#include "core/jsontext.h"
#include "core/kek.h"
#include "core/proof.h"

enum acsr_result archive_fetch(struct core *c, struct request *q, struct acsr_err *e)
{
	struct csr_request r;

	TRY(csr_request_by_ticket(c->db, q->param[0], q->who.account_id, &r, e));
	if (strcmp(r.archive_state, "waiting") != 0 || r.ticket_expires_at <= c->now)
		return err_set(e, "archive.gone",
			"the archive was fetched before or its time is over; ask for a new one, with a new "
			"key");
	q->content_type = handover_media_type(&r);
	TRY(request_header(q, e, "Content-Disposition: attachment; filename=\"%s\"", r.filename));
	TRY(request_header(q, e, "X-Archive-SHA256: %s", r.archive_sha256));
	TRY(request_header(q, e, "Cache-Control: no-store"));
	if (strcmp(q->m.method, "HEAD") == 0)
		return ACSR_OK; /* looking does not use it up */
	snprintf(r.archive_state, sizeof(r.archive_state), "fetched");
	TRY(csr_request_save(c->db, &r, e));
	snprintf(q->ticket, sizeof(q->ticket), "%s", r.ticket);
	return core_audit(
		c, q->who.email, q->who.account_id, "archive.fetched", r.order_id, e, "from %s", q->m.remote);
}

/* The order of the path, its request, and that the order is in handover by download. */
static enum acsr_result in_handover(
	struct core *c, struct request *q, struct order *o, struct csr_request *r, struct acsr_err *e)
{
	TRY(order_of_request(c, q, o, e));
	if (strcmp(o->state, "handover") != 0)
		return err_set(e, "state.not-handover",
			"this order is %s: no archive waits to be handed over", o->state);
	return csr_request_load(c->db, o->request_id, r, e);
}

/* As the request had it, unless the customer now says otherwise. */
static enum acsr_result choose_again(struct core *c, const struct csr_request *r, json_t *given,
	struct handover_choice *how, struct acsr_err *e)
{
	return given != NULL ? handover_choice_read(c, given, false, how, e)
			     : handover_choice_again(c, r, how, e);
}

enum acsr_result order_archive_new(struct core *c, struct request *q, struct acsr_err *e)
{
	json_t *given = NULL;
	const struct field fields[] = { { "hand_over", FIELD_OBJECT, false, &given, 0 }, { 0 } };
	CLEANUP_CHOICE struct handover_choice how = { 0 };
	CLEANUP_ORDER struct order o = { 0 };
	struct csr_request r;

	TRY(request_fields(q, fields, e));
	TRY(in_handover(c, q, &o, &r, e));
	if (strcmp(o.delivery, "email") == 0)
		return err_set(e, "state.mail",
			"this archive goes by mail; each attempt brings a new key by itself");
	if (strcmp(r.archive_state, "making") == 0)
		return err_set(e, "state.making", "a key is being made right now; wait a moment");
	TRY(choose_again(c, &r, given, &how, e));
	TRY(order_check_pace(c, o.account_id, NULL, e));
	TRY(handover_choice_remember(c, q, given, &how, e));
	return handover_make(c, &o, r.key_type, &how, q, 200, e);
}

enum acsr_result order_archive_ack(struct core *c, struct request *q, struct acsr_err *e)
{
	const char *sha256 = NULL;
	const struct field fields[] = { { "sha256", FIELD_TEXT, true, &sha256, 64 }, { 0 } };
	CLEANUP_ORDER struct order o = { 0 };
	struct csr_request r;

	TRY(request_fields(q, fields, e));
	TRY(order_of_request(c, q, &o, e));
	if (o.request_id[0] != '\0') {
		TRY(csr_request_load(c->db, o.request_id, &r, e));
		/* Said twice is no fault: the answer to the first may have been lost. */
		if (strcmp(r.archive_state, "acknowledged") == 0 && strcasecmp(r.archive_sha256, sha256) == 0)
			return order_answer(c, q, o.id, 200, e);
	}
	TRY(in_handover(c, q, &o, &r, e));
	if (strcmp(r.archive_state, "fetched") != 0)
		return err_set(
			e, "state.not-fetched", "the archive was not fetched, so it cannot be acknowledged");
	if (strcasecmp(r.archive_sha256, sha256) != 0)
		return err_rule(e, "state.archive-hash", "sha256", NULL,
			"this is not the SHA-256 of the archive: the file is damaged; ask for a new archive");
	TRY(handover_done(c, &o, &r, "acknowledged", q->who.email, e));
	return order_answer(c, q, o.id, 200, e);
}

/* --- the unlock code --- */

static json_t *code_json(
	const struct acsr_secret *shown, const struct acsr_secret *code, const struct csr_request *r)
{
	char check[2] = { acsr_code_check(code), '\0' };
	int64_t left = code_reveals_left(r);

	return json_pack("{s:s%,s:s,s:s,s:s,s:s,s:o,s:o}", "code", (const char *)acsr_secret_bytes(shown),
		acsr_secret_len(shown), "check", check, "order_id", r->order_id, "spki_sha256",
		r->spki_sha256, "archive_sha256", r->archive_sha256, "expires_at",
		json_time(r->code_expires_at), "reveals_left", left < 0 ? json_null() : json_integer(left));
}

static enum acsr_result code_row(
	struct core *c, struct request *q, struct order *o, struct csr_request *r, struct acsr_err *e)
{
	/* An administrator sees orders, but a code only of the own account. */
	TRY(order_load(c->db, q->param[0], q->who.account_id, o, e));
	if (o->request_id[0] == '\0')
		return err_set(e, "code.gone", "this order has no unlock code");
	TRY(csr_request_load(c->db, o->request_id, r, e));
	if (strcmp(r->grade, "browser") == 0)
		return err_set(e, "code.gone",
			"the key of this order was made in your browser, which showed its code then, once; "
			"it "
			"was never here");
	if (strcmp(r->key_source, "autocsr") != 0)
		return err_set(e, "code.gone",
			"the key of this order was made elsewhere, so there is no unlock code");
	if (strcmp(r->grade, "sealed") == 0)
		return err_set(e, "code.gone",
			"the key of this order was sealed to %s, whose private key opens it; there is no "
			"unlock "
			"code",
			r->recipient_name);
	if (!r->has_code)
		return err_set(e, "code.gone",
			"the unlock code is destroyed: %s; a reissue brings a new key, archive and code",
			r->code_reason[0] != '\0' ? r->code_reason
						  : "its window is over or its archive was lost");
	/* The job that destroys it may be late, or fail: nobody sees it in that time. */
	if (strcmp(code_state(c, r), "expired") == 0)
		return err_set(e, "code.gone",
			"the unlock code is no longer shown: its window is over; a reissue brings a new key, "
			"archive and code");
	return ACSR_OK;
}

/* Whoever owns the account hears of every reveal, besides the address that the order's mails go to. */
struct telling {
	struct core *c;
	struct order o; /* a copy of the members only; its email is who is told */
	const struct order *original;
	const char *by;
	char at[21];
};

static enum acsr_result tell_owner(void *arg, const struct user *u, struct acsr_err *e)
{
	enum user_role role = user_role_of(u->role);
	struct telling *t = arg;

	if (role < USER_OWNER || u->disabled || strcmp(u->email, t->original->email) == 0 ||
		strchr(u->email, '.') == NULL)
		return ACSR_OK;
	snprintf(t->o.email, sizeof(t->o.email), "%s", u->email);
	return order_mail(t->c, &t->o, "code-revealed", "by", t->by, "at", t->at, e);
}

static enum acsr_result tell_revealed(
	struct core *c, const struct order *o, const struct request *q, struct acsr_err *e)
{
	struct telling t = { .c = c, .o = *o, .original = o };
	char by[400];

	snprintf(by, sizeof(by), "%s (from %s)", q->who.email, q->m.remote);
	t.by = by;
	clock_rfc3339(c->now, t.at);
	TRY(order_mail(c, o, "code-revealed", "by", by, "at", t.at, e));
	return users_each(c->db, o->account_id, tell_owner, &t, e);
}

static enum acsr_result reveal(struct core *c, struct request *q, const char *user_id, struct acsr_err *e)
{
	CLEANUP_ORDER struct order o = { 0 };
	CLEANUP_BUF struct buf wrapped = { 0 };
	CLEANUP_SECRET struct acsr_secret *code = NULL, *shown = NULL;
	struct csr_request r;

	(void)user_id;
	buf_init(&wrapped, 512);
	TRY(code_row(c, q, &o, &r, e));
	TRY(code_fetch(c, &r, &wrapped, e));
	TRY(kek_unwrap(c->kek, r.id, (struct bytes){ wrapped.p, wrapped.len }, &code, e));
	TRY(acsr_code_show(code, '-', &shown, e));
	/* Told before what comes of it: the last time destroys the code. */
	TRY(core_audit(c, q->who.email, o.account_id, "code.revealed", o.id, e, "reveal number %lld, to %s",
		(long long)r.reveals + 1, q->m.remote));
	TRY(code_shown(c, &r, e));
	TRY(tell_revealed(c, &o, q, e));
	return request_answer(q, 200, code_json(shown, code, &r));
}

enum acsr_result order_code(struct core *c, struct request *q, struct acsr_err *e)
{
	struct proof p = { 0 };
	const struct field fields[] = { PROOF_FIELDS(p), { 0 } };
	CLEANUP_ORDER struct order o = { 0 };
	struct csr_request r;

	TRY(request_fields(q, fields, e));
	TRY(code_row(c, q, &o, &r, e));
	return always_proof(c, q, &p, "to see the unlock code", reveal, e);
}
