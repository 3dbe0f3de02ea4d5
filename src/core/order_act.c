/* What can be done to an order: check now, vet, reissue, cancel. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/handlers.h"
#include "core/handover.h"
#include "core/mail.h"
#include "core/order.h"
#include "core/upstream/upstream.h"
#include "store/certificate.h"
#include "store/jobs.h"

/* --- validate --- */

/* Nothing that was shown the other way counts for this one. */
static enum acsr_result forget_proof(struct validation *v, struct acsr_err *e)
{
	free(v->evidence);
	v->evidence = NULL;
	v->proved_at = v->valid_until = 0;
	return str_dup(&v->evidence, "", e);
}

static enum acsr_result set_method(
	struct core *c, struct validation *v, const char *method, struct acsr_err *e)
{
	const struct acsr_method *way;

	if (method == NULL || strcmp(v->method, method) == 0)
		return ACSR_OK;
	if (v->wildcard && strcmp(method, "http") == 0)
		return err_rule(e, "validation.method", "method", "BR 3.2.2.4.18",
			"%s is a wildcard: only a DNS record can validate it", v->name);
	if (v->told_at != 0)
		return ACSR_OK; /* the other CA is looking already */
	TRY(v->offers[0] != '\0' ? upstream_set_method(v, method, e)
				 : validate_way(&way, method, v->wildcard, c->now, e));
	if (!validate_is_vouched(v))
		TRY(forget_proof(v, e));
	snprintf(v->method, sizeof(v->method), "%s", method);
	return validation_save(c->db, v, e);
}

/* All that some CA offers; whether this one does is found out name by name. */
static bool is_method(const char *method)
{
	static const char *const all[] = { "http", "dns", "tls-alpn", "dns-account", "dns-persist" };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(all[i], method) == 0)
			return true;
	return false;
}

static enum acsr_result check_now(struct core *c, const struct order *o, const char *name, const char *method,
	size_t *matched, struct acsr_err *e)
{
	struct validation *v;
	enum acsr_result r = ACSR_OK;
	size_t n;

	*matched = 0;
	TRY(validations_of(c->db, o->id, &v, &n, e));
	for (size_t i = 0; i < n && r == ACSR_OK; i++) {
		if (name != NULL && strcmp(v[i].name, name) != 0)
			continue;
		++*matched;
		if (strcmp(v[i].state, "pending") != 0)
			continue;
		r = set_method(c, &v[i], name == NULL && v[i].wildcard ? NULL : method, e);
		if (r == ACSR_OK)
			r = core_want_job(c, "validate", v[i].id, c->now, e);
	}
	validations_free(v, n);
	return r;
}

/* Asked again after the fact, perhaps because the check that was under way was quicker: nothing is wrong. */
static bool already_validated(const struct order *o)
{
	return strcmp(o->state, "vetting") == 0 || strcmp(o->state, "issuing") == 0 ||
	       strcmp(o->state, "issued") == 0;
}

enum acsr_result order_validate(struct core *c, struct request *q, struct acsr_err *e)
{
	const char *name = NULL, *method = NULL;
	const struct field fields[] = { { "name", FIELD_TEXT, false, &name, 255 },
		{ "method", FIELD_TEXT, false, &method, 15 }, { 0 } };
	CLEANUP_ORDER struct order o = { 0 };
	size_t matched;

	TRY(request_fields(q, fields, e));
	if (method != NULL && !is_method(method))
		return err_rule(e, "request.field.method", "method", NULL,
			"method is \"http\" or \"dns\", or one of those that the order shows under "
			"\"publish\"");
	TRY(order_of_request(c, q, &o, e));
	if (already_validated(&o))
		return order_answer(c, q, o.id, 200, e);
	if (strcmp(o.state, "validating") != 0)
		return err_set(
			e, "state.not-validating", "this order is %s: nothing is to be validated", o.state);
	TRY(check_now(c, &o, name, method, &matched, e));
	if (matched == 0)
		return err_rule(e, "request.field.name", "name", NULL, "%s is not a name of this order",
			name != NULL ? name : "it");
	return order_answer(c, q, o.id, 200, e);
}

/* --- vetting --- */

static enum acsr_result approve(struct core *c, struct order *o, struct request *q, struct acsr_err *e)
{
	TRY(core_audit(c, q->who.email, o->account_id, "order.approved", o->id, e,
		"the organisation's details hold"));
	return order_advance(c, o, q->who.email, e);
}

static enum acsr_result reject(
	struct core *c, struct order *o, struct request *q, const char *why, struct acsr_err *e)
{
	TRY(core_audit(c, q->who.email, o->account_id, "order.rejected", o->id, e, "%s", why));
	return order_fail(c, o, why, e);
}

