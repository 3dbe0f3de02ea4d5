/* SQL that deletes what the ACME server needs no more. */
#include "store/acme_prune.h"

#include "store/column.h"

/* Where the page ends that begins at `at`: the `most`th row, or beyond all rows. */
static enum acsr_result page_end(struct db *d, const char *sql, int64_t before, const struct acme_cursor *at,
	int64_t most, struct acme_cursor *end, bool *last, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	bool have;

	TRY(db_query(d, &rows, sql,
		DB_ARGS(DB_INT(before), DB_INT(at->at), DB_TEXT(at->id), DB_INT(most - 1)), e));
	TRY(db_next(rows, &have, e));
	*last = !have;
	*end = (struct acme_cursor){ .at = have ? db_int(rows, 0) : before };
	if (have)
		COLUMN_TEXT(end->id, rows, 1);
	return ACSR_OK;
}

/* One page: `find` finds its end, `drop` deletes in it. */
static enum acsr_result walk(struct db *d, const char *find, const char *drop, struct acme_cursor *at,
	int64_t before, int64_t most, int64_t *n, struct acsr_err *e)
{
	struct acme_cursor end;
	bool last;

	TRY(page_end(d, find, before, at, most, &end, &last, e));
	TRY(db_exec(
		d, n, drop, DB_ARGS(DB_INT(at->at), DB_TEXT(at->id), DB_INT(end.at), DB_TEXT(end.id)), e));
	*at = last ? (struct acme_cursor){ 0 } : end;
	return ACSR_OK;
}

enum acsr_result acme_orders_prune(struct db *d, int64_t before, int64_t most, int64_t *n, struct acsr_err *e)
{
	TRY(db_exec(d, NULL,
		"DELETE FROM acme_order_authzs WHERE acme_order_id IN "
		"(SELECT id FROM acme_orders WHERE expires_at < $1 AND status <> 'processing' ORDER BY "
		"expires_at, id LIMIT $2)",
		DB_ARGS(DB_INT(before), DB_INT(most)), e));
	return db_exec(d, n,
		"DELETE FROM acme_orders WHERE id IN "
		"(SELECT id FROM acme_orders WHERE expires_at < $1 AND status <> 'processing' ORDER BY "
		"expires_at, id LIMIT $2)",
		DB_ARGS(DB_INT(before), DB_INT(most)), e);
}

enum acsr_result acme_authzs_prune(
	struct db *d, struct acme_cursor *at, int64_t before, int64_t most, struct acsr_err *e)
{
	return walk(d,
		"SELECT expires_at, id FROM acme_authzs WHERE expires_at < $1 AND (expires_at, id) > ($2, "
		"$3) "
		"ORDER BY expires_at, id LIMIT 1 OFFSET $4",
		"DELETE FROM acme_authzs WHERE (expires_at, id) > ($1, $2) AND (expires_at, id) <= ($3, $4) "
		"AND NOT EXISTS (SELECT 1 FROM acme_order_authzs l WHERE l.authz_id = acme_authzs.id)",
		at, before, most, NULL, e);
}

/* A stranger who came to nothing so far. */
#define UNUSED "eab_kid = '' AND status = 'valid' AND finalized = 0"

enum acsr_result acme_accounts_prune(
	struct db *d, struct acme_cursor *at, int64_t before, int64_t most, int64_t *n, struct acsr_err *e)
{
	return walk(d,
		"SELECT last_seen_at, id FROM acme_accounts WHERE " UNUSED
		" AND last_seen_at < $1 AND (last_seen_at, id) > ($2, $3) "
		"ORDER BY last_seen_at, id LIMIT 1 OFFSET $4",
		"DELETE FROM acme_accounts WHERE " UNUSED
		" AND (last_seen_at, id) > ($1, $2) AND (last_seen_at, id) <= ($3, $4) "
		"AND NOT EXISTS (SELECT 1 FROM acme_orders o WHERE o.acme_account_id = acme_accounts.id) "
		"AND NOT EXISTS (SELECT 1 FROM acme_authzs z WHERE z.acme_account_id = acme_accounts.id)",
		at, before, most, n, e);
}

enum acsr_result acme_accounts_many(struct db *d, int64_t most, bool *are, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;

	TRY(db_query(d, &rows,
		"SELECT 1 FROM acme_accounts WHERE " UNUSED " ORDER BY last_seen_at, id LIMIT 1 OFFSET $1",
		DB_ARGS(DB_INT(most)), e));
	return db_next(rows, are, e);
}
