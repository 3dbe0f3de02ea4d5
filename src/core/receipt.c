/* Having receipts signed, and keeping them. */
#include "core/upstream/issuer.h"
#include "core/receipt.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "core/issue.h"
#include "store/audit.h"
#include "store/jobs.h"
#include "store/statements.h"

enum { SIGN_SECONDS = 30, GONE_WITHIN = 10, RETRY_FIRST = 2, RETRY_MOST = 600 };

/* --- the key --- */

/* Its own words in the log are how we know whether it has been there before. */
static enum acsr_result note_key(struct core *c, void *arg, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	const char *id = arg;
	bool have;

	TRY(audit_of_object(c->db, id, 1, &rows, e));
	TRY(db_next(rows, &have, e));
	db_rows_free(rows);
	rows = NULL;
	return have ? ACSR_OK
		    : core_audit(c, "system", "", "receipt.key", id, e,
			      "receipts are signed with the Ed25519 key of this SPKI SHA-256 from now on");
}

static void forget_key(struct receipt_key *k)
{
	acsr_key_free(k->key);
	free(k->verifier);
	*k = (struct receipt_key){ 0 };
}

static enum acsr_result take_key(struct receipt_key *k, const struct msg_receipt_key *m, struct acsr_err *e)
{
	TRY(str_dup(&k->verifier, m->verifier, e));
	TRY(acsr_key_load_spki(&k->key, m->spki.p, m->spki.len, e));
	return receipt_key_id(k->key, k->id, e);
}

enum acsr_result receipt_key_known(struct core *c, const struct msg_receipt_key *m, struct acsr_err *e)
{
	char *id = NULL;

	forget_key(&c->receipt_key);
	if (take_key(&c->receipt_key, m, e) != ACSR_OK) {
		forget_key(&c->receipt_key);
		return ACSR_FAIL;
	}
	TRY(str_dup(&id, c->receipt_key.id, e));
	core_step(c, NULL, note_key, id, free);
	return ACSR_OK;
}

/* --- what is to be signed --- */

struct asking {
	struct msg_sign_receipt m;
	struct receipt_facts f;
	struct statement statement;
	char issuer[65], issuer_kind[12], recipient_sha256[65];
	char made_leaf[65], handed_over_leaf[65], destroyed_leaf[65];
	json_t *authorised;
};

static void asking_clear(struct asking *a)
{
	strv_free(&a->m.names);
	receipt_facts_clear(&a->f);
	json_decref(a->authorised);
}

static char *loan(const char *s)
{
	return (char *)(uintptr_t)s;
}

static enum acsr_result leaf_of(struct core *c, int64_t seq, char leaf[65], struct acsr_err *e)
{
	uint8_t hash[ACSR_MERKLE_HASH];

	if (seq == 0)
		return ACSR_OK;
	TRY(audit_node(c->db, 0, (uint64_t)seq - 1, hash, e));
	hex_encode(hash, sizeof(hash), leaf);
	return ACSR_OK;
}

static enum acsr_result put_log(struct core *c, struct asking *a, struct acsr_err *e)
{
	TRY(leaf_of(c, a->f.made_seq, a->made_leaf, e));
	TRY(leaf_of(c, a->f.handed_over_seq, a->handed_over_leaf, e));
	TRY(leaf_of(c, a->f.destroyed_seq, a->destroyed_leaf, e));
	a->m.made_seq = (uint64_t)a->f.made_seq;
	a->m.made_leaf = a->made_leaf;
	a->m.handed_over_seq = (uint64_t)a->f.handed_over_seq;
	a->m.handed_over_leaf = a->handed_over_leaf;
	a->m.destroyed_seq = (uint64_t)a->f.destroyed_seq;
	a->m.destroyed_leaf = a->destroyed_leaf;
	return ACSR_OK;
}

static char *said(const struct asking *a, const char *name)
{
	const char *s = json_string_value(json_object_get(a->authorised, name));

	return loan(s != NULL ? s : "");
}

/* The issuer as it was when the key was authorised; of a browser's key, as it is now. */
static enum acsr_result put_issuer(struct core *c, struct asking *a, struct acsr_err *e)
{
	const struct issuer *is;
	struct product p;
	bool have = false, public;

	snprintf(a->issuer, sizeof(a->issuer), "%s", said(a, "issuer"));
	snprintf(a->issuer_kind, sizeof(a->issuer_kind), "%s", said(a, "issuer_kind"));
	if (a->authorised == NULL) {
		TRY(products_load(c->db, a->f.product_id, &p, e));
		is = issue_choose_issuer(c, p.issuer);
		snprintf(a->issuer, sizeof(a->issuer), "%s", is != NULL ? is->name : p.issuer);
		TRY(issuer_is_public(c, p.issuer, &public, e));
		snprintf(a->issuer_kind, sizeof(a->issuer_kind), "%s", public ? "public" : "private");
	}
	if (*said(a, "statement") != '\0')
		TRY(statements_load(c->db, said(a, "statement"), &a->statement, &have, e));
	a->m.issuer = a->issuer;
	a->m.issuer_kind = a->issuer_kind;
	a->m.statement = a->statement.text;
	a->m.statement_author = a->statement.author;
	a->m.statement_at = (uint64_t)a->statement.at;
	return ACSR_OK;
}

