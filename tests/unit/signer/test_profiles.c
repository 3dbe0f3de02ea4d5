/* The table itself: each row is sound, and what the issue asks of it stands there. */
#include "profiles.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "autocsr/key.h"
#include "autocsr/subject.h"

static bool has(const char *const *list, size_t cap, const char *s)
{
	for (size_t i = 0; i < cap && list[i] != NULL; i++)
		if (strcmp(list[i], s) == 0)
			return true;
	return false;
}

static void test_every_row(void **state)
{
	size_t n = 0;

	(void)state;
	for (const struct acsr_profile *p; (p = profiles_at(n)) != NULL; n++) {
		assert_false(p->ca);
		assert_true(p->validity > 0 && p->validity <= p->max_validity);
		assert_true(p->max_validity <= 398 * 86400);
		assert_string_equal("serverAuth", p->ekus[0]);
		assert_null(p->ekus[1]);
		assert_false(has(p->key_types, 16, "rsa:1024"));
		assert_true(has(p->key_types, 16, "rsa:2048"));
		assert_int_equal(0, p->san_types & ~(1u << ACSR_SAN_DNS | 1u << ACSR_SAN_IP));
		for (size_t i = 0; i < 8 && p->required[i] != NULL; i++)
			assert_true(has(p->subject, 16, p->required[i]));
		for (size_t i = 0; i < 16 && p->key_types[i] != NULL; i++) {
			const struct acsr_key_type *t;

			assert_int_equal(ACSR_OK, acsr_key_type_find(&t, p->key_types[i], NULL));
		}
	}
	assert_int_equal(4, n);
}

static const struct acsr_profile *find(const char *name)
{
	const struct acsr_profile *p;

	assert_int_equal(ACSR_OK, profiles_find(&p, name, NULL));
	assert_string_equal(name, p->name);
	return p;
}

static void test_levels_and_policies(void **state)
{
	(void)state;
	assert_string_equal("2.23.140.1.2.1", find("dv")->policies[0]);
	assert_string_equal("2.23.140.1.2.2", find("ov")->policies[0]);
	assert_string_equal("2.23.140.1.1", find("ev")->policies[0]);
	assert_null(find("service")->policies[0]);
	assert_int_equal(ACSR_LEVEL_EV, find("ev")->level);
	assert_false(find("ev")->wildcard); /* EVG 7.1.2.7 */
	assert_true(find("dv")->wildcard);
	assert_true(has(find("ev")->required, 8, "jurisdictionC"));
	assert_true(has(find("ov")->required, 8, "O"));
	assert_false(has(find("dv")->subject, 16, "O"));
	assert_false(has(find("ov")->subject, 16, "OU"));
}

static void test_cas(void **state)
{
	(void)state;
	assert_true(profiles_root.ca && profiles_intermediate.ca);
	assert_int_equal(1, profiles_root.path_len);
	assert_int_equal(0, profiles_intermediate.path_len);
	assert_true(profiles_root.validity > profiles_intermediate.validity);
}

static void test_unknown(void **state)
{
	const struct acsr_profile *p;
	struct acsr_err e = { 0 };

	(void)state;
	assert_int_equal(ACSR_FAIL, profiles_find(&p, "ca-root", &e)); /* no way to ask for a CA */
	assert_string_equal("cert.profile", e.id);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_every_row),
		cmocka_unit_test(test_levels_and_policies), cmocka_unit_test(test_cas),
		cmocka_unit_test(test_unknown) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
