/* Noting what was searched and found. */
#include "cli/forensic/search.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct in_place {
	struct search *s;
	const struct search_place *at;
};

const char *surface_name(enum surface s)
{
	static const char *const names[] = { "memory", "registers", "secret-memory", "pipes", "files",
		"database", "logs", "image", "network" };

	return names[s];
}

/* The same piece at the same place in another scan is the same finding. */
static struct finding *known(struct search *s, const struct search_place *at, const struct needle_hit *h)
{
	for (size_t i = 0; i < s->n_findings; i++) {
		struct finding *f = &s->findings[i];

		if (f->surface == at->surface && f->what == h->what && f->order == h->order &&
			f->offset == at->offset + h->at && strcmp(f->where, at->where) == 0)
			return f;
	}
	return NULL;
}

static void note(struct search *s, const struct search_place *at, const struct needle_hit *h)
{
	struct finding *f = known(s, at, h);

	s->surfaces[at->surface].found++;
	if (f != NULL) {
		f->times++;
		return;
	}
	if (s->n_findings == FINDINGS_MAX) {
		s->more++;
		return;
	}
	f = &s->findings[s->n_findings++];
	*f = (struct finding){ at->surface, h->kind, h->what, h->order, s->scan, at->offset + h->at, h->len,
		1, "" };
	snprintf(f->where, sizeof(f->where), "%s", at->where);
}

static bool is_watched(const struct search *s, enum surface surface, uint64_t at)
{
	return s->watch_to == 0 || surface != SURFACE_MEMORY || (at >= s->watch_from && at < s->watch_to);
}

static void found(void *user, const struct needle_hit *h)
{
	struct in_place *in = user;

	if (h->kind == NEEDLE_ARCHIVE && in->at->archive_is_normal)
		in->s->surfaces[in->at->surface].by_design++;
	else if (is_watched(in->s, in->at->surface, in->at->offset + h->at))
		note(in->s, in->at, h);
}

void search_bytes(struct search *s, const struct search_place *at, const uint8_t *p, size_t len, size_t limit)
{
	struct in_place in = { s, at };

	s->surfaces[at->surface].bytes += limit;
	needles_scan(s->needles, p, len, limit, found, &in);
}

void search_unread(struct search *s, enum surface surface, const char *fmt, ...)
{
	struct surface_state *x = &s->surfaces[surface];
	va_list ap;

	x->unread++;
	if (x->why[0] != '\0')
		return;
	va_start(ap, fmt);
	vsnprintf(x->why, sizeof(x->why), fmt, ap);
	va_end(ap);
}

uint64_t search_found(const struct search *s)
{
	uint64_t n = 0;

	for (int i = 0; i < SURFACES; i++)
		n += s->surfaces[i].found;
	return n;
}
