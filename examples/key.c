/*
 * key.h: which key types there are, a key made, protected, loaded again and judged.
 *
 * Run: key
 * Prints: rsa:2048
 * Prints: ec:p256
 * Prints: loaded again: the same key, SPKI SHA-256 …
 */
#include <stdio.h>
#include <stdlib.h>

#include <autocsr/key.h>

static void check(enum acsr_result r, const struct acsr_err *e)
{
	if (r == ACSR_OK)
		return;
	fprintf(stderr, "%s: %s\n", e->id, e->text);
	exit(1);
}

int main(void)
{
	const struct acsr_key_type *type;
	struct acsr_secret *passphrase;
	struct acsr_blob pem = { 0 };
	struct acsr_key *key, *again;
	uint8_t hash[32];
	struct acsr_err e;

	/* What this OpenSSL can make. */
	for (size_t i = 0; (type = acsr_key_type_at(i)) != NULL; i++)
		if (acsr_key_type_available(type))
			printf("%s%s\n", type->name, type->public_tls ? "" : " (private CAs only)");

	check(acsr_key_generate(&key, "ec:p256", &e), &e);
	check(acsr_secret_new(&passphrase, "correct horse", 13, &e), &e);
	check(acsr_key_pkcs8_pem_encrypted(key, passphrase, &pem, &e), &e);
	check(acsr_key_load_private(&again, pem.p, pem.len, passphrase, &e), &e);
	check(acsr_key_check_public(again, NULL, NULL, &e), &e);
	check(acsr_key_spki_sha256(again, hash, &e), &e);
	printf("loaded again: %s key, SPKI SHA-256 ", acsr_key_same(key, again) ? "the same" : "another");
	for (size_t i = 0; i < sizeof(hash); i++)
		printf("%02x", hash[i]);
	printf("\n");

	acsr_blob_free(&pem);
	acsr_secret_free(passphrase);
	acsr_key_free(again);
	acsr_key_free(key);
	return 0;
}
