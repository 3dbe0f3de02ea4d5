/* TXT records as texts. */
#ifndef PROBER_TXT_H
#define PROBER_TXT_H

#include <stdbool.h>

#include "base/buf.h"

enum { TXT_MAX = 65536 };

/* RFC 1035 3.3.14: character strings, each with its length before it, that are one text together. out has TXT_MAX as its
 * maximum. false: not readable. */
bool txt_join(struct bytes rdata, struct buf *out);
/* Append `"text"` to a list for people, bounded and printable. */
void txt_add(char *list, size_t cap, const struct buf *text);

#endif
