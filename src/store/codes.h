/*
 * Wrapped unlock codes: which request, and its code as the key-encryption key has wrapped it. Nothing here
 * reads them.
 *
 * The table is in the main database, or in one of its own (setting database.code_store), so that one stolen
 * copy is not enough. requests.has_code, in the main database, says whether a request has a code: a row here
 * without it is an orphan, and swept.
 */
#ifndef STORE_CODES_H
#define STORE_CODES_H

#include "base/str.h"
#include "db/db.h"

/* Make the tables in a database that has nothing else. */
ACSR_MUST_USE enum acsr_result codes_schema(struct db *store, struct acsr_err *e);

/* Put one, or replace it. */
ACSR_MUST_USE enum acsr_result codes_put(
	struct db *store, const char *request_id, struct bytes wrapped, struct acsr_err *e);
/* Append it to out; "code.gone" when there is none. */
ACSR_MUST_USE enum acsr_result codes_get(
	struct db *store, const char *request_id, struct buf *out, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result codes_delete(struct db *store, const char *request_id, struct acsr_err *e);

/* Delete what no request of `db` has any more; *swept counts them. store may be db. */
ACSR_MUST_USE enum acsr_result codes_sweep(
	struct db *store, struct db *db, int64_t *swept, struct acsr_err *e);
/* Copy all rows; those that are in `to` already are replaced. */
ACSR_MUST_USE enum acsr_result codes_copy(
	struct db *from, struct db *to, int64_t *copied, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result codes_delete_all(struct db *store, struct acsr_err *e);
/* Append the ids of requests that should have a code which is not in `store`. */
ACSR_MUST_USE enum acsr_result codes_missing(
	struct db *store, struct db *db, struct strv *ids, struct acsr_err *e);

/* How many codes of requests that `db` does not know at all? */
ACSR_MUST_USE enum acsr_result codes_strangers(
	struct db *store, struct db *db, int64_t *n, struct acsr_err *e);

/* Which store: the same random id stands in the main database and in the store. "" in the main database: none
 * but itself. */
ACSR_MUST_USE enum acsr_result codes_store_id(struct db *d, char id[40], struct acsr_err *e);
/* "" removes it. */
ACSR_MUST_USE enum acsr_result codes_store_set(struct db *d, const char *id, int64_t now, struct acsr_err *e);

#endif
