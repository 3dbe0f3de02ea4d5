/* Issuing: a serial is stored, then the signer is asked; a repeat asks for the very same certificate. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autocsr/cert.h"
#include "autocsr/rules.h"
#include "base/clock.h"
#include "base/log.h"
#include "core/control.h"
#include "core/acme/outcome.h"
#include "core/issue.h"
#include "core/order.h"
#include "core/upstream/issuer.h"
#include "core/upstream/offline.h"
#include "core/upstream/upstream.h"
#include "store/jobs.h"

enum { SIGN_SECONDS = 60, LONGEST_PAUSE = 600, BACKDATE = 60 };

/* --- choosing what to ask for --- */

enum acsr_result issue_issuer_of(
	struct core *c, const struct order *o, const struct product *p, char out[65], struct acsr_err *e)
{
	bool ours, other = false;

	snprintf(out, 65, "%s", o->issuer[0] != '\0' ? o->issuer : p->issuer);
	if (o->issuer[0] == '\0' && *out != '\0')
		TRY(issuer_exists(c, out, &ours, &other, e));
	if (other)
		*out = '\0';
	return ACSR_OK;
}

const struct issuer *issue_choose_issuer(struct core *c, const char *name)
{
	for (size_t i = 0; issuers_at(c->issuers, i) != NULL; i++) {
		const struct issuer *is = issuers_at(c->issuers, i);

		if (!is->can_sign || strcmp(is->kind, "issuing") != 0)
			continue;
		if (*name == '\0' || strcmp(is->name, name) == 0)
			return is;
	}
	return NULL;
}

/* The longest that product and the rules of the day allow, within the issuer's own life, unless cert says already
 * what was asked for. Rules go by the first second of validity; one extra second would be one more day. */
static void choose_times(struct core *c, int64_t wanted, const struct issuer *is, struct certificate *cert)
{
	int64_t most = acsr_rule_value("cert.validity.max", c->now, 200 * 86400);
	int64_t life = wanted != 0 && wanted < most ? wanted : most;
	int64_t begin = cert->not_before, end = cert->not_after;

	cert->not_before = begin != 0 ? begin : c->now - BACKDATE;
	if (begin == 0 && end > cert->not_before + life - 1 && end - life < c->now)
		cert->not_before = end - life + 1; /* backdated a little less */
	if (cert->not_before < is->not_before)
		cert->not_before = is->not_before; /* a clock that was put back */
	cert->not_after = cert->not_before + life - 1;
	if (end != 0 && end < cert->not_after)
		cert->not_after = end;
	if (cert->not_after > is->not_after)
		cert->not_after = is->not_after;
}

enum acsr_result issue_reserve(struct core *c, const struct issuer *is, const char *profile, int64_t validity,
	struct certificate *cert, struct acsr_err *e)
{
	struct acsr_cert_spec spec = { 0 };

	TRY(acsr_cert_serial(&spec, e));
	hex_encode(spec.serial, spec.serial_len, cert->serial);
	snprintf(cert->issuer, sizeof(cert->issuer), "%s", is->name);
	snprintf(cert->profile, sizeof(cert->profile), "%s", profile);
	snprintf(cert->state, sizeof(cert->state), "signing");
	cert->created_at = c->now;
	choose_times(c, validity, is, cert);
	return certificate_insert(c->db, cert, e);
}

enum acsr_result issue_ask(struct core *c, const struct certificate *cert, struct issue_what *w,
	const struct call *like, struct acsr_err *e)
{
	uint8_t serial[20];
	size_t n;
	struct msg_sign_cert m = { .issuer = (char *)(uintptr_t)cert->issuer,
		.profile = (char *)(uintptr_t)cert->profile,
		.reference = (char *)(uintptr_t)w->reference,
		.csr = { w->csr->p, w->csr->len },
		.subject = w->subject,
		.sans = w->sans,
		.not_before = (uint64_t)cert->not_before,
		.not_after = (uint64_t)cert->not_after };

	TRY(hex_decode(cert->serial, serial, sizeof(serial), &n, e));
	m.serial = (struct blob){ serial, n };
	return core_ask(c, ROLE_SIGNER, MSG_sign_cert, &m, SIGN_SECONDS, like, e);
}

/* --- the order's certificate --- */

static enum acsr_result fail(struct core *c, struct order *o, const struct acsr_err *why, struct acsr_err *e)
{
	TRY(jobs_done(c->db, "issue", o->id, e));
	TRY(acme_outcome_failed(c, o, why, e));
	return order_fail(c, o, why->text, e);
}

