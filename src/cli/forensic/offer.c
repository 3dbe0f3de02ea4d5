/* Choosing what to order. */
#include "cli/forensic/offer.h"

#include <stdio.h>
#include <string.h>

#include "cli/view.h"

#define API "/api/v1"

/* Fast ones most often; what the product does not allow is left out. */
static const char *const usual_mix[] = { "rsa:2048", "ec:p256", "ec:p384", "rsa:2048", "ed25519", "ec:p256",
	"rsa:2048", "rsa:3072", "ec:p256", "rsa:2048", "rsa:4096", "ec:p384" };

static bool allows(const json_t *product, const char *type)
{
	const json_t *types = json_object_get(product, "key_types");

	for (size_t i = 0; i < json_array_size(types); i++)
		if (json_is_string(json_array_get(types, i)) &&
			strcmp(json_string_value(json_array_get(types, i)), type) == 0)
			return true;
	return false;
}

static enum acsr_result choose_types(
	struct offer *o, const struct args *a, const json_t *product, struct acsr_err *e)
{
	const char *t;

	for (size_t i = 0; (t = args_many(a, "key-type", i)) != NULL; i++) {
		if (!allows(product, t))
			return err_set(e, "usage.key-type", "product %s does not take keys of type %.40s",
				o->product, t);
		if (o->n_types < OFFER_TYPES)
			o->types[o->n_types++] = t;
	}
	for (size_t i = 0; args_count(a, "key-type") == 0 && i < sizeof(usual_mix) / sizeof(*usual_mix); i++)
		if (allows(product, usual_mix[i]))
			o->types[o->n_types++] = usual_mix[i];
	if (o->n_types == 0)
		return err_set(e, "forensic.product",
			"product %s takes none of the usual key types; name one with "
			"--key-type",
			o->product);
	return ACSR_OK;
}

/* The one that was named, or the first simple one whose keys the service makes. */
static const json_t *choose_product(const json_t *list, const char *wanted)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *p = json_array_get(list, i);

		if (wanted != NULL ? strcmp(view_str(p, "id"), wanted) == 0
				   : strcmp(view_str(p, "level"), "dv") == 0 &&
					     !json_is_true(json_object_get(p, "wildcard")) &&
					     !json_is_false(json_object_get(p, "autocsr")) &&
					     !json_is_false(json_object_get(p, "active")))
			return p;
	}
	return NULL;
}

static enum acsr_result find_product(
	struct offer *o, struct service *service, const struct args *a, struct acsr_err *e)
{
	const char *wanted = args_one(a, "product");
	json_t *answer = NULL;
	const json_t *p;
	enum acsr_result r;

	TRY(service_get(service, API "/products", &answer, e));
	p = choose_product(json_object_get(answer, "products"), wanted);
	if (p == NULL) {
		r = err_set(e, "forensic.product", "the service has no product %.60s that makes keys",
			wanted != NULL ? wanted : "of level dv");
	} else {
		snprintf(o->product, sizeof(o->product), "%s", view_str(p, "id"));
		r = choose_types(o, a, p, e);
	}
	json_decref(answer);
	return r;
}

/* The classic form most often, and every other now and then. */
static const char *const usual_forms[] = { "zip", "age", "zip", "zip", "pkcs8", "cms", "zip", "p12", "zip",
	"p12-legacy" };

/* Without a password no code is revealed: only what is sealed can be opened. */
static enum acsr_result add_form(
	struct offer *o, const char *name, bool password, bool asked_for, struct acsr_err *e)
{
	const struct form *f = form_find(name);
	bool usable = f != NULL && (form_is_sealed(f) ? !o->old : password) &&
		      (!o->old || strcmp(name, "zip") == 0);

	if (usable && o->n_forms < OFFER_FORMS)
		o->forms[o->n_forms++] = f;
	if (usable || !asked_for)
		return ACSR_OK;
	return err_set(e, "usage.form", "%.20s is no form that can be opened here: %s", name,
		f == NULL ? "zip, pkcs8, p12, p12-legacy, age, cms"
		: o->old  ? "this service has zip only"
			  : "a code is revealed to the user's password, so give --password-file");
}

static enum acsr_result choose_forms(
	struct offer *o, struct service *service, const struct args *a, struct acsr_err *e)
{
	bool password = args_one(a, "password-file") != NULL;
	json_t *account = NULL;
	const char *f;

	TRY(service_get(service, API "/account", &account, e));
	o->old = json_object_get(account, "hand_over") == NULL;
	json_decref(account);
	for (size_t i = 0; (f = args_many(a, "form", i)) != NULL; i++)
		TRY(add_form(o, f, password, true, e));
	for (size_t i = 0; args_count(a, "form") == 0 && i < sizeof(usual_forms) / sizeof(*usual_forms); i++)
		TRY(add_form(o, usual_forms[i], password, false, e));
	if (o->n_forms == 0)
		return err_set(e, "usage.password",
			"the service has archives with codes only, and a code is revealed to the user's "
			"password: give --password-file");
	return ACSR_OK;
}

/* The service says its version in its description of the API. */
static void find_version(struct offer *o, struct service *service)
{
	json_t *answer = NULL;

	if (service_get(service, API "/openapi.json", &answer, NULL) != ACSR_OK)
		return;
	snprintf(o->version, sizeof(o->version), "%s", view_str(json_object_get(answer, "info"), "version"));
	json_decref(answer);
}

enum acsr_result offer_find(struct offer *o, struct service *s, const struct args *a, struct acsr_err *e)
{
	*o = (struct offer){ 0 };
	TRY(find_product(o, s, a, e));
	TRY(choose_forms(o, s, a, e));
	find_version(o, s);
	return ACSR_OK;
}
