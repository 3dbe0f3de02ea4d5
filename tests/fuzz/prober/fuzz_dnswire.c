/* Names out of the wire: printed ones are bounded and hold printable ASCII only. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "prober/resolver.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char out[1024];

	if (!dns_name_from_wire((struct bytes){ data, size }, out))
		return 0;
	for (const char *p = out; *p != '\0'; p++)
		if (*p < 0x21 || *p > 0x7e)
			abort();
	return 0;
}
