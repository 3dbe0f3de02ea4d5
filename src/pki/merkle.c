/* Roots and proofs of Merkle trees (RFC 9162 section 2.1). */
#include "autocsr/merkle.h"

#include <openssl/evp.h>
#include <string.h>

#include "base/err.h"

#define HASH ACSR_MERKLE_HASH

static enum acsr_result digest(EVP_MD_CTX *ctx, uint8_t prefix, const void *a, size_t a_len, const void *b,
	size_t b_len, uint8_t out[HASH])
{
	return ctx != NULL && EVP_DigestInit_ex2(ctx, EVP_sha256(), NULL) == 1 &&
			       EVP_DigestUpdate(ctx, &prefix, 1) == 1 &&
			       EVP_DigestUpdate(ctx, a, a_len) == 1 && EVP_DigestUpdate(ctx, b, b_len) == 1 &&
			       EVP_DigestFinal_ex(ctx, out, NULL) == 1
		       ? ACSR_OK
		       : ACSR_FAIL;
}

static enum acsr_result hash_two(uint8_t prefix, const void *a, size_t a_len, const void *b, size_t b_len,
	uint8_t out[HASH], struct acsr_err *e)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	enum acsr_result r = digest(ctx, prefix, a, a_len, b, b_len, out);

	EVP_MD_CTX_free(ctx);
	return r == ACSR_OK ? ACSR_OK : err_set(e, "sys.digest", "cannot hash");
}

enum acsr_result acsr_merkle_leaf(const void *entry, size_t len, uint8_t out[HASH], struct acsr_err *e)
{
	return hash_two(0, entry, len, "", 0, out, e);
}

enum acsr_result acsr_merkle_leaf_of_texts(
	const char *const *texts, size_t n, uint8_t out[HASH], struct acsr_err *e)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = ctx != NULL && EVP_DigestInit_ex2(ctx, EVP_sha256(), NULL) == 1 &&
		  EVP_DigestUpdate(ctx, "", 1) == 1;

	for (size_t i = 0; ok && i < n; i++)
		ok = EVP_DigestUpdate(ctx, texts[i], strlen(texts[i]) + 1) == 1;
	ok = ok && EVP_DigestFinal_ex(ctx, out, NULL) == 1;
	EVP_MD_CTX_free(ctx);
	return ok ? ACSR_OK : err_set(e, "sys.digest", "cannot hash");
}

enum acsr_result acsr_merkle_node(
	const uint8_t left[HASH], const uint8_t right[HASH], uint8_t out[HASH], struct acsr_err *e)
{
	return hash_two(1, left, HASH, right, HASH, out, e);
}

/* --- making: any range of leaves falls into full subtrees --- */

struct source {
	acsr_merkle_get_fn *get;
	void *arg;
};

/* The largest power of two smaller than n, n > 1. */
static uint64_t split(uint64_t n)
{
	return (uint64_t)1 << (63 - __builtin_clzll(n - 1));
}

/* The root over `n` leaves from `first` on. `first` is a multiple of a power of two that is at least n, as
 * in every range that a proof asks for. */
static enum acsr_result range_root(
	const struct source *s, uint64_t first, uint64_t n, uint8_t out[HASH], struct acsr_err *e)
{
	uint8_t left[HASH], right[HASH];
	uint64_t k;

	if ((n & (n - 1)) == 0) {
		unsigned level = (unsigned)__builtin_ctzll(n);

		return s->get(s->arg, level, first >> level, out, e);
	}
	k = split(n);
	TRY(range_root(s, first, k, left, e));
	TRY(range_root(s, first + k, n - k, right, e));
	return acsr_merkle_node(left, right, out, e);
}

enum acsr_result acsr_merkle_root(
	uint64_t size, acsr_merkle_get_fn *get, void *arg, uint8_t out[HASH], struct acsr_err *e)
{
	struct source s = { get, arg };

	if (size > 0)
		return range_root(&s, 0, size, out, e);
	return EVP_Digest("", 0, out, NULL, EVP_sha256(), NULL) == 1
		       ? ACSR_OK
		       : err_set(e, "sys.digest", "cannot hash");
}

