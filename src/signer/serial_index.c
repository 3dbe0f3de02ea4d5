/* Open addressing with linear probing, at most two thirds full. */
#include "serial_index.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_CAP = 1024 };

/* FNV-1a. Serials are random, so no one can aim at one slot. */
static uint64_t hash(const struct serial *s)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < s->len; i++)
		h = (h ^ s->v[i]) * 0x100000001b3u;
	return h;
}

static bool same(const struct serial *a, const struct serial *b)
{
	return a->len == b->len && memcmp(a->v, b->v, a->len) == 0;
}

/* The slot of that serial, or the free one where it belongs. */
static struct serial_entry *slot(struct serial_entry *v, size_t cap, const struct serial *s)
{
	size_t i = (size_t)hash(s) & (cap - 1);

	while (v[i].serial.len != 0 && !same(&v[i].serial, s))
		i = (i + 1) & (cap - 1);
	return &v[i];
}

struct serial_entry *serial_index_find(const struct serial_index *x, const struct serial *s)
{
	struct serial_entry *at;

	if (x->cap == 0)
		return NULL;
	at = slot(x->v, x->cap, s);
	return at->serial.len != 0 ? at : NULL;
}

static enum acsr_result grow(struct serial_index *x, struct acsr_err *e)
{
	size_t cap = x->cap != 0 ? 2 * x->cap : FIRST_CAP;
	struct serial_entry *v = calloc(cap, sizeof(*v));

	if (v == NULL)
		return err_nomem(e);
	for (size_t i = 0; i < x->cap; i++)
		if (x->v[i].serial.len != 0)
			*slot(v, cap, &x->v[i].serial) = x->v[i];
	free(x->v);
	x->v = v;
	x->cap = cap;
	return ACSR_OK;
}

enum acsr_result serial_index_reserve(struct serial_index *x, struct acsr_err *e)
{
	return 3 * (x->n + 1) > 2 * x->cap ? grow(x, e) : ACSR_OK;
}

void serial_index_add(struct serial_index *x, const struct serial *s, const uint8_t params[32])
{
	struct serial_entry *at = slot(x->v, x->cap, s);

	at->serial = *s;
	at->issued_at = -1;
	memcpy(at->params, params, 32);
	x->n++;
}

void serial_index_free(struct serial_index *x)
{
	free(x->v);
	*x = (struct serial_index){ 0 };
}
