/* Revocation lists, PEM and DER. */
#include <stdlib.h>

#include "autocsr/crl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct acsr_crl_view *v = NULL;
	struct acsr_err e;

	if (acsr_crl_parse(&v, data, size, NULL, &e) != ACSR_OK)
		return 0;
	for (size_t i = 0; i < v->n_entries; i++)
		if (acsr_crl_find(v, v->entries[i].serial, v->entries[i].serial_len) == NULL)
			abort();
	acsr_crl_view_free(v);
	return 0;
}
