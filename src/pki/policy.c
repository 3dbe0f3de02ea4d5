/* Policies: documents become levels, numbers and lists that the rules read. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/limits.h"
#include "base/str.h"
#include "pki/policy_dated.h"
#include "policy_int.h"

#define PATTERN_MAX 500
#define PATTERN_DEPTH 16
#define PATTERN_STATES 10000 /* all intervals multiplied */

struct layer {
	struct acsr_check_policy *p;
	const json_t *doc;
	const char *from;
};

static enum acsr_result wrong(const struct layer *l, const char *member, struct acsr_err *e, const char *text)
{
	return err_rule(e, "input.policy", member, NULL, "%s: \"%s\" %s", l->from, member, text);
}

/* --- members of one kind each --- */

static enum acsr_result take_name(
	const struct layer *l, const char *member, const json_t *v, struct acsr_err *e)
{
	if (!json_is_string(v))
		return wrong(l, member, e, "is a text");
	if (strcmp(member, "name") == 0)
		snprintf(l->p->name, sizeof(l->p->name), "%s", json_string_value(v));
	return ACSR_OK;
}

static enum acsr_result take_names(
	const struct layer *l, const char *member, const json_t *v, struct acsr_err *e)
{
	const char *s = json_string_value(v);

	if (s == NULL || (strcmp(s, "public") != 0 && strcmp(s, "private") != 0))
		return wrong(l, member, e, "is \"public\" or \"private\"");
	l->p->public_names = strcmp(s, "public") == 0;
	return ACSR_OK;
}

static enum acsr_result take_flag(
	const struct layer *l, const char *member, const json_t *v, struct acsr_err *e)
{
	if (!json_is_boolean(v))
		return wrong(l, member, e, "is true or false");
	*(strcmp(member, "wildcards") == 0 ? &l->p->wildcards : &l->p->ip_addresses) = json_is_true(v);
	return ACSR_OK;
}

static enum acsr_result take_number(
	const struct layer *l, const char *member, const json_t *v, struct acsr_err *e)
{
	const struct policy_reader r = { l->from, member, true,
		strcmp(member, "max_validity_days") == 0 ? 86400 : 1 };
	struct policy_dated *d = strcmp(member, "max_names") == 0      ? &l->p->max_names
				 : strcmp(member, "rsa_bits_min") == 0 ? &l->p->rsa_bits_min
								       : &l->p->max_validity_days;

	if (!json_is_null(v))
		return policy_dated_read(d, &r, v, e);
	d->n = 0;
	return ACSR_OK;
}

static const json_t **list_of(struct acsr_check_policy *p, const char *member)
{
	const struct {
		const char *name;
		const json_t **list;
	} lists[] = { { "key_types", &p->key_types }, { "digests", &p->digests },
		{ "san_types", &p->san_types }, { "suffixes", &p->suffixes },
		{ "subject_required", &p->subject_required }, { "subject_allowed", &p->subject_allowed },
		{ "ekus_allowed", &p->ekus_allowed }, { "ekus_required", &p->ekus_required } };

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (strcmp(lists[i].name, member) == 0)
			return lists[i].list;
	return NULL;
}

static enum acsr_result take_list(
	const struct layer *l, const char *member, const json_t *v, struct acsr_err *e)
{
	if (!json_is_array(v) && !json_is_null(v))
		return wrong(l, member, e, "is a list of texts, or null");
	for (size_t i = 0; i < json_array_size(v); i++)
		if (!json_is_string(json_array_get(v, i)))
			return wrong(l, member, e, "is a list of texts, or null");
	*list_of(l->p, member) = json_is_null(v) ? NULL : v;
	return ACSR_OK;
}

static void free_patterns(struct acsr_check_policy *p)
{
	for (size_t i = 0; i < p->n_patterns; i++)
		regfree(&p->patterns[i].re);
	free(p->patterns);
	p->patterns = NULL;
	p->n_patterns = 0;
}

/* The upper bound of an interval, "{2}" "{1,8}"; *p moves to its end. */
static unsigned long interval(const char **p)
{
	char *end;
	unsigned long n = strtoul(*p + 1, &end, 10), most = n;

	if (*end == ',')
		most = strtoul(end + 1, &end, 10);
	*p = *end == '}' ? end : *p;
	return most > n ? most : n;
}

/* A pattern that the C library can compile and match without taking all memory, the whole stack or for ever: it
 * multiplies intervals out, descends into groups, and tries every way for a back-reference. */
