/* RSA keys that share a prime: batch GCD in chunks, so that only one chunk's tree is in memory at a time. */
#include "moduli.h"

#include <gmp.h>
#include <openssl/core_names.h>
#include <stdlib.h>

#include "key_int.h"

enum { MIN_BITS = 512, MAX_BITS = 16384, LEVELS = 16 }; /* MODULI_CHUNK leaves and their products */
enum { SEARCH_MAX = 4000000 };                          /* pairs that are tried one by one: half a minute */

struct modulus {
	mpz_t n;
	uint32_t id;
};

struct moduli {
	struct modulus *v;
	size_t n, cap, chunk;
	struct moduli_pair *pairs;
	size_t n_pairs, cap_pairs;
	moduli_progress *progress;
	void *arg;
	size_t steps, done;
	size_t searched; /* pairs tried one by one */
};

enum acsr_result moduli_new(struct moduli **out, size_t chunk, struct acsr_err *e)
{
	*out = calloc(1, sizeof(**out));
	if (*out == NULL)
		return err_nomem(e);
	(*out)->chunk = chunk < 2 ? 2 : chunk > MODULI_CHUNK ? MODULI_CHUNK : chunk;
	return ACSR_OK;
}

void moduli_free(struct moduli *m)
{
	if (m == NULL)
		return;
	for (size_t i = 0; i < m->n; i++)
		mpz_clear(m->v[i].n);
	free(m->v);
	free(m->pairs);
	free(m);
}

size_t moduli_count(const struct moduli *m)
{
	return m->n;
}

/* Room for one more element of a growing array. */
static enum acsr_result room(void **v, size_t n, size_t *cap, size_t size, struct acsr_err *e)
{
	size_t more = *cap == 0 ? 64 : *cap * 2;
	void *p;

	if (n < *cap)
		return ACSR_OK;
	p = realloc(*v, more * size);
	if (p == NULL)
		return err_nomem(e);
	*v = p;
	*cap = more;
	return ACSR_OK;
}

enum acsr_result moduli_add(struct moduli *m, const struct acsr_key *k, uint32_t id, struct acsr_err *e)
{
	OSSL_AUTO(ossl_free_bn) BIGNUM *n = NULL;
	uint8_t raw[MAX_BITS / 8];
	int len;

	if (k->alg != ACSR_KEY_RSA || k->bits < MIN_BITS || k->bits > MAX_BITS)
		return ACSR_OK;
	if (EVP_PKEY_get_bn_param(k->pkey, OSSL_PKEY_PARAM_RSA_N, &n) != 1)
		return ossl_err(e, "key.parse", "the RSA key's numbers cannot be read");
	TRY(room((void **)&m->v, m->n, &m->cap, sizeof(*m->v), e));
	len = BN_bn2bin(n, raw);
	mpz_init(m->v[m->n].n);
	mpz_import(m->v[m->n].n, (size_t)len, 1, 1, 1, 0, raw);
	m->v[m->n++].id = id;
	return ACSR_OK;
}

static enum acsr_result pair(
	struct moduli *m, const struct modulus *x, const struct modulus *y, bool same, struct acsr_err *e)
{
	struct moduli_pair p = { x->id < y->id ? x->id : y->id, x->id < y->id ? y->id : x->id, same };

	TRY(room((void **)&m->pairs, m->n_pairs, &m->cap_pairs, sizeof(*m->pairs), e));
	m->pairs[m->n_pairs++] = p;
	return ACSR_OK;
}

static void step(struct moduli *m)
{
	m->done++;
	if (m->progress != NULL)
		m->progress(m->arg, (unsigned)(m->done * 1000 / m->steps));
}

/* ---- equal moduli */

static int by_number(const void *a, const void *b)
{
	const struct modulus *x = a, *y = b;
	int r = mpz_cmp(x->n, y->n);

	return r != 0 ? r : x->id < y->id ? -1 : x->id > y->id;
}

/* Each modulus once; those that are there again are paired with the first. */
static enum acsr_result unite(struct moduli *m, struct acsr_err *e)
{
	enum acsr_result r = ACSR_OK;
	size_t kept = 0;

	if (m->n > 0)
		qsort(m->v, m->n, sizeof(*m->v), by_number);
	for (size_t i = 0; i < m->n; i++) {
		if (kept == 0 || mpz_cmp(m->v[kept - 1].n, m->v[i].n) != 0) {
			m->v[kept++] = m->v[i];
			continue;
		}
		if (r == ACSR_OK)
			r = pair(m, &m->v[kept - 1], &m->v[i], true, e);
		mpz_clear(m->v[i].n);
	}
	m->n = kept;
	return r;
}

