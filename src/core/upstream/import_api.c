/*
 * Importing what an offline CA sent: one certificate for an order that is named, or whatever came, each certificate to the
 * order whose key it has.
 */
#include <string.h>

#include "autocsr/cert.h"
#include "autocsr/contents.h"
#include "core/handlers.h"
#include "core/jsontext.h"
#include "core/upstream/accept.h"
#include "core/upstream/offline.h"

enum { MOST_TEXT = 250000, MOST_CERTIFICATES = 200 };

struct parcel {
	struct acsr_contents contents;
	struct acsr_blob certs[MOST_CERTIFICATES]; /* loans of contents */
	size_t n;
};

static void parcel_clear(struct parcel *p)
{
	acsr_contents_free(&p->contents);
}
#define CLEANUP_PARCEL __attribute__((cleanup(parcel_clear)))

static enum acsr_result take_one(struct parcel *p, const struct acsr_content *one, struct acsr_err *e)
{
	if (one->kind == ACSR_INPUT_PRIVATE_KEY || one->kind == ACSR_INPUT_PKCS12)
		return acsr_input_wrong(ACSR_INPUT_PRIVATE_KEY, "a certificate", e);
	if (one->kind != ACSR_INPUT_CERT)
		return ACSR_OK;
	if (one->err.id[0] != '\0')
		return err_rule(e, one->err.id, "certificate", NULL, "%s", one->err.text);
	if (p->n == MOST_CERTIFICATES)
		return err_rule(e, "input.several", "certificate", NULL,
			"there are more than %d certificates; import them in parts", MOST_CERTIFICATES);
	p->certs[p->n++] = one->der;
	return ACSR_OK;
}

static enum acsr_result open_parcel(const char *text, struct parcel *p, struct acsr_err *e)
{
	enum acsr_input_kind other = ACSR_INPUT_UNKNOWN;

	if (acsr_contents_read(&p->contents, (const uint8_t *)text, strlen(text), NULL, e) != ACSR_OK) {
		err_at(e, "certificate");
		return ACSR_FAIL;
	}
	for (size_t i = 0; i < p->contents.n; i++) {
		TRY(take_one(p, &p->contents.v[i], e));
		other = p->contents.v[i].kind;
	}
	if (p->n > 0)
		return ACSR_OK;
	(void)acsr_input_wrong(other == ACSR_INPUT_CERT ? ACSR_INPUT_UNKNOWN : other, "a certificate", e);
	err_at(e, "certificate");
	return ACSR_FAIL;
}

/* --- one certificate for one order --- */

static enum acsr_result not_waiting(const struct order *o, struct acsr_err *e)
{
	if (strcmp(o->state, "new") == 0 || strcmp(o->state, "handover") == 0)
		return err_set(e, "state.not-issuing",
			"the order %s is not ready: its key has not been handed over yet", o->id);
	if (strcmp(o->state, "validating") == 0 || strcmp(o->state, "vetting") == 0)
		return err_set(e, "state.not-issuing",
			"the order %s is not ready: it is still %s, and its certificate can be imported "
			"after that",
			o->id, o->state);
	return err_set(e, "state.not-issuing", "the order %s is %s: it waits for no certificate%s", o->id,
		o->state, strcmp(o->state, "issued") == 0 ? "; reissue it first" : "");
}

struct imported {
	char serial[43];
	json_t *warnings;
};

static json_t *warnings_json(const struct accepted *a)
{
	json_t *list = json_array();

	for (size_t i = 0; i < a->n_warnings; i++)
		json_array_append_new(list, json_string(a->warnings[i]));
	return list;
}

static enum acsr_result import(struct core *c, const struct request *q, struct order *o,
	const struct parcel *p, struct imported *out, struct acsr_err *e)
{
	CLEANUP_UPSTREAM_ISSUER struct upstream_issuer is = { 0 };
	CLEANUP_ACCEPTED struct accepted a = { 0 };
	struct accept_from from;
	struct product product;
	bool have;

	TRY(offline_of(c, o, &is, &have, e));
	if (!have)
		return err_set(e, "state.issuer-online",
			"the order %s goes to no offline CA: its issuer delivers the certificate itself",
			o->id);
	if (strcmp(o->state, "issuing") != 0)
		return not_waiting(o, e);
	TRY(products_load(c->db, o->product_id, &product, e));
	from = accept_of(&is, &product);
	TRY(accept_check(c, o, &from, p->certs, p->n, &a, e));
	TRY(accept_store(c, o, &from, &a, q->who.email, out->serial, e));
	out->warnings = warnings_json(&a);
	return ACSR_OK;
}

enum acsr_result order_import(struct core *c, struct request *q, struct acsr_err *e)
{
	const char *text = NULL;
	const struct field fields[] = { { "certificate", FIELD_TEXT, true, &text, MOST_TEXT }, { 0 } };
	CLEANUP_PARCEL struct parcel p = { 0 };
	CLEANUP_ORDER struct order o = { 0 };
	struct imported done = { 0 };
	json_t *shown;

