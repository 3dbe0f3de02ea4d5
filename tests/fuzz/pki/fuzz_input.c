/* Any object that somebody hands over: keys, CSRs, certificates, lists of certificates, unlock codes. */
#include "autocsr/cert.h"
#include "autocsr/code.h"
#include "autocsr/match.h"
#include "base/secret.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct acsr_blob *certs = NULL;
	struct acsr_secret *code = NULL;
	enum acsr_object kind;
	struct acsr_err e;
	uint8_t hash[32];
	size_t n = 0;

	(void)!acsr_match_spki(data, size, NULL, &kind, hash, &e);
	if (acsr_input_certs(data, size, &certs, &n, &e) == ACSR_OK)
		acsr_certs_free(certs, n);
	if (acsr_code_normalise((const char *)data, size, &code, &e) == ACSR_OK)
		acsr_secret_free(code);
	return 0;
}
