/* Randomness from the kernel. */
#include "base/rnd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void rnd_bytes(void *p, size_t n)
{
	if (rnd_fill(p, n, NULL) != ACSR_OK)
		abort();
}

void rnd_base32(char *out, size_t chars)
{
	static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";

	rnd_bytes(out, chars);
	for (size_t i = 0; i < chars; i++)
		out[i] = alphabet[(unsigned char)out[i] & 31];
	out[chars] = '\0';
}

void rnd_id(const char *prefix, char *out, size_t cap)
{
	size_t n = strlen(prefix);

	if (cap < n + 27)
		abort();
	memcpy(out, prefix, n);
	rnd_base32(out + n, 26);
}