/* Whatever is waited for, not for ever, or the order could never end: the names' own trouble, such as CAA that forbids
 * us, and what is amiss here; only a signer that is down is waited for as long as it takes. An ACME client orders anew by
 * itself, and does not wait longer than for its order. */
static enum acsr_result is_over(
	struct core *c, const struct order *o, const struct acsr_err *why, bool *over, struct acsr_err *e)
{
	bool ours = err_is(why, "busy.") || err_is(why, "sys."), expired;

	TRY(acme_outcome_expired(c, o, &expired, e));
	*over = expired || (!ours && acme_outcome_wanted(o)) ||
		(!err_is(why, "busy.signer") && o->waiting_since != 0 &&
			c->now - o->waiting_since > conf_span(&c->proc->conf, "validation.give_up"));
	return ACSR_OK;
}

static enum acsr_result retry(struct core *c, struct order *o, const struct acsr_err *why, struct acsr_err *e)
{
	struct acsr_err end = *why;
	int64_t attempts, at;
	bool over;

	TRY(is_over(c, o, why, &over, e));
	if (over && (err_is(why, "busy.") || err_is(why, "sys.")))
		(void)err_set(
			&end, "sys.too-late", "the certificate could not be made in time: %s", why->text);
	if (over)
		return fail(c, o, &end, e);
	TRY(jobs_attempts(c->db, "issue", o->id, &attempts, e));
	at = c->now + jobs_pause(2, LONGEST_PAUSE, attempts);
	TRY(jobs_again(c->db, "issue", o->id, at, why->text, e));
	return order_wait(c, o, at, e, "%s", why->text);
}

static bool may_pass(const struct acsr_err *why)
{
	return err_is(why, "busy.") || err_is(why, "sys.") || err_is(why, "caa.") || err_is(why, "dns.") ||
	       err_is(why, "net.");
}

/* The signer was away for so long that it does not sign the times that were reserved. What it has finished it gives whatever
 * the time: of this serial nothing ever left it, nor will. */
static bool is_stale(struct core *c, const struct certificate *cert, const struct acsr_err *why)
{
	return err_is(why, "policy.validity") && cert->created_at < c->now - 86400;
}

static enum acsr_result not_issued(struct core *c, struct order *o, const struct certificate *cert,
	const struct acsr_err *why, struct acsr_err *e)
{
	if (may_pass(why))
		return retry(c, o, why, e);
	TRY(certificate_set_state(c->db, cert->serial, "failed", e));
	return is_stale(c, cert, why) ? issue_job(c, o->id, 0, e) : fail(c, o, why, e);
}

/* Never believe it unseen: the key, the names and the serial must be what was asked for. */
static enum acsr_result check_certificate(const struct order *o, const struct certificate *asked,
	const struct msg_cert_signed *m, const struct csr_request *r, char sha256[65], struct acsr_err *e)
{
	CLEANUP_STRV struct strv names = { 0 };
	struct acsr_cert_view *view = NULL;
	char spki[65];
	bool fits;

	TRY(order_names_list(o, &names, e));
	TRY(acsr_cert_parse(&view, m->certificate.p, m->certificate.len, e));
	hex_encode(view->spki_sha256, 32, spki);
	hex_encode(view->sha256, 32, sha256);
	fits = strcmp(spki, r->spki_sha256) == 0 && view->sans.n == names.n &&
	       view->not_before == asked->not_before && view->not_after == asked->not_after;
	for (size_t i = 0; fits && i < view->sans.n; i++)
		fits = strv_has(&names, view->sans.v[i].value);
	acsr_cert_view_free(view);
	return fits ? ACSR_OK
		    : err_set(e, "cert.unexpected", "the signer's certificate is not what was asked for");
}

enum acsr_result issue_done(struct core *c, struct order *o, const struct certificate *cert,
	const char *actor, const char *lint, struct acsr_err *e)
{
	char until[21];

	TRY(certificate_replace_older(c->db, o->id, cert->serial, e));
	TRY(jobs_done(c->db, "issue", o->id, e));
	TRY(acme_outcome_issued(c, o, cert, e));
	o->expires_at = cert->not_after;
	c->count.certificates++;
	TRY(order_move(c, o, "issued", actor, "the certificate is ready", e));
	TRY(core_audit(c, actor, o->account_id, "certificate.issued", o->id, e,
		"issuer %s, serial %s, SHA-256 %s%s%s", cert->issuer, cert->serial, cert->sha256,
		*lint != '\0' ? ", lint: " : "", lint));
	TRY(core_want_job(c, "expire", o->id, cert->not_after + 1, e));
	clock_rfc3339(cert->not_after, until);
	return order_mail(c, o, "issued", "serial", cert->serial, "not_after", until, e);
}

