/* The CSR toolkit as a service: nothing is stored. */
#include <string.h>

#include "core/handlers.h"
#include "core/keylists.h"
#include "core/order.h"
#include "autocsr/check.h"
#include "pki/show.h"

/* --- what a CSR says --- */

typedef enum acsr_result (*reader)(
	struct acsr_csr_view **out, const uint8_t *der, size_t len, struct acsr_err *e);

/* The view, and what the command line would print of it (docs/schema/csr.json). */
static enum acsr_result parse(
	const char *text, reader read, struct acsr_csr_view **view, json_t **shown, struct acsr_err *e)
{
	ACSR_CLEANUP_BLOB struct acsr_blob der = { 0 };

	TRY(acsr_input_csr((const uint8_t *)text, strlen(text), &der, e));
	TRY(read(view, der.p, der.len, e));
	return show_csr(shown, der.p, der.len, e);
}

enum acsr_result csr_show(struct core *c, struct request *q, struct acsr_err *e)
{
	const char *text = NULL;
	const struct field fields[] = { { "csr", FIELD_TEXT, true, &text, 131072 }, { 0 } };
	struct acsr_csr_view *view = NULL;
	json_t *shown = NULL;
	enum acsr_result r;

	(void)c;
	TRY(request_fields(q, fields, e));
	r = parse(text, acsr_csr_parse, &view, &shown, e);
	acsr_csr_view_free(view);
	if (r != ACSR_OK) {
		err_at(e, "csr");
		return ACSR_FAIL;
	}
	return request_answer(q, 200, shown);
}

/* --- every rule --- */

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
	json_t *shown;
};

static enum acsr_result check(struct core *c, struct checking *k, struct acsr_err *e)
{
	const struct acsr_key_policy gate = { .weak = keylists_weak(c->keylists),
		.blocked = keylists_blocked(c->keylists) };
	struct acsr_check how = { .at = c->now, .gate = &gate };
	struct acsr_check_policy *policy = NULL;
	struct acsr_err why;
	enum acsr_result r;

	if (parse(k->text, acsr_csr_read, &k->view, &k->shown, &why) != ACSR_OK)
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
			json_pack("{s:b,s:o,s:O?}", "ok", acsr_findings_first_error(&k.all) == NULL, "checks",
				show_findings(&k.all), "csr", k.shown));
	json_decref(k.shown);
	acsr_findings_free(&k.all);
	acsr_csr_view_free(k.view);
	return r;
}
