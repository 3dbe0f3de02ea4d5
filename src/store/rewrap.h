/* Values that are wrapped with the key-encryption key, for wrapping them anew when the key changes. */
#ifndef STORE_REWRAP_H
#define STORE_REWRAP_H

#include "db/db.h"

enum wrapped_kind { WRAPPED_TOTP, WRAPPED_CODE, WRAPPED_EAB };

/* For each wrapped value of that kind in d (for codes: where they are), call fn; what it appends to `fresh`, if anything, replaces the value. */
typedef enum acsr_result wrapped_fn(
	void *arg, const char *owner, struct bytes wrapped, struct buf *fresh, struct acsr_err *e);
/* *changed (added to): how many were replaced. */
ACSR_MUST_USE enum acsr_result wrapped_each(struct db *d, enum wrapped_kind kind, wrapped_fn *fn, void *arg,
	int64_t *changed, struct acsr_err *e);

#endif
