/*
 * merkle.h: a log of five entries, and the proof that one of them is in it.
 *
 * Run: merkle
 * Prints: entry 3 is in the log of 5
 * Prints: another one is not: merkle.inclusion
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <autocsr/merkle.h>

static void check(enum acsr_result r, const struct acsr_err *e)
{
	if (r == ACSR_OK)
		return;
	fprintf(stderr, "%s: %s\n", e->id, e->text);
	exit(1);
}

enum { ENTRIES = 5, LEVELS = 3 };

/* The hashes of full subtrees, by level and number; level 0 are the leaves. */
static uint8_t tree[LEVELS][ENTRIES][ACSR_MERKLE_HASH];

static enum acsr_result keep(
	void *arg, unsigned level, uint64_t index, const uint8_t hash[ACSR_MERKLE_HASH], struct acsr_err *e)
{
	(void)arg, (void)e;
	memcpy(tree[level][index], hash, ACSR_MERKLE_HASH);
	return ACSR_OK;
}

static enum acsr_result get(
	void *arg, unsigned level, uint64_t index, uint8_t out[ACSR_MERKLE_HASH], struct acsr_err *e)
{
	(void)arg, (void)e;
	memcpy(out, tree[level][index], ACSR_MERKLE_HASH);
	return ACSR_OK;
}

int main(void)
{
	static const char *const entries[ENTRIES] = { "one", "two", "three", "four", "five" };
	struct acsr_merkle_edge edge = { 0 };
	struct acsr_merkle_path path;
	uint8_t root[ACSR_MERKLE_HASH];
	struct acsr_err e;

	for (size_t i = 0; i < ENTRIES; i++) {
		check(acsr_merkle_leaf(entries[i], strlen(entries[i]), tree[0][i], &e), &e);
		check(acsr_merkle_edge_add(&edge, tree[0][i], keep, NULL, &e), &e);
	}
	check(acsr_merkle_edge_root(&edge, root, &e), &e);
	check(acsr_merkle_inclusion(3, ENTRIES, get, NULL, &path, &e), &e);
	check(acsr_merkle_check_inclusion(tree[0][3], 3, ENTRIES, &path, root, &e), &e);
	printf("entry 3 is in the log of %d, shown by %zu hashes\n", ENTRIES, path.n);
	if (acsr_merkle_check_inclusion(tree[0][2], 3, ENTRIES, &path, root, &e) != ACSR_OK)
		printf("another one is not: %s\n", e.id);
	return 0;
}
