/*
 * Filling and reading struct acsr_err; the table that maps an error's id to
 * what each outside shows for it (errtab.h).
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stddef.h>

#include "autocsr/err.h"

/* Return from the calling function when `call` failed; its error is already set. */
#define TRY(call)                         \
	do {                              \
		if ((call) != ACSR_OK)    \
			return ACSR_FAIL; \
	} while (0)

/* Set `e` (NULL is fine) and return ACSR_FAIL, so that `return err_set(...)` reads well.
 * Control characters in the formatted text are escaped; over-long text is cut. */
enum acsr_result err_set(struct acsr_err *e, const char *id, const char *fmt, ...) ACSR_PRINTF(3, 4);

/* The same with the input field and the rule's source; either may be NULL. */
enum acsr_result err_rule(struct acsr_err *e, const char *id, const char *field, const char *source,
	const char *fmt, ...) ACSR_PRINTF(5, 6);

/* "out of memory"; allocates nothing. */
enum acsr_result err_nomem(struct acsr_err *e);

/* An errno value: "cannot open /x: permission denied". */
enum acsr_result err_errno(struct acsr_err *e, const char *id, int errnum, const char *fmt, ...)
	ACSR_PRINTF(4, 5);

/* Set e->field if it is empty (NULL e is fine); for callers that know which input it was. */
void err_at(struct acsr_err *e, const char *fmt, ...) ACSR_PRINTF(2, 3);

/* True when e->id is `id`, or lies below it when `id` ends with a dot ("csr."). */
int err_is(const struct acsr_err *e, const char *id);

/* What the outside shows; the longest prefix of `id` in the table decides.
 * Unknown ids are faults of ours: 500, exit 5, serverInternal. */
struct err_face {
	const char *prefix; /* id, or a prefix ending with a dot */
	int http;           /* HTTP status */
	int exit_code;      /* of the command line, INTERFACE: 1 no, 3 bad input, 4 policy, 5 failed */
	const char *acme;   /* urn:ietf:params:acme:error:… last part */
	const char *title;  /* RFC 9457 title */
};
const struct err_face *err_face(const char *id);

#endif
