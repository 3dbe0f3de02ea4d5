/* Revoking certificates: of the order that was named and, when a key is compromised, of every order of the account with it. */
#include <stdio.h>
#include <string.h>

#include "autocsr/crl.h"
#include "core/handlers.h"
#include "core/mail.h"
#include "core/order.h"
#include "core/revoke.h"
#include "core/upstream/upstream.h"
#include "store/certificate.h"
#include "store/issuers.h"

struct revoking {
	const char *reason, *serial;
	size_t done;
	bool current; /* the order's newest certificate is among them */
};

/* Another CA's certificate: an offline CA has to be asked by somebody, and here that is written down. */
static enum acsr_result revoked_elsewhere(struct core *c, const struct order *o,
	const struct certificate *cert, const char *reason, struct acsr_err *e)
{
	CLEANUP_UPSTREAM_ISSUER struct upstream_issuer is = { 0 };
	struct acsr_err why;
	bool offline = upstream_issuer_load(c->db, cert->issuer, &is, &why) != ACSR_OK ||
		       strcmp(is.kind, "offline") == 0;

	return order_mail(
		c, o, offline ? "revoked-offline" : "revoked", "serial", cert->serial, "reason", reason, e);
}

static enum acsr_result revoke_one(struct core *c, const struct revocation *r, const struct order *o,
	const struct certificate *cert, struct acsr_err *e)
{
	bool ours;

	TRY(certificate_revoke(c->db, cert->serial, r->reason, c->now, e));
	TRY(core_audit(c, r->actor, o->account_id, "certificate.revoked", o->id, e, "serial %s, reason %s",
		cert->serial, r->reason));
	TRY(upstream_revoke(c, cert, &ours, e));
	if (!ours)
		return revoked_elsewhere(c, o, cert, r->reason, e);
	TRY(core_want_job(c, "crl", cert->issuer, c->now, e));
	return order_mail(c, o, "revoked", "serial", cert->serial, "reason", r->reason, e);
}

static enum acsr_result revoke_with_order(
	struct core *c, const struct revocation *r, const struct certificate *cert, struct acsr_err *e)
{
	CLEANUP_ORDER struct order o = { 0 };

	TRY(order_load(c->db, cert->order_id, NULL, &o, e));
	TRY(revoke_one(c, r, &o, cert, e));
	if (strcmp(cert->state, "valid") == 0 && strcmp(o.state, "issued") == 0)
		return order_move(c, &o, "revoked", r->actor, r->reason, e);
	return ACSR_OK;
}

/* Only within the account, unless the key itself signed: whoever pasted a stranger's CSR has shown nothing about the
 * stranger's key (BR 4.9.1.1). */
enum acsr_result revoke_sharers(struct core *c, const struct revocation *r, const char *order_id,
	const char *account_id, struct acsr_err *e)
{
	CLEANUP_STRV struct strv serials = { 0 };

	TRY(certificate_share_compromised(
		c->db, order_id, r->everywhere ? "" : account_id, c->now, &serials, e));
	for (size_t i = 0; i < serials.n; i++) {
		struct certificate cert;

		TRY(certificate_load(c->db, serials.v[i], &cert, e));
		TRY(revoke_with_order(c, r, &cert, e));
	}
	return ACSR_OK;
}

enum acsr_result revoke_certificate(
	struct core *c, const struct revocation *r, const struct certificate *cert, struct acsr_err *e)
{
	CLEANUP_ORDER struct order o = { 0 };

	TRY(revoke_with_order(c, r, cert, e));
	if (strcmp(r->reason, "keyCompromise") != 0)
		return ACSR_OK;
	TRY(order_load(c->db, cert->order_id, NULL, &o, e));
	return revoke_sharers(c, r, o.id, o.account_id, e);
}

static enum acsr_result revoke_matching(struct core *c, const struct request *q, const struct order *o,
	struct revoking *v, struct acsr_err *e)
{
	const struct revocation r = { .actor = q->who.email, .reason = v->reason };
	CLEANUP_ROWS struct db_rows *rows = NULL;
	CLEANUP_STRV struct strv serials = { 0 };
	bool have;

	TRY(certificate_list(c->db, o->id, &rows, e));
	for (;;) {
		bool chosen;

		TRY(db_next(rows, &have, e));
		if (!have)
			break;
		chosen = v->serial == NULL || strcasecmp(db_text(rows, 0), v->serial) == 0;
		chosen = chosen && (strcmp(db_text(rows, 1), "valid") == 0 ||
					   strcmp(db_text(rows, 1), "replaced") == 0);
		if (chosen && db_int(rows, 3) >= c->now) {
			v->current = v->current || strcmp(db_text(rows, 1), "valid") == 0;
			TRY(strv_add(&serials, db_text(rows, 0), e));
		}
	}
	for (size_t i = 0; i < serials.n; i++) {
		struct certificate cert;

		TRY(certificate_load(c->db, serials.v[i], &cert, e));
		TRY(revoke_one(c, &r, o, &cert, e));
	}
	v->done = serials.n;
	return ACSR_OK;
}

enum acsr_result order_revoke(struct core *c, struct request *q, struct acsr_err *e)
{
	struct revoking v = { .reason = "unspecified" };
	const struct field fields[] = { { "reason", FIELD_TEXT, false, &v.reason, 31 },
		{ "serial", FIELD_TEXT, false, &v.serial, 42 }, { 0 } };
	CLEANUP_ORDER struct order o = { 0 };
	int code;

	TRY(request_fields(q, fields, e));
	TRY(order_of_request(c, q, &o, e));
	if (acsr_reason_find(&code, v.reason, NULL) != ACSR_OK || !acsr_reason_by_customer(code))
		return err_rule(e, "request.field.reason", "reason", "BR 4.9.1.1",
			"reason is unspecified, keyCompromise, affiliationChanged, superseded or "
			"cessationOfOperation");
	TRY(revoke_matching(c, q, &o, &v, e));
	if (v.done == 0)
		return err_set(e, "state.nothing-to-revoke",
			"this order has no %scertificate that could be revoked",
			v.serial != NULL ? "such " : "valid ");
	if (v.current && strcmp(o.state, "issued") == 0)
		TRY(order_move(c, &o, "revoked", q->who.email, v.reason, e));
	if (strcmp(v.reason, "keyCompromise") == 0) {
		const struct revocation r = { .actor = q->who.email, .reason = v.reason };

		TRY(revoke_sharers(c, &r, o.id, o.account_id, e));
	}
	return order_answer(c, q, o.id, 200, e);
}
