/* Values that change on known days: a level or a number, written as itself, by the dated table, or as steps.
 */
#include <stdio.h>
#include <string.h>

#include "autocsr/rules.h"
#include "base/clock.h"
#include "base/err.h"
#include "policy_dated.h"

static enum acsr_result wrong(const struct policy_reader *r, struct acsr_err *e, const char *text)
{
	return err_rule(e, "input.policy", r->member, NULL, "%s: \"%s\" %s", r->from, r->member, text);
}

static enum acsr_result add(
	struct policy_dated *d, int64_t from, int64_t value, const char *source, struct acsr_err *e)
{
	struct policy_step *s = &d->steps[d->n];

	if (d->n == POLICY_STEPS)
		return err_set(e, "input.policy", "more than %d steps", POLICY_STEPS);
	*s = (struct policy_step){ .from = from, .value = value };
	snprintf(s->source, sizeof(s->source), "%s", source != NULL ? source : "");
	d->n++;
	return ACSR_OK;
}

static bool level_named(const json_t *v, int64_t *out)
{
	static const char *const names[] = { "off", "info", "warn", "fail" };

	for (int i = 0; i < 4 && json_is_string(v); i++)
		if (strcmp(json_string_value(v), names[i]) == 0) {
			*out = i;
			return true;
		}
	return false;
}

/* A level by its name, or a number, as the member wants it. */
static bool plain(const struct policy_reader *r, const json_t *v, int64_t *out)
{
	if (!r->number)
		return level_named(v, out);
	*out = json_integer_value(v);
	return json_is_integer(v) && *out > 0 && *out <= 1000000000;
}

/* {"table": ID} for numbers, {"table": ID, "allowed": LEVEL, "forbidden": LEVEL} for levels. */
static enum acsr_result from_table(
	struct policy_dated *d, const struct policy_reader *r, const json_t *v, struct acsr_err *e)
{
	const char *id = json_string_value(json_object_get(v, "table"));
	int64_t allowed = 0, forbidden = 0;

	if (id == NULL || json_object_size(v) != (r->number ? 1 : 3) ||
		(!r->number && (!level_named(json_object_get(v, "allowed"), &allowed) ||
				       !level_named(json_object_get(v, "forbidden"), &forbidden))))
		return wrong(r, e,
			r->number ? "names a table as {\"table\": ID}"
				  : "names a table as {\"table\": ID, \"allowed\": LEVEL, "
				    "\"forbidden\": LEVEL}");
	if (!r->number)
		TRY(add(d, INT64_MIN, allowed, NULL, e));
	for (size_t i = 0; acsr_rule_row(i) != NULL; i++) {
		const struct acsr_rule *row = acsr_rule_row(i);

		if (strcmp(row->id, id) != 0)
			continue;
		if (r->number)
			TRY(add(d, row->from, row->value / r->per, row->source, e));
		else
			TRY(add(d, row->from, row->value != 0 ? allowed : forbidden, row->source, e));
	}
	return d->n > (r->number ? 0u : 1u) ? ACSR_OK : wrong(r, e, "names a table that does not exist");
}

static enum acsr_result add_step(
	struct policy_dated *d, const struct policy_reader *r, const json_t *v, struct acsr_err *e)
{
	const char *from = json_string_value(json_object_get(v, "from"));
	const json_t *source = json_object_get(v, "source");
	int64_t at = INT64_MIN, value;

	if (!plain(r, json_object_get(v, r->number ? "value" : "level"), &value) ||
		(from != NULL && policy_day(from, &at) != ACSR_OK) ||
		(source != NULL && !json_is_string(source)) ||
		json_object_size(v) != 1u + (from != NULL) + (source != NULL))
		return wrong(r, e,
			r->number ? "has steps {\"from\": \"YYYY-MM-DD\", \"value\": NUMBER}"
				  : "has steps {\"from\": \"YYYY-MM-DD\", \"level\": LEVEL}");
	if (d->n > 0 && at <= d->steps[d->n - 1].from)
		return wrong(r, e, "has steps that are not in the order of their days");
	return add(d, at, value, json_string_value(source), e);
}

enum acsr_result policy_dated_read(
	struct policy_dated *out, const struct policy_reader *r, const json_t *v, struct acsr_err *e)
{
	struct policy_dated d = { 0 };
	int64_t value;
	size_t i;
	const json_t *step;

	if (json_is_object(v)) {
		TRY(from_table(&d, r, v, e));
	} else if (json_is_array(v) && json_array_size(v) > 0) {
		json_array_foreach(v, i, step) TRY(add_step(&d, r, step, e));
	} else if (plain(r, v, &value)) {
		TRY(add(&d, INT64_MIN, value, NULL, e));
	} else {
		return wrong(r, e,
			r->number ? "is a number of 1 or more, a table, or a list of dated steps"
				  : "is \"off\", \"info\", \"warn\" or \"fail\", a table, or a list of "
				    "dated steps");
	}
	*out = d;
	return ACSR_OK;
}

enum acsr_result policy_day(const char *s, int64_t *t)
{
	char full[32];

	if (strlen(s) != 10)
		return clock_parse_rfc3339(s, t, NULL);
	snprintf(full, sizeof(full), "%sT00:00:00Z", s);
	return clock_parse_rfc3339(full, t, NULL);
}

const struct policy_step *policy_step_at(const struct policy_dated *d, int64_t at)
{
	const struct policy_step *now = NULL;

	for (size_t i = 0; i < d->n && d->steps[i].from <= at; i++)
		now = &d->steps[i];
	return now;
}

int64_t policy_number(const struct policy_dated *d, int64_t at, int64_t otherwise)
{
	const struct policy_step *s = policy_step_at(d, at);

	return s != NULL ? s->value : otherwise;
}
