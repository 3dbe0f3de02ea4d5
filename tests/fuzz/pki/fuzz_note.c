/* Signed notes, verifier keys and checkpoints: a verifier key and a note, parted by a zero byte. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "autocsr/note.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* What is printed is read as the same. */
static void checkpoint(const uint8_t *p, size_t n)
{
	struct acsr_checkpoint one, two;
	struct acsr_blob text = { 0 };
	struct acsr_err e;

	if (acsr_checkpoint_parse(&one, p, n, &e) != ACSR_OK)
		return;
	must(memchr(one.origin, 0, sizeof(one.origin)) != NULL);
	if (acsr_checkpoint_print(&one, &text, &e) == ACSR_OK) {
		must(acsr_checkpoint_parse(&two, text.p, text.len, &e) == ACSR_OK);
		must(strcmp(one.origin, two.origin) == 0 && one.size == two.size &&
			memcmp(one.root, two.root, sizeof(one.root)) == 0);
	}
	acsr_blob_free(&text);
}

/* Any path against any root: refused or not, never beyond its end. */
static void path(const uint8_t *p, size_t n)
{
	struct acsr_merkle_path proof = { .n = 0 };
	uint64_t at[2] = { 0, 0 };
	struct acsr_err e;

	if (n < sizeof(at) + 2 * (size_t)ACSR_MERKLE_HASH)
		return;
	memcpy(at, p, sizeof(at));
	p += sizeof(at);
	n = (n - sizeof(at)) / ACSR_MERKLE_HASH - 2;
	proof.n = n < ACSR_MERKLE_PATH ? n : ACSR_MERKLE_PATH;
	memcpy(proof.v, p + 2 * (size_t)ACSR_MERKLE_HASH, proof.n * ACSR_MERKLE_HASH);
	(void)!acsr_merkle_check_inclusion(p, at[0], at[1], &proof, p + ACSR_MERKLE_HASH, &e);
	(void)!acsr_merkle_check_consistency(at[0], p, at[1], p + ACSR_MERKLE_HASH, &proof, &e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = memchr(data, 0, size);
	struct acsr_err e;
	size_t n = 0, len;

	if (end != NULL) {
		end++;
		len = size - (size_t)(end - data);
		if (acsr_note_verify(end, len, (const char *)data, &n, &e) == ACSR_OK)
			must(n <= len);
		checkpoint(end, len);
		path(end, len);
	}
	checkpoint(data, size);
	return 0;
}
