/*
 * Reading weak lists. The file comes from disk and may be anything: every number in it is checked once, when
 * it is opened, and copied; a look-up reads nothing from it but entries inside those bounds.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "key_int.h"
#include "weaklist_int.h"

struct section {
	struct acsr_weak_section is;
	const uint8_t *entries; /* is.count times is.width bytes, ascending, each once */
};

struct acsr_weaklist {
	uint8_t *map; /* NULL when the memory is the caller's */
	const uint8_t *p;
	size_t len;
	struct section *v;
	size_t n;
};

void acsr_weaklist_free(struct acsr_weaklist *l)
{
	if (l == NULL)
		return;
	if (l->map != NULL)
		munmap(l->map, l->len);
	free(l->v);
	free(l);
}

static enum acsr_result bad(struct acsr_err *e, const char *what)
{
	return err_set(e, "input.weak-list", "the weak list is damaged: %s; get or build it again", what);
}

static uint64_t be(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	while (n-- > 0)
		v = v << 8 | *p++;
	return v;
}

/* A text of a section: padded with NUL, at least one, and clean. */
static enum acsr_result take_text(char *out, size_t cap, const uint8_t *p, struct acsr_err *e)
{
	memcpy(out, p, cap);
	if (memchr(out, '\0', cap) == NULL)
		return bad(e, "a text does not end");
	for (size_t i = strlen(out); i < cap; i++)
		if (out[i] != '\0')
			return bad(e, "a text goes on behind its end");
	if (!str_is_utf8(out, strlen(out)) || str_has_control(out))
		return bad(e, "a text holds control characters");
	return ACSR_OK;
}

static enum acsr_result take_texts(struct acsr_weak_section *s, const uint8_t *p, struct acsr_err *e)
{
	TRY(take_text(s->arch, sizeof(s->arch), p + 32, e));
	TRY(take_text(s->state, sizeof(s->state), p + 48, e));
	TRY(take_text(s->flaw, sizeof(s->flaw), p + 64, e));
	return take_text(s->source, sizeof(s->source), p + 88, e);
}

/* Sections lie one behind the other without gaps; *at is where this one has to begin. */
static enum acsr_result take_section(
	struct acsr_weaklist *l, struct section *s, const uint8_t *p, size_t *at, struct acsr_err *e)
{
	size_t left = l->len - WEAK_TRAILER - *at;

	s->is.form = (enum acsr_weak_form)be(p, 2);
	s->is.width = (unsigned)be(p + 2, 2);
	s->is.bits = (unsigned)be(p + 4, 4);
	s->is.exponent = be(p + 8, 8);
	s->is.count = be(p + 16, 8);
	if (weak_form_size(s->is.form) == 0)
		return bad(e, "a section of unknown form");
	if (s->is.width < WEAK_WIDTH_MIN || s->is.width > weak_form_size(s->is.form))
		return bad(e, "entries of impossible width");
	if (s->is.count == 0 || be(p + 24, 8) != *at || s->is.count > left / s->is.width)
		return bad(e, "a section does not fit into the file");
	TRY(take_texts(&s->is, p, e));
	s->entries = l->p + *at;
	*at += (size_t)s->is.count * s->is.width;
	return ACSR_OK;
}

static enum acsr_result take_sections(struct acsr_weaklist *l, struct acsr_err *e)
{
	size_t at = WEAK_HEADER + l->n * WEAK_SECTION;

	if (l->len < at + WEAK_TRAILER)
		return bad(e, "it is cut off");
	l->v = calloc(l->n, sizeof(*l->v));
	if (l->v == NULL)
		return err_nomem(e);
	for (size_t i = 0; i < l->n; i++)
		TRY(take_section(l, &l->v[i], l->p + WEAK_HEADER + i * WEAK_SECTION, &at, e));
	return at == l->len - WEAK_TRAILER ? ACSR_OK : bad(e, "bytes that belong to no section");
}

/* A look-up by halves needs them in order. */
static enum acsr_result check_order(const struct section *s, struct acsr_err *e)
{
	const uint8_t *p = s->entries;

	for (uint64_t i = 1; i < s->is.count; i++, p += s->is.width)
		if (memcmp(p, p + s->is.width, s->is.width) >= 0)
			return bad(e, "entries out of order");
	return ACSR_OK;
}

static enum acsr_result check_sum(const struct acsr_weaklist *l, struct acsr_err *e)
{
	uint8_t sum[32];
	size_t n = 0;

