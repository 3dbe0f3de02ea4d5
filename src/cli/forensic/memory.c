/*
 * The memory of a held process: every page of every mapping that holds anything, through /proc/PID/mem, and secret
 * memory from inside (inside.h).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/secret.h"
#include "cli/forensic/hold.h"
#include "cli/forensic/inside.h"
#include "cli/forensic/maps.h"

#define LARGEST (256ULL * 1024 * 1024 * 1024) /* of one mapping; a sanitizer's shadow is larger */

enum { PAGE = 4096, CHUNK = 1024 * 1024, ENTRIES = 512, SECRET_MAX = 16 * 1024 * 1024 };

struct reader {
	const struct process *p;
	struct search *s;
	int mem, pagemap;
	uint8_t *room; /* CHUNK */
	uint64_t scratch;
};

static void place(const struct reader *r, const struct map *m, char *where, size_t cap)
{
	const char *base = strrchr(m->name, '/') != NULL ? strrchr(m->name, '/') + 1 : m->name;

	snprintf(where, cap, "%s %d: %s", r->p->name, (int)r->p->pid,
		base[0] != '\0' ? base : "anonymous memory");
}

/* Pages that lie one behind the other, in pieces that overlap. False: a part could not be read. */
static bool read_run(struct reader *r, const struct map *m, uint64_t from, uint64_t to)
{
	char where[WHERE_MAX];
	struct search_place at = { SURFACE_MEMORY, where, from, hold_archive_is_normal(r->p) };

	place(r, m, where, sizeof(where));
	while (from < to) {
		size_t want = to - from < CHUNK ? (size_t)(to - from) : CHUNK;
		ssize_t got = pread(r->mem, r->room, want, (off_t)from);
		bool last;

		if (got <= 0)
			return false;
		last = from + (uint64_t)got >= to || (size_t)got <= NEEDLE_OVERLAP;
		at.offset = from;
		search_bytes(r->s, &at, r->room, (size_t)got, (size_t)got - (last ? 0 : NEEDLE_OVERLAP));
		from += (uint64_t)got - (last ? 0 : NEEDLE_OVERLAP);
	}
	return true;
}

/* Runs of pages that hold anything. An empty page is not touched: reading would make it. */
static bool read_map(struct reader *r, const struct map *m)
{
	uint64_t entries[ENTRIES], run = 0;
	bool ok = true, in_run = false;

	if (m->to - m->from > LARGEST) {
		errno = EFBIG;
		return false;
	}
	for (uint64_t at = m->from; at < m->to;) {
		size_t want =
			(size_t)((m->to - at) / PAGE) < ENTRIES ? (size_t)((m->to - at) / PAGE) : ENTRIES;
		ssize_t got = pread(r->pagemap, entries, want * 8, (off_t)(at / PAGE * 8));

		if (got < 8)
			return false;
		for (size_t i = 0; i < (size_t)got / 8; i++, at += PAGE) {
			bool holds = map_page_holds(entries[i]);

			if (holds && !in_run)
				run = at;
			if (!holds && in_run)
				ok = read_run(r, m, run, at) && ok;
			in_run = holds;
			if (holds && r->scratch == 0 && m->writable && m->readable && !m->shared &&
				m->inode == 0)
				r->scratch = at;
		}
	}
	return in_run ? read_run(r, m, run, m->to) && ok : ok;
}

static void read_secret(struct reader *r, const struct map *m, struct held_thread *t)
{
	struct inside in = { t, r->mem, r->scratch };
	char where[WHERE_MAX];
	struct search_place at = { SURFACE_SECRET, where, m->from, hold_archive_is_normal(r->p) };
	uint8_t *all;

	if (!m->readable)
		return;
	if (!inside_possible() || t == NULL || r->scratch == 0 || m->to - m->from > SECRET_MAX) {
		search_unread(r->s, SURFACE_SECRET, "%s %d: this program cannot have it copied here",
			r->p->name, (int)r->p->pid);
		return;
	}
	all = calloc(1, (size_t)(m->to - m->from));
	if (all == NULL) {
		search_unread(r->s, SURFACE_SECRET, "no memory for it");
		return;
	}
	for (uint64_t a = m->from; a < m->to; a += PAGE)
		if (!inside_read(&in, a, all + (a - m->from)))
			search_unread(r->s, SURFACE_SECRET,
				"%s %d: the process could not read its page either", r->p->name,
				(int)r->p->pid);
	place(r, m, where, sizeof(where));
	search_bytes(r->s, &at, all, (size_t)(m->to - m->from), (size_t)(m->to - m->from));
	r->s->surfaces[SURFACE_SECRET].parts++;
	wipe(all, (size_t)(m->to - m->from));
	free(all);
}

static void read_all(struct reader *r, const struct map *v, size_t n, struct held_thread *t)
{
	for (size_t i = 0; i < n; i++) {
		char where[WHERE_MAX];

		if (map_is_secret(&v[i]) || map_is_kernel(&v[i]))
			continue;
		place(r, &v[i], where, sizeof(where));
		if (!read_map(r, &v[i]))
			search_unread(r->s, SURFACE_MEMORY, "%s cannot be read: %s", where, strerror(errno));
		r->s->surfaces[SURFACE_MEMORY].parts++;
	}
	for (size_t i = 0; i < n; i++)
		if (map_is_secret(&v[i]))
			read_secret(r, &v[i], t);
}

static int open_of(const struct process *p, const char *what, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)p->pid, what);
	return open(path, flags | O_CLOEXEC);
}

static struct held_thread *thread_of(struct held *h, pid_t pid)
{
	for (size_t i = 0; i < h->n; i++)
		if (h->threads[i].pid == pid)
			return &h->threads[i];
	return NULL;
}

void memory_search(struct held *h, const struct process *p, struct search *s)
{
	struct reader r = { .p = p, .s = s, .mem = open_of(p, "mem", O_RDWR), .pagemap = -1 };
	struct acsr_err why = { 0 };
	struct map *v = NULL;
	size_t n = 0;

	r.pagemap = open_of(p, "pagemap", O_RDONLY);
	r.room = malloc(CHUNK);
	if (r.mem < 0 || r.pagemap < 0 || r.room == NULL)
		search_unread(s, SURFACE_MEMORY, "process %d: %s", (int)p->pid, strerror(errno));
	else if (maps_read(&v, &n, (int)p->pid, &why) != ACSR_OK)
		search_unread(s, SURFACE_MEMORY, "%s", why.text);
	else
		read_all(&r, v, n, thread_of(h, p->pid));
	if (r.room != NULL)
		wipe(r.room, CHUNK);
	free(r.room);
	free(v);
	if (r.mem >= 0)
		close(r.mem);
	if (r.pagemap >= 0)
		close(r.pagemap);
}
