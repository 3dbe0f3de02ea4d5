/* Windows in a hash table behind a bitmap that nearly all bytes of a process never get past. */
#include "cli/forensic/needles.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include <stdlib.h>

#include "base/secret.h"

#define MULTIPLIER 0x9e3779b97f4a7c15ULL
#define SOURCES_MAX (64 * 1024)
#define NONE UINT32_MAX

enum { SOURCE_MAX = 64 * 1024, LEAST_DISTINCT = 5, BITMAP_MIN = 16, BITMAP_MAX = 27, WINDOWS_MAX = 8000000 };

/* Memory that grows, that no child inherits and no core file holds. */
struct area {
	uint8_t *p;
	size_t used, cap;
};

struct window {
	uint64_t bytes;
	uint32_t source, at;
};

struct source {
	struct needle_source s; /* s.p is not used */
	size_t at;              /* in `bytes` */
};

struct needles {
	struct area bytes, sources, windows; /* of uint8_t, struct source, struct window */
	struct area public;                  /* of uint64_t, an open hash table of public_cap */
	size_t public_cap, n_public;
	struct area table, bitmap; /* of uint32_t: index into windows; of uint64_t */
	unsigned table_bits, bitmap_bits;
	size_t n_windows, n_sources, dropped, of_kind[NEEDLE_KINDS];
};

const char *needle_kind_name(enum needle_kind kind)
{
	static const char *const names[] = { "key", "code", "archive-key", "archive" };

	return names[kind];
}

/* --- memory --- */

static void area_free(struct area *a)
{
	if (a->p == NULL)
		return;
	wipe(a->p, a->cap);
	munmap(a->p, a->cap);
	*a = (struct area){ 0 };
}

static enum acsr_result area_new(struct area *a, size_t cap, struct acsr_err *e)
{
	void *p;

	cap = (cap + 4095) & ~(size_t)4095;
	p = mmap(NULL, cap, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return err_nomem(e);
	(void)madvise(p, cap, MADV_DONTFORK);
	(void)madvise(p, cap, MADV_DONTDUMP);
	(void)mlock(p, cap);
	*a = (struct area){ p, 0, cap };
	return ACSR_OK;
}

static enum acsr_result area_reserve(struct area *a, size_t more, struct acsr_err *e)
{
	struct area bigger = { 0 };
	size_t cap = a->cap != 0 ? a->cap : 64 * 1024;

	if (a->used + more <= a->cap)
		return ACSR_OK;
	while (cap < a->used + more)
		cap *= 2;
	TRY(area_new(&bigger, cap, e));
	if (a->used > 0)
		memcpy(bigger.p, a->p, a->used);
	bigger.used = a->used;
	area_free(a);
	*a = bigger;
	return ACSR_OK;
}

static enum acsr_result area_put(struct area *a, const void *p, size_t n, struct acsr_err *e)
{
	TRY(area_reserve(a, n, e));
	memcpy(a->p + a->used, p, n);
	a->used += n;
	return ACSR_OK;
}

enum acsr_result needles_new(struct needles **out, struct acsr_err *e)
{
	struct needles *n = calloc(1, sizeof(*n));

	if (n == NULL)
		return err_nomem(e);
	*out = n;
	return ACSR_OK;
}

void needles_free(struct needles *n)
{
	if (n == NULL)
		return;
	area_free(&n->bytes);
	area_free(&n->sources);
	area_free(&n->windows);
	area_free(&n->public);
	area_free(&n->table);
	area_free(&n->bitmap);
	free(n);
}

/* --- windows --- */

static uint64_t load(const uint8_t *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof(w));
	return w;
}

static size_t slot(uint64_t w, unsigned bits)
{
	return (size_t)(w * MULTIPLIER >> (64 - bits));
}

static bool is_plain(const uint8_t *p)
{
	unsigned distinct = 0;

	for (int i = 0; i < NEEDLE_WINDOW; i++) {
		int k = 0;

		while (k < i && p[k] != p[i])
			k++;
		distinct += k == i;
	}
	return distinct < LEAST_DISTINCT;
}

/* --- public data: an open hash table; the window 0 is plain anyway and marks an empty place --- */

static void public_put(uint64_t *table, size_t cap, uint64_t w)
{
	size_t i = (size_t)(w * MULTIPLIER) & (cap - 1);

	while (table[i] != 0 && table[i] != w)
		i = (i + 1) & (cap - 1);
	table[i] = w;
}

static uint64_t *public_table(const struct needles *n)
{
	return (uint64_t *)(void *)n->public.p;
}

static enum acsr_result public_grow(struct needles *n, size_t more, struct acsr_err *e)
{
	struct area bigger = { 0 };
	size_t cap = n->public_cap != 0 ? n->public_cap : 4096;

