/* SQL of acme_accounts and acme_nonces. */
#include "store/acme_account.h"

#include <stdio.h>
#include <string.h>

#include "store/column.h"

#define SELECT                                                                                            \
	"SELECT id, directory, account_id, eab_kid, thumbprint, jwk, status, contacts, terms_agreed_at, " \
	"created_at, last_seen_at, network, finalized FROM acme_accounts "

static void read_row(const struct db_rows *r, struct acme_account *a)
{
	*a = (struct acme_account){
		.terms_agreed_at = db_int(r, 8), .created_at = db_int(r, 9), .last_seen_at = db_int(r, 10)
	};
	COLUMN_TEXT(a->id, r, 0);
	COLUMN_TEXT(a->directory, r, 1);
	COLUMN_TEXT(a->account_id, r, 2);
	COLUMN_TEXT(a->eab_kid, r, 3);
	COLUMN_TEXT(a->thumbprint, r, 4);
	COLUMN_TEXT(a->jwk, r, 5);
	COLUMN_TEXT(a->status, r, 6);
	COLUMN_TEXT(a->contacts, r, 7);
	COLUMN_TEXT(a->network, r, 11);
	a->finalized = db_int(r, 12) != 0;
}

enum acsr_result acme_account_insert(struct db *d, const struct acme_account *a, struct acsr_err *e)
{
	return db_exec(d, NULL,
		"INSERT INTO acme_accounts (id, directory, account_id, eab_kid, thumbprint, jwk, status, "
		"contacts, terms_agreed_at, created_at, last_seen_at, network) "
		"VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
		DB_ARGS(DB_TEXT(a->id), DB_TEXT(a->directory), DB_TEXT(a->account_id), DB_TEXT(a->eab_kid),
			DB_TEXT(a->thumbprint), DB_TEXT(a->jwk), DB_TEXT(a->status), DB_TEXT(a->contacts),
			column_time(a->terms_agreed_at), DB_INT(a->created_at), DB_INT(a->last_seen_at),
			DB_TEXT(a->network)),
		e);
}

static enum acsr_result one(struct db *d, const char *sql, const struct db_arg *args,
	struct acme_account *out, bool *have, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;

	TRY(db_query(d, &rows, sql, args, e));
	TRY(db_next(rows, have, e));
	if (*have)
		read_row(rows, out);
	return ACSR_OK;
}

enum acsr_result acme_account_load(
	struct db *d, const char *id, struct acme_account *out, bool *have, struct acsr_err *e)
{
	return one(d, SELECT "WHERE id = $1", DB_ARGS(DB_TEXT(id)), out, have, e);
}

enum acsr_result acme_account_by_key(struct db *d, const char *directory, const char *thumbprint,
	struct acme_account *out, bool *have, struct acsr_err *e)
{
	return one(d, SELECT "WHERE directory = $1 AND thumbprint = $2",
		DB_ARGS(DB_TEXT(directory), DB_TEXT(thumbprint)), out, have, e);
}

enum acsr_result acme_account_key_known(struct db *d, const char *thumbprint, bool *known, struct acsr_err *e)
{
	int64_t n;

	TRY(column_count(d, &n, "SELECT COUNT(*) FROM acme_accounts WHERE thumbprint = $1",
		DB_ARGS(DB_TEXT(thumbprint)), e));
	*known = n > 0;
	return ACSR_OK;
}

enum acsr_result acme_account_save(struct db *d, const struct acme_account *a, struct acsr_err *e)
{
	return db_exec(d, NULL,
		"UPDATE acme_accounts SET thumbprint = $2, jwk = $3, status = $4, contacts = $5, "
		"terms_agreed_at = $6 WHERE id = $1",
		DB_ARGS(DB_TEXT(a->id), DB_TEXT(a->thumbprint), DB_TEXT(a->jwk), DB_TEXT(a->status),
			DB_TEXT(a->contacts), column_time(a->terms_agreed_at)),
		e);
}

enum acsr_result acme_account_bind(struct db *d, const char *id, const char *binding, struct acsr_err *e)
{
	return db_exec(d, NULL, "UPDATE acme_accounts SET binding = $2 WHERE id = $1",
		DB_ARGS(DB_TEXT(id), DB_TEXT(binding)), e);
}

enum acsr_result acme_account_binding(struct db *d, const char *id, char **out, struct acsr_err *e)
{
	return column_string(
		d, out, "SELECT binding FROM acme_accounts WHERE id = $1", DB_ARGS(DB_TEXT(id)), e);
}

