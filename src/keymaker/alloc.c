/* malloc, with blocks wiped at their real size before they go. */
#include "alloc.h"

#include <openssl/crypto.h>
#include <stdlib.h>

#include "base/wipealloc.h"

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
	wipealloc_free(p);
}

static void *resize(void *p, size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return wipealloc_realloc(p, n);
}

enum acsr_result alloc_wipe_on_free(struct acsr_err *e)
{
	if (CRYPTO_set_mem_functions(take, resize, give) != 1)
		return err_set(e, "sys.alloc", "OpenSSL has allocated memory before it was told how");
	return ACSR_OK;
}
