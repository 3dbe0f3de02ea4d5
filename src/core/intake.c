/* What a customer asks for, judged before anything is stored. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autocsr/name.h"
#include "base/limits.h"
#include "core/jsontext.h"
#include "core/keylists.h"
#include "core/order.h"
#include "store/organisation.h"

/* --- names --- */

static enum acsr_result add_name(struct core *c, const char *s, size_t len, const struct product *p,
	struct strv *out, struct acsr_err *e)
{
	struct acsr_name n;
	bool public;

	TRY(product_is_public(c, p, &public, e));
	TRY(acsr_name_check(s, len, public ? ACSR_NAMES_PUBLIC : ACSR_NAMES_PRIVATE, &n, e));
	if (n.kind == ACSR_NAME_WILDCARD && !p->wildcard)
		return err_rule(e, "name.wildcard.product", NULL, NULL,
			"%s is a wildcard, which the product %s does not allow; choose dv-wildcard or name "
			"the hosts",
			n.ascii, p->id);
	return strv_has(out, n.ascii) ? ACSR_OK : strv_add(out, n.ascii, e);
}

static enum acsr_result check_count(const struct strv *names, const struct product *p, struct acsr_err *e)
{
	if (names->n == 0)
		return err_rule(
			e, "request.field.missing", "names", NULL, "names is missing; give at least one");
	if (names->n > (size_t)p->max_names)
		return err_rule(e, "name.count", "names", NULL, "%zu names, but the product %s allows %lld",
			names->n, p->id, (long long)p->max_names);
	return ACSR_OK;
}

enum acsr_result intake_names(
	struct core *c, json_t *list, const struct product *p, struct strv *out, struct acsr_err *e)
{
	json_t *v;
	size_t i;

	json_array_foreach(list, i, v)
	{
		if (!json_is_string(v))
			return err_rule(
				e, "request.field.kind", "names", NULL, "names must be a list of strings");
		if (add_name(c, json_string_value(v), json_string_length(v), p, out, e) != ACSR_OK) {
			err_at(e, "names[%zu]", i);
			return ACSR_FAIL;
		}
	}
	return check_count(out, p, e);
}

/* Public key and signature of a CSR, in bytes. SLH-DSA has a limit of its own, wide enough for any names. */
static size_t key_room(const char *key_type)
{
	const struct acsr_key_type *t;

	if (acsr_key_type_find(&t, key_type, NULL) != ACSR_OK)
		return 0;
	if (t->alg == ACSR_KEY_RSA)
		return t->bits / 8 * 2;
	return strcmp(t->name, "ml-dsa-44") == 0   ? 1312 + 2420
	       : strcmp(t->name, "ml-dsa-65") == 0 ? 1952 + 3309
	       : strcmp(t->name, "ml-dsa-87") == 0 ? 2592 + 4627
						   : 512;
}

enum acsr_result intake_fits_csr(
	const struct strv *names, const char *subject, const char *key_type, struct acsr_err *e)
{
	enum { A_NAME = 4, THE_REST = 512 };
	size_t size = THE_REST + strlen(subject) + key_room(key_type);

	if (str_starts(key_type, "slh-dsa-"))
		return ACSR_OK;
	for (size_t i = 0; i < names->n; i++)
		size += strlen(names->v[i]) + A_NAME;
	return size <= LIMIT_CSR_DER ? ACSR_OK
				     : err_rule(e, "name.size", "names", NULL,
					       "together the %zu names are too long for one CSR, by about "
					       "%zu bytes; spread them "
					       "over two orders",
					       names->n, size - LIMIT_CSR_DER);
}

enum acsr_result intake_names_of_csr(struct core *c, const struct intake_csr *csr, const struct product *p,
	struct strv *out, struct acsr_err *e)
{
	const struct acsr_sans *sans = &csr->view->sans;
	const char *cn = acsr_dn_get(&csr->view->subject, "CN");