/* ---- trees */

/* Products of pairs, of pairs of pairs …; level 0 are the moduli themselves, on loan. */
struct tree {
	mpz_t *level[LEVELS];
	size_t n[LEVELS];
	int top;
};

static void tree_free(struct tree *t)
{
	for (int l = 0; l < LEVELS; l++) {
		for (size_t i = 0; t->level[l] != NULL && i < t->n[l]; i++)
			mpz_clear(t->level[l][i]);
		free(t->level[l]);
	}
	*t = (struct tree){ 0 };
}

static mpz_t *new_row(size_t n)
{
	mpz_t *v = calloc(n, sizeof(*v));

	for (size_t i = 0; v != NULL && i < n; i++)
		mpz_init(v[i]);
	return v;
}

static bool add_row(struct tree *t, int l, size_t n)
{
	t->level[l] = new_row(n);
	t->n[l] = t->level[l] != NULL ? n : 0;
	return t->level[l] != NULL;
}

static enum acsr_result tree_build(struct tree *t, const struct modulus *v, size_t n, struct acsr_err *e)
{
	*t = (struct tree){ 0 };
	if (!add_row(t, 0, n))
		return err_nomem(e);
	for (size_t i = 0; i < n; i++)
		mpz_set(t->level[0][i], v[i].n);
	for (; t->n[t->top] > 1; t->top++) {
		mpz_t *below = t->level[t->top];
		size_t have = t->n[t->top];

		if (!add_row(t, t->top + 1, (have + 1) / 2)) {
			tree_free(t);
			return err_nomem(e);
		}
		for (size_t i = 0; i + 1 < have; i += 2)
			mpz_mul(t->level[t->top + 1][i / 2], below[i], below[i + 1]);
		if (have % 2 == 1)
			mpz_set(t->level[t->top + 1][have / 2], below[have - 1]);
	}
	return ACSR_OK;
}

/* Turn every node into `all` modulo its own square, from the top down. */
static void tree_remainders(struct tree *t, const mpz_t all)
{
	mpz_t square;

	mpz_init(square);
	for (int l = t->top; l >= 0; l--)
		for (size_t i = 0; i < t->n[l]; i++) {
			mpz_mul(square, t->level[l][i], t->level[l][i]);
			mpz_tdiv_r(t->level[l][i], l == t->top ? all : t->level[l + 1][i / 2], square);
		}
	mpz_clear(square);
}

/* ---- the comparison */

/* The product of a row, which is used up. */
static void multiply(mpz_t out, mpz_t *v, size_t n)
{
	for (; n > 1; n = (n + 1) / 2) {
		for (size_t i = 0; i + 1 < n; i += 2)
			mpz_mul(v[i / 2], v[i], v[i + 1]);
		if (n % 2 == 1)
			mpz_swap(v[n / 2], v[n - 1]);
	}
	mpz_swap(out, v[0]);
}

static size_t chunk_size(const struct moduli *m, size_t at)
{
	return m->n - at < m->chunk ? m->n - at : m->chunk;
}

static enum acsr_result product_of_all(struct moduli *m, mpz_t all, struct acsr_err *e)
{
	size_t n = (m->n + m->chunk - 1) / m->chunk;
	enum acsr_result r = ACSR_OK;
	mpz_t *products = new_row(n);

	if (products == NULL)
		return err_nomem(e);
	for (size_t i = 0; i < n && r == ACSR_OK; i++) {
		struct tree t;

		r = tree_build(&t, m->v + i * m->chunk, chunk_size(m, i * m->chunk), e);
		if (r == ACSR_OK)
			mpz_swap(products[i], t.level[t.top][0]);
		tree_free(&t);
		step(m);
	}
	if (r == ACSR_OK)
		multiply(all, products, n);
	for (size_t i = 0; i < n; i++)
		mpz_clear(products[i]);
	free(products);
	return r;
}

/* Moduli that share something, and what: the whole modulus when both its primes are shared. */
struct suspects {
	struct suspect {
		size_t at; /* in m->v */
		mpz_t g;
	} * v;
	size_t n, cap;
};

static void suspects_free(struct suspects *s)
{
	for (size_t i = 0; i < s->n; i++)
		mpz_clear(s->v[i].g);
	free(s->v);
}

/* gcd(n, (all mod n^2) / n) for each modulus of the chunk. */
static enum acsr_result look_at_chunk(
	struct moduli *m, size_t at, const mpz_t all, struct suspects *out, struct acsr_err *e)
{
	enum acsr_result r = ACSR_OK;
	struct tree t;

