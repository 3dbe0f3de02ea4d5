/* Single values that the service remembers by name. */
#ifndef STORE_META_H
#define STORE_META_H

#include "db/db.h"

/* free() it; "" when there is none. */
ACSR_MUST_USE enum acsr_result meta_load(struct db *d, const char *name, char **value, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result meta_save(
	struct db *d, const char *name, const char *value, struct acsr_err *e);

#endif
