/* Placing orders and looking at them. */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autocsr/bundle.h"
#include "autocsr/cert.h"
#include "autocsr/key.h"
#include "base/limits.h"
#include "base/rnd.h"
#include "core/handlers.h"
#include "core/handover.h"
#include "core/issuers.h"
#include "core/mail.h"
#include "core/order.h"
#include "store/certificate.h"

enum { IDEMPOTENCY_SECONDS = 86400 };

/* --- placing --- */

/* What the body says, judged step by step. */
struct placing {
	const char *product_id, *csr_text, *key_type, *delivery, *email, *organisation_id, *method;
	json_t *names_json, *subject_json, *hand_over;
	struct product product;
	struct strv names;
	struct intake_csr csr;
	struct handover_choice how;
	char *subject;
	char recipient[256];
	struct order order;
	char body_sha256[65];
};

static void placing_clear(struct placing *p)
{
	strv_free(&p->names);
	intake_csr_clear(&p->csr);
	handover_choice_clear(&p->how);
	free(p->subject);
	order_clear(&p->order);
}

static enum acsr_result read_placing(struct request *q, struct placing *p, struct acsr_err *e)
{
	const struct field fields[] = { { "product", FIELD_TEXT, true, &p->product_id, 63 },
		{ "names", FIELD_LIST, false, &p->names_json, LIMIT_NAMES },
		{ "subject", FIELD_OBJECT, false, &p->subject_json, 0 },
		{ "csr", FIELD_TEXT, false, &p->csr_text, 131072 },
		{ "key_type", FIELD_TEXT, false, &p->key_type, 31 },
		{ "delivery", FIELD_TEXT, false, &p->delivery, 16 },
		{ "email", FIELD_TEXT, false, &p->email, 254 },
		{ "organisation_id", FIELD_TEXT, false, &p->organisation_id, 39 },
		{ "validation", FIELD_TEXT, false, &p->method, 8 },
		{ "hand_over", FIELD_OBJECT, false, &p->hand_over, 0 }, { 0 } };

	TRY(request_fields(q, fields, e));
	if (p->csr_text != NULL && p->csr_text[strspn(p->csr_text, " \t\r\n")] == '\0')
		p->csr_text = NULL;
	if (p->delivery == NULL)
		p->delivery = "download";
	if (p->method == NULL)
		p->method = "http";
	if (strcmp(p->delivery, "download") != 0 && strcmp(p->delivery, "email") != 0)
		return err_rule(e, "request.field.delivery", "delivery", NULL,
			"delivery is \"download\" or \"email\"");
	if (strcmp(p->method, "http") != 0 && strcmp(p->method, "dns") != 0)
		return err_rule(e, "request.field.validation", "validation", NULL,
			"validation is \"http\" or \"dns\"");
	return ACSR_OK;
}

static enum acsr_result check_key_type(struct placing *p, struct acsr_err *e)
{
	if (p->key_type == NULL)
		p->key_type = p->product.default_key_type;
	return product_check_key_type(&p->product, p->key_type, "key_type", e);
}

static enum acsr_result check_recipient(
	struct core *c, const struct request *q, struct placing *p, struct acsr_err *e)
{
	const char *to = p->email != NULL ? p->email : q->who.email;
	bool good;

	if (strcmp(p->delivery, "email") == 0 && !mail_possible(c))
		return err_rule(e, "policy.mail", "delivery", NULL,
			"this service has no mail server; order with delivery \"download\"");
	snprintf(p->recipient, sizeof(p->recipient), "%s", to);
	str_lower(p->recipient);
	TRY(order_recipient_good(c, q->who.account_id, p->recipient, &good, e));
	if (!good)
		return err_rule(e, "request.field.email", "email", NULL,
			"%s is not a confirmed user of this account", to);
	return ACSR_OK;
}

static enum acsr_result judge_own_csr(struct core *c, struct placing *p, struct acsr_err *e)
{
	bool fresh = handover_choice_is(&p->how, "browser");

	TRY(intake_csr(c, p->csr_text, &p->product, "", fresh, &p->csr, e));
	if (p->names_json != NULL && json_array_size(p->names_json) > 0) {
		TRY(intake_names(c, p->names_json, &p->product, &p->names, e));
		TRY(intake_csr_fits(c, &p->csr, &p->names, e));
	} else {
		TRY(intake_names_of_csr(c, &p->csr, &p->product, &p->names, e));
	}
	p->key_type = p->csr.key_type;
	return ACSR_OK;
}

