/* The dated rule table. Every number that the outside world changes on a day stands in data/rules.json and
 * nowhere else; the build makes a C table of it, so that a process without files has it too. */
#include "autocsr/rules.h"

#include <string.h>

#include "base/err.h"

/* rules[] and methods[], from data/rules.json */
#include "pki/rules_data.h"
#define N_RULES (sizeof(rules) / sizeof(rules[0]))

static bool in_force(int64_t from, int64_t to, int64_t t)
{
	return t >= from && (to == 0 || t < to);
}

const struct acsr_rule *acsr_rule_at(const char *id, int64_t t)
{
	for (size_t i = 0; i < N_RULES; i++)
		if (strcmp(rules[i].id, id) == 0 && in_force(rules[i].from, rules[i].to, t))
			return &rules[i];
	return NULL;
}

int64_t acsr_rule_value(const char *id, int64_t t, int64_t otherwise)
{
	const struct acsr_rule *r = acsr_rule_at(id, t);

	return r != NULL ? r->value : otherwise;
}

static void nearer(int64_t *best, int64_t edge, int64_t t)
{
	if (edge > t && (*best == 0 || edge < *best))
		*best = edge;
}

int64_t acsr_rule_next_change(const char *id, int64_t t)
{
	int64_t best = 0;

	for (size_t i = 0; i < N_RULES; i++) {
		if (strcmp(rules[i].id, id) != 0)
			continue;
		nearer(&best, rules[i].from, t);
		nearer(&best, rules[i].to, t);
	}
	return best;
}

const struct acsr_rule *acsr_rule_row(size_t i)
{
	return i < N_RULES ? &rules[i] : NULL;
}

const struct acsr_method *acsr_method_row(size_t i)
{
	return i < sizeof(methods) / sizeof(methods[0]) ? &methods[i] : NULL;
}

static enum acsr_result check_method(
	const struct acsr_method *m, int64_t t, bool wildcard, struct acsr_err *e)
{
	char source[64];

	memcpy(source, "BR ", 4);
	strncat(source, m->section, sizeof(source) - 4);
	if (!in_force(m->from, m->to, t))
		return err_rule(e, "policy.method-ended", "method", source,
			"the validation method %s is no longer (or not yet) permitted", m->id);
	if (wildcard && !m->wildcard)
		return err_rule(e, "policy.method-wildcard", "method", source,
			"the validation method %s cannot validate a wildcard; use dns-txt", m->id);
	return ACSR_OK;
}

enum acsr_result acsr_method_at(
	const struct acsr_method **out, const char *id, int64_t t, bool wildcard, struct acsr_err *e)
{
	for (size_t i = 0; acsr_method_row(i) != NULL; i++) {
		if (strcmp(methods[i].id, id) != 0)
			continue;
		TRY(check_method(&methods[i], t, wildcard, e));
		*out = &methods[i];
		return ACSR_OK;
	}
	return err_rule(
		e, "validation.method", "method", NULL, "there is no validation method \"%.40s\"", id);
}
