/* How the dated values of a policy are read from JSON. */
#ifndef PKI_POLICY_DATED_H
#define PKI_POLICY_DATED_H

#include "policy_int.h"

struct policy_reader {
	const char *from;   /* the document, for errors */
	const char *member; /* the same */
	bool number;        /* else a level */
	int64_t per;        /* a table's value is divided by it */
};

/* `out` is untouched on failure: input.policy */
ACSR_MUST_USE enum acsr_result policy_dated_read(
	struct policy_dated *out, const struct policy_reader *r, const json_t *v, struct acsr_err *e);
/* "2014-01-01" (00:00 UTC), or RFC 3339. */
ACSR_MUST_USE enum acsr_result policy_day(const char *s, int64_t *t);

#endif
