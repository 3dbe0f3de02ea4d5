/* Keys that are in use already: a set of SPKI hashes with labels, by open addressing. The hashes are SHA-256,
 * but who chooses the keys may choose them so that they collide here; a secret start makes that useless. */
#include <stdlib.h>
#include <string.h>

#include "autocsr/check.h"
#include "base/err.h"
#include "base/rnd.h"
#include "base/str.h"

struct slot {
	uint8_t spki[32];
	char *label; /* NULL: empty */
};

struct acsr_known {
	struct slot *slots;
	size_t n, cap; /* cap is a power of two, at most half full */
	uint64_t salt;
};

enum acsr_result acsr_known_new(struct acsr_known **out, struct acsr_err *e)
{
	struct acsr_known *k = calloc(1, sizeof(*k));

	if (k == NULL)
		return err_nomem(e);
	if (rnd_fill(&k->salt, sizeof(k->salt), e) != ACSR_OK) {
		free(k);
		return ACSR_FAIL;
	}
	*out = k;
	return ACSR_OK;
}

void acsr_known_free(struct acsr_known *k)
{
	if (k == NULL)
		return;
	for (size_t i = 0; i < k->cap; i++)
		free(k->slots[i].label);
	free(k->slots);
	free(k);
}

/* Where it is, or the empty slot where it would be. */
static struct slot *find(uint64_t salt, struct slot *slots, size_t cap, const uint8_t spki[32])
{
	uint64_t h = salt;

	for (size_t i = 0; i < 32; i += 8) {
		uint64_t part;

		memcpy(&part, spki + i, 8);
		h = (h ^ part) * UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 32;
	}
	for (size_t i = (size_t)h & (cap - 1);; i = (i + 1) & (cap - 1))
		if (slots[i].label == NULL || memcmp(slots[i].spki, spki, 32) == 0)
			return &slots[i];
}

static enum acsr_result grow(struct acsr_known *k, struct acsr_err *e)
{
	size_t cap = k->cap == 0 ? 64 : 2 * k->cap;
	struct slot *slots = calloc(cap, sizeof(*slots));

	if (slots == NULL)
		return err_nomem(e);
	for (size_t i = 0; i < k->cap; i++)
		if (k->slots[i].label != NULL)
			*find(k->salt, slots, cap, k->slots[i].spki) = k->slots[i];
	free(k->slots);
	k->slots = slots;
	k->cap = cap;
	return ACSR_OK;
}

enum acsr_result acsr_known_add(
	struct acsr_known *k, const uint8_t spki_sha256[32], const char *label, struct acsr_err *e)
{
	struct slot *s;

	if (2 * (k->n + 1) > k->cap)
		TRY(grow(k, e));
	s = find(k->salt, k->slots, k->cap, spki_sha256);
	if (s->label != NULL)
		return ACSR_OK;
	TRY(str_dup(&s->label, label, e));
	memcpy(s->spki, spki_sha256, 32);
	k->n++;
	return ACSR_OK;
}

const char *acsr_known_find(const struct acsr_known *k, const uint8_t spki_sha256[32])
{
	return k->cap == 0 ? NULL : find(k->salt, k->slots, k->cap, spki_sha256)->label;
}
