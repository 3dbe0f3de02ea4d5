/* Putting the certificates of a bundle into the order in which a server must send them. */
#include <openssl/err.h>
#include <stdlib.h>

#include "autocsr/bundle.h"
#include "certview.h"
#include "key_int.h"

#define MAX_BUNDLE 256

struct pile {
	X509 **v;
	size_t n;
	bool *used;
};

static void pile_free(struct pile *p)
{
	for (size_t i = 0; p->v != NULL && i < p->n; i++)
		X509_free(p->v[i]);
	free(p->v);
	free(p->used);
	ERR_clear_error();
}

static enum acsr_result load(struct pile *p, const struct acsr_blob *certs, size_t n, struct acsr_err *e)
{
	if (n == 0 || n > MAX_BUNDLE)
		return err_set(
			e, "input.several", "%zu certificates; 1 to %d can be put in order", n, MAX_BUNDLE);
	p->v = calloc(n, sizeof(*p->v));
	p->used = calloc(n, sizeof(*p->used));
	if (p->v == NULL || p->used == NULL)
		return err_nomem(e);
	for (; p->n < n; p->n++)
		TRY(certview_load(&p->v[p->n], certs[p->n].p, certs[p->n].len, e));
	return ACSR_OK;
}

static bool is_issuer_of(X509 *issuer, X509 *x)
{
	EVP_PKEY *key = X509_get0_pubkey(issuer);

	return X509_NAME_cmp(X509_get_subject_name(issuer), X509_get_issuer_name(x)) == 0 && key != NULL &&
	       X509_verify(x, key) == 1;
}

static bool issued_another(const struct pile *p, size_t i)
{
	for (size_t k = 0; k < p->n; k++)
		if (k != i && X509_cmp(p->v[k], p->v[i]) != 0 && is_issuer_of(p->v[i], p->v[k]))
			return true;
	return false;
}

static bool is_root(X509 *x)
{
	return X509_NAME_cmp(X509_get_subject_name(x), X509_get_issuer_name(x)) == 0;
}

static bool has_key(X509 *x, const struct acsr_key *key)
{
	const EVP_PKEY *own = X509_get0_pubkey(x);

	return own != NULL && EVP_PKEY_eq(own, key->pkey) == 1;
}

/* A leaf issued none of the others. Without its key the first one that somebody else signed is taken. */
static enum acsr_result find_leaf(
	const struct pile *p, const struct acsr_key *key, size_t *leaf, struct acsr_err *e)
{
	size_t second = SIZE_MAX;

	for (size_t i = 0; i < p->n; i++) {
		if ((key != NULL && !has_key(p->v[i], key)) || issued_another(p, i))
			continue;
		if (second == SIZE_MAX)
			second = i;
		*leaf = i;
		if (key != NULL || !is_root(p->v[i]))
			return ACSR_OK;
	}
	if (key != NULL)
		return err_set(e, "match.key",
			p->n == 1 ? "the key does not belong to the certificate"
				  : "the key belongs to none of the certificates, or to a CA among them");
	*leaf = second != SIZE_MAX ? second : 0; /* all self-signed, or they issued each other */
	return ACSR_OK;
}

/* The issuer of x that is not used yet; SIZE_MAX: none, or x stands on its own. */
static size_t next_up(const struct pile *p, X509 *x)
{
	if (is_root(x))
		return SIZE_MAX;
	for (size_t i = 0; i < p->n; i++)
		if (!p->used[i] && is_issuer_of(p->v[i], x))
			return i;
	return SIZE_MAX;
}

enum acsr_result acsr_bundle_order(const struct acsr_blob *certs, size_t n, const struct acsr_key *key,
	size_t **out, size_t *n_out, struct acsr_err *e)
{
	struct pile p = { 0 };
	size_t at = 0, count = 0, *v = NULL;
	enum acsr_result r = load(&p, certs, n, e);

	if (r == ACSR_OK)
		r = find_leaf(&p, key, &at, e);
	if (r == ACSR_OK && (v = calloc(n, sizeof(*v))) == NULL)
		r = err_nomem(e);
	for (; r == ACSR_OK && at != SIZE_MAX; at = next_up(&p, p.v[at])) {
		p.used[at] = true;
		if (count == 0 || !is_root(p.v[at]))
			v[count++] = at;
	}
	pile_free(&p);
	TRY(r);
	*out = v;
	*n_out = count;
	return ACSR_OK;
}
