/*
 * The certificate of the HTTPS server: the operator's, or one of the embedded CA that core gets for our own
 * key. It is asked for again at renew_at, and swapped while connections stay open.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "front/front.h"
#include "front/http_tls.h"
#include "front/tls_identity.h"

enum { ASK_AGAIN_MS = 30000, TAKEN_PAUSE_MS = 1000, TLS_REQUEST_ID = 1 };

static enum acsr_result open_operators(struct front *f, struct acsr_err *e)
{
	const char *chain = conf_str(&f->proc->conf, "server.tls_certificate");
	CLEANUP_BUF struct buf pem = { 0 };

	buf_init(&pem, 128 * 1024);
	TRY(buf_read_file(&pem, chain, e));
	TRY(tls_identity_read_key(conf_str(&f->proc->conf, "server.tls_key"), &f->key, e));
	return http_tls_set(buf_cstr(&pem), f->key, e);
}

enum acsr_result own_tls_open(struct front *f, struct acsr_err *e)
{
	bool chain = *conf_str(&f->proc->conf, "server.tls_certificate") != '\0';
	bool key = *conf_str(&f->proc->conf, "server.tls_key") != '\0';

	if (chain != key)
		return err_set(e, "config.tls", "tls_certificate and tls_key are set together or not at all");
	f->operators = chain;
	return f->operators ? open_operators(f, e) : ACSR_OK;
}

/* What core sent before the last restart, if it still serves. */
static void try_stored(struct front *f)
{
	CLEANUP_STR char *chain = NULL;
	struct acsr_err e;

	if (tls_identity_load_chain(f->proc->dir, &chain, &e) != ACSR_OK)
		return;
	if (tls_identity_check(chain, &f->names, clock_now(), &f->renew_at, &e) != ACSR_OK ||
		http_tls_set(chain, f->key, &e) != ACSR_OK)
		log_error(LOG_INFO, "tls.stored-not-used", &e);
}

enum acsr_result own_tls_start(struct front *f, struct acsr_err *e)
{
	if (f->operators)
		return front_serve_https(f, e);
	TRY(conf_service_names(&f->proc->conf, &f->names, e));
	TRY(tls_identity_key(f->proc->dir, &f->key, e));
	try_stored(f);
	if (http_tls_ready())
		return front_serve_https(f, e);
	f->proc->hold_ready = true;
	return ACSR_OK;
}

static void ask(struct front *f)
{
	struct msg_tls_request m = { 0 };
	struct acsr_err e;
	enum acsr_result r = tls_identity_csr(f->key, &f->names, &m.csr, &e);

	if (r == ACSR_OK)
		r = role_send(f->proc, ROLE_CORE, MSG_tls_request, TLS_REQUEST_ID, &m, -1, &e);
	if (r != ACSR_OK)
		log_error(LOG_WARN, "tls.not-asked", &e);
	blob_free(&m.csr);
}

void own_tls_tick(struct front *f)
{
	bool due = !http_tls_ready() || (f->renew_at != 0 && clock_now() >= f->renew_at);

	if (f->operators || f->stopping || !due || clock_mono_ms() < f->next_ask ||
		f->proc->peers[ROLE_CORE] == NULL)
		return;
	f->next_ask = clock_mono_ms() + ASK_AGAIN_MS;
	ask(f);
}

static enum acsr_result use(struct front *f, const struct msg_tls_certificate *m, struct acsr_err *e)
{
	int64_t renew_at;

	TRY(tls_identity_check(m->fullchain, &f->names, clock_now(), &renew_at, e));
	TRY(http_tls_set(m->fullchain, f->key, e));
	f->renew_at = m->renew_at != 0 && m->renew_at <= INT64_MAX ? (int64_t)m->renew_at : renew_at;
	if (tls_identity_store_chain(f->proc->dir, m->fullchain, e) != ACSR_OK)
		log_error(LOG_WARN, "tls.not-stored", e); /* serving matters more */
	f->next_ask = clock_mono_ms() + TAKEN_PAUSE_MS;   /* the pause was for questions without an answer */
	if (f->https == NULL) {
		TRY(front_serve_https(f, e));
		role_ready(f->proc);
	}
	return ACSR_OK;
}

void own_tls_on_certificate(struct proc *p, struct chan *c, struct msg *m)
{
	struct front *f = p->own;
	struct acsr_err e;

	(void)c;
	if (f->operators || f->stopping)
		return;
	if (use(f, m->body, &e) == ACSR_OK)
		log_event(LOG_INFO, "tls.certificate", "text", "in use", NULL);
	else
		log_error(LOG_ERROR, "tls.certificate-refused", &e);
}
