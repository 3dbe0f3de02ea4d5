/*
 * weakkey.h: refuse keys that are known to others: a blocklist, and the installed list of Debian weak keys.
 *
 * Run: weakkey leaf.key
 * Prints: unknown so far
 * Prints: blocked: key.blocked
 */
#include <stdio.h>
#include <stdlib.h>

#include <autocsr/key.h>
#include <autocsr/weakkey.h>

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
	struct acsr_blocklist *blocked;
	struct acsr_weaklist *weak = NULL;
	struct acsr_key *key;
	uint8_t hash[32];
	char line[80];
	struct acsr_err e;
	size_t n = 0;

	if (argc < 2)
		return fprintf(stderr, "usage: weakkey KEY [WEAK-LIST]\n"), 2;
	check(acsr_key_load_private(&key, text, read_file(argv[1], text, sizeof(text)), NULL, &e), &e);
	check(acsr_blocklist_new(&blocked, &e), &e);
	if (argc > 2)
		check(acsr_weaklist_open(&weak, argv[2], &e), &e);

	struct acsr_key_policy policy = { .weak = weak, .blocked = blocked };
	check(acsr_key_check_public(key, &policy, NULL, &e), &e);
	printf("unknown so far\n");

	check(acsr_key_spki_sha256(key, hash, &e), &e);
	for (size_t i = 0; i < sizeof(hash); i++)
		n += (size_t)snprintf(line + n, sizeof(line) - n, "%02x", hash[i]);
	check(acsr_blocklist_add(blocked, (const uint8_t *)line, n, &e), &e);
	if (acsr_key_check_public(key, &policy, NULL, &e) != ACSR_OK)
		printf("blocked: %s\n", e.id);

	acsr_weaklist_free(weak);
	acsr_blocklist_free(blocked);
	acsr_key_free(key);
	return 0;
}
