/* Making weak lists (docs/WEAKLIST.md): sections are gathered, sorted and written with their checksum. */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "key_int.h"
#include "weaklist_int.h"
#include "weaktext.h"

#define BUILD_MAX ((size_t)1 << 32) /* bytes of one section */

struct section {
	struct acsr_weak_section is; /* is.count: entries as added, some perhaps twice */
	struct buf entries;
};

struct acsr_weaklist_builder {
	struct section *v;
	size_t n;
};

enum acsr_result acsr_weaklist_builder_new(struct acsr_weaklist_builder **out, struct acsr_err *e)
{
	*out = calloc(1, sizeof(**out));
	return *out != NULL ? ACSR_OK : err_nomem(e);
}

void acsr_weaklist_builder_free(struct acsr_weaklist_builder *b)
{
	if (b == NULL)
		return;
	for (size_t i = 0; i < b->n; i++)
		buf_free(&b->v[i].entries);
	free(b->v);
	free(b);
}

/* By everything but the count. */
static int compare(const void *x, const void *y)
{
	const struct acsr_weak_section *a = &((const struct section *)x)->is;
	const struct acsr_weak_section *b = &((const struct section *)y)->is;
	int r;

	if (a->form != b->form)
		return a->form < b->form ? -1 : 1;
	if (a->bits != b->bits)
		return a->bits < b->bits ? -1 : 1;
	if (a->exponent != b->exponent)
		return a->exponent < b->exponent ? -1 : 1;
	if (a->width != b->width)
		return a->width < b->width ? -1 : 1;
	if ((r = strcmp(a->arch, b->arch)) != 0 || (r = strcmp(a->state, b->state)) != 0 ||
		(r = strcmp(a->flaw, b->flaw)) != 0)
		return r;
	return strcmp(a->source, b->source);
}

static enum acsr_result check_like(const struct acsr_weak_section *s, struct acsr_err *e)
{
	const char *texts[] = { s->arch, s->state, s->flaw, s->source };

	if (s->width < WEAK_WIDTH_MIN || s->width > weak_form_size(s->form))
		return err_set(e, "input.weak-list", "a hash of form %s keeps 8 to %zu bytes",
			acsr_weak_form_name(s->form), weak_form_size(s->form));
	for (size_t i = 0; i < 4; i++)
		if (!str_is_utf8(texts[i], strlen(texts[i])) || str_has_control(texts[i]))
			return err_set(
				e, "input.weak-list", "a text about the list holds control characters");
	return ACSR_OK;
}

static enum acsr_result section_for(struct acsr_weaklist_builder *b, const struct acsr_weak_section *like,
	struct section **out, struct acsr_err *e)
{
	struct section s = { .is = *like }, *v;

	TRY(check_like(like, e));
	for (size_t i = 0; i < b->n; i++)
		if (compare(&b->v[i], &s) == 0) {
			*out = &b->v[i];
			return ACSR_OK;
		}
	if (b->n == WEAK_SECTIONS_MAX)
		return err_set(e, "input.weak-list", "more than %d sections", WEAK_SECTIONS_MAX);
	v = realloc(b->v, (b->n + 1) * sizeof(*v));
	if (v == NULL)
		return err_nomem(e);
	b->v = v;
	s.is.count = 0;
	buf_init(&s.entries, BUILD_MAX);
	v[b->n] = s;
	*out = &v[b->n++];
	return ACSR_OK;
}

/* The hash is the line's last word; a number may stand before it. */
static bool take_hash(const struct weak_line *line, enum acsr_weak_form form, uint8_t out[32])
{
	struct bytes w = line->word[1].len > 0 ? line->word[1] : line->word[0];

	for (size_t i = 0; line->word[1].len > 0 && i < line->word[0].len; i++)
		if (line->word[0].p[i] < '0' || line->word[0].p[i] > '9')
			return false;
	return form == ACSR_WEAK_SPKI ? weak_sha256(w, out) : weak_hex(w, out, weak_form_size(form));
}

enum acsr_result acsr_weaklist_builder_text(struct acsr_weaklist_builder *b,
	const struct acsr_weak_section *like, const uint8_t *text, size_t len, struct acsr_err *e)
{
	struct weak_line line = { .rest = { text, len } };
	uint8_t hash[32];
	struct section *s;

	TRY(section_for(b, like, &s, e));
	while (weak_line_next(&line)) {
		if (!take_hash(&line, like->form, hash))
			return err_set(e, "input.weak-list",
				"line %lu is no hash of form %s; that is %zu hex digits, with or without a "
				"process id before them",
				line.number, acsr_weak_form_name(like->form), 2 * weak_form_size(like->form));
		TRY(buf_put(&s->entries, hash, s->is.width, e));
		s->is.count++;
	}
	return ACSR_OK;
}

