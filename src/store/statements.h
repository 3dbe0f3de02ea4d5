/* What the operator has stated about public issuers (BR 6.1.1.3). A statement is withdrawn, never deleted. */
#ifndef STORE_STATEMENTS_H
#define STORE_STATEMENTS_H

#include "db/db.h"

/* The issuer of a statement about all of them. */
#define STATEMENT_ALL "*"

struct statement {
	char id[40], issuer[65], author[301], text[4001], withdrawn_by[301];
	int64_t at, withdrawn_at; /* 0: it holds */
};

ACSR_MUST_USE enum acsr_result statements_add(struct db *d, const struct statement *s, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result statements_withdraw(
	struct db *d, const char *id, int64_t at, const char *by, struct acsr_err *e);
/* The one about exactly this issuer ("*" too) that holds now. */
ACSR_MUST_USE enum acsr_result statements_about(
	struct db *d, const char *issuer, struct statement *out, bool *have, struct acsr_err *e);
/* One about this issuer or all that holds now; one about the issuer itself first. */
ACSR_MUST_USE enum acsr_result statements_current(
	struct db *d, const char *issuer, struct statement *out, bool *have, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result statements_load(
	struct db *d, const char *id, struct statement *out, bool *have, struct acsr_err *e);
/* Those about this issuer and about all, oldest first, withdrawn ones too. */
typedef enum acsr_result statements_each_fn(void *arg, const struct statement *s, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result statements_each(
	struct db *d, const char *issuer, statements_each_fn *fn, void *arg, struct acsr_err *e);

#endif
