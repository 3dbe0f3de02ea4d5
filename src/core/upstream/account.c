/* Accounts at other CAs (RFC 8555 7.3): registered or found again, and ended. Rolling over is in rollover.c. */
#include "core/upstream/account.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rnd.h"
#include "core/jsontext.h"
#include "core/upstream/terms.h"
#include "store/jobs.h"

enum { SIGN_SECONDS = 60 };

void account_work_free(void *arg)
{
	struct account_work *w = arg;

	acsr_secret_free(w->eab_key);
	free(w->contacts);
	free(w->eab_kid);
	free(w->eab_jws);
	free(w->old_jwk);
	free(w);
}

enum acsr_result account_begin(struct core *c, struct request *q, const char *issuer, upstream_done_fn *done,
	struct account_work **out, struct acsr_err *e)
{
	struct account_work *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return err_nomem(e);
	w->done = done;
	w->q = q;
	snprintf(w->issuer, sizeof(w->issuer), "%s", issuer);
	if (upstream_park(c, w, account_work_free, &w->id, e) != ACSR_OK) {
		account_work_free(w);
		return ACSR_FAIL;
	}
	*out = w;
	return ACSR_OK;
}

enum acsr_result account_finish(
	struct core *c, struct account_work *w, const struct acsr_err *why, struct acsr_err *e)
{
	struct acsr_err told;
	enum acsr_result r = ACSR_OK;

	if (why != NULL) {
		told = *why;
		if (err_is(why, "upstream.refused.externalAccountRequired"))
			(void)err_rule(&told, "upstream.eab", "eab", "RFC 8555 7.3.4", "%s", why->text);
		why = &told;
	}
	if (w->done != NULL)
		r = w->done(c, w->q, w->issuer, why, e);
	upstream_unpark(c, w->id);
	return r;
}

enum acsr_result account_ask(struct core *c, struct account_work *w, const struct upstream_ask *a,
	upstream_fn *fn, struct acsr_err *e)
{
	struct upstream_then t = { .fn = fn, .q = w->q };
	struct upstream_ask ask = *a;
	struct acsr_err why;

	ask.issuer = w->issuer;
	snprintf(t.detail, sizeof(t.detail), "%llu", (unsigned long long)w->id);
	if (upstream_call(c, &ask, &t, &why) == ACSR_OK)
		return ACSR_OK;
	return account_finish(c, w, &why, e);
}

enum acsr_result account_ask_signer(struct core *c, const struct account_work *w, unsigned type,
	const void *body, account_signer_fn *fn, struct acsr_err *e)
{
	struct call like = { .fn = fn, .q = w->q };

	snprintf(like.detail, sizeof(like.detail), "%llu", (unsigned long long)w->id);
	return core_ask(c, ROLE_SIGNER, type, body, SIGN_SECONDS, &like, e);
}

struct account_work *account_work_of(struct core *c, const char *detail)
{
	return upstream_parked(c, strtoull(detail, NULL, 10));
}

void account_new_key_name(const char *issuer, char out[65])
{
	char random[14];

	rnd_base32(random, 12);
	str_lower(random);
	snprintf(out, 65, "%.48s-%s", issuer, random);
}

/* --- registering --- */

static json_t *contacts_of(const char *text)
{
	json_t *list = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

	if (json_is_array(list))
		return list;
	json_decref(list);
	return json_array();
}

static enum acsr_result contacts_updated(struct core *c, struct upstream_then *t,
	const struct upstream_reply *r, const struct acsr_err *why, struct acsr_err *e)
{
	struct account_work *w = account_work_of(c, t->detail);

	(void)r;
	return w != NULL ? account_finish(c, w, why, e) : ACSR_OK;
}

/* An account that was there already may have other contacts. */
static enum acsr_result update_contacts(
	struct core *c, struct account_work *w, const struct upstream_issuer *i, struct acsr_err *e)
{
	CLEANUP_STR char *payload = NULL;
	struct upstream_ask a = { .url = i->account_url };

	TRY(json_text(json_pack("{s:o}", "contact", contacts_of(w->contacts)), &payload, e));
	a.payload = payload;
	return account_ask(c, w, &a, contacts_updated, e);
}

static enum acsr_result keep_account(struct core *c, struct account_work *w, struct upstream_issuer *i,
	const struct upstream_reply *r, struct acsr_err *e)
{
	if (w->terms)
		TRY(terms_agreed(c, i, e));
	TRY(str_set(&i->account_url, r->location, e));
	TRY(str_set(&i->contacts, w->contacts, e));
	snprintf(i->account_thumbprint, sizeof(i->account_thumbprint), "%s", w->thumbprint);
	snprintf(i->account_status, sizeof(i->account_status), "valid");
	TRY(upstream_issuer_save(c->db, i, e));
	return core_audit(c, w->q != NULL ? w->q->who.email : "system", "", "issuer.registered", i->name, e,
		"%s account %s", r->status == 201 ? "a new" : "found the", i->account_url);
}

