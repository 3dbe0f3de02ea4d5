/*
 * input.h: what is in a file, whatever form it has?
 *
 * Run: input www.csr leaf.key
 * Prints: www.csr:1: CSR, PKCS#10
 * Prints: leaf.key:1: private key, PKCS#8
 */
#include <stdio.h>
#include <stdlib.h>

#include <autocsr/input.h>

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
		const struct acsr_input_object *o;
		struct acsr_input *in;
		struct acsr_err e;

		check(acsr_input_open(&in, text, read_file(argv[i], text, sizeof(text)), &e), &e);
		while ((o = acsr_input_next(in)) != NULL) {
			printf("%s:%u: %s, %s%s", argv[i], o->line, acsr_input_kind_name(o->kind), o->form,
				o->encrypted ? ", locked" : "");
			printf(o->err.id[0] != '\0' ? ", damaged: %s\n" : "\n", o->err.text);
		}
		acsr_input_close(in);
	}
	return 0;
}
