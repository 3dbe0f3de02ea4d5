/* Joining the strings of a TXT record, and showing them. */
#include "prober/txt.h"

#include <stdio.h>
#include <string.h>

#include "prober/show.h"

bool txt_join(struct bytes rdata, struct buf *out)
{
	buf_reset(out);
	for (size_t at = 0; at < rdata.len;) {
		size_t n = rdata.p[at];

		if (at + 1 + n > rdata.len || buf_put(out, rdata.p + at + 1, n, NULL) != ACSR_OK)
			return false;
		at += n + 1;
	}
	return true;
}

void txt_add(char *list, size_t cap, const struct buf *text)
{
	char one[72];
	size_t at = strlen(list);

	show_bytes(text->p, text->len, one, sizeof(one));
	if (at + strlen(one) + 5 < cap)
		snprintf(list + at, cap - at, "%s\"%s\"", at > 0 ? ", " : "", one);
}
