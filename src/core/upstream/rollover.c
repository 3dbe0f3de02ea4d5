/*
 * Another key for an account (RFC 8555 7.3.5). The new key's name is stored before the CA hears of it, and with it the job
 * that finds out which of the two keys the account has, when nobody else does: its lease ends when core starts anew.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/jsontext.h"
#include "core/upstream/account.h"
#include "core/upstream/jobs.h"
#include "store/jobs.h"
#include "store/upstream.h"

enum { LONGEST_PAUSE = 3600, LEASE = 900, FORGET_SECONDS = 60, BUSY_PAUSE = 2 };

/* Perhaps the account was ended meanwhile. */
static enum acsr_result adopt(struct core *c, struct account_work *w, struct acsr_err *e)
{
	CLEANUP_UPSTREAM_ISSUER struct upstream_issuer i = { 0 };

	TRY(upstream_issuer_load(c->db, w->issuer, &i, e));
	if (strcmp(i.next_key, w->next_key) != 0)
		return account_finish(c, w, NULL, e);
	TRY(account_key_replaced(c, i.account_key, e));
	snprintf(i.account_key, sizeof(i.account_key), "%s", i.next_key);
	snprintf(i.account_thumbprint, sizeof(i.account_thumbprint), "%s", w->thumbprint);
	i.next_key[0] = '\0';
	TRY(upstream_issuer_save(c->db, &i, e));
	TRY(jobs_done(c->db, "upstream-roll", w->issuer, e));
	TRY(upstream_orders_reread(c->db, i.name, c->now, e));
	TRY(core_audit(c, w->q != NULL ? w->q->who.email : "system", "", "issuer.key-changed", i.name, e,
		"the account has a new key, %s", i.account_thumbprint));
	return account_finish(c, w, NULL, e);
}

/* After one request and its answer the CA surely does not have the new key. After several it may still, so the key is kept. */
static enum acsr_result refused(
	struct core *c, struct account_work *w, const struct acsr_err *why, struct acsr_err *e)
{
	CLEANUP_UPSTREAM_ISSUER struct upstream_issuer i = { 0 };

	TRY(upstream_issuer_load(c->db, w->issuer, &i, e));
	if (strcmp(i.next_key, w->next_key) != 0)
		return account_finish(c, w, why, e);
	if (!w->look_up)
		TRY(account_key_replaced(c, i.next_key, e));
	i.next_key[0] = '\0';
	TRY(upstream_issuer_save(c->db, &i, e));
	TRY(jobs_done(c->db, "upstream-roll", w->issuer, e));
	return account_finish(c, w, why, e);
}

static enum acsr_result later(
	struct core *c, struct account_work *w, const struct acsr_err *why, struct acsr_err *e)
{
	int64_t first = conf_span(&c->proc->conf, "upstream.first_retry");
	struct acsr_err told;
	int64_t attempts, pause;

	TRY(jobs_attempts(c->db, "upstream-roll", w->issuer, &attempts, e));
	/* What is busy is ours, and soon over: after a start signer and courier come a moment later. */
	pause = err_is(why, "busy.") ? BUSY_PAUSE : jobs_pause(first, LONGEST_PAUSE, attempts);
	TRY(jobs_again(c->db, "upstream-roll", w->issuer, c->now + pause, why->text, e));
	(void)err_set(&told, why->id,
		"%.280s; which key the account has is not known, and is asked again by itself", why->text);
	return account_finish(c, w, &told, e);
}

/* --- which key has it? --- */

static enum acsr_result change(struct core *c, struct account_work *w, struct acsr_err *e);

static enum acsr_result looked_up(struct core *c, struct upstream_then *t, const struct upstream_reply *r,
	const struct acsr_err *why, struct acsr_err *e)
{
	CLEANUP_UPSTREAM_ISSUER struct upstream_issuer i = { 0 };
	struct account_work *w = account_work_of(c, t->detail);

	if (w == NULL)
		return ACSR_OK;
	TRY(upstream_issuer_load(c->db, w->issuer, &i, e));
	if (why == NULL && strcmp(r->location, i.account_url) == 0)
		return adopt(c, w, e);
	if (why != NULL && strcmp(r->problem, "accountDoesNotExist") != 0)
		return later(c, w, why, e);
	return change(c, w, e);
}

