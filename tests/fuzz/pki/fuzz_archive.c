/* The archive reader: whatever it accepts must have its parts where the layout says. */
#include <stdlib.h>
#include <string.h>

#include "autocsr/archive.h"
#include "base/secret.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct acsr_secret *code = NULL, *plain = NULL;
	struct acsr_archive_info info;
	struct acsr_err e;

	if (acsr_archive_show(data, size, &info, &e) != ACSR_OK)
		return 0;
	if (info.size >= size || info.name[0] == '\0' || strpbrk(info.name, "/\\\n") != NULL)
		abort();
	if (acsr_secret_new(&code, "0123456789ABCDEFGHJKMNPQRS", 26, &e) != ACSR_OK)
		return 0;
	if (acsr_archive_open(data, size, code, &plain, NULL, &e) == ACSR_OK &&
		acsr_secret_len(plain) != info.size)
		abort();
	acsr_secret_free(plain);
	acsr_secret_free(code);
	return 0;
}
