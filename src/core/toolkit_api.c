/* The CSR toolkit as a service: nothing is stored. */
#include <stdlib.h>
#include <string.h>

#include "core/handlers.h"
#include "core/order.h"
#include "autocsr/check.h"

/* --- what a CSR says --- */

static json_t *subject_json(const struct acsr_dn *dn)
{
	json_t *o = json_object();

	for (size_t i = 0; i < dn->n; i++)
		json_object_set_new(o, dn->v[i].name, json_string(dn->v[i].value));
	return o;
}

static json_t *sans_json(const struct acsr_sans *sans)
{
	json_t *list = json_array();

	for (size_t i = 0; i < sans->n; i++)
		json_array_append_new(
			list, json_sprintf("%s:%s", acsr_san_label(sans->v[i].type), sans->v[i].value));
	return list;
}

static json_t *extensions_json(const struct acsr_csr_view *v)
{
	json_t *list = json_array();

	for (size_t i = 0; i < v->n_exts; i++)
		json_array_append_new(
			list, json_string(*v->exts[i].name != '\0' ? v->exts[i].name : v->exts[i].oid));
	return list;
}

static json_t *attributes_json(const struct acsr_csr_view *v)
{
	json_t *list = json_array();

	if (v->challenge_password)
		json_array_append_new(list, json_string("challengePassword"));
	for (size_t i = 0; i < v->n_attributes; i++)
		json_array_append_new(list, json_string(v->attributes[i]));
	return list;
}

static json_t *view_json(const struct acsr_csr_view *v)
{
	char spki[65], sha256[65];

	hex_encode(v->spki_sha256, 32, spki);
	hex_encode(v->sha256, 32, sha256);
	return json_pack("{s:o,s:o,s:s,s:s,s:s,s:o,s:o,s:s}", "subject", subject_json(&v->subject), "sans",
		sans_json(&v->sans), "key_type", v->key != NULL ? acsr_key_name(v->key) : "unknown",
		"spki_sha256", spki, "signature_algorithm", v->signature_alg, "extensions",
		extensions_json(v), "attributes", attributes_json(v), "sha256", sha256);
}

typedef enum acsr_result (*reader)(
	struct acsr_csr_view **out, const uint8_t *der, size_t len, struct acsr_err *e);

static enum acsr_result parse(const char *text, reader read, struct acsr_csr_view **view, struct acsr_err *e)
{
	struct acsr_blob der = { 0 };
	enum acsr_result r;

	TRY(acsr_input_csr((const uint8_t *)text, strlen(text), &der, e));
	r = read(view, der.p, der.len, e);
	acsr_blob_free(&der);
	return r;
}

enum acsr_result csr_show(struct core *c, struct request *q, struct acsr_err *e)
{
	const char *text = NULL;
	const struct field fields[] = { { "csr", FIELD_TEXT, true, &text, 131072 }, { 0 } };
	struct acsr_csr_view *view = NULL;
	json_t *j;

	(void)c;
	TRY(request_fields(q, fields, e));
	if (parse(text, acsr_csr_parse, &view, e) != ACSR_OK) {
		err_at(e, "csr");
		return ACSR_FAIL;
	}
	j = view_json(view);
	acsr_csr_view_free(view);
	return request_answer(q, 200, j);
}

/* --- every rule --- */

static const char *result_name(enum acsr_severity s)
{
	return s == ACSR_ERROR ? "fail" : s == ACSR_WARN ? "warn" : "pass";
}

static json_t *findings_json(const struct acsr_findings *all)
{
	json_t *list = json_array();

	for (size_t i = 0; i < all->n; i++) {
		const struct acsr_finding *f = &all->v[i];

		json_array_append_new(list, json_pack("{s:s,s:s,s:s,s:s,s:s,s:s}", "id", f->id, "result",
						    result_name(f->severity), "source", f->source, "text",
						    f->text, "field", f->field, "remedy", f->remedy));
	}
	return list;
}

#define NAMES_MAX 200

static enum acsr_result check_hosts(const struct acsr_csr_view *v, const struct acsr_check *how,
	json_t *names, struct acsr_findings *all, struct acsr_err *e)
{
	const char *hosts[NAMES_MAX];
	size_t n = json_array_size(names);

	for (size_t i = 0; i < n && i < NAMES_MAX; i++) {
		hosts[i] = json_string_value(json_array_get(names, i));
		if (hosts[i] == NULL)
			return err_rule(
				e, "request.field.kind", "names", NULL, "names must be a list of strings");
	}
	return acsr_csr_check_hosts(v, how, hosts, n < NAMES_MAX ? n : NAMES_MAX, all, e);
}

static enum acsr_result check_key_for(struct core *c, const struct acsr_csr_view *v, const char *product_id,
	struct acsr_findings *all, struct acsr_err *e)
{
	char offered[PRODUCT_KEY_TYPES];
	struct product p;

	if (product_id == NULL || v->key == NULL)
		return ACSR_OK;
	TRY(product_for_order(c, product_id, &p, e));
	if (product_has_key_type(&p, acsr_key_name(v->key)))
		return acsr_findings_add(all, ACSR_PASS, "key.type", "", "", "", e,
			"the product %s takes %s keys", p.id, acsr_key_name(v->key));
	product_key_types(&p, offered);
	return acsr_findings_add(all, ACSR_ERROR, "key.type", "", "", "make a key of another type", e,
		"the product %s does not take %s keys, but %s", p.id, acsr_key_name(v->key), offered);
}

struct checking {
	const char *text, *product;
	json_t *names;
	struct acsr_findings all;
	struct acsr_csr_view *view;
};

static enum acsr_result check(struct core *c, struct checking *k, struct acsr_err *e)
{
	struct acsr_check how = { .at = c->now };
	struct acsr_check_policy *policy = NULL;
	struct acsr_err why;
	enum acsr_result r;

	if (parse(k->text, acsr_csr_read, &k->view, &why) != ACSR_OK)
		return acsr_findings_add_err(&k->all, &why, "make the CSR anew", e);
	TRY(acsr_check_policy_load(&policy, conf_str(&c->proc->conf, "ca.kind"), NULL, e));
	how.policy = policy;
	r = acsr_csr_check(k->view, &how, &k->all, e);
	if (r == ACSR_OK)
		r = check_hosts(k->view, &how, k->names, &k->all, e);
	acsr_check_policy_free(policy);
	TRY(r);
	return check_key_for(c, k->view, k->product, &k->all, e);
}

enum acsr_result csr_check(struct core *c, struct request *q, struct acsr_err *e)
{
	struct checking k = { 0 };
	const struct field fields[] = { { "csr", FIELD_TEXT, true, &k.text, 131072 },
		{ "names", FIELD_LIST, false, &k.names, NAMES_MAX },
		{ "product", FIELD_TEXT, false, &k.product, 63 }, { 0 } };
	enum acsr_result r;

	TRY(request_fields(q, fields, e));
	r = check(c, &k, e);
	if (r == ACSR_OK)
		request_answer(q, 200,
			json_pack("{s:b,s:o,s:o}", "ok", acsr_findings_first_error(&k.all) == NULL, "checks",
				findings_json(&k.all), "csr",
				k.view != NULL ? view_json(k.view) : json_null()));
	acsr_findings_free(&k.all);
	acsr_csr_view_free(k.view);
	return r;
}
