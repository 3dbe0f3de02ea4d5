/* What relying parties fetch: issuers' certificates and CRLs; and the signing of CRLs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autocsr/crl.h"
#include "base/log.h"
#include "core/handlers.h"
#include "core/issue.h"
#include "core/jsontext.h"
#include "core/order.h"
#include "store/jobs.h"

enum { SIGN_SECONDS = 60, RETRY_SECONDS = 30, ROOT_CRL_LIFE = 365 * 86400 };

/* --- files --- */

static const struct issuer *issuer_of_file(struct core *c, const char *file, const char *extension)
{
	char name[80];
	size_t n = strlen(file);

	if (!str_ends(file, extension) || n >= sizeof(name))
		return NULL;
	snprintf(name, sizeof(name), "%.*s", (int)(n - strlen(extension)), file);
	return issuers_find(c->issuers, name);
}

enum acsr_result ca_cert_file(struct core *c, struct request *q, struct acsr_err *e)
{
	const struct issuer *is = issuer_of_file(c, q->param[0], ".cer");

	if (is == NULL)
		return err_set(e, "object.absent", "there is no issuer certificate %s", q->param[0]);
	q->content_type = "application/pkix-cert";
	TRY(request_header(q, e, "Cache-Control: max-age=3600"));
	return buf_put(&q->raw, is->der.p, is->der.len, e);
}

enum acsr_result ca_crl_file(struct core *c, struct request *q, struct acsr_err *e)
{
	const struct issuer *is = issuer_of_file(c, q->param[0], ".crl");
	struct crl crl = { 0 };

	if (is != NULL)
		TRY(crl_load(c->db, is->name, &crl, &q->raw, e));
	if (is == NULL || q->raw.len == 0)
		return err_set(e, "object.absent", "there is no CRL %s", q->param[0]);
	q->content_type = "application/pkix-crl";
	return request_header(q, e, "Cache-Control: max-age=300");
}

static json_t *issuer_json(struct core *c, const struct issuer *is)
{
	char url[600];

	snprintf(url, sizeof(url), "%s/crl/%s.crl", conf_str(&c->proc->conf, "ca.base_url"), is->name);
	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:o,s:b}", "id", is->name, "name", is->name, "kind",
		conf_str(&c->proc->conf, "ca.kind"), "certificate_pem", is->certificate, "sha256", is->sha256,
		"crl_url", url, "not_after", json_time(is->not_after), "root", strcmp(is->kind, "root") == 0);
}

enum acsr_result ca_list(struct core *c, struct request *q, struct acsr_err *e)
{
	json_t *list = json_array();

	(void)e;
	for (size_t i = 0; issuers_at(c->issuers, i) != NULL; i++) {
		const struct issuer *is = issuers_at(c->issuers, i);

		/* Those that issue first: they are what people mean when they name none. */
		if (strcmp(is->kind, "root") == 0)
			json_array_append_new(list, issuer_json(c, is));
		else
			json_array_insert_new(list, 0, issuer_json(c, is));
	}
	return request_answer(q, 200, json_pack("{s:o}", "issuers", list));
}

/* --- signing CRLs --- */

static enum acsr_result collect(struct core *c, const char *issuer, struct strv *out, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	bool have;

	TRY(certificate_revoked(c->db, issuer, c->now, &rows, e));
	for (;;) {
		CLEANUP_STR char *line = NULL;

		TRY(db_next(rows, &have, e));
		if (!have)
			return ACSR_OK;
		TRY(str_printf(&line, e, "%s %lld %s", db_text(rows, 0), (long long)db_int(rows, 1),
			db_text(rows, 2)));
		TRY(strv_add(out, line, e));
	}
}

/* A root signs rarely, and may go offline after its first CRL: a year. */
static int64_t crl_life(struct core *c, const struct issuer *is)
{
	if (is != NULL && strcmp(is->kind, "root") == 0)
		return ROOT_CRL_LIFE;
	return conf_span(&c->proc->conf, "ca.crl_lifetime");
}

