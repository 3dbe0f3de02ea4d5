/* Randomness from the kernel. */
#include "base/rnd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

void rnd_bytes(void *p, size_t n)
{
	unsigned char *out = p;

	while (n > 0) {
		ssize_t got = getrandom(out, n, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			abort();
		out += got;
		n -= (size_t)got;
	}
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
