/* Any number of objects, grouped by their keys, in little memory. */
#include <stdlib.h>
#include <string.h>

#include "autocsr/cert.h"
#include "autocsr/contents.h"
#include "autocsr/csr.h"
#include "autocsr/match.h"
#include "base/buf.h"
#include "pki/issuers.h"
#include "pki/key_int.h"

#define MAX_NAMES (1024 * 1024 * 1024)

struct entry {
	uint8_t spki[32];
	uint32_t name; /* offset into names */
	uint32_t index;
	uint32_t order; /* as added */
	uint8_t kind;
	bool issuer;
};

struct acsr_matcher {
	struct entry *v;
	size_t n, cap;
	struct buf names; /* NUL-terminated, one an input */
	struct acsr_match_group *groups;
	size_t n_groups;
};

enum acsr_result acsr_matcher_new(struct acsr_matcher **out, struct acsr_err *e)
{
	struct acsr_matcher *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return err_nomem(e);
	buf_init(&m->names, MAX_NAMES);
	*out = m;
	return ACSR_OK;
}

void acsr_matcher_free(struct acsr_matcher *m)
{
	if (m == NULL)
		return;
	free(m->v);
	free(m->groups);
	buf_free(&m->names);
	free(m);
}

static void item_of(const struct acsr_matcher *m, const struct entry *x, struct acsr_match_item *out)
{
	*out = (struct acsr_match_item){ .name = (const char *)m->names.p + x->name,
		.index = x->index,
		.kind = (enum acsr_object)x->kind,
		.issuer = x->issuer };
	memcpy(out->spki_sha256, x->spki, 32);
}

static enum acsr_result append(struct acsr_matcher *m, const struct entry *x, struct acsr_err *e)
{
	if (m->n == m->cap) {
		size_t cap = m->cap == 0 ? 16 : m->cap + m->cap / 2;
		struct entry *v = cap < UINT32_MAX ? realloc(m->v, cap * sizeof(*v)) : NULL;

		if (v == NULL)
			return err_nomem(e);
		m->v = v;
		m->cap = cap;
	}
	m->v[m->n] = *x;
	m->v[m->n].order = (uint32_t)m->n;
	m->n++;
	return ACSR_OK;
}

/* --- one input --- */

struct source {
	struct acsr_matcher *m;
	const struct acsr_contents *all;
	uint32_t name;
	acsr_match_fn fn;
	void *arg;
	size_t told;
	struct issuers issuers;
};

/* Who issued the certificates of this input. Those that cannot be read are told later. */
static enum acsr_result note_issuers(struct source *s, struct acsr_err *e)
{
	for (size_t i = 0; s->all->n > 1 && i < s->all->n; i++) {
		const struct acsr_content *c = &s->all->v[i];
		struct acsr_cert_view *v = NULL;
		struct acsr_err why = { 0 };
		enum acsr_result r;

		if (c->kind != ACSR_INPUT_CERT || c->err.id[0] != '\0')
			continue;
		if (acsr_cert_parse(&v, c->der.p, c->der.len, &why) != ACSR_OK) {
			if (err_is(&why, "sys.memory"))
				return err_nomem(e);
			continue;
		}
		r = issuers_add(&s->issuers, v, i, e);
		acsr_cert_view_free(v);
		TRY(r);
	}
	return ACSR_OK;
}

static enum acsr_result read_cert(struct source *s, size_t i, struct entry *x, struct acsr_err *e)
{
	const struct acsr_content *c = &s->all->v[i];
	struct acsr_cert_view *v = NULL;

	TRY(acsr_cert_parse(&v, c->der.p, c->der.len, e));
	memcpy(x->spki, v->spki_sha256, 32);
	x->kind = ACSR_OBJECT_CERT;
	x->issuer = v->ca && issuers_issued_another(&s->issuers, v, i);
	acsr_cert_view_free(v);
	return ACSR_OK;
}

static enum acsr_result read_csr(const struct acsr_content *c, struct entry *x, struct acsr_err *e)
{
	struct acsr_csr_view *v = NULL;

	TRY(key_parse_csr(&v, c->der.p, c->der.len, e));
	memcpy(x->spki, v->spki_sha256, 32);
	x->kind = ACSR_OBJECT_CSR;
	acsr_csr_view_free(v);
	return ACSR_OK;
}

static enum acsr_result read_object(struct source *s, size_t i, struct entry *x, struct acsr_err *e)
{
	const struct acsr_content *c = &s->all->v[i];

	if (c->err.id[0] != '\0') {
		*e = c->err;
		return ACSR_FAIL;
	}
	if (c->kind == ACSR_INPUT_CERT)
		return read_cert(s, i, x, e);
	if (c->kind == ACSR_INPUT_CSR)
		return read_csr(c, x, e);
	x->kind = c->kind == ACSR_INPUT_PRIVATE_KEY ? ACSR_OBJECT_PRIVATE_KEY : ACSR_OBJECT_PUBLIC_KEY;
	return acsr_key_spki_sha256(c->key, x->spki, e);
}

