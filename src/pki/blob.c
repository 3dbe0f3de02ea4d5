/* Owned bytes: the one place that allocates what the library returns. */
#include "autocsr/blob.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

void acsr_blob_free(struct acsr_blob *b)
{
	if (b == NULL)
		return;
	free(b->p);
	*b = (struct acsr_blob){ 0 };
}

enum acsr_result acsr_blob_copy(struct acsr_blob *out, const void *p, size_t n, struct acsr_err *e)
{
	uint8_t *copy = malloc(n + 1);

	if (copy == NULL)
		return err_nomem(e);
	if (n > 0)
		memcpy(copy, p, n);
	copy[n] = 0;
	out->p = copy;
	out->len = n;
	return ACSR_OK;
}
