/* A hash table of places. SPKI hashes are evenly spread, so their own bytes say where to look. */
#include "cli/key_seen.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "cli/command.h"
#include "cli/view.h"
#include "pki/show.h"

struct place {
	uint8_t spki[32];
	const char *path; /* a loan from `paths` */
	unsigned object;
};

struct key_seen {
	struct place *v;
	size_t n, cap;
	uint32_t *slots; /* id + 1; 0: free */
	size_t n_slots;  /* a power of two, more than twice the keys */
	struct path {
		struct path *next;
		char name[];
	} * paths; /* the newest first */
};

enum acsr_result key_seen_new(struct key_seen **out, struct acsr_err *e)
{
	*out = calloc(1, sizeof(**out));
	return *out != NULL ? ACSR_OK : err_nomem(e);
}

void key_seen_free(struct key_seen *s)
{
	if (s == NULL)
		return;
	while (s->paths != NULL) {
		struct path *next = s->paths->next;

		free(s->paths);
		s->paths = next;
	}
	free(s->slots);
	free(s->v);
	free(s);
}

/* The slot of this key, or the free one where it belongs. */
static uint32_t *slot_of(const struct key_seen *s, const uint8_t spki[32])
{
	uint64_t at;

	memcpy(&at, spki, sizeof(at));
	for (;; at++) {
		uint32_t *slot = &s->slots[at & (s->n_slots - 1)];

		if (*slot == 0 || memcmp(s->v[*slot - 1].spki, spki, 32) == 0)
			return slot;
	}
}

static enum acsr_result grow(struct key_seen *s, struct acsr_err *e)
{
	size_t cap = s->cap == 0 ? 64 : s->cap * 2;
	struct place *v = realloc(s->v, cap * sizeof(*v));
	uint32_t *slots;

	if (v == NULL)
		return err_nomem(e);
	s->v = v;
	slots = calloc(cap * 4, sizeof(*slots));
	if (slots == NULL)
		return err_nomem(e);
	free(s->slots);
	s->slots = slots;
	s->n_slots = cap * 4;
	s->cap = cap;
	for (size_t i = 0; i < s->n; i++) {
		uint32_t *slot = slot_of(s, v[i].spki);

		if (*slot == 0)
			*slot = (uint32_t)i + 1;
	}
	return ACSR_OK;
}

static enum acsr_result keep_path(struct key_seen *s, const char *path, struct acsr_err *e)
{
	size_t n = strlen(path) + 1;
	struct path *p;

	if (s->paths != NULL && strcmp(s->paths->name, path) == 0)
		return ACSR_OK;
	p = malloc(sizeof(*p) + n);
	if (p == NULL)
		return err_nomem(e);
	memcpy(p->name, path, n);
	p->next = s->paths;
	s->paths = p;
	return ACSR_OK;
}

enum acsr_result key_seen_add(struct key_seen *s, const char *path, unsigned object, const uint8_t spki[32],
	uint32_t *id, uint32_t *first, struct acsr_err *e)
{
	uint32_t *slot;

	if (s->n >= UINT32_MAX - 1)
		return err_set(e, "input.too-large", "more keys than can be counted");
	if (s->n == s->cap)
		TRY(grow(s, e));
	TRY(keep_path(s, path, e));
	memcpy(s->v[s->n].spki, spki, 32);
	s->v[s->n].path = s->paths->name;
	s->v[s->n].object = object;
	*id = (uint32_t)s->n++;
	slot = slot_of(s, spki);
	if (*slot == 0)
		*slot = *id + 1;
	*first = *slot - 1;
	return ACSR_OK;
}

enum acsr_result key_seen_json(const struct key_seen *s, uint32_t id, json_t **out, struct acsr_err *e)
{
	const struct place *p = &s->v[id];
	json_t *o = json_object();

	if (command_put_str(o, "file", p->path, e) == ACSR_OK &&
		command_put(o, "object", json_integer((json_int_t)p->object), e) == ACSR_OK &&
		command_put(o, "spki_sha256", show_hex(p->spki, 32), e) == ACSR_OK) {
		*out = o;
		return ACSR_OK;
	}
	json_decref(o);
	return ACSR_FAIL;
}
