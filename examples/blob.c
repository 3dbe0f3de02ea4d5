/*
 * blob.h: owned bytes, as the library returns them; text can be used as a string.
 *
 * Run: blob
 * Prints: -----BEGIN ENCRYPTED PRIVATE KEY-----
 */
#include <stdio.h>
#include <string.h>

#include <autocsr/blob.h>
#include <autocsr/key.h>

int main(void)
{
	ACSR_CLEANUP_BLOB struct acsr_blob pem = { 0 }; /* freed at the end of its scope (GCC, Clang) */
	ACSR_CLEANUP_BLOB struct acsr_blob copy = { 0 };
	struct acsr_secret *passphrase = NULL;
	struct acsr_key *key = NULL;
	struct acsr_err e = { 0 };
	enum acsr_result r = ACSR_FAIL;

	if (acsr_secret_new(&passphrase, "correct horse", 13, &e) == ACSR_OK &&
		acsr_key_generate(&key, "ec:p256", &e) == ACSR_OK &&
		acsr_key_pkcs8_pem_encrypted(key, passphrase, &pem, &e) == ACSR_OK)
		r = acsr_blob_copy(&copy, pem.p, pem.len, &e);
	if (r == ACSR_OK && strlen((const char *)copy.p) == copy.len)
		fputs((const char *)copy.p, stdout);
	else
		fprintf(stderr, "%s\n", e.text);
	acsr_key_free(key);
	acsr_secret_free(passphrase);
	return r == ACSR_OK ? 0 : 1;
}
