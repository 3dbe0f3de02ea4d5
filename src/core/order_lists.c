/* An order's names and subject as the lists that messages carry. */
#include "core/order.h"

#include <stdlib.h>
#include <string.h>

enum acsr_result order_names_list(const struct order *o, struct strv *out, struct acsr_err *e)
{
	CLEANUP_STR char *copy = NULL;
	char *rest, *word;

	TRY(str_dup(&copy, o->names, e));
	rest = copy;
	while ((word = strsep(&rest, " ")) != NULL)
		if (*word != '\0')
			TRY(strv_add(out, word, e));
	return ACSR_OK;
}

static bool is_address(const char *name)
{
	uint8_t addr[16];

	return network_parse_address(name, addr);
}

enum acsr_result order_sans_list(const struct order *o, struct strv *out, struct acsr_err *e)
{
	CLEANUP_STRV struct strv names = { 0 };

	TRY(order_names_list(o, &names, e));
	for (size_t i = 0; i < names.n; i++) {
		CLEANUP_STR char *san = NULL;

		TRY(str_printf(&san, e, "%s:%s", is_address(names.v[i]) ? "IP" : "DNS", names.v[i]));
		TRY(strv_add(out, san, e));
	}
	return ACSR_OK;
}

/* The certificate's common name copies one SAN, when one is short enough (BR 7.1.4.2.2; RFC 5280
 * ub-common-name). */
static const char *common_name(const struct strv *names)
{
	for (size_t i = 0; i < names->n; i++)
		if (strlen(names->v[i]) <= 64)
			return names->v[i];
	return NULL;
}

static enum acsr_result add_pair(struct strv *out, const char *name, const char *value, struct acsr_err *e)
{
	CLEANUP_STR char *pair = NULL;

	if (value == NULL)
		return ACSR_OK;
	TRY(str_printf(&pair, e, "%s=%s", name, value));
	return strv_add(out, pair, e);
}

/* The most specific first: encoded names begin with the country. */
static enum acsr_result add_fields(json_t *subject, struct strv *out, struct acsr_err *e)
{
	static const char *const order[] = { "serialNumber", "businessCategory", "jurisdictionL",
		"jurisdictionST", "jurisdictionC", "O", "street", "postalCode", "L", "ST", "C" };

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		TRY(add_pair(out, order[i], json_string_value(json_object_get(subject, order[i])), e));
	return ACSR_OK;
}

enum acsr_result order_subject_list(const struct order *o, bool details, struct strv *out, struct acsr_err *e)
{
	CLEANUP_STRV struct strv names = { 0 };
	json_t *subject;
	enum acsr_result r;

	TRY(order_names_list(o, &names, e));
	TRY(add_pair(out, "CN", common_name(&names), e));
	if (!details)
		return ACSR_OK;
	subject = json_loads(o->subject, 0, NULL);
	r = add_fields(subject, out, e);
	json_decref(subject);
	return r;
}
