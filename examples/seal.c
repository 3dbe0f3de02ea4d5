/*
 * seal.h: seal what comes in on standard input to somebody's public key, here an age recipient. "age -d" opens it.
 *
 * Run: printf 'for your eyes' | seal age1qqqsyqcyq5rqwzqfpg9scrgwpugpzysnzs23v9ccrydpk8qarc0savhh7m out.age
 * Prints: age-x25519 recipient age1qqqsyqcyq5rqwzqfpg9scrgwpugpzysnzs23v9ccrydpk8qarc0savhh7m
 * Prints: out.age: 213 bytes, age
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <autocsr/seal.h>

static void check(enum acsr_result r, const struct acsr_err *e)
{
	if (r == ACSR_OK)
		return;
	fprintf(stderr, "%s: %s\n", e->id, e->text);
	exit(1);
}

static void save(const char *path, const struct acsr_blob *b)
{
	FILE *f = fopen(path, "wb");

	if (f == NULL || fwrite(b->p, 1, b->len, f) != b->len || fclose(f) != 0) {
		perror(path);
		exit(1);
	}
}

int main(int argc, char **argv)
{
	static uint8_t text[1 << 16];
	struct acsr_recipient *to;
	struct acsr_secret *plain;
	struct acsr_blob sealed;
	struct acsr_err e;
	size_t n;

	if (argc != 3)
		return fprintf(stderr, "usage: seal RECIPIENT OUT\n"), 2;
	check(acsr_recipient_parse(&to, argv[1], strlen(argv[1]), time(NULL), &e), &e);
	printf("%s recipient %s\n", acsr_recipient_kind_name(acsr_recipient_kind(to)),
		acsr_recipient_name(to));

	n = fread(text, 1, sizeof(text), stdin);
	check(acsr_secret_new(&plain, text, n, &e), &e);
	check(acsr_seal(to, plain, &sealed, &e), &e);
	save(argv[2], &sealed);
	printf("%s: %zu bytes, %s\n", argv[2], sealed.len, acsr_seal_format_name(acsr_recipient_format(to)));

	acsr_blob_free(&sealed);
	acsr_secret_free(plain);
	acsr_recipient_free(to);
	return 0;
}