static enum acsr_result add_range(
	const struct source *s, uint64_t first, uint64_t n, struct acsr_merkle_path *out, struct acsr_err *e)
{
	return range_root(s, first, n, out->v[out->n++], e);
}

/* From the root down; the path is told from the leaf up, so it is turned around at the end. */
static void turn(struct acsr_merkle_path *p)
{
	uint8_t hold[HASH];

	for (size_t i = 0; i < p->n / 2; i++) {
		memcpy(hold, p->v[i], HASH);
		memcpy(p->v[i], p->v[p->n - 1 - i], HASH);
		memcpy(p->v[p->n - 1 - i], hold, HASH);
	}
}

enum acsr_result acsr_merkle_inclusion(uint64_t index, uint64_t size, acsr_merkle_get_fn *get, void *arg,
	struct acsr_merkle_path *out, struct acsr_err *e)
{
	struct source s = { get, arg };
	struct acsr_merkle_path path = { .n = 0 };
	uint64_t first = 0, n = size;

	if (index >= size)
		return err_set(e, "merkle.range", "entry %llu is not among the first %llu",
			(unsigned long long)index, (unsigned long long)size);
	while (n > 1) {
		uint64_t k = split(n);

		if (index - first < k) {
			TRY(add_range(&s, first + k, n - k, &path, e));
			n = k;
		} else {
			TRY(add_range(&s, first, k, &path, e));
			first += k;
			n -= k;
		}
	}
	turn(&path);
	*out = path;
	return ACSR_OK;
}

enum acsr_result acsr_merkle_consistency(uint64_t from, uint64_t to, acsr_merkle_get_fn *get, void *arg,
	struct acsr_merkle_path *out, struct acsr_err *e)
{
	struct source s = { get, arg };
	struct acsr_merkle_path path = { .n = 0 };
	uint64_t first = 0, n = to;

	if (from == 0 || from > to)
		return err_set(e, "merkle.range", "a log of %llu entries cannot have become one of %llu",
			(unsigned long long)from, (unsigned long long)to);
	/* down to the subtree that ends where the older tree ends */
	while (from - first != n) {
		uint64_t k = split(n);

		if (from - first <= k) {
			TRY(add_range(&s, first + k, n - k, &path, e));
			n = k;
		} else {
			TRY(add_range(&s, first, k, &path, e));
			first += k;
			n -= k;
		}
	}
	/* it is the older tree itself when nothing lies before it: whoever checks has that hash */
	if (first != 0)
		TRY(add_range(&s, first, n, &path, e));
	turn(&path);
	*out = path;
	return ACSR_OK;
}

/* --- reading from the first leaf on --- */

enum acsr_result acsr_merkle_edge_add(struct acsr_merkle_edge *t, const uint8_t leaf[HASH],
	acsr_merkle_full_fn *full, void *arg, struct acsr_err *e)
{
	size_t n = (size_t)__builtin_popcountll(t->size);
	unsigned level = 0;

	memcpy(t->v[n], leaf, HASH);
	for (uint64_t s = t->size; (s & 1) != 0; s >>= 1, n--) {
		TRY(acsr_merkle_node(t->v[n - 1], t->v[n], t->v[n - 1], e));
		level++;
		if (full != NULL)
			TRY(full(arg, level, s >> 1, t->v[n - 1], e));
	}
	t->size++;
	return ACSR_OK;
}

enum acsr_result acsr_merkle_edge_root(
	const struct acsr_merkle_edge *t, uint8_t out[HASH], struct acsr_err *e)
{
	size_t n = (size_t)__builtin_popcountll(t->size);

	if (n == 0)
		return acsr_merkle_root(0, NULL, NULL, out, e);
	memcpy(out, t->v[n - 1], HASH);
	for (size_t i = n - 1; i > 0; i--)
		TRY(acsr_merkle_node(t->v[i - 1], out, out, e));
	return ACSR_OK;
}

