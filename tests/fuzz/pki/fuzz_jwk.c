/* JSON Web Keys: whatever is read can be written, and is then read again as the same key. */
#include <stdlib.h>

#include "autocsr/jwk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int what)
{
	if (!what)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct acsr_key *key = NULL, *again = NULL;
	struct acsr_blob json = { NULL, 0 };
	struct acsr_err e = { 0 };

	if (acsr_jwk_read(&key, data, size, &e) != ACSR_OK) {
		must(key == NULL && e.id[0] != '\0');
		return 0;
	}
	must(acsr_jwk_public(key, NULL, 0, &json, &e) == ACSR_OK);
	must(acsr_jwk_read(&again, json.p, json.len, &e) == ACSR_OK && acsr_key_same(key, again));
	acsr_blob_free(&json);
	acsr_key_free(again);
	acsr_key_free(key);
	return 0;
}
