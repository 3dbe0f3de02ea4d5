/*
 * contents.h: everything in a file, opened: certificates out of PKCS#7 and PKCS#12, keys loaded.
 *
 * Run: contents leaf.key leaf.pem
 * Prints: leaf.key: private key, ec:p256
 * Prints: leaf.pem: certificate, … bytes
 */
#include <stdio.h>
#include <stdlib.h>

#include <autocsr/contents.h>

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

	for (int i = 1; i < argc; i++) {
		struct acsr_contents all = { 0 };
		struct acsr_err e;

		check(acsr_contents_read(&all, text, read_file(argv[i], text, sizeof(text)), NULL, &e), &e);
		for (size_t k = 0; k < all.n; k++) {
			const struct acsr_content *c = &all.v[k];

			printf("%s: %s, ", argv[i], acsr_input_kind_name(c->kind));
			if (c->err.id[0] != '\0')
				printf("%s\n", acsr_content_locked(c) ? "locked" : c->err.text);
			else if (c->key != NULL)
				printf("%s\n", acsr_key_name(c->key));
			else
				printf("%zu bytes\n", c->der.len);
		}
		acsr_contents_free(&all);
	}
	return 0;
}
