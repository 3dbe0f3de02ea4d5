/* A policy as the rules read it: levels and numbers by date, lists, patterns. */
#ifndef PKI_POLICY_INT_H
#define PKI_POLICY_INT_H

#include <jansson.h>
#include <regex.h>

#include "autocsr/check.h"

#define POLICY_STEPS 12

/* A value that changes on known days: the last step that has begun counts. */
struct policy_step {
	int64_t from;
	int64_t value;
	char source[64]; /* "" when the rule's own source stands */
};
struct policy_dated {
	size_t n; /* 0: not set */
	struct policy_step steps[POLICY_STEPS];
};

struct policy_pattern {
	char field[40];
	regex_t re;
};

struct acsr_check_policy {
	char name[64];
	json_t *layers; /* the documents; they own what the lists point into */
	bool public_names, wildcards, ip_addresses;
	struct policy_dated rsa_bits_min, max_names, max_validity_days;
	const json_t *key_types, *digests, *san_types, *suffixes, *subject_required, *subject_allowed,
		*ekus_allowed, *ekus_required; /* NULL: everything is allowed, nothing required */
	struct policy_pattern *patterns;
	size_t n_patterns;
	struct policy_dated *levels; /* by the index of the rule */
};

/* The step in force, or NULL. */
const struct policy_step *policy_step_at(const struct policy_dated *d, int64_t at);
/* The number in force, or `otherwise`. */
int64_t policy_number(const struct policy_dated *d, int64_t at, int64_t otherwise);
/* Is `value` in that list (ASCII case ignored)? An absent list says `absent`. */
bool policy_lists(const json_t *list, const char *value, bool absent);
/* The level of the rule with this index, and the source that the policy names for it (or NULL). */
enum acsr_rule_level policy_level(
	const struct acsr_check_policy *p, size_t rule, int64_t at, const char **source);
/* SIZE_MAX when there is none. */
size_t check_rule_index(const char *id);

/* policy_file.c: the document of that name and those that it builds upon, the lowest first, as an array; a
 * new reference. Each has the member POLICY_FROM: where it is from. */
ACSR_MUST_USE enum acsr_result policy_layers(
	json_t **out, const char *name, const char *const *dirs, struct acsr_err *e);
/* The same from memory; no file is read. */
ACSR_MUST_USE enum acsr_result policy_layers_from(
	json_t **out, const char *json, size_t len, struct acsr_err *e);
#define POLICY_FROM " from"

#endif
