/*
 * autocsr-signer: holds the CA's keys and those of accounts at other CAs, and signs certificates and CRLs from typed
 * fields under its own profiles. It believes nobody: what core asks is judged again here, and logged before it is signed.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "account_keys.h"
#include "base/log.h"
#include "certify.h"
#include "ipc/role.h"
#include "logbook.h"
#include "receipt_book.h"

enum { SECURE_HEAP = 256 * 1024, JWS_MAX = 262144 };

struct signer {
	struct key_store *keys;
	struct authority ca;
	struct logbook logbook;
	struct receipt_book receipts;
	char base_url[300];
};

/* --- start --- */

/* Where relying parties fetch CRLs and issuers: the first of these settings that is there. */
static void find_base_url(struct signer *s, const struct conf *c)
{
	const char *base = conf_str(c, "ca.base_url"), *plain = conf_str(c, "server.http_listen"),
		   *url = conf_str(c, "server.public_url");
	size_t n;

	if (*base != '\0')
		snprintf(s->base_url, sizeof(s->base_url), "%s", base);
	else if (*plain != '\0')
		snprintf(s->base_url, sizeof(s->base_url), "http://%s", plain);
	else if (*url != '\0')
		snprintf(s->base_url, sizeof(s->base_url), "%s", url);
	else
		snprintf(s->base_url, sizeof(s->base_url), "https://%s", conf_str(c, "server.listen"));
	n = strlen(s->base_url);
	while (n > 0 && s->base_url[n - 1] == '/')
		s->base_url[--n] = '\0';
	s->ca.base_url = s->base_url;
}

static void signer_reload(struct proc *p)
{
	find_base_url(p->own, &p->conf);
}

static void tell_healed(const char *what, size_t healed)
{
	char bytes[32];

	snprintf(bytes, sizeof(bytes), "%zu", healed);
	if (healed > 0)
		log_event(LOG_WARN, "signer.log-healed", "log", what, "torn_bytes", bytes, NULL);
}

static enum acsr_result open_log(struct proc *p, struct acsr_err *e)
{
	struct signer *s = p->own;
	size_t healed;

	TRY(issuance_log_open(&s->ca.log, p->dir, &healed, e));
	tell_healed("issuance", healed);
	return ACSR_OK;
}

static enum acsr_result open_receipts(struct proc *p, struct acsr_err *e)
{
	struct signer *s = p->own;
	size_t healed;

	TRY(receipt_book_open(&s->receipts, p->dir, s->base_url, s->keys, &healed, e));
	tell_healed("receipts", healed);
	return ACSR_OK;
}

/* Behind the sandbox, so that the files belong to the signer's own user. */
static enum acsr_result signer_start(struct proc *p, struct acsr_err *e)
{
	struct signer *s = p->own;
	const struct issuers_config config = { .dir = p->dir,
		.name = conf_str(&p->conf, "ca.name"),
		.key_type = conf_str(&p->conf, "ca.key_type"),
		.base_url = s->base_url };

	find_base_url(s, &p->conf);
	TRY(key_store_open(&s->keys, p->dir, e));
	TRY(open_log(p, e));
	TRY(issuers_open(&s->ca.issuers, &config, s->keys, s->ca.log, e));
	TRY(logbook_open(&s->logbook, p->dir, s->base_url, s->keys, e));
	return open_receipts(p, e);
}

/* --- what it says and is asked --- */

static void announce(struct proc *p, const struct issuer *i, const struct issuer *root)
{
	struct msg_issuer m = { .name = (char *)(uintptr_t)i->name,
		.kind = (char *)(uintptr_t)(i->root ? "root" : "issuing"),
		.certificate = (char *)i->pem.p,
		.chain = i->root ? NULL : (char *)root->pem.p,
		.can_sign = i->key != NULL };
	struct acsr_err e = { 0 };

	if (role_send(p, ROLE_CORE, MSG_issuer, 0, &m, -1, &e) != ACSR_OK)
		log_error(LOG_WARN, "signer.issuer", &e);
}

static void announce_log(struct proc *p, const struct logbook *l)
{
	struct msg_log_head m = {
		.verifier = (char *)l->verifier.p, .size = l->last.size, .note = (char *)l->note.p
	};
	struct acsr_err e = { 0 };

	if (role_send(p, ROLE_CORE, MSG_log_head, 0, &m, -1, &e) != ACSR_OK)
		log_error(LOG_WARN, "signer.log-head", &e);
}