enum acsr_result acsr_weaklist_builder_list(
	struct acsr_weaklist_builder *b, const struct acsr_weaklist *l, struct acsr_err *e)
{
	const struct acsr_weak_section *from;

	for (size_t i = 0; (from = acsr_weaklist_section(l, i)) != NULL; i++) {
		struct section *s;

		TRY(section_for(b, from, &s, e));
		TRY(buf_put(&s->entries, weak_entries(l, i), (size_t)from->count * from->width, e));
		s->is.count += from->count;
	}
	return ACSR_OK;
}

static int compare_entries(const void *a, const void *b, void *width)
{
	return memcmp(a, b, *(const unsigned *)width);
}

/* In order, and each once. */
static void settle(struct section *s)
{
	unsigned w = s->is.width;
	uint64_t kept = 0;

	if (s->is.count > 0)
		qsort_r(s->entries.p, (size_t)s->is.count, w, compare_entries, &w);
	for (uint64_t i = 0; i < s->is.count; i++)
		if (kept == 0 || memcmp(s->entries.p + (kept - 1) * w, s->entries.p + i * w, w) != 0)
			memmove(s->entries.p + kept++ * w, s->entries.p + i * w, w);
	s->is.count = kept;
}

static enum acsr_result put_text(struct buf *b, const char *s, size_t cap, struct acsr_err *e)
{
	static const char zeros[128];

	TRY(buf_put(b, s, strlen(s), e));
	return buf_put(b, zeros, cap - strlen(s), e);
}

static enum acsr_result put_section(
	struct buf *b, const struct acsr_weak_section *s, uint64_t offset, struct acsr_err *e)
{
	TRY(buf_put_u16(b, (uint16_t)s->form, e));
	TRY(buf_put_u16(b, (uint16_t)s->width, e));
	TRY(buf_put_u32(b, s->bits, e));
	TRY(buf_put_u64(b, s->exponent, e));
	TRY(buf_put_u64(b, s->count, e));
	TRY(buf_put_u64(b, offset, e));
	TRY(put_text(b, s->arch, sizeof(s->arch), e));
	TRY(put_text(b, s->state, sizeof(s->state), e));
	TRY(put_text(b, s->flaw, sizeof(s->flaw), e));
	return put_text(b, s->source, sizeof(s->source), e);
}

/* Empty sections say nothing and are left out. */
static uint64_t drop_empty(struct acsr_weaklist_builder *b)
{
	uint64_t bytes = 0;
	size_t kept = 0;

	for (size_t i = 0; i < b->n; i++) {
		settle(&b->v[i]);
		if (b->v[i].is.count == 0) {
			buf_free(&b->v[i].entries);
			continue;
		}
		bytes += b->v[i].is.count * b->v[i].is.width;
		b->v[kept++] = b->v[i];
	}
	b->n = kept;
	return bytes;
}

static enum acsr_result put_all(
	struct buf *f, const struct acsr_weaklist_builder *b, uint64_t length, struct acsr_err *e)
{
	uint64_t at = WEAK_HEADER + b->n * WEAK_SECTION;
	uint8_t sum[32];
	size_t n = 0;

	TRY(buf_put(f, WEAK_MAGIC, 8, e));
	TRY(buf_put_u32(f, WEAK_VERSION, e));
	TRY(buf_put_u32(f, (uint32_t)b->n, e));
	TRY(buf_put_u64(f, length, e));
	for (size_t i = 0; i < b->n; i++) {
		TRY(put_section(f, &b->v[i].is, at, e));
		at += b->v[i].is.count * b->v[i].is.width;
	}
	for (size_t i = 0; i < b->n; i++)
		TRY(buf_put(f, b->v[i].entries.p, (size_t)b->v[i].is.count * b->v[i].is.width, e));
	if (EVP_Q_digest(NULL, "SHA256", NULL, f->p, f->len, sum, &n) != 1)
		return ossl_err(e, "openssl.unsupported", "SHA-256 is not to be had");
	return buf_put(f, sum, n, e);
}

enum acsr_result acsr_weaklist_builder_write(
	struct acsr_weaklist_builder *b, struct acsr_blob *out, struct acsr_err *e)
{
	uint64_t length = drop_empty(b) + WEAK_TRAILER;
	CLEANUP_BUF struct buf f = { 0 };

	if (b->n == 0)
		return err_set(e, "input.empty", "no hash was found in what the list was to be made of");
	qsort(b->v, b->n, sizeof(*b->v), compare);
	length += WEAK_HEADER + b->n * WEAK_SECTION;
	buf_init(&f, (size_t)length);
	TRY(put_all(&f, b, length, e));
	return acsr_blob_copy(out, f.p, f.len, e);
}
