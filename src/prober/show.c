/* Escaping for people's eyes. */
#include "prober/show.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

void show_bytes(const void *p, size_t n, char *out, size_t cap)
{
	const uint8_t *in = p;
	size_t o = 0;

	for (size_t i = 0; i < n; i++) {
		/* Room for the longest escape, the dots and the NUL. */
		if (o + 4 + 3 + 1 > cap) {
			memcpy(out + o, "...", 3);
			o += 3;
			break;
		}
		if (in[i] >= 0x20 && in[i] < 0x7f)
			out[o++] = (char)in[i];
		else
			o += (size_t)snprintf(out + o, cap - o, "\\x%02x", in[i]);
	}
	out[o] = '\0';
}

void show_text(const char *s, char *out, size_t cap)
{
	show_bytes(s, strlen(s), out, cap);
}