static void announce_receipts(struct proc *p, const struct receipt_book *b)
{
	struct msg_receipt_key m = { .spki = { b->spki.p, b->spki.len }, .verifier = (char *)b->verifier.p };
	struct acsr_err e = { 0 };

	if (role_send(p, ROLE_CORE, MSG_receipt_key, 0, &m, -1, &e) != ACSR_OK)
		log_error(LOG_WARN, "signer.receipt-key", &e);
}

static void signer_peer_opened(struct proc *p, enum role peer)
{
	const struct signer *s = p->own;

	for (size_t i = 0; peer == ROLE_CORE && i < s->ca.issuers.n; i++)
		announce(p, &s->ca.issuers.v[i], &s->ca.issuers.v[0]);
	if (peer == ROLE_CORE) {
		announce_log(p, &s->logbook);
		announce_receipts(p, &s->receipts);
	}
}

static void answer(struct proc *p, unsigned type, uint64_t id, const void *body, const struct acsr_err *why)
{
	struct acsr_err e = { 0 };

	if (why != NULL) {
		log_error(LOG_WARN, "signer.refused", why);
		role_send_failed(p, id, why);
	} else if (role_send(p, ROLE_CORE, type, id, body, -1, &e) != ACSR_OK) {
		log_error(LOG_WARN, "signer.answer", &e);
	}
}

static void on_sign_cert(struct proc *p, struct chan *c, struct msg *m)
{
	struct signer *s = p->own;
	struct msg_cert_signed out = { 0 };
	struct acsr_blob der = { 0 };
	struct acsr_err e = { 0 };
	enum acsr_result r = certify(&s->ca, m->body, &der, &out.lint, &e);

	(void)c;
	out.certificate = (struct blob){ der.p, der.len };
	answer(p, MSG_cert_signed, m->id, &out, r == ACSR_OK ? NULL : &e);
	free_charp(&out.lint);
	acsr_blob_free(&der);
}

static void on_sign_crl(struct proc *p, struct chan *c, struct msg *m)
{
	struct signer *s = p->own;
	struct msg_crl_signed out = { 0 };
	struct acsr_blob der = { 0 };
	struct acsr_err e = { 0 };
	enum acsr_result r = certify_crl(&s->ca, m->body, &der, &e);

	(void)c;
	out.crl = (struct blob){ der.p, der.len };
	answer(p, MSG_crl_signed, m->id, &out, r == ACSR_OK ? NULL : &e);
	acsr_blob_free(&der);
}

static enum acsr_result sign_log(struct logbook *l, const struct msg_sign_log *m, struct acsr_err *e)
{
	struct acsr_merkle_path path = { .n = m->path.len / ACSR_MERKLE_HASH };

	if (m->root.len != ACSR_MERKLE_HASH || m->path.len != path.n * ACSR_MERKLE_HASH)
		return err_set(e, "ipc.field", "a root has 32 bytes, and so has each hash of a path");
	if (path.n > 0)
		memcpy(path.v, m->path.p, m->path.len);
	return logbook_sign(l, m->size, m->root.p, &path, e);
}

static void on_sign_log(struct proc *p, struct chan *c, struct msg *m)
{
	struct signer *s = p->own;
	struct acsr_err e = { 0 };
	enum acsr_result r = sign_log(&s->logbook, m->body, &e);
	struct msg_log_signed out = { .note = (char *)s->logbook.note.p };

	(void)c;
	answer(p, MSG_log_signed, m->id, &out, r == ACSR_OK ? NULL : &e);
}

/* What the signer knows better than core it says itself: when, by which software, and its last checkpoint. */
static enum acsr_result sign_receipt(
	struct signer *s, const struct msg_sign_receipt *m, struct buf *out, struct acsr_err *e)
{
	const struct acsr_checkpoint *last = &s->logbook.last;
	struct receipt r;

	receipt_of_message(&r, m);
	r.signed_at = clock_now();
	snprintf(r.software, sizeof(r.software), "autocsr %s", AUTOCSR_VERSION);
	snprintf(r.log, sizeof(r.log), "%s", s->logbook.origin);
	r.checkpoint_size = (int64_t)last->size;
	if (last->size > 0)
		hex_encode(last->root, sizeof(last->root), r.checkpoint_root);
	return receipt_book_sign(&s->receipts, &r, out, e);
}

