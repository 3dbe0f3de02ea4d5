/*
 * bundle.h: a certificate and its chain in the form that a server wants.
 *
 * Run: bundle p7b leaf.pem root.pem
 * Prints: -----BEGIN PKCS7-----
 */
#include <stdio.h>
#include <stdlib.h>

#include <autocsr/bundle.h>
#include <autocsr/cert.h>

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
	struct acsr_blob *certs, out = { 0 };
	enum acsr_format format;
	struct acsr_err e;
	size_t len = 0, n;

	if (argc < 3)
		return fprintf(stderr, "usage: bundle leaf|chain|fullchain|der|p7b CERTIFICATE [CHAIN…]\n"),
		       2;
	check(acsr_format_find(&format, argv[1], &e), &e);
	for (int i = 2; i < argc; i++)
		len += read_file(argv[i], text + len, sizeof(text) - len);
	check(acsr_input_certs(text, len, &certs, &n, &e), &e);
	check(acsr_bundle(format, &certs[0], certs + 1, n - 1, &out, &e), &e);
	fwrite(out.p, 1, out.len, stdout);
	fprintf(stderr, "%s, as .%s\n", acsr_format_media_type(format), acsr_format_extension(format));
	acsr_blob_free(&out);
	acsr_certs_free(certs, n);
	return 0;
}
