/* Wiping before freeing. */
#include "base/wipealloc.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

void wipealloc_free(void *p)
{
	if (p == NULL)
		return;
	explicit_bzero(p, malloc_usable_size(p));
	free(p);
}

/* realloc would move a block and leave the old one as it was. */
void *wipealloc_realloc(void *p, size_t n)
{
	size_t had = p != NULL ? malloc_usable_size(p) : 0;
	void *q;

	if (n == 0) {
		wipealloc_free(p);
		return NULL;
	}
	q = malloc(n);
	if (q == NULL || p == NULL)
		return q;
	memcpy(q, p, had < n ? had : n);
	wipealloc_free(p);
	return q;
}
