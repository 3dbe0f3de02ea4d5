/* Policies: found by name, read strictly, one built upon another, dated. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "pki/policy_int.h"

#define D_2014 INT64_C(1388534400)
#define D_2016 INT64_C(1451606400)
#define D_2026_11 INT64_C(1793491200)

static struct acsr_err e;

static struct acsr_check_policy *parse(const char *json)
{
	struct acsr_check_policy *p = NULL;

	if (acsr_check_policy_parse(&p, json, strlen(json), &e) != ACSR_OK)
		fail_msg("%s: %s", json, e.text);
	return p;
}

static void put(const char *dir, const char *name, const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void those_inside(void **state)
{
	struct acsr_check_policy *p;

	(void)state;
	assert_int_equal(acsr_check_policy_load(&p, NULL, NULL, &e), ACSR_OK);
	assert_false(acsr_check_policy_public(p));
	assert_string_equal(acsr_check_policy_name(p), "private");
	assert_null(p->key_types);
	acsr_check_policy_free(p);
	assert_int_equal(acsr_check_policy_load(&p, "public", NULL, &e), ACSR_OK);
	assert_true(acsr_check_policy_public(p));
	assert_true(policy_lists(p->key_types, "EC:p256", false));
	assert_int_equal(policy_number(&p->max_validity_days, D_2026_11, 0), 200);
	assert_int_equal(policy_number(&p->rsa_bits_min, D_2014 - 1, 0), 1024);
	assert_int_equal(policy_number(&p->rsa_bits_min, D_2014, 0), 2048);
	acsr_check_policy_free(p);
	p = NULL;
	assert_int_equal(acsr_check_policy_load(&p, "/nonexistent", NULL, &e), ACSR_FAIL);
	assert_string_equal(e.id, "input.open");
	assert_null(p);
}

/* The table is sorted, complete, and both policies name each rule. */
static void every_rule_has_its_level(void **state)
{
	static const char *const names[] = { "public", "private" };

	(void)state;
	for (size_t k = 0; k < 2; k++) {
		struct acsr_check_policy *p;

		assert_int_equal(acsr_check_policy_load(&p, names[k], NULL, &e), ACSR_OK);
		for (size_t i = 0; acsr_check_rule_at(i) != NULL; i++) {
			const struct acsr_check_rule *r = acsr_check_rule_at(i);

			assert_true(i == 0 || strcmp(acsr_check_rule_at(i - 1)->id, r->id) < 0);
			assert_ptr_equal(acsr_check_rule_find(r->id), r);
			assert_true(r->source[0] != '\0' && r->title[0] != '\0' && strlen(r->id) < 64);
			assert_true(p->levels[i].n > 0);
		}
		acsr_check_policy_free(p);
	}
	assert_null(acsr_check_rule_find("csr.nonsense"));
}

static void dated_levels(void **state)
{
	struct acsr_check_policy *p;

	(void)state;
	assert_int_equal(acsr_check_policy_load(&p, "public", NULL, &e), ACSR_OK);
	assert_int_equal(acsr_check_policy_level(p, "csr.digest.sha1", D_2016 - 1), ACSR_RULE_WARN);
	assert_int_equal(acsr_check_policy_level(p, "csr.digest.sha1", D_2016), ACSR_RULE_FAIL);
	assert_int_equal(acsr_check_policy_level(p, "name.internal", D_2014), ACSR_RULE_WARN);
	assert_int_equal(acsr_check_policy_level(p, "name.internal", D_2026_11), ACSR_RULE_FAIL);
	assert_int_equal(
		acsr_check_policy_level(p, "csr.digest.sha1", 0), ACSR_RULE_WARN); /* before any row */
	acsr_check_policy_free(p);

	p = parse("{\"rules\": {\"csr.ou\": [{\"level\": \"off\"}, {\"from\": \"2014-01-01\", \"level\": "
		  "\"warn\"}, {\"from\": \"2016-01-01\", \"level\": \"fail\", \"source\": \"ours 3\"}]}}");
	assert_int_equal(acsr_check_policy_level(p, "csr.ou", D_2014 - 1), ACSR_RULE_OFF);
	assert_int_equal(acsr_check_policy_level(p, "csr.ou", D_2016 - 1), ACSR_RULE_WARN);
	assert_int_equal(acsr_check_policy_level(p, "csr.ou", D_2016), ACSR_RULE_FAIL);
	acsr_check_policy_free(p);
}

/* What is said of one rule counts more than a pattern, a longer pattern more than a shorter; null takes back.
 */
static void one_upon_another(void **state)
{
	struct acsr_check_policy *p = parse("{\"base\": \"public\", \"name\": \"ours\", \"key_types\": null, "
					    "\"wildcards\": false, \"max_names\": 3, "
					    "\"rules\": {\"csr.ext.ski\": \"fail\", \"csr.ext.*\": \"off\", "
					    "\"csr.*\": \"warn\"}}");

	(void)state;
	assert_string_equal(acsr_check_policy_name(p), "ours");
	assert_true(acsr_check_policy_public(p));
	assert_null(p->key_types);
	assert_false(p->wildcards);
	assert_true(p->ip_addresses);
	assert_int_equal(policy_number(&p->max_names, 0, 0), 3);
	assert_int_equal(acsr_check_policy_level(p, "csr.ext.ski", D_2026_11), ACSR_RULE_FAIL);
	assert_int_equal(acsr_check_policy_level(p, "csr.ext.aki", D_2026_11), ACSR_RULE_OFF);
	assert_int_equal(acsr_check_policy_level(p, "csr.signature", D_2026_11), ACSR_RULE_WARN);
	assert_int_equal(acsr_check_policy_level(p, "name.suffix", D_2026_11), ACSR_RULE_FAIL);
	acsr_check_policy_free(p);
}

