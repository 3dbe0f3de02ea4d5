/* Weak lists: any bytes, and any bytes under a right checksum. What is accepted can be searched and written
 * anew. */
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "autocsr/key.h"
#include "autocsr/weakkey.h"
#include "base/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void rebuild(const struct acsr_weaklist *l)
{
	struct acsr_weaklist_builder *b = NULL;
	struct acsr_weaklist *again = NULL;
	struct acsr_blob out = { 0 };
	struct acsr_err e;

	must(acsr_weaklist_builder_new(&b, &e) == ACSR_OK && acsr_weaklist_builder_list(b, l, &e) == ACSR_OK);
	must(acsr_weaklist_builder_write(b, &out, &e) == ACSR_OK);
	must(acsr_weaklist_from(&again, out.p, out.len, &e) == ACSR_OK);
	must(acsr_weaklist_count(again) <= acsr_weaklist_count(l));
	acsr_weaklist_free(again);
	acsr_weaklist_builder_free(b);
	acsr_blob_free(&out);
}

static void use(const uint8_t *p, size_t n)
{
	static struct acsr_key *keys[2];
	const struct acsr_weak_section *hit;
	struct acsr_weaklist *l = NULL;
	enum acsr_weak_answer answer;
	struct acsr_err e;
	char text[40];

	if (keys[0] == NULL)
		must(acsr_key_generate(&keys[0], "rsa:2048", &e) == ACSR_OK &&
			acsr_key_generate(&keys[1], "ec:p256", &e) == ACSR_OK);
	if (acsr_weaklist_from(&l, p, n, &e) != ACSR_OK)
		return;
	acsr_weaklist_summary(l, text, sizeof(text));
	must(memchr(text, '\0', sizeof(text)) != NULL);
	for (size_t i = 0; i < 2; i++)
		must(acsr_weaklist_find(l, keys[i], &answer, &hit, &e) == ACSR_OK &&
			answer < ACSR_WEAK_ANSWERS);
	rebuild(l);
	acsr_weaklist_free(l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *sealed = malloc(size + 1);
	size_t n;

	must(sealed != NULL);
	memcpy(sealed, data, size);
	use(data, size);
	if (size >= 56) { /* header and checksum */
		for (size_t i = 0; i < 8; i++)
			sealed[16 + i] = (uint8_t)((uint64_t)size >> (56 - 8 * i));
		must(EVP_Q_digest(NULL, "SHA256", NULL, sealed, size - 32, sealed + size - 32, &n) == 1);
		use(sealed, size);
	}
	free(sealed);
	return 0;
}
