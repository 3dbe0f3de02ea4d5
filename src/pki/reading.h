/*
 * How strictly something is read. A broken rule ends a strict reading with an error; a lenient one notes it
 * and goes on, so that one reader serves both.
 */
#ifndef PKI_READING_H
#define PKI_READING_H

#include <stddef.h>
#include <stdint.h>

#include "autocsr/finding.h"

struct reading {
	const char *area;             /* starts the ids: "csr", "cert" */
	struct acsr_findings *broken; /* NULL: strict */
};

/* The rule AREA.what is broken. Strict: ACSR_FAIL with `e`. Lenient: noted, ACSR_OK; fails only without
 * memory. `field` and `source` may be NULL. */
ACSR_MUST_USE enum acsr_result reading_broken(const struct reading *r, const char *what, const char *field,
	const char *source, struct acsr_err *e, const char *fmt, ...) ACSR_PRINTF(6, 7);
/* The same for an error that somebody else found; `r` may not be NULL, `found` is copied. */
ACSR_MUST_USE enum acsr_result reading_found(
	const struct reading *r, const struct acsr_err *found, struct acsr_err *e);

/* Bytes that are not text as text: printable ASCII stays, the rest is \xNN. *out is the caller's. */
ACSR_MUST_USE enum acsr_result reading_escape(char **out, const uint8_t *p, size_t n, struct acsr_err *e);

#endif
