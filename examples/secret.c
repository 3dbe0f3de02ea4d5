/*
 * secret.h: a passphrase in locked memory that is left out of core dumps and wiped when it is freed.
 *
 * Run: secret
 * Prints: 16 bytes, in locked memory
 */
#include <stdio.h>
#include <string.h>
#include <openssl/crypto.h>

#include <autocsr/secret.h>

int main(void)
{
	char typed[] = "a typed password";
	struct acsr_secret *secret = NULL;
	struct acsr_err e;

	/* Once, before anything else; without it secrets are wiped but not locked. */
	CRYPTO_secure_malloc_init(1 << 16, 64);

	if (acsr_secret_new(&secret, typed, strlen(typed), &e) != ACSR_OK) {
		fprintf(stderr, "%s\n", e.text);
		return 1;
	}
	OPENSSL_cleanse(typed, sizeof(typed)); /* the source stays yours to wipe */
	printf("%zu bytes, in %s memory\n", acsr_secret_len(secret),
		CRYPTO_secure_allocated(acsr_secret_bytes(secret)) ? "locked" : "ordinary");
	acsr_secret_free(secret);
	return 0;
}