static enum acsr_result take(struct source *s, size_t i, struct acsr_err *e)
{
	struct entry x = { .name = s->name, .index = (uint32_t)i + 1 };
	struct acsr_match_item item;
	struct acsr_err why = { 0 };

	if (s->all->v[i].kind == ACSR_INPUT_CRL)
		return ACSR_OK;
	s->told++;
	if (read_object(s, i, &x, &why) != ACSR_OK) {
		if (err_is(&why, "sys.nomem"))
			return err_nomem(e);
		return s->fn != NULL ? s->fn(s->arg, NULL, &why, e) : ACSR_OK;
	}
	TRY(append(s->m, &x, e));
	item_of(s->m, &s->m->v[s->m->n - 1], &item);
	return s->fn != NULL ? s->fn(s->arg, &item, NULL, e) : ACSR_OK;
}

static enum acsr_result take_all(struct source *s, struct acsr_err *e)
{
	TRY(note_issuers(s, e));
	for (size_t i = 0; i < s->all->n; i++)
		TRY(take(s, i, e));
	return s->told > 0 ? ACSR_OK
			   : err_set(e, "input.unknown", "there is no key, CSR or certificate in it");
}

enum acsr_result acsr_matcher_add(struct acsr_matcher *m, const char *name, const uint8_t *p, size_t len,
	const struct acsr_secret *passphrase, acsr_match_fn fn, void *arg, struct acsr_err *e)
{
	struct acsr_contents all = { 0 };
	struct source s = { .m = m, .all = &all, .name = (uint32_t)m->names.len, .fn = fn, .arg = arg };
	enum acsr_result r = acsr_contents_read(&all, p, len, passphrase, e);

	if (r == ACSR_OK)
		r = buf_put(&m->names, name, strlen(name) + 1, e);
	if (r == ACSR_OK)
		r = take_all(&s, e);
	issuers_free(&s.issuers);
	acsr_contents_free(&all);
	return r;
}

/* --- groups --- */

static int by_key(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int c = memcmp(x->spki, y->spki, 32);

	return c != 0 ? c : (x->order > y->order) - (x->order < y->order);
}

static int rank(const struct acsr_match_group *g)
{
	return g->issuer ? 2 : g->private_key && g->cert ? 1 : 0;
}

static int by_need(const void *a, const void *b)
{
	const struct acsr_match_group *x = a, *y = b;

	return rank(x) != rank(y) ? rank(x) - rank(y) : memcmp(x->spki_sha256, y->spki_sha256, 32);
}

static void join(struct acsr_match_group *g, const struct entry *x)
{
	g->n++;
	g->private_key |= x->kind == ACSR_OBJECT_PRIVATE_KEY;
	g->csr |= x->kind == ACSR_OBJECT_CSR;
	g->cert |= x->kind == ACSR_OBJECT_CERT;
	g->issuer &= x->issuer;
}

static size_t count_keys(const struct acsr_matcher *m)
{
	size_t n = 0;

	for (size_t i = 0; i < m->n; i++)
		n += i == 0 || memcmp(m->v[i].spki, m->v[i - 1].spki, 32) != 0;
	return n;
}

enum acsr_result acsr_matcher_group(struct acsr_matcher *m, struct acsr_err *e)
{
	struct acsr_match_group *g = NULL;

	free(m->groups);
	m->n_groups = 0;
	if (m->n > 0)
		qsort(m->v, m->n, sizeof(m->v[0]), by_key);
	m->groups = calloc(count_keys(m) + 1, sizeof(*g));
	if (m->groups == NULL)
		return err_nomem(e);
	for (size_t i = 0; i < m->n; i++) {
		if (i == 0 || memcmp(m->v[i].spki, m->v[i - 1].spki, 32) != 0) {
			g = &m->groups[m->n_groups++];
			*g = (struct acsr_match_group){ .first = i, .issuer = true };
			memcpy(g->spki_sha256, m->v[i].spki, 32);
		}
		join(g, &m->v[i]);
	}
	if (m->n_groups > 1)
		qsort(m->groups, m->n_groups, sizeof(m->groups[0]), by_need);
	return ACSR_OK;
}

size_t acsr_match_groups(const struct acsr_matcher *m)
{
	return m->n_groups;
}

size_t acsr_match_items(const struct acsr_matcher *m)
{
	return m->n;
}

void acsr_match_group_at(const struct acsr_matcher *m, size_t i, struct acsr_match_group *out)
{
	*out = m->groups[i];
}

void acsr_match_item_at(const struct acsr_matcher *m, size_t i, struct acsr_match_item *out)
{
	item_of(m, &m->v[i], out);
}

bool acsr_match_together(const struct acsr_matcher *m)
{
	size_t n = 0;

	for (size_t i = 0; i < m->n_groups; i++)
		n += !m->groups[i].issuer;
	return n == 1;
}
