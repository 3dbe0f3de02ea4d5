/* Rows of products. */
#ifndef STORE_PRODUCTS_H
#define STORE_PRODUCTS_H

#include "db/db.h"

enum { PRODUCT_KEY_TYPES = 512 };

struct product {
	char id[64], title[128], level[8], key_types[PRODUCT_KEY_TYPES], default_key_type[32], issuer[65],
		profile[65];
	bool wildcard, autocsr, preauthorised, active;
	int64_t max_names, validity; /* seconds */
	int64_t position;            /* in lists */
	int64_t code_window;         /* seconds; 0: as the settings say */
	int64_t code_reveals;        /* how often a code is shown; 0: no limit */
	char fallback_issuer[65];    /* takes over when the issuer has not delivered; "": none does */
	int64_t fallback_after;      /* seconds after the issuer was first asked; 0: never */
};

ACSR_MUST_USE enum acsr_result products_count(struct db *d, int64_t *n, struct acsr_err *e);
/* Insert, or change the one with that id. */
ACSR_MUST_USE enum acsr_result products_put(struct db *d, const struct product *p, struct acsr_err *e);
/* "object.absent". */
ACSR_MUST_USE enum acsr_result products_load(
	struct db *d, const char *id, struct product *out, struct acsr_err *e);
/* Rows of ids in their order. */
ACSR_MUST_USE enum acsr_result products_list(struct db *d, struct db_rows **out, struct acsr_err *e);

#endif
