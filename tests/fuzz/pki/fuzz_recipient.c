/* Recipients from anyone: refused with a reason, or something can be sealed to them. */
#include <stdlib.h>
#include <string.h>

#include "autocsr/seal.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void seal_to(const struct acsr_recipient *r)
{
	struct acsr_secret *plain = NULL;
	struct acsr_blob sealed = { 0 };

	if (strlen(acsr_recipient_name(r)) == 0 || strlen(acsr_recipient_name(r)) > 300 ||
		acsr_secret_new(&plain, "0123456789abcdef0123456789abcdef", 32, NULL) != ACSR_OK ||
		acsr_seal(r, plain, &sealed, NULL) != ACSR_OK || sealed.len < 100 ||
		memmem(sealed.p, sealed.len, "01234567", 8) != NULL)
		abort();
	acsr_blob_free(&sealed);
	acsr_secret_free(plain);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct acsr_recipient *r = NULL;
	struct acsr_err e = { 0 };

	if (acsr_recipient_parse(&r, (const char *)p, n, 0, &e) == ACSR_OK)
		seal_to(r);
	else if (*e.id == '\0' || *e.text == '\0')
		abort();
	acsr_recipient_free(r);
	return 0;
}