static enum acsr_result issued(struct core *c, struct order *o, struct certificate *cert,
	const struct csr_request *r, const struct msg_cert_signed *m, struct acsr_err *e)
{
	TRY(check_certificate(o, cert, m, r, cert->sha256, e));
	TRY(certificate_signed(c->db, cert->serial, (struct bytes){ m->certificate.p, m->certificate.len },
		cert->sha256, r->spki_sha256, e));
	return issue_done(c, o, cert, "system", m->lint, e);
}

static enum acsr_result on_signed(
	struct core *c, struct call *call, struct msg *m, const struct acsr_err *why, struct acsr_err *e)
{
	CLEANUP_ORDER struct order o = { 0 };
	struct certificate cert;
	struct csr_request r;
	struct acsr_err no;

	TRY(certificate_load(c->db, call->object, &cert, e));
	TRY(order_load(c->db, cert.order_id, NULL, &o, e));
	if (strcmp(cert.state, "signing") != 0 || strcmp(o.state, "issuing") != 0)
		return ACSR_OK;
	if (m == NULL)
		return not_issued(c, &o, &cert, why, e);
	TRY(csr_request_load(c->db, cert.request_id, &r, e));
	if (issued(c, &o, &cert, &r, m->body, &no) == ACSR_OK)
		return ACSR_OK;
	if (err_is(&no, "cert.unexpected"))
		return not_issued(c, &o, &cert, &no, e);
	*e = no;
	return ACSR_FAIL; /* undone whole; the job's lease brings it back */
}

static enum acsr_result sign(struct core *c, struct order *o, const struct product *p, struct acsr_err *e)
{
	const struct issuer *is;
	struct certificate cert = { 0 };
	struct issue_what w = { .reference = o->id };
	struct call like = { .fn = on_signed };
	CLEANUP_BUF struct buf csr = { 0 };
	enum acsr_result r;
	char name[65];
	bool have;

	TRY(issue_issuer_of(c, o, p, name, e));
	is = issue_choose_issuer(c, name);
	if (is == NULL && issue_choose_issuer(c, "") != NULL)
		return err_set(e, "sys.issuer", "the issuer of %s cannot sign, or is no more", p->id);
	if (is == NULL)
		return err_set(e, "busy.signer", "no issuer can sign right now");
	buf_init(&csr, 65536);
	TRY(csr_request_csr(c->db, o->request_id, &csr, e));
	TRY(certificate_signing(c->db, o->request_id, &cert, &have, e));
	if (!have) {
		snprintf(cert.order_id, sizeof(cert.order_id), "%s", o->id);
		snprintf(cert.request_id, sizeof(cert.request_id), "%s", o->request_id);
		TRY(acme_outcome_times(c, o, &cert.not_before, &cert.not_after, e));
		TRY(issue_reserve(c, is, p->profile, p->validity, &cert, e));
	}
	w.csr = &csr;
	snprintf(like.object, sizeof(like.object), "%s", cert.serial);
	r = order_subject_list(o, strcmp(p->level, "dv") != 0, &w.subject, e);
	if (r == ACSR_OK)
		r = order_sans_list(o, &w.sans, e);
	if (r == ACSR_OK)
		r = issue_ask(c, &cert, &w, &like, e);
	strv_free(&w.subject);
	strv_free(&w.sans);
	return r;
}

/* --- CAA again, when it was asked too long ago (BR 3.2.2.8) --- */

static enum acsr_result on_caa_again(
	struct core *c, struct call *call, struct msg *m, const struct acsr_err *why, struct acsr_err *e)
{
	CLEANUP_VALIDATION struct validation v = { 0 };
	CLEANUP_ORDER struct order o = { 0 };
	struct acsr_err no;

	/* A cancelled or reissued order has let go of it. */
	if (validation_load(c->db, call->object, &v, e) != ACSR_OK)
		return err_is(e, "object.absent") ? ACSR_OK : ACSR_FAIL;
	TRY(order_load(c->db, v.order_id, NULL, &o, e));
	if (strcmp(o.state, "issuing") != 0)
		return ACSR_OK;
	if (control_verdict(c, m, why, NULL, &no) != ACSR_OK)
		return retry(c, &o, &no, e);
	v.caa_at = c->now;
	TRY(validation_save(c->db, &v, e));
	return issue_job(c, o.id, 0, e);
}

