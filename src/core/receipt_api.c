/* Giving receipts out, and the key that checks them. */
#include <stdio.h>
#include <string.h>

#include "core/handlers.h"
#include "core/jsontext.h"
#include "core/receipt.h"

/* --- the key --- */

enum acsr_result receipt_key_show(struct core *c, struct request *q, struct acsr_err *e)
{
	const struct receipt_key *k = &c->receipt_key;
	ACSR_CLEANUP_BLOB struct acsr_blob pem = { 0 };
	char format[8] = "json";

	if (k->key == NULL)
		return err_set(
			e, "busy.signer", "the signer has not told its key yet; try again in a moment");
	request_query(q, "format", format, sizeof(format));
	if (strcmp(format, "json") != 0 && strcmp(format, "pem") != 0)
		return err_rule(e, "request.field.format", "format", NULL, "format is \"json\" or \"pem\"");
	TRY(acsr_key_spki_pem(k->key, &pem, e));
	if (strcmp(format, "pem") == 0) {
		q->content_type = "application/x-pem-file";
		return buf_put(&q->raw, pem.p, pem.len, e);
	}
	return request_answer(q, 200,
		json_pack("{s:s, s:s, s:s%, s:s}", "algorithm", "Ed25519", "key_id", k->id, "public_key_pem",
			(const char *)pem.p, pem.len, "verifier", k->verifier));
}

/* --- in an order --- */

static void url_of(char *out, size_t cap, const char *order_id, const char *request_id, const char *part)
{
	snprintf(out, cap, "/api/v1/orders/%s/receipt?request=%s%s%s", order_id, request_id,
		*part != '\0' ? "&part=" : "", part);
}

static bool has_receipt(const struct receipt_facts *f)
{
	return strcmp(f->key_source, "autocsr") == 0 || strcmp(f->key_source, "browser") == 0;
}

/* "pending" from the hand-over on, "hand-over", "final"; null before, and for keys that are not ours to tell
 * of. */
static enum acsr_result state_json(
	struct core *c, const struct receipt_facts *f, json_t **out, struct acsr_err *e)
{
	bool any, final;
	char url[200];

	*out = json_null();
	if (!has_receipt(f) || f->handed_over_seq == 0)
		return ACSR_OK;
	TRY(receipts_load(c->db, f->request_id, "final", NULL, &final, e));
	TRY(receipts_load(c->db, f->request_id, "", NULL, &any, e));
	url_of(url, sizeof(url), f->order_id, f->request_id, "");
	*out = json_pack("{s:s, s:o}", "state",
		final ? "final"
		: any ? "hand-over"
		      : "pending",
		"url", any ? json_string(url) : json_null());
	return ACSR_OK;
}

static enum acsr_result put_all(struct core *c, json_t *out, const struct order *o, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	json_t *list = json_array();
	char url[200];
	bool have;

	json_object_set_new(out, "receipts", list);
	TRY(receipts_of_order(c->db, o->id, &rows, e));
	for (;;) {
		TRY(db_next(rows, &have, e));
		if (!have)
			return ACSR_OK;
		url_of(url, sizeof(url), o->id, db_text(rows, 0), db_text(rows, 1));
		json_array_append_new(
			list, json_pack("{s:s, s:s, s:o, s:s}", "request_id", db_text(rows, 0), "part",
				      db_text(rows, 1), "at", json_time(db_int(rows, 2)), "url", url));
	}
}

enum acsr_result receipt_put(
	struct core *c, json_t *out, const struct order *o, bool brief, struct acsr_err *e)
{
	CLEANUP_FACTS struct receipt_facts f = { 0 };
	json_t *state = json_null();

	if (*o->request_id != '\0') {
		TRY(receipt_facts_load(c->db, o->request_id, &f, e));
		TRY(state_json(c, &f, &state, e));
	}
	json_object_set_new(out, "receipt", state);
	json_object_set_new(
		out, "authorised", receipt_authorised_json(f.authorised != NULL ? f.authorised : ""));
	return brief ? ACSR_OK : put_all(c, out, o, e);
}