static enum acsr_result look_up(
	struct core *c, struct account_work *w, const struct upstream_issuer *i, struct acsr_err *e)
{
	struct upstream_ask a = {
		.url = "newAccount", .payload = "{\"onlyReturnExisting\":true}", .key = i->next_key, .kid = ""
	};

	return account_ask(c, w, &a, looked_up, e);
}

/* --- changing --- */

static enum acsr_result changed(struct core *c, struct upstream_then *t, const struct upstream_reply *r,
	const struct acsr_err *why, struct acsr_err *e)
{
	struct account_work *w = account_work_of(c, t->detail);

	if (w == NULL)
		return ACSR_OK;
	if (why == NULL)
		return adopt(c, w, e);
	/* A plain refusal changes nothing; 409 says that the new key has an account: ours, if the first try got through. */
	if (err_is(why, "upstream.refused.") && r->status != 409 && r->status != 401 && r->status != 403)
		return refused(c, w, why, e);
	return later(c, w, why, e);
}

static enum acsr_result on_inner(
	struct core *c, struct call *call, struct msg *m, const struct acsr_err *why, struct acsr_err *e)
{
	struct account_work *w = account_work_of(c, call->detail);
	const struct msg_jws_signed *s = m != NULL ? m->body : NULL;
	struct upstream_ask a = { .url = "keyChange" };
	CLEANUP_STR char *payload = NULL;

	if (w == NULL)
		return ACSR_OK;
	if (s == NULL)
		return later(c, w, why, e);
	TRY(str_printf(&payload, e, "%.*s", (int)s->jws.len, (const char *)s->jws.p));
	a.payload = payload;
	return account_ask(c, w, &a, changed, e);
}

static enum acsr_result sign_inner(struct core *c, struct account_work *w, struct acsr_err *e)
{
	CLEANUP_UPSTREAM_ISSUER struct upstream_issuer i = { 0 };
	CLEANUP_STR char *payload = NULL;
	struct msg_sign_jws m = { 0 };
	char url[UPSTREAM_URL];
	struct acsr_err no;

	TRY(upstream_issuer_load(c->db, w->issuer, &i, e));
	upstream_directory_url(&i, "keyChange", url);
	if (*url == '\0') {
		(void)err_set(
			&no, "upstream.refused.directory", "%.60s does not offer to change keys", i.title);
		return refused(c, w, &no, e);
	}
	TRY(json_text(
		json_pack("{s:s,s:o}", "account", i.account_url, "oldKey", json_loads(w->old_jwk, 0, NULL)),
		&payload, e));
	m = (struct msg_sign_jws){
		.key_name = i.next_key, .url = url, .payload = { (uint8_t *)payload, strlen(payload) }
	};
	return account_ask_signer(c, w, MSG_sign_jws, &m, on_inner, e);
}

static enum acsr_result on_old_key(
	struct core *c, struct call *call, struct msg *m, const struct acsr_err *why, struct acsr_err *e)
{
	struct account_work *w = account_work_of(c, call->detail);
	const struct msg_account_key *k = m != NULL ? m->body : NULL;

	if (w == NULL)
		return ACSR_OK;
	if (k == NULL)
		return later(c, w, why, e);
	TRY(str_dup(&w->old_jwk, k->jwk, e));
	return sign_inner(c, w, e);
}

static enum acsr_result change(struct core *c, struct account_work *w, struct acsr_err *e)
{
	CLEANUP_UPSTREAM_ISSUER struct upstream_issuer i = { 0 };
	struct msg_account_key_make m = { .key_type = (char *)(uintptr_t) "ec:p256" };

	TRY(upstream_issuer_load(c->db, w->issuer, &i, e));
	m.name = i.account_key;
	return account_ask_signer(c, w, MSG_account_key_make, &m, on_old_key, e);
}

/* --- the beginning --- */

