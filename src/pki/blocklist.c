/* A set of SPKI SHA-256 hashes, sorted, from text files that people keep by hand. */
#include <stdlib.h>
#include <string.h>

#include "autocsr/weakkey.h"
#include "base/err.h"
#include "weaktext.h"

struct acsr_blocklist {
	uint8_t (*v)[32];
	size_t n;
};

enum acsr_result acsr_blocklist_new(struct acsr_blocklist **out, struct acsr_err *e)
{
	*out = calloc(1, sizeof(**out));
	return *out != NULL ? ACSR_OK : err_nomem(e);
}

void acsr_blocklist_free(struct acsr_blocklist *l)
{
	if (l == NULL)
		return;
	free(l->v);
	free(l);
}

static int order(const void *a, const void *b)
{
	return memcmp(a, b, 32);
}

/* Every entry takes a line, so lines bound the entries. */
static size_t lines_of(const uint8_t *text, size_t len)
{
	size_t n = 1;

	for (size_t i = 0; i < len; i++)
		n += text[i] == '\n';
	return n;
}

static enum acsr_result read_all(uint8_t (*v)[32], size_t *n, struct bytes text, struct acsr_err *e)
{
	struct weak_line line = { .rest = text };

	while (weak_line_next(&line))
		if (!weak_sha256(line.word[0], v[(*n)++]))
			return err_set(e, "input.blocklist",
				"line %lu of the blocklist is no SHA-256 hash; write 64 hex digits or base64",
				line.number);
	return ACSR_OK;
}

/* The same hash twice counts once. */
static void settle(struct acsr_blocklist *l, uint8_t (*v)[32], size_t n)
{
	size_t kept = 0;

	qsort(v, n, 32, order);
	for (size_t i = 0; i < n; i++)
		if (kept == 0 || memcmp(v[kept - 1], v[i], 32) != 0)
			memmove(v[kept++], v[i], 32);
	free(l->v);
	l->v = v;
	l->n = kept;
}

enum acsr_result acsr_blocklist_add(
	struct acsr_blocklist *l, const uint8_t *text, size_t len, struct acsr_err *e)
{
	size_t n = l->n;
	uint8_t(*v)[32] = calloc(l->n + lines_of(text, len), 32);

	if (v == NULL)
		return err_nomem(e);
	if (n > 0)
		memcpy(v, l->v, n * 32);
	if (read_all(v, &n, (struct bytes){ text, len }, e) != ACSR_OK) {
		free(v);
		return ACSR_FAIL;
	}
	settle(l, v, n);
	return ACSR_OK;
}

bool acsr_blocklist_has(const struct acsr_blocklist *l, const uint8_t spki_sha256[32])
{
	return l->n > 0 && bsearch(spki_sha256, l->v, l->n, 32, order) != NULL;
}

size_t acsr_blocklist_count(const struct acsr_blocklist *l)
{
	return l->n;
}