static enum acsr_result stale_caa(struct core *c, const struct order *o, bool *asked, struct acsr_err *e)
{
	int64_t life = acsr_rule_value("caa.life.max", c->now, 8 * 3600);
	struct call like = { .fn = on_caa_again };
	struct validation *v;
	enum acsr_result r = ACSR_OK;
	size_t n;

	*asked = false;
	TRY(validations_of(c->db, o->id, &v, &n, e));
	for (size_t i = 0; i < n && !*asked && r == ACSR_OK; i++) {
		if (strcmp(v[i].state, "pending") == 0 || v[i].caa_at > c->now - life)
			continue;
		snprintf(like.object, sizeof(like.object), "%s", v[i].id);
		r = validate_ask_caa(c, o, &v[i], &like, e);
		*asked = true;
	}
	validations_free(v, n);
	return r;
}

/* A statement that let us make the key may have been withdrawn since (BR 6.1.1.3): about the CA that the CSR goes to, or
 * those that the product names now. *refusal is left empty when all is well. Whoever stated it may state it again: the
 * order waits. */
static enum acsr_result check_who_made_the_key(struct core *c, const struct order *o, const struct product *p,
	struct acsr_err *refusal, struct acsr_err *e)
{
	struct csr_request r;
	struct acsr_err why;
	char name[65];

	TRY(csr_request_load(c->db, o->request_id, &r, e));
	if (strcmp(r.key_source, "autocsr") != 0)
		return ACSR_OK;
	TRY(issue_issuer_of(c, o, p, name, e));
	if (order_key_is_allowed_at(c, name, &why) == ACSR_OK && order_key_is_allowed(c, p, &why) == ACSR_OK)
		return ACSR_OK;
	if (!err_is(&why, "policy.")) {
		*e = why;
		return ACSR_FAIL;
	}
	(void)err_rule(refusal, "policy.autocsr", "", "BR 6.1.1.3",
		"the service made this key, and the operator's statement that it is not the CA was "
		"withdrawn: "
		"nothing is issued while none is made anew");
	return ACSR_OK;
}

enum acsr_result issue_job(struct core *c, const char *order_id, int64_t attempts, struct acsr_err *e)
{
	CLEANUP_UPSTREAM_ISSUER struct upstream_issuer is = { 0 };
	CLEANUP_ORDER struct order o = { 0 };
	struct product p;
	struct acsr_err why, refusal = { 0 };
	bool asked, offline, theirs;

	(void)attempts;
	TRY(order_load(c->db, order_id, NULL, &o, e));
	if (strcmp(o.state, "issuing") != 0)
		return jobs_done(c->db, "issue", order_id, e);
	TRY(upstream_of(c, &o, &is, &theirs, e));
	TRY(products_load(c->db, o.product_id, &p, e));
	TRY(check_who_made_the_key(c, &o, &p, &refusal, e));
	if (refusal.id[0] != '\0')
		return retry(c, &o, &refusal, e);
	if (theirs && strcmp(is.kind, "acme") == 0)
		return upstream_issue(c, &o, e); /* CAA is for that CA to judge */
	TRY(offline_issue(c, &o, &offline, e));
	if (offline)
		return ACSR_OK;
	TRY(stale_caa(c, &o, &asked, e));
	if (asked)
		return ACSR_OK;
	if (sign(c, &o, &p, &why) == ACSR_OK)
		return ACSR_OK;
	if (may_pass(&why))
		return retry(c, &o, &why, e);
	return fail(c, &o, &why, e);
}

enum acsr_result expire_job(struct core *c, const char *order_id, int64_t attempts, struct acsr_err *e)
{
	CLEANUP_ORDER struct order o = { 0 };
	bool has;

	(void)attempts;
	TRY(jobs_done(c->db, "expire", order_id, e));
	TRY(order_load(c->db, order_id, NULL, &o, e));
	if (strcmp(o.state, "issued") != 0)
		return ACSR_OK;
	TRY(order_has_certificate(c, &o, &has, e));
	if (has)
		return core_want_job(c, "expire", order_id, o.expires_at + 1, e);
	return order_move(c, &o, "expired", "system", "its last certificate has expired", e);
}
