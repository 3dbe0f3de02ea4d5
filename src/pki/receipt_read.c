/* Reading receipts, strictly: what was read is printed again and must be the same. */
#include <jansson.h>
#include <string.h>

#include "base/clock.h"
#include "pki/receipt.h"

static enum acsr_result not_one(struct acsr_err *e, const char *what)
{
	return err_set(e, "receipt.format", "this is not a receipt: %s", what);
}

static enum acsr_result bad_member(struct acsr_err *e, const struct receipt_member *m)
{
	return err_set(e, "receipt.field", "%s%s%s of the receipt is not what it must be",
		m->group != NULL ? m->group : "", m->group != NULL ? "." : "", m->name);
}

static const json_t *value_of(const json_t *receipt, const struct receipt_member *m)
{
	const json_t *in = m->group != NULL ? json_object_get(receipt, m->group) : receipt;

	/* a group in which nothing applies */
	return m->group != NULL && json_is_null(in) ? in : json_object_get(in, m->name);
}

static enum acsr_result take_names(
	struct receipt *r, const struct receipt_member *m, const json_t *v, struct acsr_err *e)
{
	if (!json_is_array(v) || json_array_size(v) > RECEIPT_NAMES)
		return bad_member(e, m);
	for (size_t i = 0; i < json_array_size(v); i++) {
		const char *name = json_string_value(json_array_get(v, i));

		if (name == NULL)
			return bad_member(e, m);
		TRY(strv_add(&r->names, name, e));
	}
	return ACSR_OK;
}

static enum acsr_result take_number(
	struct receipt *r, const struct receipt_member *m, const json_t *v, struct acsr_err *e)
{
	int64_t n = json_integer_value(v);

	if (m->kind == RECEIPT_TIME &&
		(!json_is_string(v) || clock_parse_rfc3339(json_string_value(v), &n, NULL) != ACSR_OK))
		return bad_member(e, m);
	if (m->kind == RECEIPT_COUNT && !json_is_integer(v))
		return bad_member(e, m);
	memcpy((char *)r + m->offset, &n, sizeof(n));
	return ACSR_OK;
}

static enum acsr_result take_member(
	struct receipt *r, const struct receipt_member *m, const json_t *v, struct acsr_err *e)
{
	const char *s = json_string_value(v);

	if (json_is_null(v) || m->cap == 0)
		return ACSR_OK;
	if (m->kind == RECEIPT_LIST)
		return take_names(r, m, v, e);
	if (m->kind == RECEIPT_TIME || m->kind == RECEIPT_COUNT)
		return take_number(r, m, v, e);
	if (s == NULL || strlen(s) >= m->cap)
		return bad_member(e, m);
	memcpy((char *)r + m->offset, s, strlen(s) + 1);
	return ACSR_OK;
}

static enum acsr_result take_all(struct receipt *r, const json_t *receipt, struct acsr_err *e)
{
	const struct receipt_member *m;

	for (size_t i = 0; (m = receipt_member_at(i)) != NULL; i++) {
		const json_t *v = value_of(receipt, m);

		if (v == NULL)
			return err_set(e, "receipt.format", "this is not a receipt: %s%s%s is missing",
				m->group != NULL ? m->group : "", m->group != NULL ? "." : "", m->name);
		TRY(take_member(r, m, v, e));
	}
	return ACSR_OK;
}

/* Nothing was in it that is not in the canonical text: no unknown member, no other spelling of a value. */
static enum acsr_result check_same(const json_t *receipt, const struct acsr_blob *text, struct acsr_err *e)
{
	json_t *again = json_loadb((const char *)text->p, text->len, JSON_REJECT_DUPLICATES, NULL);
	bool same = again != NULL && json_equal(again, receipt);

	json_decref(again);
	return same ? ACSR_OK : not_one(e, "it has members or values that no receipt has");
}

static enum acsr_result check_version(const json_t *receipt, struct acsr_err *e)
{
	const char *format = json_string_value(json_object_get(receipt, "format"));