	TRY(tree_build(&t, m->v + at, chunk_size(m, at), e));
	tree_remainders(&t, all);
	for (size_t i = 0; i < t.n[0] && r == ACSR_OK; i++) {
		mpz_divexact(t.level[0][i], t.level[0][i], m->v[at + i].n);
		mpz_gcd(t.level[0][i], t.level[0][i], m->v[at + i].n);
		if (mpz_cmp_ui(t.level[0][i], 1) == 0)
			continue;
		r = room((void **)&out->v, out->n, &out->cap, sizeof(*out->v), e);
		if (r != ACSR_OK)
			break;
		out->v[out->n].at = at + i;
		mpz_init_set(out->v[out->n++].g, t.level[0][i]);
	}
	tree_free(&t);
	return r;
}

static int by_factor(const void *a, const void *b)
{
	const struct suspect *x = a, *y = b;
	int r = mpz_cmp(x->g, y->g);

	return r != 0 ? r : x->at < y->at ? -1 : 1;
}

/* The first other suspect that has a factor in common. */
static enum acsr_result find_partner(
	struct moduli *m, const struct suspects *s, size_t i, mpz_t t, struct acsr_err *e)
{
	const struct modulus *own = &m->v[s->v[i].at];

	for (size_t j = 0; j < s->n; j++) {
		if (j == i)
			continue;
		if (m->searched++ >= SEARCH_MAX)
			return pair(m, own, own, false, e);
		mpz_gcd(t, own->n, m->v[s->v[j].at].n);
		if (mpz_cmp_ui(t, 1) != 0)
			return pair(m, own, &m->v[s->v[j].at], false, e);
	}
	return ACSR_OK;
}

/* Sorted by what they share, partners mostly lie side by side; the rest is asked one by one. */
static enum acsr_result pair_up(struct moduli *m, struct suspects *s, struct acsr_err *e)
{
	enum acsr_result r = ACSR_OK;
	size_t first = 0;
	mpz_t t;

	if (s->n > 0)
		qsort(s->v, s->n, sizeof(*s->v), by_factor);
	mpz_init(t);
	for (size_t i = 0; i < s->n && r == ACSR_OK; i++) {
		if (mpz_cmp(s->v[first].g, s->v[i].g) != 0)
			first = i;
		if (first < i)
			r = pair(m, &m->v[s->v[first].at], &m->v[s->v[i].at], false, e);
		else if (i + 1 >= s->n || mpz_cmp(s->v[i + 1].g, s->v[i].g) != 0)
			r = find_partner(m, s, i, t, e);
	}
	mpz_clear(t);
	return r;
}

static enum acsr_result compare_all(struct moduli *m, struct acsr_err *e)
{
	struct suspects s = { 0 };
	enum acsr_result r;
	mpz_t all;

	m->steps =
		11 * ((m->n + m->chunk - 1) / m->chunk); /* remainders take ten times as long as products */
	mpz_init(all);
	r = product_of_all(m, all, e);
	for (size_t at = 0; at < m->n && r == ACSR_OK; at += m->chunk) {
		r = look_at_chunk(m, at, all, &s, e);
		m->done += 9;
		step(m);
	}
	mpz_clear(all);
	if (r == ACSR_OK)
		r = pair_up(m, &s, e);
	suspects_free(&s);
	return r;
}

static int by_ids(const void *a, const void *b)
{
	const struct moduli_pair *x = a, *y = b;

	if (x->a != y->a)
		return x->a < y->a ? -1 : 1;
	return x->b < y->b ? -1 : x->b > y->b;
}

/* Two may have found each other. */
static void each_once(struct moduli *m)
{
	size_t kept = 0;

	if (m->n_pairs > 0)
		qsort(m->pairs, m->n_pairs, sizeof(*m->pairs), by_ids);
	for (size_t i = 0; i < m->n_pairs; i++)
		if (kept == 0 || by_ids(&m->pairs[kept - 1], &m->pairs[i]) != 0)
			m->pairs[kept++] = m->pairs[i];
	m->n_pairs = kept;
}

enum acsr_result moduli_find(struct moduli *m, struct moduli_pair **v, size_t *n, moduli_progress *progress,
	void *arg, struct acsr_err *e)
{
	m->progress = progress;
	m->arg = arg;
	TRY(unite(m, e));
	if (m->n > 1)
		TRY(compare_all(m, e));
	each_once(m);
	*v = m->pairs;
	*n = m->n_pairs;
	m->pairs = NULL;
	m->n_pairs = m->cap_pairs = 0;
	return ACSR_OK;
}
