/* Ways from a certificate to a root, best first (RFC 4158): a bounded depth-first search over issuers. */
#include <openssl/err.h>
#include <stdlib.h>
#include <time.h>

#include "chain_int.h"

#define MAX_NODES 2000      /* certificates stood upon, whatever is given */
#define MAX_SIGNATURES 1000 /* checked only to put candidates in order */
#define MAX_CANDIDATES 32   /* issuers tried for one certificate */

struct search {
	const struct chain_job *j;
	chain_try *try;
	void *arg;
	struct acsr_err *e;
	struct chain_path path;
	unsigned nodes, signatures, paths;
	bool stop;
};

struct candidate {
	X509 *x;
	int rank;
	int order; /* as given: ties keep it */
};

static bool is_self_signed(X509 *x)
{
	return (X509_get_extension_flags(x) & EXFLAG_SS) != 0;
}

static bool is_anchor(const struct search *s, X509 *x)
{
	if (!is_self_signed(x) && !s->j->in->partial)
		return false;
	for (int i = 0; i < sk_X509_num(s->j->roots); i++)
		if (X509_cmp(x, sk_X509_value(s->j->roots, i)) == 0)
			return true;
	return false;
}

/* The same certificate, or the same name with the same key: going on from there leads in a circle. */
static bool on_path(const struct search *s, const X509 *x)
{
	for (size_t i = 0; i < s->path.n; i++) {
		const X509 *y = s->path.v[i];

		if (X509_cmp(x, y) == 0)
			return true;
		if (X509_NAME_cmp(X509_get_subject_name(x), X509_get_subject_name(y)) == 0 &&
			EVP_PKEY_eq(X509_get0_pubkey(x), X509_get0_pubkey(y)) == 1)
			return true;
	}
	return false;
}

static bool signed_by(struct search *s, X509 *x, X509 *issuer)
{
	EVP_PKEY *key = X509_get0_pubkey(issuer);

	if (key == NULL || s->signatures >= MAX_SIGNATURES)
		return false;
	s->signatures++;
	return X509_verify(x, key) == 1;
}

static bool valid_at(const X509 *x, int64_t at)
{
	time_t t = (time_t)at;

	return X509_cmp_time(X509_get0_notBefore(x), &t) < 0 && X509_cmp_time(X509_get0_notAfter(x), &t) > 0;
}

/* How well `issuer` fits as the issuer of x; below 0: not at all. */
static int rank(struct search *s, X509 *x, X509 *issuer)
{
	int fits = X509_check_issued(issuer, x), r = 0;

	if (fits == X509_V_ERR_SUBJECT_ISSUER_MISMATCH || fits == X509_V_ERR_AKID_SKID_MISMATCH ||
		fits == X509_V_ERR_AKID_ISSUER_SERIAL_MISMATCH)
		return -1;
	r += signed_by(s, x, issuer) ? 16 : 0;
	r += is_anchor(s, issuer) ? 8 : 0;
	r += fits == X509_V_OK ? 4 : 0;
	r += X509_check_ca(issuer) > 0 ? 2 : 0;
	r += valid_at(issuer, s->j->in->at) ? 1 : 0;
	return r;
}

static int by_rank(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	return x->rank != y->rank ? (x->rank > y->rank ? -1 : 1) : x->order - y->order;
}

static void collect(struct search *s, STACK_OF(X509) * from, struct candidate *v, size_t *n)
{
	X509 *x = s->path.v[s->path.n - 1];

	for (int i = 0; i < sk_X509_num(from) && *n < MAX_CANDIDATES; i++) {
		X509 *issuer = sk_X509_value(from, i);
		bool twice = false;
		int r;

		if (X509_NAME_cmp(X509_get_subject_name(issuer), X509_get_issuer_name(x)) != 0 ||
			on_path(s, issuer))
			continue;
		for (size_t k = 0; k < *n; k++)
			twice |= X509_cmp(v[k].x, issuer) == 0;
		r = twice ? -1 : rank(s, x, issuer);
		if (r >= 0) {
			v[*n] = (struct candidate){ issuer, r, (int)*n };
			(*n)++;
		}
	}
}

static enum acsr_result deliver(struct search *s, bool anchored)
{
	s->path.anchored = anchored;
	if (++s->paths >= ACSR_CHAIN_PATHS)
		s->stop = true;
	return s->try(s->arg, &s->path, &s->stop, s->e);
}

/* All ways on from the last certificate of the path. Recursion ends at ACSR_CHAIN_MAX. */
static enum acsr_result climb(struct search *s)
{
	X509 *x = s->path.v[s->path.n - 1];
	struct candidate v[MAX_CANDIDATES];
	size_t n = 0;

	if (is_anchor(s, x))
		return deliver(s, true);
	if (!is_self_signed(x) && s->path.n < ACSR_CHAIN_MAX && s->nodes < MAX_NODES) {
		collect(s, s->j->roots, v, &n);
		collect(s, s->j->intermediates, v, &n);
	}
	if (n == 0)
		return deliver(s, false);
	qsort(v, n, sizeof(v[0]), by_rank);
	for (size_t i = 0; i < n && !s->stop; i++) {
		enum acsr_result r;

		s->nodes++;
		s->path.v[s->path.n++] = v[i].x;
		r = climb(s);
		s->path.n--;
		TRY(r);
	}
	return ACSR_OK;
}

enum acsr_result chain_paths(const struct chain_job *j, chain_try *try, void *arg, struct acsr_err *e)
{
	struct search s = { .j = j, .try = try, .arg = arg, .e = e };
	enum acsr_result r;

	s.path.v[0] = j->leaf;
	s.path.n = 1;
	r = climb(&s);
	ERR_clear_error();
	return r;
}
