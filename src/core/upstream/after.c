/* After the certificate: revocation at its CA. And what the API shows of an order there. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autocsr/crl.h"
#include "base/clock.h"
#include "core/issuers.h"
#include "core/jsontext.h"
#include "core/upstream/jobs.h"
#include "core/upstream/orders.h"
#include "store/certificate.h"
#include "store/jobs.h"

enum { LONGEST_PAUSE = 3600, LEASE = 900 };

static int64_t first_pause(const struct core *c)
{
	return conf_span(&c->proc->conf, "upstream.first_retry");
}

/* --- revocation (RFC 8555 7.6) --- */

/* certificates.issuer is one of the issuers table? *acme: reached by ACME. */
static enum acsr_result whose(
	struct core *c, const char *issuer, bool *theirs, bool *acme, struct acsr_err *e)
{
	CLEANUP_UPSTREAM_ISSUER struct upstream_issuer i = { 0 };
	struct acsr_err why;

	*theirs = *acme = false;
	if (upstream_issuer_load(c->db, issuer, &i, &why) == ACSR_OK) {
		*theirs = true;
		*acme = strcmp(i.kind, "acme") == 0;
		return ACSR_OK;
	}
	if (err_is(&why, "object.absent"))
		return ACSR_OK;
	*e = why;
	return ACSR_FAIL;
}

enum acsr_result upstream_revoke(
	struct core *c, const struct certificate *cert, bool *ours, struct acsr_err *e)
{
	bool theirs, acme;

	TRY(whose(c, cert->issuer, &theirs, &acme, e));
	/* One that nobody knows is nobody's of ours: no CRL could ever name it. While the signer is away ours are not known. */
	*ours = !theirs &&
		(issuers_find(c->issuers, cert->issuer) != NULL || issuers_at(c->issuers, 0) == NULL);
	if (acme)
		return core_want_job(c, "upstream-revoke", cert->serial, c->now, e);
	return ACSR_OK;
}

static enum acsr_result say_about(
	struct core *c, const struct certificate *cert, const char *text, int64_t at, struct acsr_err *e)
{
	CLEANUP_ORDER struct order o = { 0 };

	if (cert->order_id[0] == '\0')
		return ACSR_OK;
	TRY(order_load(c->db, cert->order_id, NULL, &o, e));
	return order_wait(c, &o, at, e, "%s", text);
}

static enum acsr_result revoked(struct core *c, const struct certificate *cert, struct acsr_err *e)
{
	TRY(jobs_done(c->db, "upstream-revoke", cert->serial, e));
	TRY(say_about(c, cert, "", 0, e));
	return core_audit(c, "system", "", "certificate.revoked-upstream", cert->order_id, e,
		"%s has revoked the certificate %s", cert->issuer, cert->serial);
}

/* Once for each thing that the CA says, not for each time that it says it. */
static enum acsr_result audit_refusal(
	struct core *c, const struct certificate *cert, const char *text, struct acsr_err *e)
{
	CLEANUP_ORDER struct order o = { 0 };

	if (cert->order_id[0] != '\0')
		TRY(order_load(c->db, cert->order_id, NULL, &o, e));
	if (o.waiting_reason != NULL && strcmp(o.waiting_reason, text) == 0)
		return ACSR_OK;
	return core_audit(c, "system", "", "certificate.not-revoked", cert->order_id, e, "%s", text);
}

/* Asked again until it says yes or the certificate has ended: a refusal may be of the account or of the day. */
static enum acsr_result not_revoked(struct core *c, const struct certificate *cert,
	const struct upstream_reply *r, const struct acsr_err *why, struct acsr_err *e)
{
	bool refusal = err_is(why, "upstream.refused.") || err_is(why, "upstream.absent");
	int64_t attempts, at;
	char text[500];

	snprintf(text, sizeof(text),
		refusal ? "the certificate %s is not revoked at its CA: %s"
			: "the CA has not confirmed the revocation of %s yet: %s",
		cert->serial, why->text);
	if (refusal)
		TRY(audit_refusal(c, cert, text, e));
	TRY(jobs_attempts(c->db, "upstream-revoke", cert->serial, &attempts, e));
	at = c->now + jobs_pause(first_pause(c), LONGEST_PAUSE, attempts);
	if (r->retry_at > at)
		at = r->retry_at;
	TRY(jobs_again(c->db, "upstream-revoke", cert->serial, at, why->text, e));
	return say_about(c, cert, text, at, e);
}

static enum acsr_result ended(struct core *c, const struct certificate *cert, struct acsr_err *e)
{
	char text[200];

	snprintf(text, sizeof(text),
		"the certificate %s has ended, and its CA had not confirmed its revocation", cert->serial);
	TRY(jobs_done(c->db, "upstream-revoke", cert->serial, e));
	TRY(core_audit(c, "system", "", "certificate.not-revoked", cert->order_id, e, "%s", text));
	return say_about(c, cert, text, 0, e);
}

static enum acsr_result tell_to_revoke(
	struct core *c, const struct certificate *cert, bool with_reason, struct acsr_err *e);

