/* Keys in any form, private and public: what can be loaded can be written and loaded again as the same key. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "autocsr/jwk.h"
#include "autocsr/key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void write_public(const struct acsr_key *key)
{
	struct acsr_blob json = { 0 };
	uint8_t spki[32], other[32];
	char thumb[44];
	struct acsr_err e;

	if (acsr_jwk_public(key, NULL, 0, &json, &e) == ACSR_OK) {
		must(json.len > 2 && json.p[0] == '{' && memchr(json.p, 0, json.len) == NULL);
		must(acsr_jwk_thumbprint(key, thumb, &e) == ACSR_OK && strlen(thumb) == 43);
	}
	acsr_blob_free(&json);
	if (acsr_key_spki_sha256(key, spki, &e) == ACSR_OK)
		must(acsr_key_spki_sha256(key, other, &e) == ACSR_OK &&
			memcmp(spki, other, sizeof(spki)) == 0);
}

static void write_private(const struct acsr_key *key)
{
	struct acsr_secret *pem = NULL, *json = NULL;
	struct acsr_key *again = NULL;
	uint8_t one[32], two[32];
	struct acsr_err e;

	if (acsr_key_pkcs8_pem(key, &pem, &e) == ACSR_OK &&
		acsr_key_load_private(&again, acsr_secret_bytes(pem), acsr_secret_len(pem), NULL, &e) ==
			ACSR_OK &&
		acsr_key_spki_sha256(key, one, &e) == ACSR_OK &&
		acsr_key_spki_sha256(again, two, &e) == ACSR_OK)
		must(memcmp(one, two, sizeof(one)) == 0);
	(void)!acsr_jwk_private(key, NULL, 0, &json, &e);
	acsr_key_free(again);
	acsr_secret_free(pem);
	acsr_secret_free(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct acsr_key *key = NULL;
	struct acsr_err e;

	if (acsr_key_load_private(&key, data, size, NULL, &e) == ACSR_OK) {
		write_public(key);
		write_private(key);
		acsr_key_free(key);
	}
	if (acsr_key_load_public(&key, data, size, &e) == ACSR_OK) {
		write_public(key);
		acsr_key_free(key);
	}
	return 0;
}
