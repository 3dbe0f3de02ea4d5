/*
 * revokeCert (RFC 8555 7.6). Three may ask: the account that got the certificate, an account that holds authorizations for
 * all of its names, and whoever signs with the certificate's own key.
 */
#include <stdio.h>
#include <string.h>

#include "autocsr/cert.h"
#include "autocsr/crl.h"
#include "core/acme/orders.h"
#include "core/order.h"
#include "core/revoke.h"

/* --- what is asked --- */

static enum acsr_result read_certificate(json_t *payload, struct acsr_cert_view **out, struct acsr_err *e)
{
	const char *text = json_string_value(json_object_get(payload, "certificate"));
	CLEANUP_BUF struct buf der = { 0 };

	buf_init(&der, 65536);
	if (text == NULL || strlen(text) > 87000 ||
		b64_decode(text, strlen(text), true, &der, NULL) != ACSR_OK || der.len == 0)
		return err_rule(e, "acme.order.certificate", NULL, "RFC 8555 7.6",
			"\"certificate\" is missing: its DER in base64url, no PEM lines, no padding");
	if (acsr_cert_parse(out, der.p, der.len, e) == ACSR_OK)
		return ACSR_OK;
	snprintf(e->id, sizeof(e->id), "acme.order.certificate");
	return ACSR_FAIL;
}

static enum acsr_result read_reason(json_t *payload, const char **out, struct acsr_err *e)
{
	json_t *v = json_object_get(payload, "reason");
	json_int_t code = v != NULL && !json_is_null(v) ? json_integer_value(v) : 0;
	const char *name = code >= 0 && code <= 10 ? acsr_reason_name((int)code) : NULL;

	if (v != NULL && !json_is_null(v) && !json_is_integer(v))
		return err_rule(e, "acme.reason", NULL, "RFC 8555 7.6", "\"reason\" is a number");
	if (name == NULL || !acsr_reason_by_customer((int)code))
		return err_rule(e, "acme.reason", NULL, "BR 4.9.1.1",
			"the reason is 0 (unspecified), 1 (keyCompromise), 3 (affiliationChanged), 4 "
			"(superseded) "
			"or 5 (cessationOfOperation)");
	*out = name;
	return ACSR_OK;
}

/* Is it, octet by octet, one that we issued? */
static enum acsr_result find(
	struct core *c, const struct acsr_cert_view *v, struct certificate *cert, struct acsr_err *e)
{
	char sha256[65];

	hex_encode(v->sha256, sizeof(v->sha256), sha256);
	if (certificate_load(c->db, v->serial_hex, cert, e) == ACSR_OK && strcmp(cert->sha256, sha256) == 0 &&
		cert->order_id[0] != '\0')
		return ACSR_OK;
	return err_set(e, "object.absent", "this server issued no such certificate");
}

/* --- who may --- */

static enum acsr_result holds_all(struct core *c, const struct acme_request *a, const struct acsr_sans *sans,
	bool *all, struct acsr_err *e)
{
	*all = sans->n > 0;
	for (size_t i = 0; i < sans->n && *all; i++) {
		const char *name = sans->v[i].value;
		bool wildcard = str_starts(name, "*.");
		int64_t until;
		char id[40];

		TRY(acme_authz_find(c->db, a->account.id, wildcard ? name + 2 : name, wildcard, "", c->now,
			c->now - acme_proof_life(c), id, &until, e));
		*all = id[0] != '\0';
	}
	return ACSR_OK;
}

static enum acsr_result check_account(struct core *c, const struct acme_request *a,
	const struct acsr_cert_view *v, const struct certificate *cert, struct acsr_err *e)
{
	CLEANUP_ACME_ORDER struct acme_order o = { 0 };
	bool have, all;

	TRY(acme_order_by_serial(c->db, cert->serial, &o, &have, e));
	if (have && strcmp(o.acme_account_id, a->account.id) == 0)
		return ACSR_OK;
	TRY(holds_all(c, a, &v->sans, &all, e));
	return all ? ACSR_OK
		   : err_rule(e, "acme.not-yours", NULL, "RFC 8555 7.6",
			     "this account neither got the certificate nor holds authorizations for all of "
			     "its "
			     "names");
}

static enum acsr_result check_key(
	const struct acme_request *a, const struct acsr_cert_view *v, struct acsr_err *e)
{
	if (v->key != NULL && acsr_key_same(a->key, v->key))
		return ACSR_OK;
	return err_rule(e, "acme.not-yours", NULL, "RFC 8555 7.6",
		"the request is signed with neither an account's key nor the certificate's");
}

/* --- doing it --- */

static enum acsr_result run(
	struct core *c, const struct acme_request *a, const struct acsr_cert_view *v, struct acsr_err *e)
{
	bool by_key = a->account.id[0] == '\0';
	struct revocation r = { .everywhere = by_key };
	struct certificate cert;
	char actor[120];

	TRY(read_reason(a->payload, &r.reason, e));
	TRY(find(c, v, &cert, e));
	TRY(by_key ? check_key(a, v, e) : check_account(c, a, v, &cert, e));
	if (strcmp(cert.state, "revoked") == 0)
		return err_set(e, "acme.revoked", "this certificate is revoked already");
	if (cert.not_after < c->now)
		return err_set(e, "acme.order.certificate", "this certificate has expired");
	if (by_key)
		snprintf(actor, sizeof(actor), "the certificate's key");
	else
		snprintf(actor, sizeof(actor), "%s", a->account.id);
	r.actor = actor;
	return revoke_certificate(c, &r, &cert, e);
}

enum acsr_result acme_revoke(struct core *c, struct acme_request *a, struct acsr_err *e)
{
	struct acsr_cert_view *v;
	enum acsr_result r;

	TRY(acme_want_payload(a, e));
	TRY(read_certificate(a->payload, &v, e));
	r = run(c, a, v, e);
	acsr_cert_view_free(v);
	TRY(r);
	a->q->status = 200;
	return ACSR_OK;
}
