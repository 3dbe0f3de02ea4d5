/* Policy files: read strictly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "pki/csr_policy.h"

static struct acsr_err e;

static enum acsr_result load(struct csr_policy *p, const char *text)
{
	char path[] = "/tmp/cli-policy-XXXXXX";
	int fd = mkstemp(path);
	enum acsr_result r;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	r = csr_policy_load(p, path, &e);
	unlink(path);
	return r;
}

static void names(void **state)
{
	struct csr_policy p;

	(void)state;
	assert_int_equal(csr_policy_load(&p, NULL, &e), ACSR_OK);
	assert_false(p.public_trust);
	assert_int_equal(csr_policy_load(&p, "public", &e), ACSR_OK);
	assert_true(p.public_trust);
	assert_true(csr_policy_lists(&p, "key_types", "anything", true));
	assert_int_equal(csr_policy_load(&p, "/nonexistent", &e), ACSR_FAIL);
	assert_string_equal(e.id, "input.open");
}

static void a_file(void **state)
{
	struct csr_policy p;

	(void)state;
	assert_int_equal(load(&p, "{\"base\":\"public\",\"key_types\":[\"ec:p256\"],\"max_names\":3,"
				  "\"wildcards\":false}"),
		ACSR_OK);
	assert_true(p.public_trust);
	assert_false(p.wildcards);
	assert_true(p.ip_addresses);
	assert_int_equal(p.max_names, 3);
	assert_true(csr_policy_lists(&p, "key_types", "EC:P256", false));
	assert_false(csr_policy_lists(&p, "key_types", "rsa:2048", true));
	csr_policy_free(&p);
}

static void refused(const char *text)
{
	struct csr_policy p;

	assert_int_equal(load(&p, text), ACSR_FAIL);
	assert_string_equal(e.id, "input.policy");
	csr_policy_free(&p);
}

static void bad_files(void **state)
{
	(void)state;
	refused("{");
	refused("[]");
	refused("{\"wildcard\": true}");
	refused("{\"wildcards\": 1}");
	refused("{\"key_types\": \"rsa:2048\"}");
	refused("{\"key_types\": [1]}");
	refused("{\"max_names\": 0}");
	refused("{\"base\": \"strict\"}");
	refused("{\"max_names\": 1, \"max_names\": 2}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(a_file),
		cmocka_unit_test(bad_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
