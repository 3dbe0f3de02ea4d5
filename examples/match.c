/*
 * match.h: which of these files belong together?
 *
 * Run: match leaf.key leaf.pem root.pem
 * Prints: leaf.key (private key) leaf.pem (certificate)
 * Prints: root.pem (certificate)
 * Prints: 2 keys
 */
#include <stdio.h>
#include <stdlib.h>

#include <autocsr/match.h>

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
	struct acsr_matcher *m;
	struct acsr_err e;

	check(acsr_matcher_new(&m, &e), &e);
	for (int i = 1; i < argc; i++)
		check(acsr_matcher_add(
			      m, argv[i], text, read_file(argv[i], text, sizeof(text)), NULL, NULL, NULL, &e),
			&e);
	check(acsr_matcher_group(m, &e), &e);
	for (size_t i = 0; i < acsr_match_groups(m); i++) {
		struct acsr_match_group group;

		acsr_match_group_at(m, i, &group);
		for (size_t k = 0; k < group.n; k++) {
			struct acsr_match_item item;

			acsr_match_item_at(m, group.first + k, &item);
			printf("%s%s (%s)", k > 0 ? " " : "", item.name, acsr_object_name(item.kind));
		}
		printf("\n");
	}
	printf("%zu keys\n", acsr_match_groups(m));
	acsr_matcher_free(m);
	return 0;
}