static void files_and_folders(void **state)
{
	char dir[] = "/tmp/acsr-policy-XXXXXX", path[128];
	const char *dirs[] = { "/nonexistent", dir, NULL };
	struct acsr_check_policy *p = NULL;

	(void)state;
	assert_non_null(mkdtemp(dir));
	put(dir, "house.json", "{\"base\": \"public\", \"max_names\": 7}");
	put(dir, "team.json", "{\"base\": \"./house.json\", \"wildcards\": false}");
	put(dir, "by-name.json", "{\"base\": \"house\"}");
	put(dir, "circle.json", "{\"base\": \"./circle.json\"}");
	put(dir, "public.json", "{\"base\": \"private\", \"max_names\": 9}");

	assert_int_equal(acsr_check_policy_load(&p, "by-name", dirs, &e), ACSR_OK);
	assert_int_equal(policy_number(&p->max_names, 0, 0), 7);
	acsr_check_policy_free(p);
	snprintf(path, sizeof(path), "%s/team.json", dir);
	assert_int_equal(acsr_check_policy_load(&p, path, NULL, &e), ACSR_OK);
	assert_int_equal(policy_number(&p->max_names, 0, 0), 7);
	assert_false(p->wildcards);
	acsr_check_policy_free(p);
	assert_int_equal(acsr_check_policy_load(&p, "public", dirs, &e), ACSR_OK); /* a folder comes first */
	assert_int_equal(policy_number(&p->max_names, 0, 0), 9);
	acsr_check_policy_free(p);
	snprintf(path, sizeof(path), "%s/circle.json", dir);
	assert_int_equal(acsr_check_policy_load(&p, path, NULL, &e), ACSR_FAIL);
	assert_string_equal(e.id, "input.policy");
	for (const char *const *f =
			(const char *const[]){ "house", "team", "by-name", "circle", "public", NULL };
		*f != NULL; f++) {
		snprintf(path, sizeof(path), "%s/%s.json", dir, *f);
		unlink(path);
	}
	rmdir(dir);
}

/* An installed copy of a policy that is also in the library builds upon that one, not upon itself. */
static void a_copy_in_a_folder(void **state)
{
	char dir[] = "/tmp/acsr-policy-XXXXXX", path[128];
	const char *dirs[] = { dir, NULL };
	struct acsr_check_policy *p = NULL;

	(void)state;
	assert_non_null(mkdtemp(dir));
	put(dir, "private.json", "{\"max_names\": 5}");
	assert_int_equal(acsr_check_policy_load(&p, "private", dirs, &e), ACSR_OK);
	assert_int_equal(policy_number(&p->max_names, 0, 0), 5);
	assert_true(p->wildcards);
	acsr_check_policy_free(p);
	snprintf(path, sizeof(path), "%s/private.json", dir);
	unlink(path);
	rmdir(dir);
}

static void refused(const char *json, const char *member)
{
	struct acsr_check_policy *p = NULL;

	if (acsr_check_policy_parse(&p, json, strlen(json), &e) == ACSR_OK)
		fail_msg("%s is taken", json);
	assert_string_equal(e.id, "input.policy");
	if (member != NULL)
		assert_string_equal(e.field, member);
	assert_null(p);
}

static void bad_documents(void **state)
{
	(void)state;
	refused("{", NULL);
	refused("[]", NULL);
	refused("{\"max_names\": 1, \"max_names\": 2}", NULL);
	refused("{\"wildcard\": true}", "wildcard");
	refused("{\"wildcards\": 1}", "wildcards");
	refused("{\"key_types\": \"rsa:2048\"}", "key_types");
	refused("{\"key_types\": [1]}", "key_types");
	refused("{\"max_names\": 0}", "max_names");
	refused("{\"max_names\": {\"table\": \"nonsense\"}}", "max_names");
	refused("{\"base\": \"strict\"}", "base");
	refused("{\"base\": \"/etc/passwd\"}", "base"); /* from memory: no file is read */
	refused("{\"base\": 7}", "base");
	refused("{\"names\": \"internal\"}", "names");
	refused("{\"rules\": []}", "rules");
	refused("{\"rules\": {\"csr.cm\": \"warn\"}}", "csr.cm");
	refused("{\"rules\": {\"nothing.*\": \"warn\"}}", "nothing.*");
	refused("{\"rules\": {\"csr.cn\": \"error\"}}", "csr.cn");
	refused("{\"rules\": {\"csr.cn\": []}}", "csr.cn");
	refused("{\"rules\": {\"csr.cn\": [{\"from\": \"1.1.2020\", \"level\": \"fail\"}]}}", "csr.cn");
	refused("{\"rules\": {\"csr.cn\": [{\"from\": \"2020-01-01\", \"level\": \"fail\"}, "
		"{\"from\": \"2019-01-01\", \"level\": \"warn\"}]}}",
		"csr.cn");
	refused("{\"rules\": {\"csr.cn\": {\"table\": \"subject.ou.allowed\"}}}", "csr.cn");
	refused("{\"subject_patterns\": {\"O\": \"(\"}}", "subject_patterns");
	refused("{\"subject_patterns\": [\"O\"]}", "subject_patterns");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(those_inside),
		cmocka_unit_test(every_rule_has_its_level),
		cmocka_unit_test(dated_levels),
		cmocka_unit_test(one_upon_another),
		cmocka_unit_test(files_and_folders),
		cmocka_unit_test(a_copy_in_a_folder),
		cmocka_unit_test(bad_documents),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
