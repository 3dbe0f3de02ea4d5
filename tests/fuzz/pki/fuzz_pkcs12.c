/* PKCS#12 files, opened with a passphrase and without. */
#include <stdbool.h>
#include <stdlib.h>

#include "autocsr/pkcs12.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Deriving a key takes as long as the file says; only what says little is worth the time. A count of iterations is a
 * DER INTEGER of three bytes or more when it is above 32,767. */
static bool is_quick(const uint8_t *data, size_t size)
{
	for (size_t i = 0; i + 2 < size; i++)
		if (data[i] == 0x02 && data[i + 1] >= 3 && data[i + 1] <= 8)
			return false;
	return true;
}

static void read_it(const uint8_t *data, size_t size, const struct acsr_secret *passphrase)
{
	struct acsr_pkcs12 *p = NULL;
	struct acsr_err e = { 0 };

	if (acsr_pkcs12_read(&p, data, size, passphrase, &e) != ACSR_OK && e.id[0] == '\0')
		abort();
	acsr_pkcs12_free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct acsr_secret *passphrase;
	struct acsr_err e;

	if (passphrase == NULL && acsr_secret_new(&passphrase, "horse", 5, &e) != ACSR_OK)
		return 0;
	if (size > 65536 || !is_quick(data, size))
		return 0;
	read_it(data, size, NULL);
	read_it(data, size, passphrase);
	return 0;
}
