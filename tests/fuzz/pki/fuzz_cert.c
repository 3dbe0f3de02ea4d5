/* Certificates: parsed, and linted by every profile. */
#include "autocsr/cert.h"
#include "autocsr/lint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct acsr_cert_view *v = NULL;
	struct acsr_findings all = { 0 };
	struct acsr_err e;

	if (acsr_cert_parse(&v, data, size, &e) != ACSR_OK)
		return 0;
	for (size_t i = 0; acsr_profile_at(i) != NULL; i++)
		(void)!acsr_lint_cert(v, acsr_profile_at(i), NULL, &all, &e);
	acsr_findings_free(&all);
	acsr_cert_view_free(v);
	return 0;
}