	if (format == NULL || !str_starts(format, "autocsr-receipt-"))
		return not_one(e, "its format is not named");
	if (strcmp(format, RECEIPT_FORMAT) != 0)
		return err_set(e, "receipt.version",
			"the receipt is of the format %.40s, and this program knows only " RECEIPT_FORMAT,
			format);
	return ACSR_OK;
}

static enum acsr_result read_receipt(struct receipt_signed *out, const json_t *receipt, struct acsr_err *e)
{
	CLEANUP_BUF struct buf text = { 0 };

	if (!json_is_object(receipt))
		return not_one(e, "it has no object \"receipt\"");
	TRY(check_version(receipt, e));
	TRY(take_all(&out->receipt, receipt, e));
	buf_init(&text, RECEIPT_MAX);
	TRY(receipt_print(&out->receipt, &text, e));
	TRY(acsr_blob_copy(&out->text, text.p, text.len, e));
	return check_same(receipt, &out->text, e);
}

static enum acsr_result take_base64(const json_t *v, struct buf *out, size_t max, struct acsr_err *e)
{
	buf_init(out, max);
	if (!json_is_string(v) ||
		b64_decode(json_string_value(v), json_string_length(v), false, out, NULL) != ACSR_OK)
		return not_one(e, "its signature or key is not base64");
	return ACSR_OK;
}

static enum acsr_result read_signature(struct receipt_signed *out, const json_t *s, struct acsr_err *e)
{
	CLEANUP_BUF struct buf value = { 0 }, key = { 0 };
	const char *alg = json_string_value(json_object_get(s, "algorithm"));
	const char *id = json_string_value(json_object_get(s, "key_id"));
	char own[65];

	if (json_object_size(s) != 4 || alg == NULL || id == NULL || strcmp(alg, "Ed25519") != 0)
		return not_one(e, "its signature is none of Ed25519");
	TRY(take_base64(json_object_get(s, "value"), &value, 200, e));
	TRY(take_base64(json_object_get(s, "public_key"), &key, 200, e));
	if (value.len != RECEIPT_SIGNATURE)
		return not_one(e, "its signature has another length");
	if (acsr_key_load_spki(&out->key, key.p, key.len, NULL) != ACSR_OK ||
		receipt_key_id(out->key, own, NULL) != ACSR_OK || strcmp(own, id) != 0)
		return not_one(e, "its key is none of Ed25519, or has another id");
	memcpy(out->signature, value.p, value.len);
	memcpy(out->key_id, own, sizeof(own));
	return ACSR_OK;
}

static enum acsr_result read_both(struct receipt_signed *out, const json_t *doc, struct acsr_err *e)
{
	if (!json_is_object(doc) || json_object_size(doc) != 2)
		return not_one(e, "it is no object with the members receipt and signature");
	TRY(read_receipt(out, json_object_get(doc, "receipt"), e));
	return read_signature(out, json_object_get(doc, "signature"), e);
}

void receipt_signed_clear(struct receipt_signed *s)
{
	receipt_clear(&s->receipt);
	acsr_blob_free(&s->text);
	acsr_key_free(s->key);
	*s = (struct receipt_signed){ 0 };
}

enum acsr_result receipt_read(struct receipt_signed *out, const uint8_t *p, size_t len, struct acsr_err *e)
{
	struct receipt_signed s = { 0 };
	json_error_t why;
	json_t *doc;
	enum acsr_result r;

	if (len == 0 || len > RECEIPT_MAX)
		return not_one(e, len == 0 ? "it is empty" : "it is too large");
	doc = json_loadb((const char *)p, len, JSON_REJECT_DUPLICATES, &why);
	if (doc == NULL)
		return err_set(e, "receipt.format", "this is not a receipt: line %d: %s", why.line, why.text);
	r = read_both(&s, doc, e);
	json_decref(doc);
	if (r == ACSR_OK)
		*out = s;
	else
		receipt_signed_clear(&s);
	return r;
}