/* --- one receipt --- */

/* The request that is asked for, which must be one of this order. */
static enum acsr_result find_request(struct core *c, const struct request *q, const struct order *o,
	struct receipt_facts *f, struct acsr_err *e)
{
	char id[80];

	snprintf(id, sizeof(id), "%s", o->request_id);
	request_query(q, "request", id, sizeof(id));
	if (*id == '\0')
		return err_set(e, "state.no-receipt", "no key has been made for this order yet");
	TRY(receipt_facts_load(c->db, id, f, e));
	if (strcmp(f->order_id, o->id) != 0)
		return err_set(e, "object.absent", "there is no such request");
	return ACSR_OK;
}

static enum acsr_result load(struct core *c, const struct request *q, const struct receipt_facts *f,
	struct buf *document, struct acsr_err *e)
{
	char part[16] = "";
	bool have;

	request_query(q, "part", part, sizeof(part));
	if (*part != '\0' && strcmp(part, "hand-over") != 0 && strcmp(part, "final") != 0)
		return err_rule(e, "request.field.part", "part", NULL, "part is \"hand-over\" or \"final\"");
	if (!has_receipt(f))
		return err_set(e, "state.no-receipt",
			"the key of this CSR was made elsewhere: the service has nothing to state about it");
	TRY(receipts_load(c->db, f->request_id, part, document, &have, e));
	if (have)
		return ACSR_OK;
	return err_set(e, "state.no-receipt",
		f->handed_over_seq == 0 ? "the key has not been handed over: its receipt is signed then"
		: strcmp(part, "final") == 0
			? "the unlock code still exists: the final receipt is signed when it is destroyed"
			: "the receipt is being signed; wait a moment");
}

static enum acsr_result answer_html(struct request *q, const struct buf *document, struct acsr_err *e)
{
	struct receipt_signed s = { 0 };
	CLEANUP_STR char *text = NULL;
	char policy[300];
	enum acsr_result r;

	TRY(receipt_html_policy(policy, e));
	TRY(request_header(q, e, "Content-Security-Policy: %s", policy));
	TRY(str_printf(&text, e, "%.*s", (int)document->len, (const char *)document->p));
	TRY(receipt_read(&s, document->p, document->len, e));
	q->content_type = "text/html; charset=utf-8";
	r = receipt_html(&s, text, &q->raw, e);
	receipt_signed_clear(&s);
	return r;
}

enum acsr_result order_receipt(struct core *c, struct request *q, struct acsr_err *e)
{
	CLEANUP_ORDER struct order o = { 0 };
	CLEANUP_FACTS struct receipt_facts f = { 0 };
	CLEANUP_BUF struct buf document = { 0 };
	char format[8] = "json", inline_[4] = "";
	bool html;

	request_query(q, "format", format, sizeof(format));
	html = strcmp(format, "html") == 0;
	if (!html && strcmp(format, "json") != 0)
		return err_rule(e, "request.field.format", "format", NULL, "format is \"json\" or \"html\"");
	TRY(order_of_request(c, q, &o, e));
	TRY(find_request(c, q, &o, &f, e));
	buf_init(&document, RECEIPT_MAX);
	TRY(load(c, q, &f, &document, e));
	request_query(q, "inline", inline_, sizeof(inline_));
	TRY(request_header(q, e, "Content-Disposition: %s; filename=\"receipt-%s.%s\"",
		*inline_ != '\0' ? "inline" : "attachment", f.request_id, html ? "html" : "json"));
	TRY(request_header(q, e, "Cache-Control: no-store"));
	if (html)
		return answer_html(q, &document, e);
	q->content_type = "application/json";
	return buf_put(&q->raw, document.p, document.len, e);
}
