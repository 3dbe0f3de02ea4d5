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
	static const char *const names[] = { "dv", "ov", "ev", "service" };

	(void)state;
	for (size_t n = 0; n < 4; n++) {
		const struct acsr_profile *p;

		assert_int_equal(ACSR_OK, profiles_find(&p, names[n], NULL));
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
	const struct acsr_profile *root, *intermediate;

	(void)state;
	assert_int_equal(ACSR_OK, acsr_profile_find(&root, "ca-root", NULL));
	assert_int_equal(ACSR_OK, acsr_profile_find(&intermediate, "ca-intermediate", NULL));
	assert_true(root->ca && intermediate->ca);
	assert_int_equal(1, root->path_len);
	assert_int_equal(0, intermediate->path_len);
	assert_true(root->validity > intermediate->validity);
}

static void test_unknown(void **state)
{
	const struct acsr_profile *p;
	struct acsr_err e = { 0 };

	(void)state;
	for (const char *const *name = (const char *const[]){ "ca-root", "ca-intermediate", "ocsp-signer",
		     "tls-client", "", NULL };
		*name != NULL; name++) {
		assert_int_equal(ACSR_FAIL, profiles_find(&p, *name, &e)); /* no way to ask for a CA */
		assert_string_equal("cert.profile", e.id);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_every_row),
		cmocka_unit_test(test_levels_and_policies), cmocka_unit_test(test_cas),
		cmocka_unit_test(test_unknown) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