	if (n->public_cap > 2 * (n->n_public + more))
		return ACSR_OK;
	while (cap <= 2 * (n->n_public + more))
		cap *= 2;
	TRY(area_new(&bigger, cap * sizeof(uint64_t), e));
	for (size_t i = 0; i < n->public_cap; i++)
		if (public_table(n)[i] != 0)
			public_put((uint64_t *)(void *)bigger.p, cap, public_table(n)[i]);
	area_free(&n->public);
	n->public = bigger;
	n->public_cap = cap;
	return ACSR_OK;
}

enum acsr_result needles_exclude(struct needles *n, const uint8_t *p, size_t len, struct acsr_err *e)
{
	if (len > SOURCE_MAX || n->n_public > WINDOWS_MAX)
		return err_set(e, "forensic.needles", "too much public data to leave out");
	TRY(public_grow(n, len, e));
	for (size_t i = 0; i + NEEDLE_WINDOW <= len; i++) {
		uint64_t w = load(p + i);

		if (w == 0)
			continue;
		public_put(public_table(n), n->public_cap, w);
		n->n_public++;
	}
	return ACSR_OK;
}

static bool is_public(const struct needles *n, uint64_t w)
{
	size_t i;

	if (n->public_cap == 0)
		return false;
	i = (size_t)(w * MULTIPLIER) & (n->public_cap - 1);
	while (public_table(n)[i] != 0 && public_table(n)[i] != w)
		i = (i + 1) & (n->public_cap - 1);
	return public_table(n)[i] == w;
}

/* --- adding --- */

static enum acsr_result cut(struct needles *n, uint32_t source, const uint8_t *p, size_t len, size_t step,
	enum needle_kind kind, struct acsr_err *e)
{
	for (size_t i = 0; i + NEEDLE_WINDOW <= len; i += step) {
		struct window w = { load(p + i), source, (uint32_t)i };

		if (is_plain(p + i) || is_public(n, w.bytes)) {
			n->dropped++;
			continue;
		}
		TRY(area_put(&n->windows, &w, sizeof(w), e));
		n->n_windows++;
		n->of_kind[kind]++;
	}
	return ACSR_OK;
}

enum acsr_result needles_add(struct needles *n, const struct needle_source *s, struct acsr_err *e)
{
	struct source own = { *s, n->bytes.used };

	if (s->len > SOURCE_MAX || s->step == 0 || n->n_sources >= SOURCES_MAX ||
		n->n_windows + s->len / s->step > WINDOWS_MAX)
		return err_set(e, "forensic.needles", "too many needles; search for fewer orders");
	own.s.p = NULL;
	if (own.s.least < NEEDLE_WINDOW)
		own.s.least = NEEDLE_WINDOW;
	TRY(area_put(&n->bytes, s->p, s->len, e));
	TRY(area_put(&n->sources, &own, sizeof(own), e));
	return cut(n, (uint32_t)n->n_sources++, s->p, s->len, s->step, s->kind, e);
}

static const struct window *window_at(const struct needles *n, size_t i)
{
	return (const struct window *)(const void *)n->windows.p + i;
}

static const struct source *source_at(const struct needles *n, size_t i)
{
	return (const struct source *)(const void *)n->sources.p + i;
}

static unsigned bits_for(size_t n, unsigned least)
{
	unsigned bits = least;

	while (bits < BITMAP_MAX && ((size_t)1 << bits) < n)
		bits++;
	return bits;
}

enum acsr_result needles_ready(struct needles *n, struct acsr_err *e)
{
	uint32_t *table;
	uint64_t *bitmap;

	area_free(&n->table);
	area_free(&n->bitmap);
	n->table_bits = bits_for(2 * n->n_windows + 1, BITMAP_MIN);
	n->bitmap_bits = bits_for(32 * n->n_windows, BITMAP_MIN);
	TRY(area_new(&n->table, sizeof(uint32_t) << n->table_bits, e));
	TRY(area_new(&n->bitmap, ((size_t)1 << n->bitmap_bits) / 8, e));
	table = (uint32_t *)(void *)n->table.p;
	bitmap = (uint64_t *)(void *)n->bitmap.p;
	memset(table, 0xff, n->table.cap);
	for (size_t i = 0; i < n->n_windows; i++) {
		uint64_t w = window_at(n, i)->bytes;
		size_t bit = slot(w, n->bitmap_bits), at = slot(w, n->table_bits);

		bitmap[bit / 64] |= 1ULL << bit % 64;
		while (table[at] != NONE)
			at = (at + 1) & (((size_t)1 << n->table_bits) - 1);
		table[at] = (uint32_t)i;
	}
	return ACSR_OK;
}

