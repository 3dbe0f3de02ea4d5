/* Products: what can be ordered, from which issuer, with which keys. */
#ifndef CORE_PRODUCT_H
#define CORE_PRODUCT_H

#include "core/request.h"

struct product {
	char id[64], title[128], level[8], key_types[256], default_key_type[32], issuer[65], profile[65];
	bool wildcard, autocsr, preauthorised, active;
	int64_t max_names, validity; /* seconds */
};

/* The four products of a first start. */
ACSR_MUST_USE enum acsr_result product_seed(struct core *c, struct acsr_err *e);
/* Error "object.absent" (also when it is not active and `active_only`). */
ACSR_MUST_USE enum acsr_result product_find(
	struct core *c, const char *id, bool active_only, struct product *out, struct acsr_err *e);
bool product_has_key_type(const struct product *p, const char *key_type);

#endif