	for (size_t i = 0; i < sans->n; i++) {
		const char *name = sans->v[i].value;

		if (sans->v[i].type != ACSR_SAN_DNS && sans->v[i].type != ACSR_SAN_IP)
			continue;
		if (add_name(c, name, strlen(name), p, out, e) != ACSR_OK) {
			err_at(e, "csr");
			return ACSR_FAIL;
		}
	}
	if (out->n == 0 && cn != NULL && add_name(c, cn, strlen(cn), p, out, e) != ACSR_OK) {
		err_at(e, "csr");
		return ACSR_FAIL;
	}
	return check_count(out, p, e);
}

static enum acsr_result check_asked_name(const char *name, const struct strv *names, struct acsr_err *e)
{
	struct acsr_name n;

	TRY(acsr_name_check(name, strlen(name), ACSR_NAMES_PRIVATE, &n, e));
	if (!strv_has(names, n.ascii))
		return err_rule(e, "csr.names", "csr", NULL,
			"the CSR asks for %s, which is not among the names of the order; add it, or make the "
			"CSR anew",
			n.ascii);
	return ACSR_OK;
}

enum acsr_result intake_csr_fits(
	struct core *c, const struct intake_csr *csr, const struct strv *names, struct acsr_err *e)
{
	const struct acsr_sans *sans = &csr->view->sans;

	(void)c;
	for (size_t i = 0; i < sans->n; i++)
		if (sans->v[i].type == ACSR_SAN_DNS || sans->v[i].type == ACSR_SAN_IP)
			TRY(check_asked_name(sans->v[i].value, names, e));
	return ACSR_OK;
}

/* --- the CSR --- */

void intake_csr_clear(struct intake_csr *in)
{
	acsr_csr_view_free(in->view);
	blob_free(&in->der);
	*in = (struct intake_csr){ 0 };
}

static enum acsr_result check_key_history(
	struct core *c, const struct intake_csr *in, const char *order_id, bool fresh, struct acsr_err *e)
{
	bool yes;

	TRY(csr_request_key_compromised(c->db, in->spki_sha256, &yes, e));
	if (yes)
		return err_rule(e, "key.compromised", "csr", "BR 6.1.1.3",
			"a certificate with this key was revoked because the key was compromised; make a new "
			"key");
	TRY(csr_request_key_used(c->db, in->spki_sha256, order_id, fresh, &yes, e));
	if (yes)
		return err_rule(e, "key.reused", "csr", NULL,
			"this key belongs to an earlier certificate; a new one needs a new key");
	return ACSR_OK;
}

/* in->der, which is in place already. */
static enum acsr_result judge_csr(struct core *c, const struct product *p, const char *order_id, bool fresh,
	struct intake_csr *in, struct acsr_err *e)
{
	struct acsr_key_policy policy = { .weak = keylists_weak(c->keylists),
		.blocked = keylists_blocked(c->keylists) };
	char offered[PRODUCT_KEY_TYPES];
	bool public;

	TRY(product_is_public(c, p, &public, e));
	policy.allow_eddsa = policy.allow_pqc = !public;
	TRY(acsr_csr_parse(&in->view, in->der.p, in->der.len, e));
	TRY(acsr_key_check_public(in->view->key, &policy, NULL, e));
	in->key_type = acsr_key_name(in->view->key);
	hex_encode(in->view->spki_sha256, 32, in->spki_sha256);
	product_key_types(p, offered);
	if (!product_has_key_type(p, in->key_type))
		return err_rule(e, "key.type", "csr", NULL,
			"the CSR has a key of type %s; the product %s allows %s", in->key_type, p->id,
			offered);
	return check_key_history(c, in, order_id, fresh, e);
}

enum acsr_result intake_csr(struct core *c, const char *text, const struct product *p, const char *order_id,
	bool fresh, struct intake_csr *out, struct acsr_err *e)
{
	struct acsr_blob der = { 0 };

	if (acsr_input_csr((const uint8_t *)text, strlen(text), &der, e) != ACSR_OK) {
		err_at(e, "csr");
		return ACSR_FAIL;
	}
	return intake_csr_der(c, (struct blob){ der.p, der.len }, p, order_id, fresh, out, e);
}