static bool is_modest(const char *pattern)
{
	unsigned long states = 1;
	unsigned depth = 0;

	if (strlen(pattern) > PATTERN_MAX)
		return false;
	for (const char *p = pattern; *p != '\0'; p++) {
		if (*p == '\\' && p[1] >= '1' && p[1] <= '9')
			return false;
		if (*p == '\\' && p[1] != '\0')
			p++;
		else if (*p == '(' && ++depth > PATTERN_DEPTH)
			return false;
		else if (*p == ')' && depth > 0)
			depth--;
		else if (*p == '{') {
			unsigned long n = interval(&p);

			states *= n > 1 && n <= PATTERN_STATES ? n : n > 1 ? PATTERN_STATES + 1 : 1;
			if (states > PATTERN_STATES)
				return false;
		}
	}
	return true;
}

static enum acsr_result take_patterns(
	const struct layer *l, const char *member, const json_t *v, struct acsr_err *e)
{
	const char *field;
	const json_t *re;

	if (!json_is_object(v) && !json_is_null(v))
		return wrong(l, member, e, "is an object of subject fields and patterns, or null");
	free_patterns(l->p);
	if (json_object_size(v) == 0)
		return ACSR_OK;
	l->p->patterns = calloc(json_object_size(v), sizeof(*l->p->patterns));
	if (l->p->patterns == NULL)
		return err_nomem(e);
	json_object_foreach((json_t *)v, field, re)
	{
		struct policy_pattern *at = &l->p->patterns[l->p->n_patterns];

		if (json_is_string(re) && !is_modest(json_string_value(re)))
			return wrong(l, member, e,
				"has a pattern that is too long, too deep or repeats too often; there are no "
				"back-references");
		if (!json_is_string(re) || strlen(field) >= sizeof(at->field) ||
			regcomp(&at->re, json_string_value(re), REG_EXTENDED | REG_NOSUB) != 0)
			return wrong(l, member, e, "has a pattern that is no extended regular expression");
		snprintf(at->field, sizeof(at->field), "%s", field);
		l->p->n_patterns++;
	}
	return ACSR_OK;
}

/* --- levels --- */

static bool pattern_fits(const char *pattern, const char *id)
{
	size_t n = strlen(pattern);

	return n > 0 && pattern[n - 1] == '*' && strncmp(pattern, id, n - 1) == 0;
}

/* One entry of "rules" for the rules that it means. */
static enum acsr_result take_level(const struct layer *l, const char *id, const json_t *v, struct acsr_err *e)
{
	const struct policy_reader r = { l->from, id, false, 1 };
	struct policy_dated d;
	size_t met = 0;

	TRY(policy_dated_read(&d, &r, v, e));
	for (size_t i = 0; acsr_check_rule_at(i) != NULL; i++) {
		if (strcmp(acsr_check_rule_at(i)->id, id) != 0 &&
			!pattern_fits(id, acsr_check_rule_at(i)->id))
			continue;
		l->p->levels[i] = d;
		met++;
	}
	return met > 0 ? ACSR_OK : wrong(l, id, e, "is no rule; see autocsr-policy(5)");
}

static int by_length(const void *a, const void *b)
{
	size_t m = strlen(*(const char *const *)a), n = strlen(*(const char *const *)b);

	return m < n ? -1 : m > n;
}

/* Patterns first, the most general first, so that what is said of one rule counts. */
static enum acsr_result take_rules(
	const struct layer *l, const char *member, const json_t *v, struct acsr_err *e)
{
	size_t n = 0, room = json_object_size(v);
	const char **patterns = calloc(room + 1, sizeof(*patterns)), *id;
	enum acsr_result r = patterns == NULL ? err_nomem(e) : ACSR_OK;
	const json_t *level;

	if (r == ACSR_OK && !json_is_object(v))
		r = wrong(l, member, e, "is an object of rules and levels");
	json_object_foreach((json_t *)v, id, level) if (r == ACSR_OK && strchr(id, '*') != NULL)
		patterns[n++] = id;
	if (r == ACSR_OK)
		qsort(patterns, n, sizeof(*patterns), by_length);
	for (size_t i = 0; i < n && r == ACSR_OK; i++)
		r = take_level(l, patterns[i], json_object_get(v, patterns[i]), e);
	json_object_foreach((json_t *)v, id, level) if (r == ACSR_OK && strchr(id, '*') == NULL) r =
		take_level(l, id, level, e);
	free(patterns);
	return r;
}

/* --- documents --- */

