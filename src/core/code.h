/*
 * Unlock codes from the moment that they are wrapped until they are destroyed.
 *
 * They are in the main database, or in a store of their own ([database] code_store). Two databases cannot
 * commit as one, so the order makes it safe: a new code is committed in its store before the main database
 * commits the request that has it (so no committed request ever lacks its code), and a destroyed one is
 * deleted after. What a crash leaves in between is a code without a request: swept.
 */
#ifndef CORE_CODE_H
#define CORE_CODE_H

#include "core/product.h"
#include "store/csr_request.h"

/* Open the store that the settings name, before the sandbox closes its path. Error "config.code-store". */
ACSR_MUST_USE enum acsr_result code_open(struct core *c, struct proc *p, struct acsr_err *e);
/* With the main database open and migrated, outside a transaction: see that the two belong together, and
 * move the codes when the settings have changed. Error "config.code-store". */
ACSR_MUST_USE enum acsr_result code_join(struct core *c, struct acsr_err *e);
/* Requests whose code is not in the store: say so in their orders. Inside a transaction. */
ACSR_MUST_USE enum acsr_result code_admit_missing(struct core *c, struct acsr_err *e);

/* --- within a step --- */

/* This request has a code from now on; how long and how often it is shown is as the product says now. */
ACSR_MUST_USE enum acsr_result code_keep(struct core *c, struct csr_request *r, struct bytes wrapped,
	const struct product *p, struct acsr_err *e);
/* The wrapped code, appended to out; "code.gone". */
ACSR_MUST_USE enum acsr_result code_fetch(
	struct core *c, const struct csr_request *r, struct buf *out, struct acsr_err *e);
/* Destroy it, with its traces in the database's log, and say why in the order and in the audit log. Nothing
 * when there is none. */
ACSR_MUST_USE enum acsr_result code_destroy(
	struct core *c, struct csr_request *r, const char *why, struct acsr_err *e);
/* Just shown: counted, and destroyed when that was the last time. r is saved. */
ACSR_MUST_USE enum acsr_result code_shown(struct core *c, struct csr_request *r, struct acsr_err *e);
/* How often it may still be shown; -1: no limit. */
int64_t code_reveals_left(const struct csr_request *r);
/* "available"; "expired": its window is over, so nobody sees it any more, and it is about to be destroyed; or
 * "destroyed". */
const char *code_state(const struct core *c, const struct csr_request *r);

/* --- around the commit (batch.c) --- */
ACSR_MUST_USE enum acsr_result code_before_commit(struct core *c, struct acsr_err *e);
void code_after_commit(struct core *c);  /* before the outbox is emptied */
void code_commit_failed(struct core *c); /* or its end is not known */
void code_turn(struct core *c);          /* every turn, outside a transaction: sweep, forget */

#endif