/* --- checking --- */

static enum acsr_result not_in(struct acsr_err *e)
{
	return err_rule(e, "merkle.inclusion", NULL, "RFC 9162 2.1.3.2",
		"the proof does not lead from this entry to this root");
}

enum acsr_result acsr_merkle_check_inclusion(const uint8_t leaf[HASH], uint64_t index, uint64_t size,
	const struct acsr_merkle_path *path, const uint8_t root[HASH], struct acsr_err *e)
{
	uint64_t fn = index, sn = size - 1;
	uint8_t r[HASH];

	if (index >= size)
		return not_in(e);
	memcpy(r, leaf, HASH);
	for (size_t i = 0; i < path->n; i++) {
		if (sn == 0)
			return not_in(e);
		if ((fn & 1) != 0 || fn == sn) {
			TRY(acsr_merkle_node(path->v[i], r, r, e));
			while ((fn & 1) == 0 && fn != 0) {
				fn >>= 1;
				sn >>= 1;
			}
		} else {
			TRY(acsr_merkle_node(r, path->v[i], r, e));
		}
		fn >>= 1;
		sn >>= 1;
	}
	return sn == 0 && memcmp(r, root, HASH) == 0 ? ACSR_OK : not_in(e);
}

static enum acsr_result not_grown(struct acsr_err *e)
{
	return err_rule(e, "merkle.consistency", NULL, "RFC 9162 2.1.4.2",
		"the newer log is not the older one with entries added: something was changed, removed or "
		"reordered");
}

/* Both roots from one path: fr the older, sr the newer one. */
static enum acsr_result both_roots(uint64_t from, uint64_t to, const uint8_t (*path)[HASH], size_t n,
	uint8_t fr[HASH], uint8_t sr[HASH], bool *whole, struct acsr_err *e)
{
	uint64_t fn = from - 1, sn = to - 1;

	while ((fn & 1) != 0) {
		fn >>= 1;
		sn >>= 1;
	}
	memcpy(fr, path[0], HASH);
	memcpy(sr, path[0], HASH);
	for (size_t i = 1; i < n; i++) {
		if (sn == 0)
			return not_grown(e);
		if ((fn & 1) != 0 || fn == sn) {
			TRY(acsr_merkle_node(path[i], fr, fr, e));
			TRY(acsr_merkle_node(path[i], sr, sr, e));
			while ((fn & 1) == 0 && fn != 0) {
				fn >>= 1;
				sn >>= 1;
			}
		} else {
			TRY(acsr_merkle_node(sr, path[i], sr, e));
		}
		fn >>= 1;
		sn >>= 1;
	}
	*whole = sn == 0;
	return ACSR_OK;
}

enum acsr_result acsr_merkle_check_consistency(uint64_t from, const uint8_t from_root[HASH], uint64_t to,
	const uint8_t to_root[HASH], const struct acsr_merkle_path *path, struct acsr_err *e)
{
	uint8_t known[ACSR_MERKLE_PATH + 1][HASH], fr[HASH], sr[HASH];
	bool power = from != 0 && (from & (from - 1)) == 0, whole = false;
	size_t n = path->n;

	if (from > to || path->n > ACSR_MERKLE_PATH)
		return not_grown(e);
	if (from == 0)
		return path->n == 0 ? ACSR_OK : not_grown(e);
	if (from == to)
		return path->n == 0 && memcmp(from_root, to_root, HASH) == 0 ? ACSR_OK : not_grown(e);
	if (path->n == 0)
		return not_grown(e);
	if (power)
		memcpy(known[0], from_root, HASH);
	memcpy(known[power ? 1 : 0], path->v, n * HASH);
	TRY(both_roots(from, to, (const uint8_t(*)[HASH])known, n + (power ? 1 : 0), fr, sr, &whole, e));
	return whole && memcmp(fr, from_root, HASH) == 0 && memcmp(sr, to_root, HASH) == 0 ? ACSR_OK
											   : not_grown(e);
}