static void put_authorised(struct asking *a)
{
	a->m.authorised_by = said(a, "by");
	a->m.authorised_kind = said(a, "kind");
	a->m.authorised_token = said(a, "token");
	a->m.authorised_network = said(a, "network");
	a->m.authorised_wording = said(a, "wording");
	a->m.authorised_at = (uint64_t)json_integer_value(json_object_get(a->authorised, "at"));
}

static enum acsr_result put_recipient(struct asking *a, struct acsr_err *e)
{
	uint8_t digest[32];

	if (strcmp(a->f.grade, "sealed") != 0)
		return ACSR_OK;
	if (EVP_Q_digest(NULL, "SHA256", NULL, a->f.recipient, strlen(a->f.recipient), digest, NULL) != 1)
		return err_set(e, "sys.digest", "cannot hash");
	hex_encode(digest, sizeof(digest), a->recipient_sha256);
	a->m.recipient = a->f.recipient_name;
	a->m.recipient_sha256 = a->recipient_sha256;
	return ACSR_OK;
}

static enum acsr_result put_names(struct asking *a, struct acsr_err *e)
{
	const struct order names = { .names = a->f.names };

	return order_names_list(&names, &a->m.names, e);
}

static enum acsr_result put_key(struct core *c, struct asking *a, const char *part, struct acsr_err *e)
{
	struct msg_sign_receipt *m = &a->m;
	struct receipt_facts *f = &a->f;
	bool ours = strcmp(f->key_source, "autocsr") == 0;

	m->part = loan(part);
	m->service = loan(conf_str(&c->proc->conf, "server.public_url"));
	m->account = f->account_id;
	m->order = f->order_id;
	m->request = f->request_id;
	m->product = f->product_id;
	m->made_by = loan(ours ? "service" : "browser");
	m->key_type = f->key_type;
	m->spki_sha256 = f->spki_sha256;
	m->archive_sha256 = f->archive_sha256;
	m->archive_size = (uint64_t)f->archive_size;
	m->grade = f->grade;
	m->format = f->format;
	m->delivery = loan(!ours ? "" : strcmp(f->archive_state, "mailed") == 0 ? "email" : "download");
	m->made_at = (uint64_t)f->made_at;
	m->gone_at = (uint64_t)f->gone_at;
	m->handed_over_at = (uint64_t)f->handed_over_at;
	m->destroyed_at = (uint64_t)f->destroyed_at;
	m->sandbox = f->sandbox;
	TRY(put_recipient(a, e));
	return put_names(a, e);
}

/* A receipt of the hand-over says nothing of what came later. */
static void hide_later(struct receipt_facts *f, const char *part)
{
	if (strcmp(part, "final") != 0)
		f->destroyed_at = f->destroyed_seq = 0;
}

static enum acsr_result collect(struct core *c, struct asking *a, const char *part, struct acsr_err *e)
{
	hide_later(&a->f, part);
	if (*a->f.authorised != '\0')
		a->authorised = json_loads(a->f.authorised, 0, NULL);
	TRY(put_key(c, a, part, e));
	put_authorised(a);
	TRY(put_issuer(c, a, e));
	return put_log(c, a, e);
}

/* --- signed --- */

static bool is_about(const struct receipt *r, const struct receipt_facts *f, const char *part)
{
	return strcmp(r->part, part) == 0 && strcmp(r->request, f->request_id) == 0 &&
	       strcmp(r->order, f->order_id) == 0 && strcmp(r->spki_sha256, f->spki_sha256) == 0;
}

/* Never believed unseen. */
static enum acsr_result check(struct core *c, const struct receipt_facts *f, const char *part,
	const struct blob *document, struct acsr_err *e)
{
	struct receipt_signed s = { 0 };
	enum acsr_result r;

	TRY(receipt_read(&s, document->p, document->len, e));
	r = c->receipt_key.key != NULL
		    ? receipt_verify((const char *)s.text.p, s.text.len, s.signature, c->receipt_key.key, e)
		    : err_set(e, "busy.signer", "the key of receipts is not known yet");
	if (r == ACSR_OK && !is_about(&s.receipt, f, part))
		r = err_set(e, "sys.receipt", "the signer gave a receipt of something else");
	receipt_signed_clear(&s);
	return r;
}

