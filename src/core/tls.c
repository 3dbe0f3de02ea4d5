/* front's TLS certificate: asked by front at its start and before the last one ends. */
#include "core/tls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autocsr/cert.h"
#include "autocsr/csr.h"
#include "base/log.h"
#include "core/issue.h"
#include "core/jsontext.h"

enum { SIGN_SECONDS = 30, VALIDITY = 90 * 86400, RENEW_PAUSE = 3600 };

static struct buf waiting_csr; /* asked for before the signer was there; empty: nothing waits */

/* When two thirds of its life are over. An issuer that ends soon gives little life: then hourly at most. */
static uint64_t renew_at(int64_t now, int64_t not_after)
{
	int64_t wait = (not_after - now) / 3 * 2;

	return (uint64_t)(now + (wait > RENEW_PAUSE ? wait : RENEW_PAUSE));
}

static enum acsr_result answer(
	struct core *c, const struct certificate *cert, struct msg_cert_signed *m, struct acsr_err *e)
{
	const struct issuer *is = issuers_find(c->issuers, cert->issuer);
	struct msg_tls_certificate out = { .renew_at = renew_at(c->now, cert->not_after) };
	struct acsr_blob pem = { 0 };
	CLEANUP_BUF struct buf chain = { 0 };
	enum acsr_result r;

	buf_init(&chain, 131072);
	TRY(acsr_cert_pem(m->certificate.p, m->certificate.len, &pem, e));
	r = buf_put(&chain, pem.p, pem.len, e);
	acsr_blob_free(&pem);
	TRY(r);
	if (is != NULL)
		TRY(issuer_chain_without_root(is, &chain, e));
	out.fullchain = (char *)(uintptr_t)buf_cstr(&chain);
	return core_tell(c, ROLE_FRONT, MSG_tls_certificate, 0, &out, e);
}

static enum acsr_result on_signed(
	struct core *c, struct call *call, struct msg *m, const struct acsr_err *why, struct acsr_err *e)
{
	struct acsr_cert_view *view = NULL;
	struct certificate cert;
	struct msg_cert_signed *s;
	char sha256[65], spki[65];

	if (m == NULL) {
		log_error(LOG_ERROR, "tls.not-signed", why);
		return certificate_set_state(c->db, call->object, "failed", e);
	}
	s = m->body;
	TRY(certificate_load(c->db, call->object, &cert, e));
	TRY(acsr_cert_parse(&view, s->certificate.p, s->certificate.len, e));
	hex_encode(view->sha256, 32, sha256);
	hex_encode(view->spki_sha256, 32, spki);
	acsr_cert_view_free(view);
	TRY(certificate_signed(
		c->db, cert.serial, (struct bytes){ s->certificate.p, s->certificate.len }, sha256, spki, e));
	TRY(core_audit(c, "system", "", "tls.issued", cert.serial, e, "for this service's own HTTPS"));
	return answer(c, &cert, s, e);
}

static enum acsr_result ask(struct core *c, void *arg, struct acsr_err *e)
{
	const struct buf *csr = arg;
	const struct issuer *is = issue_choose_issuer(c, "");
	struct issue_what w = { .reference = "service", .csr = csr };
	struct certificate cert = { 0 };
	struct call like = { .fn = on_signed };
	enum acsr_result r;

	if (is == NULL)
		return err_set(e, "busy.signer", "no issuer can sign right now");
	TRY(issue_reserve(c, is, "service", VALIDITY, &cert, e));
	snprintf(like.object, sizeof(like.object), "%s", cert.serial);
	/* front says only the key: a front that somebody took over gets no certificate for other names. */
	r = conf_service_names(&c->proc->conf, &w.sans, e);
	if (r == ACSR_OK)
		r = issue_ask(c, &cert, &w, &like, e);
	strv_free(&w.sans);
	return r;
}

static void free_csr(void *arg)
{
	buf_free(arg);
	free(arg);
}

void tls_issuer_known(struct core *c)
{
	struct buf *csr;

	if (waiting_csr.len == 0 || issue_choose_issuer(c, "") == NULL)
		return;
	csr = malloc(sizeof(*csr));
	if (csr == NULL)
		abort();
	*csr = waiting_csr;
	waiting_csr = (struct buf){ 0 };
	core_step(c, NULL, ask, csr, free_csr);
}

void tls_requested(struct core *c, struct msg *m)
{
	const struct msg_tls_request *r = m->body;
	struct acsr_err e;

	buf_free(&waiting_csr);
	buf_init(&waiting_csr, 16384);
	if (buf_put(&waiting_csr, r->csr.p, r->csr.len, &e) != ACSR_OK)
		log_error(LOG_ERROR, "tls.request", &e);
	tls_issuer_known(c);
}