enum acsr_result acme_account_seen(struct db *d, const char *id, int64_t at, struct acsr_err *e)
{
	return db_exec(d, NULL, "UPDATE acme_accounts SET last_seen_at = $2 WHERE id = $1",
		DB_ARGS(DB_TEXT(id), DB_INT(at)), e);
}

enum acsr_result acme_account_finalized(struct db *d, const char *id, struct acsr_err *e)
{
	return db_exec(
		d, NULL, "UPDATE acme_accounts SET finalized = 1 WHERE id = $1", DB_ARGS(DB_TEXT(id)), e);
}

enum acsr_result acme_account_each(struct db *d, const char *account_id, int64_t before,
	const char *before_id, int64_t most, acme_account_fn *fn, void *arg, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	struct acme_account a;
	bool have;

	/* One text each, so that each has an index. */
	if (account_id[0] != '\0')
		TRY(db_query(d, &rows,
			SELECT
			"WHERE account_id = $1 AND (created_at, id) < ($2, $3) ORDER BY created_at DESC, "
			"id DESC LIMIT $4",
			DB_ARGS(DB_TEXT(account_id), DB_INT(before), DB_TEXT(before_id), DB_INT(most)), e));
	else
		TRY(db_query(d, &rows,
			SELECT "WHERE (created_at, id) < ($1, $2) ORDER BY created_at DESC, id DESC LIMIT $3",
			DB_ARGS(DB_INT(before), DB_TEXT(before_id), DB_INT(most)), e));
	for (;;) {
		TRY(db_next(rows, &have, e));
		if (!have)
			return ACSR_OK;
		read_row(rows, &a);
		TRY(fn(arg, &a, e));
	}
}

enum acsr_result acme_account_listed(struct db *d, const char *id, const struct acme_listed *after,
	struct acme_listed *out, size_t most, size_t *n, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	bool have = true;

	TRY(db_query(d, &rows,
		"SELECT id, status, created_at FROM acme_orders WHERE acme_account_id = $1 AND "
		"(created_at, id) < ($2, $3) ORDER BY created_at DESC, id DESC LIMIT $4",
		DB_ARGS(DB_TEXT(id), DB_INT(after->created_at), DB_TEXT(after->id), DB_INT(most)), e));
	for (*n = 0; *n < most; ++*n) {
		TRY(db_next(rows, &have, e));
		if (!have)
			return ACSR_OK;
		COLUMN_TEXT(out[*n].id, rows, 0);
		COLUMN_TEXT(out[*n].status, rows, 1);
		out[*n].created_at = db_int(rows, 2);
	}
	return ACSR_OK;
}

enum acsr_result acme_account_drop_open(struct db *d, const char *id, struct acsr_err *e)
{
	TRY(db_exec(d, NULL,
		"UPDATE acme_orders SET status = 'invalid' WHERE acme_account_id = $1 AND status = 'pending'",
		DB_ARGS(DB_TEXT(id)), e));
	return db_exec(d, NULL,
		"UPDATE acme_authzs SET status = 'deactivated' WHERE acme_account_id = $1 AND status IN "
		"('pending', "
		"'valid')",
		DB_ARGS(DB_TEXT(id)), e);
}

/* --- nonces --- */

void acme_nonce_time(int64_t at, uint8_t out[8])
{
	for (int i = 0; i < 8; i++)
		out[i] = (uint8_t)((uint64_t)at >> (56 - 8 * i));
}

enum acsr_result acme_nonce_spend(
	struct db *d, const uint8_t nonce[ACME_NONCE_RAW], bool *fresh, struct acsr_err *e)
{
	int64_t changed = 0;

	TRY(db_exec(d, &changed, "INSERT INTO acme_nonces (nonce) VALUES ($1) ON CONFLICT (nonce) DO NOTHING",
		DB_ARGS(DB_BLOB(nonce, ACME_NONCE_RAW)), e));
	*fresh = changed == 1;
	return ACSR_OK;
}

enum acsr_result acme_nonces_prune(struct db *d, int64_t before, int64_t most, struct acsr_err *e)
{
	uint8_t least[8];

	acme_nonce_time(before, least);
	return db_exec(d, NULL,
		"DELETE FROM acme_nonces WHERE nonce IN (SELECT nonce FROM acme_nonces WHERE nonce < $1 "
		"ORDER BY "
		"nonce LIMIT $2)",
		DB_ARGS(DB_BLOB(least, sizeof(least)), DB_INT(most)), e);
}
