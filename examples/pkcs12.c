/*
 * pkcs12.h: a key and its certificate in one protected file, and out of it again.
 *
 * Run: pkcs12 leaf.key leaf.pem
 * Prints: … bytes
 * Prints: with the wrong passphrase: match.passphrase
 * Prints: with the right one: 1 key, 1 certificate
 */
#include <stdio.h>
#include <stdlib.h>

#include <autocsr/cert.h>
#include <autocsr/pkcs12.h>

static void check(enum acsr_result r, const struct acsr_err *e)
{
	if (r == ACSR_OK)
		return;
	fprintf(stderr, "%s: %s\n", e->id, e->text);
	exit(1);
}

static size_t read_file(const char *path, uint8_t *out, size_t cap)
{
	FILE *f = fopen(path, "rb");
	size_t n;

	if (f == NULL) {
		perror(path);
		exit(1);
	}
	n = fread(out, 1, cap, f);
	fclose(f);
	return n;
}

int main(int argc, char **argv)
{
	static uint8_t text[1 << 16];
	struct acsr_secret *passphrase, *wrong;
	struct acsr_pkcs12 *back = NULL;
	struct acsr_blob *certs, der = { 0 };
	struct acsr_key *key;
	struct acsr_err e;
	size_t n;

	if (argc != 3)
		return fprintf(stderr, "usage: pkcs12 KEY CERTIFICATES\n"), 2;
	check(acsr_key_load_private(&key, text, read_file(argv[1], text, sizeof(text)), NULL, &e), &e);
	check(acsr_input_certs(text, read_file(argv[2], text, sizeof(text)), &certs, &n, &e), &e);
	check(acsr_secret_new(&passphrase, "correct horse", 13, &e), &e);
	check(acsr_secret_new(&wrong, "wrong horse", 11, &e), &e);

	struct acsr_pkcs12_spec spec = { .key = key, .certs = certs, .n_certs = n, .passphrase = passphrase };
	check(acsr_pkcs12_write(&spec, &der, &e), &e);
	printf("%zu bytes\n", der.len);
	if (acsr_pkcs12_read(&back, der.p, der.len, wrong, &e) != ACSR_OK)
		printf("with the wrong passphrase: %s\n", e.id);
	check(acsr_pkcs12_read(&back, der.p, der.len, passphrase, &e), &e);
	printf("with the right one: %zu key, %zu certificate\n", back->n_keys, back->n_certs);

	acsr_pkcs12_free(back);
	acsr_blob_free(&der);
	acsr_secret_free(wrong);
	acsr_secret_free(passphrase);
	acsr_certs_free(certs, n);
	acsr_key_free(key);
	return 0;
}