	if (EVP_Q_digest(NULL, "SHA256", NULL, l->p, l->len - WEAK_TRAILER, sum, &n) != 1 || n != 32)
		return ossl_err(e, "openssl.unsupported", "SHA-256 is not to be had");
	return memcmp(sum, l->p + l->len - WEAK_TRAILER, 32) == 0 ? ACSR_OK : bad(e, "wrong checksum");
}

static enum acsr_result parse(struct acsr_weaklist *l, struct acsr_err *e)
{
	if (l->len < WEAK_HEADER + WEAK_TRAILER || memcmp(l->p, WEAK_MAGIC, 8) != 0)
		return err_set(e, "input.weak-list",
			"this is no weak list; autocsr key list build makes one from text");
	if (be(l->p + 8, 4) != WEAK_VERSION)
		return err_set(e, "input.weak-list",
			"a weak list of version %llu; this program reads version %d",
			(unsigned long long)be(l->p + 8, 4), WEAK_VERSION);
	if (be(l->p + 16, 8) != l->len)
		return bad(e, "it is cut off, or has grown");
	l->n = (size_t)be(l->p + 12, 4);
	if (l->n == 0 || l->n > WEAK_SECTIONS_MAX)
		return bad(e, "an impossible number of sections");
	TRY(take_sections(l, e));
	TRY(check_sum(l, e));
	for (size_t i = 0; i < l->n; i++)
		TRY(check_order(&l->v[i], e));
	return ACSR_OK;
}

enum acsr_result acsr_weaklist_from(
	struct acsr_weaklist **out, const uint8_t *p, size_t len, struct acsr_err *e)
{
	struct acsr_weaklist *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return err_nomem(e);
	l->p = p;
	l->len = len;
	if (parse(l, e) != ACSR_OK) {
		acsr_weaklist_free(l);
		return ACSR_FAIL;
	}
	*out = l;
	return ACSR_OK;
}

static enum acsr_result map(uint8_t **p, size_t *len, int fd, const char *path, struct acsr_err *e)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return err_errno(e, "input.open", errno, "cannot read the weak list %s", path);
	if (!S_ISREG(st.st_mode) || st.st_size < WEAK_HEADER)
		return err_set(e, "input.weak-list", "%s is no weak list", path);
	*len = (size_t)st.st_size;
	*p = mmap(NULL, *len, PROT_READ, MAP_PRIVATE, fd, 0);
	if (*p == MAP_FAILED)
		return err_errno(e, "input.open", errno, "cannot map the weak list %s", path);
	return ACSR_OK;
}

enum acsr_result acsr_weaklist_open(struct acsr_weaklist **out, const char *path, struct acsr_err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	enum acsr_result r;
	uint8_t *p = NULL;
	size_t len = 0;

	if (fd < 0)
		return err_errno(e, "input.open", errno, "cannot open the weak list %s", path);
	r = map(&p, &len, fd, path, e);
	close(fd);
	TRY(r);
	if (acsr_weaklist_from(out, p, len, e) != ACSR_OK) {
		munmap(p, len);
		err_at(e, "%s", path);
		return ACSR_FAIL;
	}
	(*out)->map = p;
	return ACSR_OK;
}

const struct acsr_weak_section *acsr_weaklist_section(const struct acsr_weaklist *l, size_t i)
{
	return i < l->n ? &l->v[i].is : NULL;
}

const uint8_t *weak_entries(const struct acsr_weaklist *l, size_t i)
{
	return l->v[i].entries;
}

uint64_t acsr_weaklist_count(const struct acsr_weaklist *l)
{
	uint64_t n = 0;

	for (size_t i = 0; i < l->n; i++)
		n += l->v[i].is.count;
	return n;
}

/* ---- what is covered */

static bool is_debian(const struct acsr_weak_section *s)
{
	return strcmp(s->flaw, ACSR_WEAK_DEBIAN) == 0;
}

/* Which of the six kinds of machine this section is for, as a bit; 0 for others. */
static unsigned machine(const struct acsr_weak_section *s)
{
	static const char *const archs[] = { "amd64", "i386" };
	static const char *const states[] = { "rnd", "noreadrnd", "nornd" };

	for (unsigned a = 0; a < 2; a++)
		for (unsigned t = 0; t < 3; t++)
			if (strcmp(s->arch, archs[a]) == 0 && strcmp(s->state, states[t]) == 0)
				return 1U << (3 * a + t);
	return 0;
}

enum acsr_weak_cover acsr_weaklist_covers(const struct acsr_weaklist *l, unsigned bits, uint64_t exponent)
{
	unsigned machines = 0;
	bool any = false;

