/* Everything that may lie in a file: PKCS#7, PKCS#12, keys, certificates, CRLs, opened, put in order, written
 * as JWK. */
#include "autocsr/bundle.h"
#include "autocsr/contents.h"
#include "autocsr/jwk.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use(const struct acsr_contents *all)
{
	struct acsr_blob certs[32];
	size_t n = 0, *order = NULL, n_order = 0;
	struct acsr_err e;

	for (size_t i = 0; i < all->n; i++) {
		const struct acsr_content *c = &all->v[i];
		struct acsr_blob json = { 0 };

		if (c->kind == ACSR_INPUT_CERT && c->err.id[0] == '\0' && n < 32)
			certs[n++] = c->der;
		if (c->key != NULL && acsr_jwk_public(c->key, NULL, 0, &json, &e) == ACSR_OK)
			acsr_blob_free(&json);
	}
	if (acsr_bundle_order(certs, n, NULL, &order, &n_order, &e) == ACSR_OK)
		free(order);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct acsr_secret *passphrase;
	struct acsr_contents all = { 0 };
	struct acsr_err e;

	if (passphrase == NULL && acsr_secret_new(&passphrase, "horse", 5, &e) != ACSR_OK)
		return 0;
	if (acsr_contents_read(&all, data, size, passphrase, &e) == ACSR_OK)
		use(&all);
	acsr_contents_free(&all);
	return 0;
}
