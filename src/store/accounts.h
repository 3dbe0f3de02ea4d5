/* Accounts, and the names that the operator lets them order without validation. */
#ifndef STORE_ACCOUNTS_H
#define STORE_ACCOUNTS_H

#include "base/str.h"
#include "db/db.h"

struct account {
	char id[40], name[520], email[256];
	int64_t created_at, users;
	bool always_second; /* a second factor is always wanted */
};

ACSR_MUST_USE enum acsr_result accounts_add(struct db *d, const struct account *a, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result accounts_find(
	struct db *d, const char *id, struct account *out, bool *have, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result accounts_rename(
	struct db *d, const char *id, const char *name, struct acsr_err *e);

ACSR_MUST_USE enum acsr_result accounts_set_always_second(
	struct db *d, const char *id, bool on, struct acsr_err *e);

/* Append the names, sorted. */
ACSR_MUST_USE enum acsr_result preauthorised_list(
	struct db *d, const char *account_id, struct strv *out, struct acsr_err *e);
/* These and no others from now on. */
ACSR_MUST_USE enum acsr_result preauthorised_set(
	struct db *d, const char *account_id, const struct strv *names, struct acsr_err *e);

#endif