enum acsr_result intake_csr_der(struct core *c, struct blob der, const struct product *p,
	const char *order_id, bool fresh, struct intake_csr *out, struct acsr_err *e)
{
	struct intake_csr in = { .der = der };

	if (judge_csr(c, p, order_id, fresh, &in, e) != ACSR_OK) {
		err_at(e, "csr");
		intake_csr_clear(&in);
		return ACSR_FAIL;
	}
	*out = in;
	return ACSR_OK;
}

/* --- the subject --- */

static void set_field(json_t *subject, const char *name, const char *value)
{
	if (value != NULL && *value != '\0')
		json_object_set_new(subject, name, json_string(value));
}

static enum acsr_result from_organisation(struct core *c, const struct product *p, const char *account_id,
	const char *organisation_id, json_t *subject, struct acsr_err *e)
{
	struct organisation org;
	bool ev = strcmp(p->level, "ev") == 0;

	if (organisation_load(c->db, organisation_id, account_id, &org, e) != ACSR_OK) {
		err_at(e, "organisation_id");
		return ACSR_FAIL;
	}
	set_field(subject, "O", org.name);
	set_field(subject, "L", org.locality);
	set_field(subject, "ST", org.state);
	set_field(subject, "C", org.country);
	set_field(subject, "businessCategory", ev ? org.business_category : NULL);
	set_field(subject, "jurisdictionC", ev ? org.jurisdiction_country : NULL);
	set_field(subject, "jurisdictionST", ev ? org.jurisdiction_state : NULL);
	set_field(subject, "serialNumber", ev ? org.registration_number : NULL);
	return ACSR_OK;
}

static enum acsr_result from_request(json_t *given, json_t *subject, struct acsr_err *e)
{
	static const char *const allowed[] = { "O", "L", "ST", "C", "street", "postalCode", "serialNumber",
		"businessCategory", "jurisdictionC", "jurisdictionST", "jurisdictionL" };
	struct acsr_dn checked = { 0 };
	const char *name;
	json_t *v;

	json_object_foreach(given, name, v)
	{
		bool known = false;

		for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
			known = known || strcmp(allowed[i], name) == 0;
		if (!known || !json_is_string(v)) {
			acsr_dn_free(&checked);
			return err_rule(e, "subject.field", "subject", NULL,
				"the subject has no field \"%s\" that a customer sets as a text; the common "
				"name comes from names",
				name);
		}
		if (*json_string_value(v) == '\0')
			continue;
		if (strlen(json_string_value(v)) != json_string_length(v) ||
			acsr_dn_add(&checked, name, json_string_value(v), e) != ACSR_OK) {
			acsr_dn_free(&checked);
			err_at(e, "subject.%s", name);
			return ACSR_FAIL;
		}
		set_field(subject, name, json_string_value(v));
	}
	acsr_dn_free(&checked);
	return ACSR_OK;
}

static enum acsr_result fill_subject(struct core *c, const struct product *p, const char *account_id,
	const char *organisation_id, json_t *given, json_t *subject, struct acsr_err *e)
{
	bool dv = strcmp(p->level, "dv") == 0;

	if (organisation_id != NULL && json_object_size(given) > 0)
		return err_rule(e, "policy.subject", "subject", NULL,
			"the subject comes from the organisation; leave one of the two out");
	if (organisation_id != NULL)
		TRY(from_organisation(c, p, account_id, organisation_id, subject, e));
	TRY(from_request(given, subject, e));
	if (!dv && (json_object_get(subject, "O") == NULL || json_object_get(subject, "C") == NULL))
		return err_rule(e, "subject.missing", "subject", "BR 7.1.2.7.4",
			"%s needs at least the organisation (O) and its country (C)", p->id);
	return ACSR_OK;
}

enum acsr_result intake_subject(struct core *c, const struct product *p, const char *account_id,
	const char *organisation_id, json_t *given, char **out, struct acsr_err *e)
{
	json_t *subject = json_object();
	enum acsr_result r = fill_subject(c, p, account_id, organisation_id, given, subject, e);

	if (r == ACSR_OK)
		return json_text(subject, out, e);
	json_decref(subject);
	return r;
}