static enum acsr_result judge(struct core *c, struct request *q, struct placing *p, struct acsr_err *e)
{
	TRY(read_placing(q, p, e));
	TRY(product_for_order(c, p->product_id, &p->product, e));
	TRY(product_issuer_on(c, &p->product, e));
	TRY(handover_choice_read(c, p->hand_over, p->csr_text != NULL, &p->how, e));
	TRY(order_check_pace(c, q->who.account_id, NULL, e));
	if (p->csr_text != NULL) {
		TRY(judge_own_csr(c, p, e));
	} else {
		TRY(order_may_make_key(c, &p->product, e));
		if (p->names_json == NULL)
			return err_rule(e, "request.field.missing", "names", NULL, "names is missing");
		TRY(intake_names(c, p->names_json, &p->product, &p->names, e));
		TRY(check_key_type(p, e));
	}
	TRY(check_recipient(c, q, p, e));
	TRY(intake_subject(
		c, &p->product, q->who.account_id, p->organisation_id, p->subject_json, &p->subject, e));
	return p->csr_text != NULL ? ACSR_OK : intake_fits_csr(&p->names, p->subject, p->key_type, e);
}

static enum acsr_result join(const struct strv *l, char **out, struct acsr_err *e)
{
	CLEANUP_BUF struct buf b = { 0 };

	buf_init(&b, 65536);
	for (size_t i = 0; i < l->n; i++)
		TRY(buf_printf(&b, e, "%s%s", i > 0 ? " " : "", l->v[i]));
	return str_dup(out, buf_cstr(&b), e);
}

static enum acsr_result insert_order(
	struct core *c, const struct request *q, struct placing *p, struct acsr_err *e)
{
	struct order *o = &p->order;

	rnd_id("ord_", o->id, sizeof(o->id));
	snprintf(o->account_id, sizeof(o->account_id), "%s", q->who.account_id);
	snprintf(o->user_id, sizeof(o->user_id), "%s", q->who.user_id);
	snprintf(o->product_id, sizeof(o->product_id), "%s", p->product.id);
	snprintf(o->state, sizeof(o->state), "new");
	snprintf(o->organisation_id, sizeof(o->organisation_id), "%s",
		p->organisation_id != NULL ? p->organisation_id : "");
	snprintf(o->delivery, sizeof(o->delivery), "%s", p->delivery);
	snprintf(o->email, sizeof(o->email), "%s", p->recipient);
	snprintf(o->method, sizeof(o->method), "%s", p->method);
	o->round = 1;
	o->created_at = c->now;
	TRY(join(&p->names, &o->names, e));
	TRY(str_dup(&o->subject, p->subject, e));
	TRY(order_insert(c->db, o, e));
	TRY(core_audit(c, q->who.email, o->account_id, "order.created", o->id, e, "%s for %s", o->product_id,
		o->names));
	return validate_prepare(c, o, &p->product, e);
}

static enum acsr_result go_on_with_csr(
	struct core *c, struct request *q, struct placing *p, struct acsr_err *e)
{
	TRY(handover_own_csr(c, &p->order, &p->csr, &p->how, q->who.email, e));
	TRY(order_begin_validation(c, &p->order, q->who.email, e));
	return order_answer(c, q, p->order.id, 201, e);
}

static enum acsr_result place(struct core *c, struct request *q, struct placing *p, struct acsr_err *e)
{
	TRY(judge(c, q, p, e));
	TRY(insert_order(c, q, p, e));
	if (q->m.idempotency_key[0] != '\0')
		TRY(idempotency_add(c->db, q->who.account_id, q->m.idempotency_key, p->body_sha256,
			p->order.id, c->now, e));
	TRY(handover_choice_remember(c, q, p->hand_over, &p->how, e));
	if (p->csr.view != NULL)
		return go_on_with_csr(c, q, p, e);
	return handover_begin(c, &p->order, p->key_type, &p->how, q, 201, e);
}

/* The same key again: the order that is there, with a new archive when the last one is lost. */
static enum acsr_result repeat(struct core *c, struct request *q, const char *order_id, struct acsr_err *e)
{
	CLEANUP_ORDER struct order o = { 0 };
	struct csr_request r;

	TRY(order_load(c->db, order_id, q->who.account_id, &o, e));
	if (strcmp(o.state, "handover") == 0 && strcmp(o.delivery, "download") == 0) {
		TRY(csr_request_load(c->db, o.request_id, &r, e));
		if (strcmp(r.archive_state, "lost") == 0) {
			TRY(order_check_pace(c, o.account_id, NULL, e));
			return handover_make_again(c, &o, &r, q, 201, e);
		}
	}
	return order_answer(c, q, order_id, 201, e);
}