static enum acsr_result on_revoked(struct core *c, struct upstream_then *t, const struct upstream_reply *r,
	const struct acsr_err *why, struct acsr_err *e)
{
	struct certificate cert;

	TRY(certificate_load(c->db, t->object, &cert, e));
	if (why == NULL || strcmp(r->problem, "alreadyRevoked") == 0)
		return revoked(c, &cert, e);
	if (strcmp(r->problem, "badRevocationReason") == 0 && t->detail[0] != '\0')
		return tell_to_revoke(c, &cert, false, e);
	return not_revoked(c, &cert, r, why, e);
}

static enum acsr_result revocation(
	struct core *c, const struct certificate *cert, bool with_reason, char **payload, struct acsr_err *e)
{
	CLEANUP_STR char *text = NULL;
	CLEANUP_BUF struct buf der = { 0 };
	struct certificate found;
	int code = 0;

	buf_init(&der, 65536);
	TRY(certificate_der(c->db, cert->order_id, cert->serial, &found, &der, e));
	text = malloc(B64_LEN(der.len));
	if (text == NULL)
		return err_nomem(e);
	b64_encode(der.p, der.len, true, text);
	if (!with_reason || acsr_reason_find(&code, cert->reason, NULL) != ACSR_OK || code == 0)
		return json_text(json_pack("{s:s}", "certificate", text), payload, e);
	return json_text(json_pack("{s:s,s:i}", "certificate", text, "reason", code), payload, e);
}

static enum acsr_result tell_to_revoke(
	struct core *c, const struct certificate *cert, bool with_reason, struct acsr_err *e)
{
	struct upstream_then t = { .fn = on_revoked };
	struct upstream_reply none = { 0 };
	struct upstream_ask a = { .issuer = cert->issuer, .url = "revokeCert" };
	CLEANUP_STR char *payload = NULL;
	struct acsr_err why;

	TRY(revocation(c, cert, with_reason, &payload, e));
	TRY(jobs_lease(c->db, "upstream-revoke", cert->serial, c->now + LEASE, e));
	a.payload = payload;
	snprintf(t.object, sizeof(t.object), "%s", cert->serial);
	snprintf(t.detail, sizeof(t.detail), "%s", with_reason ? "with a reason" : "");
	if (upstream_call(c, &a, &t, &why) == ACSR_OK)
		return ACSR_OK;
	return not_revoked(c, cert, &none, &why, e);
}

enum acsr_result upstream_revoke_job(struct core *c, const char *serial, int64_t attempts, struct acsr_err *e)
{
	struct certificate cert;

	(void)attempts;
	TRY(certificate_load(c->db, serial, &cert, e));
	if (strcmp(cert.state, "revoked") != 0)
		return jobs_done(c->db, "upstream-revoke", serial, e);
	if (cert.not_after <= c->now)
		return ended(c, &cert, e);
	return tell_to_revoke(c, &cert, true, e);
}

enum acsr_result upstream_may_cancel(struct core *c, const struct order *o, bool *may, struct acsr_err *e)
{
	static const char *const sent[] = { "finalize", "download", "done" };
	CLEANUP_UPSTREAM_ISSUER struct upstream_issuer i = { 0 };
	CLEANUP_ERRAND struct errand x = { 0 };
	bool have;

	TRY(upstream_of(c, o, &i, may, e));
	if (!*may || strcmp(i.kind, "acme") != 0)
		return ACSR_OK;
	TRY(errand_load(c, o->id, &x, &have, e));
	for (size_t k = 0; have && k < sizeof(sent) / sizeof(sent[0]); k++)
		*may = *may && strcmp(x.u.step, sent[k]) != 0;
	return ACSR_OK;
}

/* --- for the API --- */

/* Only while something is still to be done there. */
static json_t *held_json(const struct errand *x)
{
	const char *why = errand_holds(&x->i);
	bool ended = strcmp(x->u.step, "done") == 0 || !order_may_move(x->o.state, "cancelled");

	return why != NULL && !ended ? json_string(why) : json_null();
}

enum acsr_result upstream_json(struct core *c, const struct order *o, json_t **out, struct acsr_err *e)
{
	CLEANUP_ERRAND struct errand x = { 0 };
	int64_t failures;
	bool have;

	TRY(errand_load(c, o->id, &x, &have, e));
	if (!have) {
		*out = json_null();
		return ACSR_OK;
	}
	failures = json_integer_value(json_object_get(x.detail, "failures"));
	*out = json_pack("{s:s,s:s,s:s,s:s,s:o,s:o,s:o,s:o,s:I,s:o}", "issuer", x.i.name, "title", x.i.title,
		"kind", x.i.kind, "step", x.u.step, "url", json_text_or_null(x.u.url), "since",
		json_time(x.u.started_at), "told_at", json_time(x.u.told_at), "expires_at",
		json_time(x.u.expires_at), "refused", (json_int_t)failures, "held", held_json(&x));
	return ACSR_OK;
}
