/* What a service answers: as a problem document it becomes a harmless error, as JSON a harmless document. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "cli/order_view.h"
#include "cli/say.h"
#include "cli/service.h"

static void check(const char *s)
{
	if (str_has_control(s) || !str_is_utf8(s, strlen(s)))
		abort();
}

static void check_all(const json_t *v)
{
	const char *key;
	json_t *item;

	if (json_is_string(v))
		check(json_string_value(v));
	for (size_t i = 0; json_is_array(v) && i < json_array_size(v); i++)
		check_all(json_array_get(v, i));
	json_object_foreach((json_t *)(uintptr_t)v, key, item)
	{
		check(key);
		check_all(item);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct acsr_err e = { 0 };
	json_t *v, *safe;
	char *names;

	if (service_problem(400, (const char *)data, size, &e) != ACSR_FAIL || e.id[0] == '\0')
		abort();
	check(e.id);
	check(e.text);
	check(e.field);
	check(e.source);
	v = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
	if (v == NULL)
		return 0;
	safe = say_safe_json(v);
	check_all(safe);
	names = order_view_names(safe);
	check(names);
	free(names);
	json_decref(safe);
	json_decref(v);
	return 0;
}