static enum acsr_result registered(struct core *c, struct upstream_then *t, const struct upstream_reply *r,
	const struct acsr_err *why, struct acsr_err *e)
{
	CLEANUP_UPSTREAM_ISSUER struct upstream_issuer i = { 0 };
	struct account_work *w = account_work_of(c, t->detail);
	const char *status;
	struct acsr_err no;

	if (w == NULL)
		return ACSR_OK;
	if (why != NULL)
		return account_finish(c, w, why, e);
	TRY(upstream_issuer_load(c->db, w->issuer, &i, e));
	status = json_string_value(json_object_get(r->json, "status"));
	if (r->location[0] == '\0' || status == NULL || strcmp(status, "valid") != 0) {
		(void)err_set(&no, "upstream.answer", "%.60s gives no valid account: %s", i.title,
			r->location[0] == '\0' ? "its answer has no Location" : "its status is another");
		return account_finish(c, w, &no, e);
	}
	TRY(keep_account(c, w, &i, r, e));
	return r->status == 200 ? update_contacts(c, w, &i, e) : account_finish(c, w, NULL, e);
}

static enum acsr_result ask_for_account(
	struct core *c, struct account_work *w, const struct upstream_issuer *i, struct acsr_err *e)
{
	struct upstream_ask a = { .url = "newAccount", .key = i->account_key, .kid = "" };
	json_t *body = json_pack("{s:o}", "contact", contacts_of(w->contacts));
	CLEANUP_STR char *payload = NULL;

	if (w->terms || i->terms_agreed[0] != '\0')
		json_object_set_new(body, "termsOfServiceAgreed", json_true());
	if (w->eab_jws != NULL)
		json_object_set_new(body, "externalAccountBinding", json_loads(w->eab_jws, 0, NULL));
	TRY(json_text(body, &payload, e));
	a.payload = payload;
	return account_ask(c, w, &a, registered, e);
}

static enum acsr_result on_bound(
	struct core *c, struct call *call, struct msg *m, const struct acsr_err *why, struct acsr_err *e)
{
	CLEANUP_UPSTREAM_ISSUER struct upstream_issuer i = { 0 };
	struct account_work *w = account_work_of(c, call->detail);
	const struct msg_jws_signed *s = m != NULL ? m->body : NULL;

	if (w == NULL)
		return ACSR_OK;
	if (s == NULL)
		return account_finish(c, w, why, e);
	TRY(str_printf(&w->eab_jws, e, "%.*s", (int)s->jws.len, (const char *)s->jws.p));
	TRY(upstream_issuer_load(c->db, w->issuer, &i, e));
	return ask_for_account(c, w, &i, e);
}

static enum acsr_result on_key(
	struct core *c, struct call *call, struct msg *m, const struct acsr_err *why, struct acsr_err *e)
{
	CLEANUP_UPSTREAM_ISSUER struct upstream_issuer i = { 0 };
	struct account_work *w = account_work_of(c, call->detail);
	const struct msg_account_key *k = m != NULL ? m->body : NULL;
	struct msg_sign_eab eab = { 0 };
	char url[UPSTREAM_URL];

	if (w == NULL)
		return ACSR_OK;
	if (k == NULL)
		return account_finish(c, w, why, e);
	snprintf(w->thumbprint, sizeof(w->thumbprint), "%.43s", k->thumbprint);
	TRY(upstream_issuer_load(c->db, w->issuer, &i, e));
	if (w->eab_kid == NULL)
		return ask_for_account(c, w, &i, e);
	upstream_directory_url(&i, "newAccount", url);
	eab = (struct msg_sign_eab){
		.key_name = i.account_key, .url = url, .kid = w->eab_kid, .mac_key = w->eab_key
	};
	return account_ask_signer(c, w, MSG_sign_eab, &eab, on_bound, e);
}

/* What can be said before the CA is asked. */
static enum acsr_result judge_wishes(
	const struct account_work *w, const struct upstream_issuer *i, struct acsr_err *e)
{
	json_t *meta = upstream_meta(i);
	bool eab = json_is_true(json_object_get(meta, "externalAccountRequired"));

	json_decref(meta);
	TRY(terms_check(i, w->terms, e));
	if (eab && w->eab_kid == NULL && i->account_url[0] == '\0')
		return err_rule(e, "upstream.eab", "eab", "RFC 8555 7.3.4",
			"%.60s takes only accounts that are bound to one you have with it: get a key id and "
			"a MAC key there",
			i->title);
	return ACSR_OK;
}