static enum acsr_result check_idempotency(
	struct core *c, struct request *q, struct placing *p, char order_id[40], struct acsr_err *e)
{
	const char *key = q->m.idempotency_key;
	char before[65];
	uint8_t digest[32];

	order_id[0] = '\0';
	if (EVP_Digest(q->m.body.p, q->m.body.len, digest, NULL, EVP_sha256(), NULL) != 1)
		return err_set(e, "sys.digest", "cannot hash");
	hex_encode(digest, sizeof(digest), p->body_sha256);
	if (*key == '\0')
		return ACSR_OK;
	if (strlen(key) > 128 || str_has_control(key))
		return err_rule(e, "request.field.idempotency-key", "Idempotency-Key", NULL,
			"the Idempotency-Key header is 1 to 128 printable characters");
	TRY(idempotency_find(
		c->db, q->who.account_id, key, c->now - IDEMPOTENCY_SECONDS, before, order_id, e));
	if (*order_id != '\0' && strcmp(before, p->body_sha256) != 0)
		return err_set(
			e, "request.idempotency", "this Idempotency-Key came with another body before");
	return ACSR_OK;
}

enum acsr_result order_make(struct core *c, struct request *q, struct acsr_err *e)
{
	struct placing p = { 0 };
	char order_id[40];
	enum acsr_result r;

	TRY(check_idempotency(c, q, &p, order_id, e));
	if (*order_id != '\0')
		return repeat(c, q, order_id, e);
	r = place(c, q, &p, e);
	placing_clear(&p);
	return r;
}

/* --- looking --- */

enum acsr_result order_show(struct core *c, struct request *q, struct acsr_err *e)
{
	CLEANUP_ORDER struct order o = { 0 };
	json_t *j;

	TRY(order_of_request(c, q, &o, e));
	TRY(order_json(c, &o, false, &j, e));
	return request_answer(q, 200, j);
}

struct listing {
	char state[16], product[64], q[256], sort[16], cursor[80], limit[8], all[4];
	struct order_filter f;
};

static enum acsr_result read_cursor(struct listing *l, struct acsr_err *e)
{
	char *dot = strchr(l->cursor, '.');
	uint64_t key;

	l->f.after_key = l->f.by_expiry ? -1 : INT64_MAX;
	l->f.after_id = "";
	if (l->cursor[0] == '\0')
		return ACSR_OK;
	if (dot != NULL)
		*dot = '\0';
	if (dot == NULL || str_u64(l->cursor, INT64_MAX, &key, NULL) != ACSR_OK)
		return err_rule(e, "request.field.cursor", "cursor", NULL,
			"cursor is not one that this service gave");
	l->f.after_key = (int64_t)key;
	l->f.after_id = dot + 1;
	return ACSR_OK;
}

static enum acsr_result read_listing(const struct request *q, struct listing *l, struct acsr_err *e)
{
	uint64_t limit = 20;
	bool all;

	request_query(q, "state", l->state, sizeof(l->state));
	request_query(q, "product", l->product, sizeof(l->product));
	request_query(q, "q", l->q, sizeof(l->q));
	request_query(q, "cursor", l->cursor, sizeof(l->cursor));
	if (request_query(q, "limit", l->limit, sizeof(l->limit)) &&
		(str_u64(l->limit, 100, &limit, NULL) != ACSR_OK || limit == 0))
		return err_rule(e, "request.field.limit", "limit", NULL, "limit is from 1 to 100");
	if (request_query(q, "sort", l->sort, sizeof(l->sort)) && strcmp(l->sort, "created") != 0 &&
		strcmp(l->sort, "expires") != 0)
		return err_rule(e, "request.field.sort", "sort", NULL, "sort is \"created\" or \"expires\"");
	all = request_query(q, "all", l->all, sizeof(l->all)) && q->who.role == USER_ADMIN;
	str_lower(l->q);
	l->f = (struct order_filter){ .account_id = all ? "" : q->who.account_id,
		.state = l->state,
		.product_id = l->product,
		.q = l->q,
		.by_expiry = strcmp(l->sort, "expires") == 0,
		.limit = (int64_t)limit + 1 };
	return read_cursor(l, e);
}

static enum acsr_result append_order(struct core *c, json_t *list, const char *id, struct acsr_err *e)
{
	CLEANUP_ORDER struct order o = { 0 };
	json_t *j;

	TRY(order_load(c->db, id, NULL, &o, e));
	TRY(order_json(c, &o, true, &j, e));
	json_array_append_new(list, j);
	return ACSR_OK;
}

