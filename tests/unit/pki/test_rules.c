/* The dated table: every boundary to the second. */
#include "check.h"

#include <time.h>

#include "autocsr/rules.h"

#define DAY INT64_C(86400)

static int64_t day(int year, int month, int d)
{
	struct tm tm = { .tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = d };

	return timegm(&tm);
}

static void boundary(const char *id, int64_t at, int64_t before, int64_t after)
{
	assert_int_equal(acsr_rule_value(id, at - 1, -1), before);
	assert_int_equal(acsr_rule_value(id, at, -1), after);
	assert_int_equal(acsr_rule_next_change(id, at - 1), at);
}

static void boundaries(void **state)
{
	(void)state;
	boundary("cert.validity.max", day(2026, 3, 15), 398 * DAY, 200 * DAY);
	boundary("cert.validity.max", day(2027, 3, 15), 200 * DAY, 100 * DAY);
	boundary("cert.validity.max", day(2029, 3, 15), 100 * DAY, 47 * DAY);
	boundary("dv.reuse.max", day(2026, 3, 15), 398 * DAY, 200 * DAY);
	boundary("dv.reuse.max", day(2027, 3, 15), 200 * DAY, 100 * DAY);
	boundary("dv.reuse.max", day(2029, 3, 15), 100 * DAY, 10 * DAY);
	boundary("identity.reuse.max", day(2026, 3, 15), 825 * DAY, 398 * DAY);
	boundary("perspectives.min", day(2026, 12, 15), 4, 5);
	boundary("caa.accounturi.required", day(2027, 3, 15), -1, 1);
	boundary("eku.client-auth.allowed", day(2026, 6, 15), 1, 0);
	boundary("cert.validity.max", day(2018, 3, 1), 1187 * DAY, 825 * DAY);
	boundary("key.rsa.min", day(2014, 1, 1), 1024, 2048);
	boundary("digest.sha1.allowed", day(2016, 1, 1), 1, 0);
	boundary("names.internal.allowed", day(2015, 11, 1), 1, 0);
	boundary("names.underscore.allowed", day(2019, 5, 1), 1, 0);
	boundary("subject.ou.allowed", day(2022, 9, 1), 1, 0);
	assert_int_equal(acsr_rule_next_change("cert.validity.max", day(2030, 1, 1)), 0);
	assert_null(acsr_rule_at("nonsense", day(2027, 1, 1)));
	assert_int_equal(acsr_rule_value("nonsense", day(2027, 1, 1), 5), 5);
}

/* Rows of one id do not overlap and leave no gap. */
static void rows_fit_together(void **state)
{
	(void)state;
	for (size_t i = 0; acsr_rule_row(i) != NULL; i++) {
		const struct acsr_rule *r = acsr_rule_row(i), *next = acsr_rule_row(i + 1);

		assert_true(r->to == 0 || r->to > r->from);
		assert_true(r->from % DAY == 0 && r->to % DAY == 0);
		assert_true(r->source[0] != '\0' && r->text[0] != '\0');
		if (next != NULL && strcmp(next->id, r->id) == 0)
			assert_int_equal(r->to, next->from);
		else
			assert_int_equal(r->to, 0);
	}
}

static void method(const char *id, int64_t end, bool wildcard)
{
	const struct acsr_method *m = NULL;

	if (end == 0) {
		OK(acsr_method_at(&m, id, day(2031, 1, 1), false, &e));
	} else {
		OK(acsr_method_at(&m, id, end - 1, false, &e));
		FAILS("policy.method-ended", acsr_method_at(&m, id, end, false, &e));
	}
	if (wildcard)
		OK(acsr_method_at(&m, id, day(2026, 11, 1), true, &e));
	else
		FAILS("policy.method-wildcard", acsr_method_at(&m, id, day(2026, 11, 1), true, &e));
}

static void methods(void **state)
{
	const struct acsr_method *m;

	(void)state;
	method("email-constructed", day(2028, 3, 15), true);
	method("email-caa", day(2028, 3, 15), true);
	method("email-txt", day(2028, 3, 15), true);
	method("phone-txt", day(2027, 3, 15), true);
	method("phone-caa", day(2027, 3, 15), true);
	method("dns-txt", 0, true);
	method("dns-01", 0, true);
	method("file", 0, false);
	method("http-01", 0, false);
	method("tls-alpn-01", 0, false);
	method("dns-account-01", 0, true);
	method("dns-persist-01", 0, true);
	OK(acsr_method_at(&m, "dns-persist-01", day(2026, 11, 1), false, &e));
	assert_int_equal(m->reuse_max, 10 * DAY);
	OK(acsr_method_at(&m, "http-01", day(2026, 11, 1), false, &e));
	assert_true(m->ip && !m->subdomains);
	FAILS("validation.method", acsr_method_at(&m, "fax", day(2026, 11, 1), false, &e));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(boundaries), cmocka_unit_test(rows_fit_together),
		cmocka_unit_test(methods) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
