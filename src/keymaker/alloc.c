/* malloc, with blocks wiped at their real size before they go. */
#include "alloc.h"

#include <malloc.h>
#include <openssl/crypto.h>
#include <string.h>

static void *take(size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return malloc(n);
}

static void give(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	if (p == NULL)
		return;
	explicit_bzero(p, malloc_usable_size(p));
	free(p);
}

/* realloc would move a block and leave the old one as it was. */
static void *resize(void *p, size_t n, const char *file, int line)
{
	size_t had = p != NULL ? malloc_usable_size(p) : 0;
	void *q;

	if (n == 0) {
		give(p, file, line);
		return NULL;
	}
	q = take(n, file, line);
	if (q == NULL || p == NULL)
		return q;
	memcpy(q, p, had < n ? had : n);
	give(p, file, line);
	return q;
}

enum acsr_result alloc_wipe_on_free(struct acsr_err *e)
{
	if (CRYPTO_set_mem_functions(take, resize, give) != 1)
		return err_set(e, "sys.alloc", "OpenSSL has allocated memory before it was told how");
	return ACSR_OK;
}