static const struct {
	const char *name;
	enum acsr_result (*take)(
		const struct layer *l, const char *member, const json_t *v, struct acsr_err *e);
} members[] = {
	{ "name", take_name },
	{ "about", take_name },
	{ "base", take_name },
	{ "names", take_names },
	{ "wildcards", take_flag },
	{ "ip_addresses", take_flag },
	{ "max_names", take_number },
	{ "rsa_bits_min", take_number },
	{ "max_validity_days", take_number },
	{ "key_types", take_list },
	{ "digests", take_list },
	{ "san_types", take_list },
	{ "suffixes", take_list },
	{ "subject_required", take_list },
	{ "subject_allowed", take_list },
	{ "ekus_allowed", take_list },
	{ "ekus_required", take_list },
	{ "subject_patterns", take_patterns },
	{ "rules", take_rules },
};

static enum acsr_result take_member(
	const struct layer *l, const char *member, const json_t *v, struct acsr_err *e)
{
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (strcmp(members[i].name, member) == 0)
			return members[i].take(l, member, v, e);
	if (strcmp(member, POLICY_FROM) == 0)
		return ACSR_OK;
	return wrong(l, member, e, "is no member of a policy; see autocsr-policy(5)");
}

static enum acsr_result apply(struct acsr_check_policy *p, const json_t *doc, struct acsr_err *e)
{
	const struct layer l = { p, doc, json_string_value(json_object_get(doc, POLICY_FROM)) };
	const char *member;
	const json_t *v;

	json_object_foreach((json_t *)doc, member, v) TRY(take_member(&l, member, v, e));
	return ACSR_OK;
}

static enum acsr_result compile(struct acsr_check_policy **out, json_t *layers, struct acsr_err *e)
{
	struct acsr_check_policy *p = calloc(1, sizeof(*p));
	size_t n = 0, i;
	const json_t *doc;

	while (acsr_check_rule_at(n) != NULL)
		n++;
	if (p == NULL || (p->levels = calloc(n, sizeof(*p->levels))) == NULL) {
		free(p);
		json_decref(layers);
		return err_nomem(e);
	}
	p->layers = layers;
	p->wildcards = p->ip_addresses = true;
	json_array_foreach(layers, i, doc)
	{
		snprintf(
			p->name, sizeof(p->name), "%s", json_string_value(json_object_get(doc, POLICY_FROM)));
		if (apply(p, doc, e) == ACSR_OK)
			continue;
		acsr_check_policy_free(p);
		return ACSR_FAIL;
	}
	*out = p;
	return ACSR_OK;
}

enum acsr_result acsr_check_policy_load(
	struct acsr_check_policy **out, const char *name, const char *const *dirs, struct acsr_err *e)
{
	json_t *layers;

	TRY(policy_layers(&layers, name != NULL ? name : "private", dirs, e));
	return compile(out, layers, e);
}

enum acsr_result acsr_check_policy_parse(
	struct acsr_check_policy **out, const char *json, size_t len, struct acsr_err *e)
{
	json_t *layers;

	TRY(policy_layers_from(&layers, json, len, e));
	return compile(out, layers, e);
}

void acsr_check_policy_free(struct acsr_check_policy *p)
{
	if (p == NULL)
		return;
	free_patterns(p);
	json_decref(p->layers);
	free(p->levels);
	free(p);
}

const char *acsr_check_policy_name(const struct acsr_check_policy *p)
{
	return p->name;
}

bool acsr_check_policy_public(const struct acsr_check_policy *p)
{
	return p->public_names;
}

enum acsr_rule_level policy_level(
	const struct acsr_check_policy *p, size_t rule, int64_t at, const char **source)
{
	const struct policy_step *s = rule != SIZE_MAX ? policy_step_at(&p->levels[rule], at) : NULL;

	if (s == NULL)
		return ACSR_RULE_WARN;
	if (source != NULL && s->source[0] != '\0')
		*source = s->source;
	return (enum acsr_rule_level)s->value;
}

enum acsr_rule_level acsr_check_policy_level(const struct acsr_check_policy *p, const char *id, int64_t at)
{
	return policy_level(p, check_rule_index(id), at, NULL);
}

bool policy_lists(const json_t *list, const char *value, bool absent)
{
	if (list == NULL)
		return absent;
	for (size_t i = 0; i < json_array_size(list); i++)
		if (ascii_casecmp(json_string_value(json_array_get(list, i)), value) == 0)
			return true;
	return false;
}