size_t needles_windows(const struct needles *n)
{
	return n->n_windows;
}

size_t needles_dropped(const struct needles *n)
{
	return n->dropped;
}

size_t needles_of_kind(const struct needles *n, enum needle_kind kind)
{
	return n->of_kind[kind];
}

/* --- scanning --- */

/* The match of one window, grown to both sides; not further back than `from`. */
static bool grow(const struct needles *n, const struct window *w, const uint8_t *p, size_t len, size_t from,
	size_t i, struct needle_hit *hit)
{
	const struct source *s = source_at(n, w->source);
	const uint8_t *src = n->bytes.p + s->at;
	size_t back = 0, ahead = NEEDLE_WINDOW;

	while (back < w->at && i - back > from && src[w->at - back - 1] == p[i - back - 1])
		back++;
	while (w->at + ahead < s->s.len && i + ahead < len && src[w->at + ahead] == p[i + ahead])
		ahead++;
	*hit = (struct needle_hit){ s->s.kind, s->s.what, s->s.order, i - back, w->at - back, back + ahead };
	return hit->len >= s->s.least;
}

/* The longest match of all windows with these bytes. */
static bool look_up(const struct needles *n, uint64_t w, const uint8_t *p, size_t len, size_t from, size_t i,
	struct needle_hit *best)
{
	const uint32_t *table = (const uint32_t *)(const void *)n->table.p;
	size_t mask = ((size_t)1 << n->table_bits) - 1;
	bool found = false;

	for (size_t at = slot(w, n->table_bits); table[at] != NONE; at = (at + 1) & mask) {
		const struct window *x = window_at(n, table[at]);
		struct needle_hit hit;

		if (x->bytes != w || !grow(n, x, p, len, from, i, &hit) || (found && hit.len <= best->len))
			continue;
		*best = hit;
		found = true;
	}
	return found;
}

/* Most of a process is zeros. */
static size_t skip_zeros(const uint8_t *p, size_t len, size_t i)
{
	while (i + 2 * NEEDLE_WINDOW <= len && load(p + i + NEEDLE_WINDOW) == 0)
		i += NEEDLE_WINDOW;
	return i + 1;
}

void needles_scan(
	const struct needles *n, const uint8_t *p, size_t len, size_t limit, needle_found *found, void *user)
{
	const uint64_t *bitmap = (const uint64_t *)(const void *)n->bitmap.p;
	size_t from = 0, i = 0;

	if (n->n_windows == 0 || bitmap == NULL)
		return;
	while (i + NEEDLE_WINDOW <= len) {
		uint64_t w = load(p + i);
		size_t bit = slot(w, n->bitmap_bits);
		struct needle_hit hit;

		if (w == 0) {
			i = skip_zeros(p, len, i);
		} else if ((bitmap[bit / 64] >> bit % 64 & 1) == 0 || !look_up(n, w, p, len, from, i, &hit)) {
			i++;
		} else {
			if (hit.at >= limit)
				return;
			found(user, &hit);
			from = i = hit.at + hit.len;
		}
	}
}

/* --- controls --- */

static bool is_needle(const struct needles *n, size_t source, size_t at)
{
	const uint8_t *p = n->bytes.p + source_at(n, source)->at + at;

	return !is_plain(p) && !is_public(n, load(p));
}

static bool is_piece(const struct needles *n, size_t source, size_t at)
{
	const struct needle_source *s = &source_at(n, source)->s;

	return s->kind == NEEDLE_KEY && s->least == NEEDLE_WINDOW && at + NEEDLE_PIECE <= s->len &&
	       at % s->step == 0 && is_needle(n, source, at) && is_needle(n, source, at + 4) &&
	       is_needle(n, source, at + NEEDLE_WINDOW);
}

enum acsr_result needles_piece(
	const struct needles *n, size_t i, uint8_t out[NEEDLE_PIECE], struct acsr_err *e)
{
	size_t total = 0;

	for (int round = 0; round < 2; round++) {
		size_t seen = 0;

		for (size_t s = 0; s < n->n_sources; s++)
			for (size_t at = 0; at < source_at(n, s)->s.len; at += NEEDLE_WINDOW) {
				if (!is_piece(n, s, at))
					continue;
				if (round == 1 && seen == i % total) {
					memcpy(out, n->bytes.p + source_at(n, s)->at + at, NEEDLE_PIECE);
					return ACSR_OK;
				}
				seen++;
			}
		total = seen;
		if (total == 0)
			break;
	}
	return err_set(e, "forensic.needles", "no key of this run could be opened, so nothing can be hidden");
}