static enum acsr_result got_directory(struct core *c, struct upstream_then *t, const struct upstream_reply *r,
	const struct acsr_err *why, struct acsr_err *e)
{
	CLEANUP_UPSTREAM_ISSUER struct upstream_issuer i = { 0 };
	struct account_work *w = account_work_of(c, t->detail);
	struct msg_account_key_make m = { .key_type = (char *)(uintptr_t) "ec:p256" };
	struct acsr_err no;

	(void)r;
	if (w == NULL)
		return ACSR_OK;
	if (why != NULL)
		return account_finish(c, w, why, e);
	TRY(upstream_issuer_load(c->db, w->issuer, &i, e));
	if (judge_wishes(w, &i, &no) != ACSR_OK)
		return account_finish(c, w, &no, e);
	if (w->contacts == NULL)
		TRY(str_dup(&w->contacts, i.contacts, e));
	/* A deactivated account's key is never good again (7.3.6). */
	if (i.account_key[0] == '\0' || strcmp(i.account_status, "deactivated") == 0) {
		TRY(account_key_replaced(c, i.account_key, e));
		account_new_key_name(i.name, i.account_key);
		i.account_status[0] = '\0';
		TRY(upstream_issuer_save(c->db, &i, e));
	}
	m.name = i.account_key;
	return account_ask_signer(c, w, MSG_account_key_make, &m, on_key, e);
}

static enum acsr_result keep_wishes(
	struct account_work *w, const struct upstream_register *r, struct acsr_err *e)
{
	w->terms = r->terms;
	if (r->contacts != NULL)
		TRY(str_dup(&w->contacts, r->contacts, e));
	if (r->eab_kid == NULL)
		return ACSR_OK;
	TRY(str_dup(&w->eab_kid, r->eab_kid, e));
	return acsr_secret_new(&w->eab_key, acsr_secret_bytes(r->eab_key), acsr_secret_len(r->eab_key), e);
}

enum acsr_result upstream_account_register(struct core *c, struct request *q, const char *issuer,
	const struct upstream_register *r, upstream_done_fn *done, struct acsr_err *e)
{
	struct upstream_ask a = { .url = "directory" };
	struct account_work *w;

	TRY(account_begin(c, q, issuer, done, &w, e));
	if (keep_wishes(w, r, e) != ACSR_OK) {
		upstream_unpark(c, w->id);
		return ACSR_FAIL;
	}
	return account_ask(c, w, &a, got_directory, e);
}

/* --- ending --- */

static enum acsr_result ask_to_end(
	struct core *c, struct account_work *w, const struct upstream_issuer *i, struct acsr_err *e);

static enum acsr_result has_ended(
	struct core *c, struct account_work *w, struct upstream_issuer *i, struct acsr_err *e)
{
	snprintf(i->account_status, sizeof(i->account_status), "deactivated");
	if (i->next_key[0] != '\0') {
		TRY(account_key_replaced(c, i->next_key, e));
		i->next_key[0] = '\0';
		TRY(jobs_done(c->db, "upstream-roll", i->name, e));
	}
	TRY(upstream_issuer_save(c->db, i, e));
	TRY(core_audit(c, w->q != NULL ? w->q->who.email : "system", "", "issuer.deactivated", i->name, e,
		"account %s", i->account_url));
	return account_finish(c, w, NULL, e);
}

/* While nobody knows which of two keys the account has, a refusal may be of the key. */
static enum acsr_result deactivated(struct core *c, struct upstream_then *t, const struct upstream_reply *r,
	const struct acsr_err *why, struct acsr_err *e)
{
	CLEANUP_UPSTREAM_ISSUER struct upstream_issuer i = { 0 };
	struct account_work *w = account_work_of(c, t->detail);
	/* Asked a second time: the CA takes no signature of it any more. */
	bool refused = strcmp(r->problem, "unauthorized") == 0, gone;

	if (w == NULL)
		return ACSR_OK;
	TRY(upstream_issuer_load(c->db, w->issuer, &i, e));
	if (why == NULL)
		return has_ended(c, w, &i, e);
	if (i.next_key[0] != '\0' && !w->other_key && err_is(why, "upstream.refused.")) {
		w->other_key = true;
		w->refused = refused;
		return ask_to_end(c, w, &i, e);
	}
	gone = refused && (i.next_key[0] == '\0' || (w->other_key && w->refused));
	return gone || strcmp(r->problem, "accountDoesNotExist") == 0 ? has_ended(c, w, &i, e)
								      : account_finish(c, w, why, e);
}

static enum acsr_result ask_to_end(
	struct core *c, struct account_work *w, const struct upstream_issuer *i, struct acsr_err *e)
{
	struct upstream_ask a = { .url = i->account_url,
		.payload = "{\"status\":\"deactivated\"}",
		.key = w->other_key ? i->next_key : NULL };

	return account_ask(c, w, &a, deactivated, e);
}

enum acsr_result upstream_account_deactivate(
	struct core *c, struct request *q, const char *issuer, upstream_done_fn *done, struct acsr_err *e)
{
	CLEANUP_UPSTREAM_ISSUER struct upstream_issuer i = { 0 };
	struct account_work *w;

	TRY(upstream_issuer_load(c->db, issuer, &i, e));
	TRY(account_begin(c, q, issuer, done, &w, e));
	return ask_to_end(c, w, &i, e);
}