enum acsr_result order_list(struct core *c, struct request *q, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	struct listing l = { 0 };
	json_t *list = json_array();
	char cursor[80] = "";
	bool have;

	request_answer(q, 200, json_pack("{s:o,s:n}", "orders", list, "next_cursor"));
	TRY(read_listing(q, &l, e));
	TRY(order_find(c->db, &l.f, &rows, e));
	for (;;) {
		TRY(db_next(rows, &have, e));
		if (!have)
			return ACSR_OK;
		if ((int64_t)json_array_size(list) + 1 == l.f.limit)
			break; /* one more than asked for: there is a next page */
		snprintf(cursor, sizeof(cursor), "%lld.%s", (long long)db_int(rows, 1), db_text(rows, 0));
		TRY(append_order(c, list, db_text(rows, 0), e));
	}
	json_object_set_new(q->answer, "next_cursor", json_string(cursor));
	return ACSR_OK;
}

/* --- certificates and CSRs --- */

static enum acsr_result disposition(
	struct request *q, const struct order *o, const char *what, const char *extension, struct acsr_err *e)
{
	CLEANUP_STRV struct strv names = { 0 };
	const char *name;

	TRY(order_names_list(o, &names, e));
	name = names.n > 0 && names.v[0][0] == '*' ? names.v[0] + 2 : names.n > 0 ? names.v[0] : "order";
	return request_header(
		q, e, "Content-Disposition: attachment; filename=\"%s%s.%s\"", name, what, extension);
}

/* What stands above a certificate: as its own CA gave it, or our issuer's. */
static enum acsr_result chain_of(
	struct core *c, const struct certificate *cert, struct buf *pem, struct acsr_err *e)
{
	const struct issuer *issuer = issuers_find(c->issuers, cert->issuer);
	CLEANUP_STR char *given = NULL;

	if (issuer != NULL)
		return issuer_chain_without_root(issuer, pem, e);
	TRY(certificate_chain(c->db, cert->serial, &given, e));
	return buf_putstr(pem, given, e);
}

static enum acsr_result make_bundle(struct core *c, const struct certificate *cert, enum acsr_format format,
	struct buf *leaf, struct buf *out, struct acsr_err *e)
{
	struct acsr_blob one = { leaf->p, leaf->len }, made = { 0 }, *chain = NULL;
	CLEANUP_BUF struct buf pem = { 0 };
	enum acsr_result r;
	size_t n = 0;

	buf_init(&pem, 1 << 20);
	TRY(chain_of(c, cert, &pem, e));
	if (pem.len > 0)
		TRY(acsr_input_certs(pem.p, pem.len, &chain, &n, e));
	r = acsr_bundle(format, &one, chain, n, &made, e);
	acsr_certs_free(chain, n);
	TRY(r);
	r = buf_put(out, made.p, made.len, e);
	acsr_blob_free(&made);
	return r;
}

enum acsr_result order_certificate(struct core *c, struct request *q, struct acsr_err *e)
{
	CLEANUP_ORDER struct order o = { 0 };
	CLEANUP_BUF struct buf leaf = { 0 };
	struct certificate cert;
	enum acsr_format format;
	char name[16] = "fullchain", serial[48] = "";

	buf_init(&leaf, 65536);
	TRY(order_of_request(c, q, &o, e));
	request_query(q, "format", name, sizeof(name));
	request_query(q, "serial", serial, sizeof(serial));
	TRY(acsr_format_find(&format, name, e));
	TRY(certificate_der(c->db, o.id, serial, &cert, &leaf, e));
	TRY(make_bundle(c, &cert, format, &leaf, &q->raw, e));
	q->content_type = acsr_format_media_type(format);
	return disposition(q, &o,
		format == ACSR_FORMAT_CHAIN       ? ".chain"
		: format == ACSR_FORMAT_FULLCHAIN ? ".fullchain"
						  : "",
		acsr_format_extension(format), e);
}

enum acsr_result order_csr(struct core *c, struct request *q, struct acsr_err *e)
{
	CLEANUP_ORDER struct order o = { 0 };
	CLEANUP_BUF struct buf der = { 0 };
	struct acsr_blob pem = { 0 };
	enum acsr_result r;

	buf_init(&der, 65536);
	TRY(order_of_request(c, q, &o, e));
	if (o.request_id[0] == '\0' || csr_request_csr(c->db, o.request_id, &der, NULL) != ACSR_OK)
		return err_set(e, "state.no-csr", "the CSR is not made yet");
	TRY(acsr_csr_pem(der.p, der.len, &pem, e));
	r = buf_put(&q->raw, pem.p, pem.len, e);
	acsr_blob_free(&pem);
	q->content_type = "application/x-pem-file";
	TRY(r);
	return disposition(q, &o, "", "csr", e);
}
