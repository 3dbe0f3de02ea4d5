/* Reading policies. */
#include "pki/csr_policy.h"

#include <string.h>
#include <strings.h>

#include "base/limits.h"
#include "base/str.h"

#define POLICY_MAX (64 * 1024)

static const struct {
	const char *name;
	json_type type;
} members[] = {
	{ "base", JSON_STRING },
	{ "key_types", JSON_ARRAY },
	{ "max_names", JSON_INTEGER },
	{ "wildcards", JSON_TRUE },
	{ "ip_addresses", JSON_TRUE },
	{ "suffixes", JSON_ARRAY },
	{ "subject_required", JSON_ARRAY },
	{ "subject_allowed", JSON_ARRAY },
};

static bool all_strings(const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (!json_is_string(json_array_get(list, i)))
			return false;
	return true;
}

static bool type_fits(const json_t *v, json_type type)
{
	if (type == JSON_TRUE)
		return json_is_boolean(v);
	return json_typeof(v) == type && (type != JSON_ARRAY || all_strings(v));
}

static enum acsr_result check_member(const char *key, const json_t *v, const char *path, struct acsr_err *e)
{
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		if (strcmp(members[i].name, key) != 0)
			continue;
		if (type_fits(v, members[i].type))
			return ACSR_OK;
		return err_rule(e, "input.policy", key, "", "%s: \"%s\" has the wrong type", path, key);
	}
	return err_rule(e, "input.policy", key, "", "%s: there is no policy member \"%s\"", path, key);
}

static enum acsr_result check_file(struct csr_policy *p, const char *path, struct acsr_err *e)
{
	const char *key, *base = json_string_value(json_object_get(p->file, "base"));
	const json_t *max = json_object_get(p->file, "max_names");
	json_t *v;

	json_object_foreach(p->file, key, v) TRY(check_member(key, v, path, e));
	if (base != NULL && strcmp(base, "public") != 0 && strcmp(base, "private") != 0)
		return err_rule(
			e, "input.policy", "base", "", "%s: \"base\" is \"public\" or \"private\"", path);
	p->public_trust = base != NULL && strcmp(base, "public") == 0;
	p->wildcards = !json_is_false(json_object_get(p->file, "wildcards"));
	p->ip_addresses = !json_is_false(json_object_get(p->file, "ip_addresses"));
	if (max != NULL && json_integer_value(max) < 1)
		return err_rule(e, "input.policy", "max_names", "", "%s: \"max_names\" is 1 or more", path);
	if (max != NULL)
		p->max_names = (size_t)json_integer_value(max);
	return ACSR_OK;
}

enum acsr_result csr_policy_load(struct csr_policy *p, const char *name, struct acsr_err *e)
{
	CLEANUP_BUF struct buf b = { 0 };
	json_error_t bad;

	buf_init(&b, POLICY_MAX);
	*p = (struct csr_policy){ .wildcards = true, .ip_addresses = true, .max_names = LIMIT_NAMES };
	if (name == NULL || strcmp(name, "private") == 0)
		return ACSR_OK;
	if (strcmp(name, "public") == 0) {
		p->public_trust = true;
		return ACSR_OK;
	}
	TRY(buf_read_file(&b, name, e));
	p->file = json_loadb((const char *)b.p, b.len, JSON_REJECT_DUPLICATES, &bad);
	if (!json_is_object(p->file))
		return err_set(e, "input.policy", "%s is not a policy: %s (line %d)", name,
			p->file == NULL ? bad.text : "not an object", p->file == NULL ? bad.line : 1);
	return check_file(p, name, e);
}

void csr_policy_free(struct csr_policy *p)
{
	json_decref(p->file);
	p->file = NULL;
}

const json_t *csr_policy_list(const struct csr_policy *p, const char *list)
{
	return p->file != NULL ? json_object_get(p->file, list) : NULL;
}

bool csr_policy_lists(const struct csr_policy *p, const char *list, const char *value, bool absent)
{
	const json_t *l = csr_policy_list(p, list);

	if (l == NULL)
		return absent;
	for (size_t i = 0; i < json_array_size(l); i++)
		if (strcasecmp(json_string_value(json_array_get(l, i)), value) == 0)
			return true;
	return false;
}