	for (size_t i = 0; i < l->n; i++) {
		const struct acsr_weak_section *s = &l->v[i].is;

		/* What OpenSSH made says nothing of what openssl made. */
		if (!is_debian(s) || s->bits != bits || (s->exponent != 0 && s->exponent != exponent))
			continue;
		any = true;
		if (s->form != ACSR_WEAK_OPENSSH)
			machines |= machine(s);
	}
	return machines == 0x3f ? ACSR_WEAK_COVER_FULL : any ? ACSR_WEAK_COVER_PART : ACSR_WEAK_COVER_NONE;
}

/* The first section of its size and exponent? */
static bool is_first(const struct acsr_weaklist *l, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (is_debian(&l->v[j].is) && l->v[j].is.bits == l->v[i].is.bits &&
			l->v[j].is.exponent == l->v[i].is.exponent)
			return false;
	return is_debian(&l->v[i].is);
}

void acsr_weaklist_summary(const struct acsr_weaklist *l, char *out, size_t cap)
{
	size_t at = 0;

	snprintf(out, cap, "nothing");
	for (size_t i = 0; i < l->n && at < cap; i++) {
		const struct acsr_weak_section *s = &l->v[i].is;
		int n;

		if (!is_first(l, i))
			continue;
		n = snprintf(out + at, cap - at, "%srsa:%u%s", at > 0 ? " " : "", s->bits,
			acsr_weaklist_covers(l, s->bits, s->exponent) == ACSR_WEAK_COVER_FULL ? ""
											      : " (in part)");
		at += n > 0 ? (size_t)n : cap;
	}
}

/* ---- looking up */

static bool has(const struct section *s, const uint8_t *hash)
{
	uint64_t lo = 0, hi = s->is.count;

	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;
		int order = memcmp(hash, s->entries + mid * s->is.width, s->is.width);

		if (order == 0)
			return true;
		if (order < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return false;
}

static enum acsr_result find(const struct acsr_weaklist *l, const struct acsr_key *k,
	const struct acsr_weak_section **hit, struct acsr_err *e)
{
	struct {
		uint8_t hash[WEAK_WIDTH_MAX];
		size_t n;
		bool made;
	} by[ACSR_WEAK_SPKI + 1] = { 0 };

	*hit = NULL;
	for (size_t i = 0; i < l->n && *hit == NULL; i++) {
		const struct section *s = &l->v[i];
		enum acsr_weak_form f = s->is.form;

		if (s->is.bits != 0 && (k->alg != ACSR_KEY_RSA || s->is.bits != k->bits))
			continue;
		if (!by[f].made)
			TRY(weak_hash(f, k, by[f].hash, &by[f].n, e));
		by[f].made = true;
		if (by[f].n > 0 && has(s, by[f].hash))
			*hit = &s->is;
	}
	return ACSR_OK;
}

static enum acsr_weak_answer when_absent(const struct acsr_weaklist *l, const struct acsr_key *k)
{
	static const enum acsr_weak_answer by_cover[] = { ACSR_WEAK_NOT_COVERED, ACSR_WEAK_IN_PART,
		ACSR_WEAK_NOT_LISTED };

	/* That OpenSSL knew no other algorithms that are in use for certificates. */
	if (k->alg != ACSR_KEY_RSA && k->alg != ACSR_KEY_EC)
		return ACSR_WEAK_NOT_CONCERNED;
	if (l == NULL)
		return ACSR_WEAK_NO_LIST;
	if (k->alg == ACSR_KEY_EC)
		return ACSR_WEAK_NOT_COVERED;
	return by_cover[acsr_weaklist_covers(l, k->bits, weak_exponent(k))];
}

enum acsr_result acsr_weaklist_find(const struct acsr_weaklist *l, const struct acsr_key *k,
	enum acsr_weak_answer *answer, const struct acsr_weak_section **hit, struct acsr_err *e)
{
	const struct acsr_weak_section *found = NULL;

	if (l != NULL)
		TRY(find(l, k, &found, e));
	*answer = found != NULL && is_debian(found) ? ACSR_WEAK_LISTED : when_absent(l, k);
	*hit = found;
	return ACSR_OK;
}

const char *acsr_weak_answer_name(enum acsr_weak_answer a)
{
	static const char *const names[ACSR_WEAK_ANSWERS] = { "listed", "not-listed", "in-part",
		"not-covered", "no-list", "not-concerned" };

	return names[a];
}
