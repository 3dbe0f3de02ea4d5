/* Any CSR that can be read at all, through every rule of both policies: each finding is clean and names its
 * rule. */
#include <stdlib.h>
#include <string.h>

#include "autocsr/check.h"
#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void judge(const struct acsr_csr_view *v, const struct acsr_check *how)
{
	static const char *const hosts[] = { "www.example.com", "example.com", "192.0.2.1",
		"b\xc3\xbc.example" };
	struct acsr_findings all = { NULL, 0 };
	struct acsr_err e;

	must(acsr_csr_check(v, how, &all, &e) == ACSR_OK);
	must(acsr_csr_check_hosts(v, how, hosts, 4, &all, &e) == ACSR_OK);
	for (size_t i = 0; i < all.n; i++) {
		must(acsr_check_rule_find(all.v[i].id) != NULL || str_starts(all.v[i].id, "key."));
		must(!str_has_control(all.v[i].text) && str_is_utf8(all.v[i].text, strlen(all.v[i].text)));
		must(all.v[i].severity != ACSR_PASS || !how->broken_only || str_starts(all.v[i].id, "host."));
	}
	must(v->broken.n == 0 || acsr_findings_worst(&all) == ACSR_ERROR);
	acsr_findings_free(&all);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct acsr_check_policy *policies[2];
	struct acsr_csr_view *v = NULL;
	struct acsr_err e;

	if (policies[0] == NULL)
		must(acsr_check_policy_load(&policies[0], "public", NULL, &e) == ACSR_OK &&
			acsr_check_policy_load(&policies[1], "private", NULL, &e) == ACSR_OK);
	if (acsr_csr_read(&v, data, size, &e) != ACSR_OK)
		return 0;
	for (int i = 0; i < 4; i++)
		judge(v, &(struct acsr_check){
				 .policy = policies[i & 1], .at = 1795000000, .broken_only = i >= 2 });
	acsr_csr_view_free(v);
	return 0;
}
