/* Reading the audit log in pages. */
#ifndef STORE_AUDIT_PAGES_H
#define STORE_AUDIT_PAGES_H

#include "store/audit.h"

/* Entries with seq > after, oldest first, at most `limit`; of one account, or of all (NULL). */
typedef enum acsr_result audit_each_fn(
	void *arg, const struct audit_entry *a, const char *hash, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result audit_page(struct db *d, const char *account_id, int64_t after, int64_t limit,
	audit_each_fn *fn, void *arg, struct acsr_err *e);

#endif
