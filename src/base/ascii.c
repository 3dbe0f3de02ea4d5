/* Comparing without case, ASCII alone. */
#include "base/ascii.h"

#include <stdint.h>
#include <string.h>

int ascii_ncasecmp(const char *a, const char *b, size_t n)
{
	for (; n > 0; n--, a++, b++) {
		int d = (unsigned char)ascii_lower(*a) - (unsigned char)ascii_lower(*b);

		if (d != 0 || *a == '\0')
			return d;
	}
	return 0;
}

int ascii_casecmp(const char *a, const char *b)
{
	return ascii_ncasecmp(a, b, SIZE_MAX);
}

const char *ascii_casestr(const char *hay, const char *needle)
{
	size_t n = strlen(needle);

	for (;; hay++) {
		if (ascii_ncasecmp(hay, needle, n) == 0)
			return hay;
		if (*hay == '\0')
			return NULL;
	}
}
