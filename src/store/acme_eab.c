/* SQL of acme_eab_keys. */
#include "store/acme_eab.h"

#include "store/column.h"

#define SELECT                                                                                              \
	"SELECT kid, account_id, user_id, directory, title, names, most_accounts, created_at, expires_at, " \
	"last_used_at, revoked_at, accounts, key FROM acme_eab_keys "

static void read_row(const struct db_rows *r, struct acme_eab *k)
{
	*k = (struct acme_eab){ .most_accounts = db_int(r, 6),
		.created_at = db_int(r, 7),
		.expires_at = db_int(r, 8),
		.last_used_at = db_int(r, 9),
		.revoked_at = db_int(r, 10),
		.accounts = db_int(r, 11) };
	COLUMN_TEXT(k->kid, r, 0);
	COLUMN_TEXT(k->account_id, r, 1);
	COLUMN_TEXT(k->user_id, r, 2);
	COLUMN_TEXT(k->directory, r, 3);
	COLUMN_TEXT(k->title, r, 4);
	COLUMN_TEXT(k->names, r, 5);
}

enum acsr_result acme_eab_insert(
	struct db *d, const struct acme_eab *k, struct bytes wrapped, struct acsr_err *e)
{
	return db_exec(d, NULL,
		"INSERT INTO acme_eab_keys (kid, account_id, user_id, directory, title, key, names, "
		"most_accounts, "
		"created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
		DB_ARGS(DB_TEXT(k->kid), DB_TEXT(k->account_id), DB_TEXT(k->user_id), DB_TEXT(k->directory),
			DB_TEXT(k->title), DB_BLOB(wrapped.p, wrapped.len), DB_TEXT(k->names),
			DB_INT(k->most_accounts), DB_INT(k->created_at), column_time(k->expires_at)),
		e);
}

enum acsr_result acme_eab_load(struct db *d, const char *kid, struct acme_eab *out, bool *have,
	struct buf *wrapped, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	struct bytes key;

	TRY(db_query(d, &rows, SELECT "WHERE kid = $1", DB_ARGS(DB_TEXT(kid)), e));
	TRY(db_next(rows, have, e));
	if (!*have)
		return ACSR_OK;
	read_row(rows, out);
	key = db_blob(rows, 12);
	return wrapped != NULL ? buf_put(wrapped, key.p, key.len, e) : ACSR_OK;
}

enum acsr_result acme_eab_names(struct db *d, const char *kid, char out[4000], struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	bool have;

	out[0] = '\0';
	TRY(db_query(d, &rows, "SELECT names FROM acme_eab_keys WHERE kid = $1", DB_ARGS(DB_TEXT(kid)), e));
	TRY(db_next(rows, &have, e));
	if (have)
		column_text(out, 4000, rows, 0);
	return ACSR_OK;
}

enum acsr_result acme_eab_each(
	struct db *d, const char *account_id, acme_eab_fn *fn, void *arg, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	struct acme_eab k;
	bool have;

	/* One text each, so that each has an index. */
	if (account_id[0] != '\0')
		TRY(db_query(d, &rows,
			SELECT "WHERE account_id = $1 ORDER BY created_at DESC, kid DESC LIMIT 1000",
			DB_ARGS(DB_TEXT(account_id)), e));
	else
		TRY(db_query(
			d, &rows, SELECT "ORDER BY created_at DESC, kid DESC LIMIT 1000", DB_NO_ARGS, e));
	for (;;) {
		TRY(db_next(rows, &have, e));
		if (!have)
			return ACSR_OK;
		read_row(rows, &k);
		TRY(fn(arg, &k, e));
	}
}

enum acsr_result acme_eab_used(struct db *d, const char *kid, int64_t at, struct acsr_err *e)
{
	return db_exec(d, NULL,
		"UPDATE acme_eab_keys SET last_used_at = $2, accounts = accounts + 1 WHERE kid = $1",
		DB_ARGS(DB_TEXT(kid), DB_INT(at)), e);
}

enum acsr_result acme_eab_revoke(struct db *d, const char *kid, int64_t at, struct acsr_err *e)
{
	return db_exec(d, NULL,
		"UPDATE acme_eab_keys SET revoked_at = $2 WHERE kid = $1 AND revoked_at IS NULL",
		DB_ARGS(DB_TEXT(kid), DB_INT(at)), e);
}

enum acsr_result acme_eab_revoke_all(struct db *d, const char *directory, int64_t at, struct acsr_err *e)
{
	return db_exec(d, NULL,
		"UPDATE acme_eab_keys SET revoked_at = $2 WHERE directory = $1 AND revoked_at IS NULL",
		DB_ARGS(DB_TEXT(directory), DB_INT(at)), e);
}

enum acsr_result acme_eab_count(
	struct db *d, const char *account_id, int64_t now, int64_t *n, struct acsr_err *e)
{
	return column_count(d, n,
		"SELECT COUNT(*) FROM acme_eab_keys WHERE account_id = $1 AND revoked_at IS NULL AND "
		"(expires_at IS "
		"NULL OR expires_at > $2)",
		DB_ARGS(DB_TEXT(account_id), DB_INT(now)), e);
}
