/* The directories under which the ACME server is offered (RFC 8555 7.1.1): what each offers, and to whom it belongs. */
#ifndef STORE_ACME_DIRECTORY_H
#define STORE_ACME_DIRECTORY_H

#include "db/db.h"

enum { ACME_DIRECTORY_NAME = 33 };

struct acme_directory {
	char name[40]; /* "" for /acme/directory; else lower-case letters, digits and '-' */
	char title[520];
	char products[640];            /* ids, space-separated: the profiles */
	char eab[12];                  /* required optional off */
	char account_id[40];           /* whose the certificates are when no EAB key says it */
	char challenges[128];          /* types, space-separated */
	char terms[512], website[512]; /* URLs or "" */
	bool active;
	bool open_to_all; /* else only members of account_id see it and make keys for it */
	int64_t terms_at; /* accounts that agreed to the terms before then are asked again; 0: none is */
	int64_t created_at;
};

/* Insert, or change the one with that name. */
ACSR_MUST_USE enum acsr_result acme_directory_put(
	struct db *d, const struct acme_directory *a, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result acme_directory_find(
	struct db *d, const char *name, struct acme_directory *out, bool *have, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result acme_directory_count(struct db *d, int64_t *n, struct acsr_err *e);
/* Each, by name. */
typedef enum acsr_result acme_directory_fn(void *arg, const struct acme_directory *a, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result acme_directory_each(
	struct db *d, acme_directory_fn *fn, void *arg, struct acsr_err *e);
/* How many accounts have been made under it. */
ACSR_MUST_USE enum acsr_result acme_directory_accounts(
	struct db *d, const char *name, int64_t *n, struct acsr_err *e);
/* Only one without accounts: the names of accounts and certificates lie below it. */
ACSR_MUST_USE enum acsr_result acme_directory_delete(struct db *d, const char *name, struct acsr_err *e);

#endif