static enum acsr_result keep(struct core *c, const char *request_id, const char *part,
	const struct blob *document, struct acsr_err *e)
{
	CLEANUP_FACTS struct receipt_facts f = { 0 };
	CLEANUP_BUF struct buf text = { 0 };
	uint8_t digest[32];
	char hex[65];

	TRY(receipt_facts_load(c->db, request_id, &f, e));
	TRY(check(c, &f, part, document, e));
	if (EVP_Q_digest(NULL, "SHA256", NULL, document->p, document->len, digest, NULL) != 1)
		return err_set(e, "sys.digest", "cannot hash");
	hex_encode(digest, sizeof(digest), hex);
	buf_init(&text, RECEIPT_MAX);
	TRY(buf_put(&text, document->p, document->len, e));
	TRY(receipts_add(c->db, request_id, part, c->now, buf_cstr(&text), e));
	TRY(core_audit(
		c, "system", f.account_id, "receipt.signed", f.order_id, e, "%s, SHA-256 %s", part, hex));
	return jobs_again(c->db, "receipt", request_id, c->now, "", e);
}

/* The signer will never sign this one: it stands in the audit log, and is not asked for again. */
static enum acsr_result refused(
	struct core *c, const struct call *call, const struct acsr_err *why, struct acsr_err *e)
{
	CLEANUP_FACTS struct receipt_facts f = { 0 };

	log_error(LOG_ERROR, "receipt.refused", why);
	TRY(receipt_facts_load(c->db, call->object, &f, e));
	TRY(core_audit(c, "system", f.account_id, "receipt.refused", f.order_id, e, "%s: %s", call->detail,
		why->text));
	return jobs_done(c->db, "receipt", call->object, e);
}

static enum acsr_result on_signed(
	struct core *c, struct call *call, struct msg *m, const struct acsr_err *why, struct acsr_err *e)
{
	const struct msg_receipt_signed *s = m != NULL ? m->body : NULL;
	int64_t attempts;

	if (s != NULL)
		return keep(c, call->object, call->detail, &s->document, e);
	if (err_is(why, "receipt."))
		return refused(c, call, why, e);
	log_error(LOG_WARN, "receipt.not-signed", why);
	TRY(jobs_attempts(c->db, "receipt", call->object, &attempts, e));
	return jobs_again(c->db, "receipt", call->object,
		c->now + jobs_pause(RETRY_FIRST, RETRY_MOST, attempts), why->text, e);
}

/* --- the job --- */

/* Which one is missing? "" when none is. */
static enum acsr_result missing_part(
	struct core *c, const struct receipt_facts *f, const char **part, struct acsr_err *e)
{
	bool code = strcmp(f->grade, "code") == 0, first, last;

	TRY(receipts_load(c->db, f->request_id, "hand-over", NULL, &first, e));
	TRY(receipts_load(c->db, f->request_id, "final", NULL, &last, e));
	if (f->handed_over_seq == 0 || (f->made_at == 0 && strcmp(f->key_source, "autocsr") == 0))
		*part = ""; /* not handed over, or made before there were receipts */
	else if (code && !first)
		*part = "hand-over";
	else
		*part = !last && (!code || f->destroyed_at != 0) ? "final" : "";
	return ACSR_OK;
}

/* The worker ends in the moment in which it has made the key, but the news of it may still be under way; and
 * gets lost when one of us is killed just then. */
static bool await_end(struct core *c, const struct receipt_facts *f)
{
	return strcmp(f->key_source, "autocsr") == 0 && f->gone_at == 0 &&
	       c->now < f->handed_over_at + GONE_WITHIN && c->now >= f->handed_over_at;
}

static enum acsr_result ask(struct core *c, struct asking *a, const char *part, struct acsr_err *e)
{
	struct call like = { .fn = on_signed };

	TRY(collect(c, a, part, e));
	snprintf(like.object, sizeof(like.object), "%s", a->f.request_id);
	snprintf(like.detail, sizeof(like.detail), "%s", part);
	return core_ask(c, ROLE_SIGNER, MSG_sign_receipt, &a->m, SIGN_SECONDS, &like, e);
}

enum acsr_result receipt_job(struct core *c, const char *request_id, int64_t attempts, struct acsr_err *e)
{
	struct asking a = { 0 };
	const char *part = "";
	enum acsr_result r;

	(void)attempts;
	TRY(receipt_facts_load(c->db, request_id, &a.f, e));
	r = missing_part(c, &a.f, &part, e);
	if (r == ACSR_OK && *part == '\0')
		r = jobs_done(c->db, "receipt", request_id, e);
	else if (r == ACSR_OK && await_end(c, &a.f))
		r = jobs_again(
			c->db, "receipt", request_id, c->now + 1, "the end of the worker is awaited", e);
	else if (r == ACSR_OK)
		r = ask(c, &a, part, e);
	asking_clear(&a);
	return r;
}