static void on_sign_receipt(struct proc *p, struct chan *c, struct msg *m)
{
	CLEANUP_BUF struct buf out = { 0 };
	struct acsr_err e = { 0 };
	struct msg_receipt_signed body;
	enum acsr_result r;

	(void)c;
	buf_init(&out, RECEIPT_MAX);
	r = sign_receipt(p->own, m->body, &out, &e);
	body = (struct msg_receipt_signed){ .document = { out.p, out.len } };
	answer(p, MSG_receipt_signed, m->id, &body, r == ACSR_OK ? NULL : &e);
}

static void on_account_key_make(struct proc *p, struct chan *c, struct msg *m)
{
	struct signer *s = p->own;
	struct msg_account_key out = { 0 };
	struct acsr_err e = { 0 };
	char thumbprint[44] = "";
	enum acsr_result r = account_key_make(s->keys, m->body, &out.jwk, thumbprint, &e);

	(void)c;
	out.thumbprint = thumbprint;
	answer(p, MSG_account_key, m->id, &out, r == ACSR_OK ? NULL : &e);
	free_charp(&out.jwk);
}

/* r and *why: how the making of *jws went. */
static void answer_jws(
	struct proc *p, uint64_t id, const struct buf *jws, enum acsr_result r, const struct acsr_err *why)
{
	struct msg_jws_signed out = { .jws = { jws->p, jws->len } };

	answer(p, MSG_jws_signed, id, &out, r == ACSR_OK ? NULL : why);
}

static void on_sign_jws(struct proc *p, struct chan *c, struct msg *m)
{
	CLEANUP_BUF struct buf jws = { .max = JWS_MAX };
	struct acsr_err e = { 0 };

	(void)c;
	answer_jws(p, m->id, &jws, account_key_sign(((struct signer *)p->own)->keys, m->body, &jws, &e), &e);
}

static void on_sign_eab(struct proc *p, struct chan *c, struct msg *m)
{
	CLEANUP_BUF struct buf jws = { .max = JWS_MAX };
	struct acsr_err e = { 0 };

	(void)c;
	answer_jws(p, m->id, &jws, account_key_bind(((struct signer *)p->own)->keys, m->body, &jws, &e), &e);
}

static void on_account_key_forget(struct proc *p, struct chan *c, struct msg *m)
{
	const struct msg_account_key_forget *b = m->body;
	struct msg_account_key_forgotten out = { .name = b->name };
	struct acsr_err e = { 0 };
	enum acsr_result r = account_key_forget(((struct signer *)p->own)->keys, b->name, &e);

	(void)c;
	answer(p, MSG_account_key_forgotten, m->id, &out, r == ACSR_OK ? NULL : &e);
}

int main(void)
{
	static const struct role_handler handlers[] = { { ROLE_CORE, MSG_sign_cert, on_sign_cert },
		{ ROLE_CORE, MSG_sign_crl, on_sign_crl }, { ROLE_CORE, MSG_sign_log, on_sign_log },
		{ ROLE_CORE, MSG_sign_receipt, on_sign_receipt },
		{ ROLE_CORE, MSG_account_key_make, on_account_key_make },
		{ ROLE_CORE, MSG_sign_jws, on_sign_jws }, { ROLE_CORE, MSG_sign_eab, on_sign_eab },
		{ ROLE_CORE, MSG_account_key_forget, on_account_key_forget }, { 0 } };
	static const struct role_spec spec = { .role = ROLE_SIGNER,
		.needs = { .calls = SYS_FILES },
		.secure_heap = SECURE_HEAP,
		.start = signer_start,
		.peer_opened = signer_peer_opened,
		.reload = signer_reload,
		.handlers = handlers };
	static struct signer own;
	int status;

	signal(SIGXFSZ, SIG_IGN); /* a file size limit is a full disk, not the end */
	status = role_main(&spec, &own);
	receipt_book_close(&own.receipts);
	logbook_close(&own.logbook);
	issuers_close(&own.ca.issuers);
	issuance_log_free(own.ca.log);
	key_store_free(own.keys);
	return status;
}
