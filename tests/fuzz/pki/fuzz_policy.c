/* Policy files: whatever they hold is refused, or has a level for every rule on every day. */
#include <stdlib.h>

#include "autocsr/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int64_t days[] = { INT64_MIN, 0, 1450000000, 1795000000, INT64_MAX };
	struct acsr_check_policy *p = NULL;
	struct acsr_err e;

	if (acsr_check_policy_parse(&p, (const char *)data, size, &e) != ACSR_OK)
		return 0;
	for (size_t i = 0; acsr_check_rule_at(i) != NULL; i++)
		for (size_t k = 0; k < sizeof(days) / sizeof(days[0]); k++)
			if ((unsigned)acsr_check_policy_level(p, acsr_check_rule_at(i)->id, days[k]) >
				ACSR_RULE_FAIL)
				abort();
	acsr_check_policy_free(p);
	return 0;
}