enum acsr_result order_vetting(struct core *c, struct request *q, struct acsr_err *e)
{
	const char *decision = NULL, *evidence = NULL, *note = "";
	const struct field fields[] = { { "decision", FIELD_TEXT, true, &decision, 10 },
		{ "evidence", FIELD_TEXT, true, &evidence, 8000 }, { "note", FIELD_TEXT, false, &note, 4000 },
		{ 0 } };
	CLEANUP_ORDER struct order o = { 0 };
	bool yes;

	TRY(request_fields(q, fields, e));
	yes = strcmp(decision, "approve") == 0;
	if (!yes && strcmp(decision, "reject") != 0)
		return err_rule(e, "request.field.decision", "decision", NULL,
			"decision is \"approve\" or \"reject\"");
	if (*evidence == '\0')
		return err_rule(e, "request.field.missing", "evidence", "BR 3.2.2.1",
			"say what was looked at, such as the register and its date");
	TRY(order_of_request(c, q, &o, e));
	if (strcmp(o.state, "vetting") != 0)
		return err_set(
			e, "state.not-vetting", "this order is %s: there is nothing to decide", o.state);
	if (approval_add(c->db, o.id, o.round, q->who.user_id, decision, evidence, note, c->now, e) !=
		ACSR_OK) {
		if (err_is(e, "object.exists"))
			return err_rule(e, "policy.two-persons", NULL, "EVG 5.2.4",
				"you have decided about this order already; another person must give the "
				"next approval");
		return ACSR_FAIL;
	}
	if (yes)
		TRY(approve(c, &o, q, e));
	else
		TRY(reject(c, &o, q,
			*note != '\0' ? note : "the organisation's details could not be confirmed", e));
	return order_answer(c, q, o.id, 200, e);
}

/* --- reissue --- */

static enum acsr_result next_round(
	struct core *c, struct order *o, const struct product *p, struct acsr_err *e)
{
	o->round++;
	o->issuer[0] = '\0'; /* the product's, as it is now */
	o->renew_from = o->renew_until = 0;
	TRY(validations_delete(c->db, o->id, e));
	TRY(order_save(c->db, o, c->now, e));
	return validate_prepare(c, o, p, e);
}

static enum acsr_result reissue_own(struct core *c, struct request *q, struct order *o,
	const struct product *p, const char *csr_text, const struct handover_choice *how, struct acsr_err *e)
{
	bool fresh = handover_choice_is(how, "browser");
	CLEANUP_STRV struct strv names = { 0 };
	struct intake_csr csr = { 0 };
	enum acsr_result r;

	TRY(order_names_list(o, &names, e));
	TRY(intake_csr(c, csr_text, p, o->id, fresh, &csr, e));
	r = intake_csr_fits(c, &csr, &names, e);
	if (r == ACSR_OK)
		r = next_round(c, o, p, e);
	if (r == ACSR_OK)
		r = handover_own_csr(c, o, &csr, how, q->who.email, e);
	if (r == ACSR_OK)
		r = order_begin_validation(c, o, q->who.email, e);
	intake_csr_clear(&csr);
	TRY(r);
	return order_answer(c, q, o->id, 200, e);
}

/* The archive goes to the address of the order, or, when that user is gone, to whoever asks for it now. */
static enum acsr_result reissue_delivery(
	struct core *c, const struct request *q, struct order *o, const char *delivery, struct acsr_err *e)
{
	bool good;

	if (delivery != NULL && strcmp(delivery, "download") != 0 && strcmp(delivery, "email") != 0)
		return err_rule(e, "request.field.delivery", "delivery", NULL,
			"delivery is \"download\" or \"email\"");
	if (delivery != NULL)
		snprintf(o->delivery, sizeof(o->delivery), "%s", delivery);
	if (strcmp(o->delivery, "email") == 0 && !mail_possible(c))
		return err_rule(e, "policy.mail", "delivery", NULL, "this service has no mail server");
	TRY(order_recipient_good(c, o->account_id, o->email, &good, e));
	if (!good && strcmp(q->who.account_id, o->account_id) == 0)
		snprintf(o->email, sizeof(o->email), "%s", q->who.email);
	else if (!good && strcmp(o->delivery, "email") == 0)
		return err_rule(e, "request.field.email", "delivery", NULL,
			"%s is no confirmed user of the account any more; order with delivery \"download\"",
			o->email);
	return ACSR_OK;
}

static enum acsr_result reissue_key_type(struct core *c, const struct order *o, const struct product *p,
	const char **key_type, char room[32], struct acsr_err *e)
{
	struct csr_request r;

	if (*key_type == NULL && o->request_id[0] != '\0') {
		TRY(csr_request_load(c->db, o->request_id, &r, e));
		memcpy(room, r.key_type, 32);
		*key_type = room;
	}
	if (*key_type == NULL) {
		char offered[PRODUCT_KEY_TYPES];

		product_key_types(p, offered);
		return err_rule(e, "key.type", "key_type", NULL, "the product %s allows %s", p->id, offered);
	}
	return product_check_key_type(p, *key_type, "key_type", e);
}

/* Without a word about it the key goes as it went before; one that was made in a browser is not made here unless the
 * customer says so. */
