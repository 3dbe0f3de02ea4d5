/* Bytes of strangers, made fit for error texts, logs and JSON: printable ASCII, everything else as \xNN. */
#ifndef PROBER_SHOW_H
#define PROBER_SHOW_H

#include <stddef.h>

/* Cut with "…" spelled "..." when it does not fit into cap (at least 8) bytes. */
void show_bytes(const void *p, size_t n, char *out, size_t cap);
void show_text(const char *s, char *out, size_t cap);

#endif