static enum acsr_result on_crl(
	struct core *c, struct call *call, struct msg *m, const struct acsr_err *why, struct acsr_err *e)
{
	int64_t life = crl_life(c, issuers_find(c->issuers, call->object));
	const struct msg_crl_signed *s = m != NULL ? m->body : NULL;
	struct crl crl = { .this_update = strtoll(call->detail, NULL, 10) };
	bool more;

	if (s == NULL) {
		log_error(LOG_WARN, "crl.not-signed", why);
		TRY(jobs_again(c->db, "crl", call->object, c->now + RETRY_SECONDS, why->text, e));
		return call->q != NULL ? (*e = *why, ACSR_FAIL) : ACSR_OK;
	}
	crl.next_update = crl.this_update + life - 1;
	TRY(crl_store(c->db, call->object, &crl, (struct bytes){ s->crl.p, s->crl.len }, c->now, e));
	TRY(jobs_done(c->db, "crl", call->object, e));
	/* What was revoked while this one was being signed may not be in it. */
	TRY(certificate_revoked_since(c->db, call->object, crl.this_update, &more, e));
	TRY(core_want_job(c, "crl", call->object, more ? crl.this_update + 1 : c->now + life / 2, e));
	TRY(core_audit(c, "system", "", "crl.signed", call->object, e, "%zu bytes", s->crl.len));
	return call->q != NULL ? request_answer(call->q, 204, NULL) : ACSR_OK;
}

static enum acsr_result ask_crl(struct core *c, const char *issuer, struct request *q, struct acsr_err *e)
{
	int64_t life = crl_life(c, issuers_find(c->issuers, issuer)), number;
	struct msg_sign_crl m = { .issuer = (char *)(uintptr_t)issuer,
		.this_update = (uint64_t)c->now,
		.next_update = (uint64_t)(c->now + life - 1) };
	struct call like = { .q = q, .fn = on_crl };
	enum acsr_result r;

	TRY(crl_next_number(c->db, issuer, &number, e));
	m.number = (uint64_t)number;
	snprintf(like.object, sizeof(like.object), "%s", issuer);
	snprintf(like.detail, sizeof(like.detail), "%lld", (long long)c->now);
	r = collect(c, issuer, &m.entries, e);
	if (r == ACSR_OK)
		r = core_ask(c, ROLE_SIGNER, MSG_sign_crl, &m, SIGN_SECONDS, &like, e);
	strv_free(&m.entries);
	return r;
}

static enum acsr_result want_first(struct core *c, void *arg, struct acsr_err *e)
{
	(void)arg;
	for (size_t i = 0; issuers_at(c->issuers, i) != NULL; i++) {
		const struct issuer *is = issuers_at(c->issuers, i);
		struct crl crl;

		TRY(crl_load(c->db, is->name, &crl, NULL, e));
		if (is->can_sign && (crl.next_update < c->now || crl.this_update > c->now))
			TRY(core_want_job(c, "crl", is->name, c->now, e));
	}
	return ACSR_OK;
}

void crl_issuer_known(struct core *c)
{
	core_step(c, NULL, want_first, NULL, NULL);
}

enum acsr_result crl_job(struct core *c, const char *issuer, int64_t attempts, struct acsr_err *e)
{
	const struct issuer *is = issuers_find(c->issuers, issuer);

	(void)attempts;
	if (is == NULL)
		return jobs_again(c->db, "crl", issuer, c->now + RETRY_SECONDS, "the signer is not there", e);
	if (!is->can_sign)
		return jobs_again(c->db, "crl", issuer, c->now + 86400, "the issuer's key is offline", e);
	return ask_crl(c, issuer, NULL, e);
}

enum acsr_result ca_crl_now(struct core *c, struct request *q, struct acsr_err *e)
{
	const struct issuer *is = issue_choose_issuer(c, "");

	if (is == NULL)
		return err_set(e, "busy.signer", "no issuer can sign right now");
	TRY(core_audit(c, q->who.email, "", "crl.asked", is->name, e, "by hand"));
	return ask_crl(c, is->name, q, e);
}