static enum acsr_result reissue_choice(struct core *c, const struct order *o, json_t *given, bool has_csr,
	struct handover_choice *how, struct acsr_err *e)
{
	struct csr_request r = { 0 };

	if (given != NULL || has_csr || o->request_id[0] == '\0')
		return handover_choice_read(c, given, has_csr, how, e);
	TRY(csr_request_load(c->db, o->request_id, &r, e));
	if (strcmp(r.grade, "browser") == 0)
		return err_rule(e, "request.field.hand-over", "hand_over.grade", NULL,
			"the key of this order was made in your browser; make the new one there and send its "
			"CSR, or choose sealed or code");
	if (strcmp(r.key_source, "autocsr") == 0)
		return handover_choice_again(c, &r, how, e);
	return handover_choice_read(c, NULL, false, how, e);
}

enum acsr_result order_reissue(struct core *c, struct request *q, struct acsr_err *e)
{
	const char *csr = NULL, *key_type = NULL, *delivery = NULL;
	json_t *given = NULL;
	const struct field fields[] = { { "csr", FIELD_TEXT, false, &csr, 131072 },
		{ "key_type", FIELD_TEXT, false, &key_type, 31 },
		{ "delivery", FIELD_TEXT, false, &delivery, 16 },
		{ "hand_over", FIELD_OBJECT, false, &given, 0 }, { 0 } };
	CLEANUP_CHOICE struct handover_choice how = { 0 };
	CLEANUP_ORDER struct order o = { 0 };
	CLEANUP_STRV struct strv names = { 0 };
	struct product p;
	char room[32];
	bool own;

	TRY(request_fields(q, fields, e));
	TRY(order_of_request(c, q, &o, e));
	if (!order_may_move(o.state, "handover") || strcmp(o.state, "new") == 0)
		return err_set(e, "state.not-issued",
			"this order is %s: only one with a certificate can be reissued", o.state);
	if (strcmp(o.method, "acme") == 0)
		return err_set(e, "state.acme",
			"an ACME client got this certificate, and gets the next one by an order of its own");
	TRY(order_check_pace(c, o.account_id, NULL, e));
	TRY(products_load(c->db, o.product_id, &p, e));
	TRY(product_fit_issuers(c, &p, e));
	TRY(product_issuer_on(c, &p, e));
	own = csr != NULL && csr[strspn(csr, " \t\r\n")] != '\0';
	TRY(reissue_choice(c, &o, given, own, &how, e));
	TRY(handover_choice_remember(c, q, given, &how, e));
	if (own)
		return reissue_own(c, q, &o, &p, csr, &how, e);
	TRY(reissue_key_type(c, &o, &p, &key_type, room, e));
	TRY(order_names_list(&o, &names, e));
	TRY(intake_fits_csr(&names, o.subject, key_type, e));
	TRY(reissue_delivery(c, q, &o, delivery, e));
	TRY(next_round(c, &o, &p, e));
	return handover_begin(c, &o, key_type, &how, q, 200, e);
}

/* --- cancel --- */

static enum acsr_result forget_archive(struct core *c, const struct order *o, struct acsr_err *e)
{
	struct csr_request r;

	if (o->request_id[0] == '\0')
		return ACSR_OK;
	TRY(csr_request_load(c->db, o->request_id, &r, e));
	if (strcmp(r.key_source, "autocsr") != 0 || r.handed_over_at != 0 ||
		strcmp(r.archive_state, "lost") == 0)
		return ACSR_OK;
	return handover_lose(c, &r, "the order was cancelled", e);
}

static enum acsr_result check_cancellable(struct core *c, const struct order *o, struct acsr_err *e)
{
	bool may = order_may_move(o->state, "cancelled");

	if (strcmp(o->state, "issuing") == 0)
		TRY(upstream_may_cancel(c, o, &may, e));
	if (may)
		return ACSR_OK;
	return err_set(e, "state.not-cancellable", "this order is %s: there is nothing to cancel%s", o->state,
		strcmp(o->state, "issued") == 0 ? "; revoke the certificate instead" : "");
}

enum acsr_result order_cancel(struct core *c, struct request *q, struct acsr_err *e)
{
	const struct field none[] = { { 0 } };
	CLEANUP_ORDER struct order o = { 0 };
	bool reissue;

	TRY(request_fields(q, none, e));
	TRY(order_of_request(c, q, &o, e));
	TRY(order_has_certificate(c, &o, &reissue, e));
	TRY(check_cancellable(c, &o, e));
	TRY(forget_archive(c, &o, e));
	TRY(jobs_done(c->db, "archive-mail", o.id, e));
	TRY(upstream_cancel(c, &o, e));
	TRY(reissue ? order_return(c, &o, q->who.email, "the reissue was cancelled", e)
		    : order_move(c, &o, "cancelled", q->who.email, "cancelled by the customer", e));
	return order_answer(c, q, o.id, 200, e);
}