	TRY(request_fields(q, fields, e));
	TRY(order_of_request(c, q, &o, e));
	TRY(open_parcel(text, &p, e));
	TRY(import(c, q, &o, &p, &done, e));
	if (order_json(c, &o, false, &shown, e) != ACSR_OK) {
		json_decref(done.warnings);
		return ACSR_FAIL;
	}
	return request_answer(q, 200,
		json_pack(
			"{s:o, s:s, s:o}", "order", shown, "serial", done.serial, "warnings", done.warnings));
}

/* --- whatever came --- */

struct sorting {
	json_t *imported, *refused;
	struct acsr_err first; /* refusal */
};

static enum acsr_result note_refusal(
	struct sorting *s, const struct acsr_cert_view *v, const struct acsr_err *why, struct acsr_err *e)
{
	const char *name = v->sans.n > 0 ? v->sans.v[0].value : "";
	char sha256[65];

	hex_encode(v->sha256, 32, sha256);
	if (s->first.id[0] == '\0')
		s->first = *why;
	return json_array_append_new(s->refused,
		       json_pack("{s:s, s:s, s:s, s:s, s:s}", "sha256", sha256, "serial", v->serial_hex,
			       "name", name, "error", why->id, "detail", why->text)) == 0
		       ? ACSR_OK
		       : err_nomem(e);
}

static enum acsr_result no_order(const struct acsr_cert_view *v, struct acsr_err *e)
{
	char spki[65];

	hex_encode(v->spki_sha256, 32, spki);
	return err_rule(e, "match.unknown-key", "certificate", NULL,
		"no order here has the key of this certificate (SHA-256 of its SPKI: %s); was its CSR made "
		"by another "
		"service?",
		spki);
}

static enum acsr_result import_by_key(struct core *c, const struct request *q, const struct parcel *p,
	const struct acsr_cert_view *v, struct sorting *s, struct acsr_err *e)
{
	CLEANUP_ORDER struct order o = { 0 };
	struct imported done = { 0 };
	char spki[65], id[40];

	hex_encode(v->spki_sha256, 32, spki);
	TRY(csr_request_order_of_key(c->db, spki, id, e));
	if (id[0] == '\0')
		return no_order(v, e);
	TRY(order_load(c->db, id, NULL, &o, e));
	TRY(import(c, q, &o, p, &done, e));
	return json_array_append_new(
		       s->imported, json_pack("{s:s, s:s, s:s, s:o}", "order_id", o.id, "names", o.names,
					    "serial", done.serial, "warnings", done.warnings)) == 0
		       ? ACSR_OK
		       : err_nomem(e);
}

/* Each by itself: a savepoint undoes what a refused one had begun. */
static enum acsr_result sort_one(struct core *c, const struct request *q, const struct parcel *p,
	const struct acsr_cert_view *v, struct sorting *s, struct acsr_err *e)
{
	struct acsr_err why;

	TRY(db_savepoint(c->db, e));
	if (import_by_key(c, q, p, v, s, &why) == ACSR_OK)
		return db_release(c->db, e);
	db_rollback_to(c->db);
	if (err_is(&why, "sys.") || err_is(&why, "busy."))
		return *e = why, ACSR_FAIL;
	return note_refusal(s, v, &why, e);
}

static enum acsr_result sort_all(struct core *c, const struct request *q, const struct parcel *p,
	struct sorting *s, struct acsr_err *e)
{
	for (size_t i = 0; i < p->n; i++) {
		struct acsr_cert_view *v = NULL;
		enum acsr_result r = ACSR_OK;

		TRY(acsr_cert_parse(&v, p->certs[i].p, p->certs[i].len, e));
		if (!v->ca)
			r = sort_one(c, q, p, v, s, e);
		acsr_cert_view_free(v);
		TRY(r);
	}
	if (json_array_size(s->imported) > 0)
		return ACSR_OK;
	if (s->first.id[0] != '\0')
		return *e = s->first, ACSR_FAIL;
	return err_rule(e, "match.no-leaf", "certificate", NULL,
		"these are certificates of CAs only; the one for the order is missing");
}

enum acsr_result certificate_import(struct core *c, struct request *q, struct acsr_err *e)
{
	const char *text = NULL;
	const struct field fields[] = { { "certificates", FIELD_TEXT, true, &text, MOST_TEXT }, { 0 } };
	struct sorting s = { .imported = json_array(), .refused = json_array() };
	CLEANUP_PARCEL struct parcel p = { 0 };

	request_answer(q, 200, json_pack("{s:o, s:o}", "imported", s.imported, "refused", s.refused));
	TRY(request_fields(q, fields, e));
	TRY(open_parcel(text, &p, e));
	return sort_all(c, q, &p, &s, e);
}
