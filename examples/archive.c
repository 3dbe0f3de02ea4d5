/*
 * archive.h: lock a private key into an AES-256 archive, and open it again with its code.
 *
 * Run: archive
 * Prints: key.pem, …, AES-256
 * Prints: without the right code: archive.code
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <autocsr/archive.h>
#include <autocsr/code.h>
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
	struct acsr_secret *pem, *code, *other, *plain;
	struct acsr_archive_info info;
	struct acsr_key *key;
	struct acsr_err e;
	uint8_t zip[4096];
	size_t n;

	check(acsr_key_generate(&key, "ec:p256", &e), &e);
	check(acsr_key_pkcs8_pem(key, &pem, &e), &e);
	check(acsr_code_new(&code, &e), &e);
	check(acsr_archive_write("key.pem", pem, code, (int64_t)time(NULL), zip, sizeof(zip), &n, &e), &e);

	check(acsr_archive_open(zip, n, code, &plain, &info, &e), &e);
	printf("%s, %zu bytes, AES-%u\n", info.name, info.size, info.bits);
	if (acsr_secret_len(plain) != acsr_secret_len(pem) ||
		memcmp(acsr_secret_bytes(plain), acsr_secret_bytes(pem), info.size) != 0)
		return 1;

	check(acsr_code_new(&other, &e), &e);
	acsr_secret_free(plain);
	plain = NULL;
	if (acsr_archive_open(zip, n, other, &plain, &info, &e) != ACSR_OK)
		printf("without the right code: %s\n", e.id);

	acsr_secret_free(plain);
	acsr_secret_free(other);
	acsr_secret_free(code);
	acsr_secret_free(pem);
	acsr_key_free(key);
	return 0;
}