static enum acsr_result on_next_key(
	struct core *c, struct call *call, struct msg *m, const struct acsr_err *why, struct acsr_err *e)
{
	CLEANUP_UPSTREAM_ISSUER struct upstream_issuer i = { 0 };
	struct account_work *w = account_work_of(c, call->detail);
	const struct msg_account_key *k = m != NULL ? m->body : NULL;

	if (w == NULL)
		return ACSR_OK;
	if (k == NULL)
		return later(c, w, why, e);
	snprintf(w->thumbprint, sizeof(w->thumbprint), "%.43s", k->thumbprint);
	TRY(upstream_issuer_load(c->db, w->issuer, &i, e));
	return w->look_up ? look_up(c, w, &i, e) : change(c, w, e);
}

enum acsr_result upstream_account_roll(
	struct core *c, struct request *q, const char *issuer, upstream_done_fn *done, struct acsr_err *e)
{
	CLEANUP_UPSTREAM_ISSUER struct upstream_issuer i = { 0 };
	struct msg_account_key_make m = { .key_type = (char *)(uintptr_t) "ec:p256" };
	struct account_work *w;
	bool leased;

	TRY(upstream_issuer_load(c->db, issuer, &i, e));
	if (i.account_url[0] == '\0' || strcmp(i.account_status, "valid") != 0)
		return err_set(e, "upstream.account", "there is no account at %s whose key could be changed",
			i.title);
	TRY(jobs_is_leased(c->db, "upstream-roll", i.name, c->now, &leased, e));
	if (q != NULL && leased)
		return err_set(e, "state.rolling",
			"the key of the account at %s is being changed already; wait a moment and look again",
			i.title);
	TRY(account_begin(c, q, issuer, done, &w, e));
	w->look_up = i.next_key[0] != '\0'; /* begun before: look first */
	if (!w->look_up) {
		account_new_key_name(i.name, i.next_key);
		TRY(upstream_issuer_save(c->db, &i, e));
	}
	snprintf(w->next_key, sizeof(w->next_key), "%s", i.next_key);
	TRY(jobs_begin(c->db, "upstream-roll", i.name, c->now, LEASE, e));
	m.name = i.next_key;
	return account_ask_signer(c, w, MSG_account_key_make, &m, on_next_key, e);
}

enum acsr_result upstream_roll_job(struct core *c, const char *issuer, int64_t attempts, struct acsr_err *e)
{
	CLEANUP_UPSTREAM_ISSUER struct upstream_issuer i = { 0 };
	struct acsr_err why;

	(void)attempts;
	if (upstream_issuer_load(c->db, issuer, &i, &why) != ACSR_OK || i.next_key[0] == '\0')
		return jobs_done(c->db, "upstream-roll", issuer, e);
	return upstream_account_roll(c, NULL, issuer, NULL, e);
}

/* --- the key of before --- */

enum acsr_result account_key_replaced(struct core *c, const char *key, struct acsr_err *e)
{
	return *key != '\0' ? core_want_job(c, "upstream-forget", key, c->now, e) : ACSR_OK;
}

static enum acsr_result on_forgotten(
	struct core *c, struct call *call, struct msg *m, const struct acsr_err *why, struct acsr_err *e)
{
	int64_t first = conf_span(&c->proc->conf, "upstream.first_retry"), attempts;

	if (m != NULL)
		return jobs_done(c->db, "upstream-forget", call->object, e);
	TRY(jobs_attempts(c->db, "upstream-forget", call->object, &attempts, e));
	return jobs_again(c->db, "upstream-forget", call->object,
		c->now + jobs_pause(first, LONGEST_PAUSE, attempts), why->text, e);
}

enum acsr_result upstream_forget_job(struct core *c, const char *key, int64_t attempts, struct acsr_err *e)
{
	struct msg_account_key_forget m = { .name = (char *)(uintptr_t)key };
	struct call like = { .fn = on_forgotten };
	bool used;

	(void)attempts;
	TRY(upstream_issuer_key_used(c->db, key, &used, e));
	if (used)
		return jobs_done(c->db, "upstream-forget", key, e);
	snprintf(like.object, sizeof(like.object), "%s", key);
	return core_ask(c, ROLE_SIGNER, MSG_account_key_forget, &m, FORGET_SECONDS, &like, e);
}
