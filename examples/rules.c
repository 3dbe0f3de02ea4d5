/*
 * rules.h: what the dated rules say today and on a later day.
 *
 * Run: rules
 * Prints: 2026-12-01 200 days
 * Prints: 2027-04-01 100 days
 * Prints: 2029-04-01 47 days
 * Prints: http-01 may not validate a wildcard: policy.method-wildcard
 */
#include <stdio.h>

#include <autocsr/rules.h>

int main(void)
{
	static const struct {
		const char *day;
		int64_t t;
	} days[] = { { "2026-12-01", 1796083200 }, { "2027-04-01", 1806537600 },
		{ "2029-04-01", 1869696000 } };
	const struct acsr_method *method;
	struct acsr_err e;

	for (size_t i = 0; i < sizeof(days) / sizeof(days[0]); i++) {
		const struct acsr_rule *rule = acsr_rule_at("cert.validity.max", days[i].t);

		if (rule == NULL)
			return 1;
		printf("%s %lld days (%s)\n", days[i].day, (long long)(rule->value / 86400), rule->source);
	}
	if (acsr_method_at(&method, "http-01", days[0].t, true, &e) != ACSR_OK)
		printf("http-01 may not validate a wildcard: %s\n", e.id);
	return 0;
}
