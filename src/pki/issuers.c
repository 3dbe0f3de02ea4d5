/* Issuer names as sorted hashes. */
#include "pki/issuers.h"

#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

enum acsr_result issuers_add(struct issuers *l, const struct acsr_cert_view *v, size_t at, struct acsr_err *e)
{
	if (l->n == l->cap) {
		size_t cap = l->cap == 0 ? 16 : 2 * l->cap;
		struct issuer *p = realloc(l->v, cap * sizeof(*p));

		if (p == NULL)
			return err_nomem(e);
		l->v = p;
		l->cap = cap;
	}
	SHA256(v->issuer_der.p, v->issuer_der.len, l->v[l->n].name);
	l->v[l->n++].at = at;
	l->sorted = false;
	return ACSR_OK;
}

static int by_name(const void *a, const void *b)
{
	const struct issuer *x = a, *y = b;

	return memcmp(x->name, y->name, 32);
}

/* The first entry of this name, or where it would be. */
static size_t first_of(const struct issuers *l, const uint8_t name[32])
{
	size_t low = 0, high = l->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (memcmp(l->v[middle].name, name, 32) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool issuers_issued_another(struct issuers *l, const struct acsr_cert_view *ca, size_t at)
{
	uint8_t name[32];

	if (!l->sorted && l->n > 0)
		qsort(l->v, l->n, sizeof(*l->v), by_name);
	l->sorted = true;
	SHA256(ca->subject_der.p, ca->subject_der.len, name);
	for (size_t i = first_of(l, name); i < l->n && memcmp(l->v[i].name, name, 32) == 0; i++)
		if (l->v[i].at != at)
			return true;
	return false;
}

void issuers_free(struct issuers *l)
{
	free(l->v);
	*l = (struct issuers){ 0 };
}
