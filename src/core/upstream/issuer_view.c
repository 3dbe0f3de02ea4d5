/* Issuers as the API shows them. */
#include <string.h>

#include "core/issuers.h"
#include "core/jsontext.h"
#include "core/statement.h"
#include "core/upstream/issuer.h"

static json_t *words_json(const char *text)
{
	json_t *list = json_array();

	while (*text != '\0') {
		size_t n = strcspn(text, " ");

		if (n > 0)
			json_array_append_new(list, json_stringn(text, n));
		text += n + (text[n] == ' ');
	}
	return list;
}

static json_t *list_or_empty(const char *text)
{
	json_t *list = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

	if (json_is_array(list))
		return list;
	json_decref(list);
	return json_array();
}

static json_t *text_of(const json_t *meta, const char *name)
{
	return json_text_or_null(json_string_value(json_object_get(meta, name)));
}

/* The CA wrote it, so only what has the right shape is passed on. */
json_t *issuer_meta_json(const struct upstream_issuer *is)
{
	json_t *dir, *out;
	const json_t *meta, *profiles, *caa;

	if (is->directory == NULL || is->directory[0] == '\0')
		return json_null();
	dir = json_loads(is->directory, 0, NULL);
	meta = json_object_get(dir, "meta");
	profiles = json_object_get(meta, "profiles");
	caa = json_object_get(meta, "caaIdentities");
	out = json_pack("{s:o, s:o, s:b, s:b, s:o, s:o, s:o}", "terms_of_service",
		text_of(meta, "termsOfService"), "website", text_of(meta, "website"),
		"external_account_required", json_is_true(json_object_get(meta, "externalAccountRequired")),
		"renewal_info", json_is_string(json_object_get(dir, "renewalInfo")), "profiles",
		json_is_object(profiles) ? json_deep_copy(profiles) : json_object(), "caa_identities",
		json_is_array(caa) ? json_deep_copy(caa) : json_array(), "at", json_time(is->directory_at));
	json_decref(dir);
	return out;
}

static json_t *account_json(const struct upstream_issuer *is)
{
	if (is->account_url[0] == '\0')
		return json_null();
	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:b}", "url", is->account_url, "status",
		is->account_status, "thumbprint", json_text_or_null(is->account_thumbprint), "terms_agreed",
		json_text_or_null(is->terms_agreed), "terms_wanted", json_text_or_null(is->terms_wanted),
		"rolling", is->next_key[0] != '\0');
}

static json_t *paused_json(struct core *c, const struct upstream_issuer *is)
{
	if (is->paused_until <= c->now)
		return json_null();
	return json_pack("{s:o, s:s}", "until", json_time(is->paused_until), "reason", is->paused_reason);
}

static enum acsr_result put_use(
	struct core *c, json_t *out, const struct upstream_issuer *is, struct acsr_err *e)
{
	int64_t products, orders;
	struct statement s;
	bool have;

	TRY(upstream_issuer_uses(c->db, is->name, &products, &orders, e));
	TRY(statements_current(c->db, is->name, &s, &have, e));
	json_object_set_new(out, "uses",
		json_pack("{s:I, s:I}", "products", (json_int_t)products, "orders", (json_int_t)orders));
	json_object_set_new(out, "autocsr", json_boolean(!is->public || have));
	return ACSR_OK;
}

enum acsr_result issuer_json(
	struct core *c, const struct upstream_issuer *is, json_t **out, struct acsr_err *e)
{
	json_t *j = json_pack("{s:s, s:s, s:s, s:b, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:I, "
			      "s:o, s:o, s:o, s:o}",
		"name", is->name, "kind", is->kind, "title", is->title, "public", (int)is->public, "active",
		(int)is->active, "directory_url", json_text_or_null(is->directory_url), "roots",
		json_text_or_null(is->roots), "contacts", list_or_empty(is->contacts), "profile",
		json_text_or_null(is->profile), "preferred_chain", json_text_or_null(is->preferred_chain),
		"key_types", words_json(is->key_types), "challenges", words_json(is->challenges),
		"automation", json_text_or_null(is->automation), "validation", is->validation,
		"orders_per_hour", (json_int_t)is->orders_per_hour, "directory", issuer_meta_json(is),
		"account", account_json(is), "paused", paused_json(c, is), "created_at",
		json_time(is->created_at));

	if (j == NULL)
		return err_nomem(e);
	if (put_use(c, j, is, e) != ACSR_OK) {
		json_decref(j);
		return ACSR_FAIL;
	}
	*out = j;
	return ACSR_OK;
}
