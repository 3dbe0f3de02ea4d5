/* SQL of the ACME server's authorizations. */
#include "store/acme_authz.h"

#include <stdlib.h>

#include "base/str.h"
#include "store/column.h"

void acme_authz_clear(struct acme_authz *a)
{
	free(a->error);
	free(a->evidence);
	*a = (struct acme_authz){ 0 };
}

enum acsr_result acme_authz_insert(struct db *d, const struct acme_authz *a, struct acsr_err *e)
{
	return db_exec(d, NULL,
		"INSERT INTO acme_authzs (id, acme_account_id, name, wildcard, status, token, types, type, "
		"attempts, error, evidence, created_at, expires_at) "
		"VALUES ($1, $2, $3, $4, $5, $6, $7, '', 0, '', '', $8, $9)",
		DB_ARGS(DB_TEXT(a->id), DB_TEXT(a->acme_account_id), DB_TEXT(a->name), DB_INT(a->wildcard),
			DB_TEXT(a->status), DB_TEXT(a->token), DB_TEXT(a->types), DB_INT(a->created_at),
			DB_INT(a->expires_at)),
		e);
}

#define COLUMNS                                                                                         \
	"a.id, a.acme_account_id, a.name, a.wildcard, a.status, a.token, a.types, a.type, a.attempts, " \
	"a.error, a.evidence, a.proved_at, a.caa_at, a.created_at, a.expires_at"

static enum acsr_result read_authz(const struct db_rows *r, struct acme_authz *a, struct acsr_err *e)
{
	COLUMN_TEXT(a->id, r, 0);
	COLUMN_TEXT(a->acme_account_id, r, 1);
	COLUMN_TEXT(a->name, r, 2);
	a->wildcard = db_int(r, 3) != 0;
	COLUMN_TEXT(a->status, r, 4);
	COLUMN_TEXT(a->token, r, 5);
	COLUMN_TEXT(a->types, r, 6);
	COLUMN_TEXT(a->type, r, 7);
	a->attempts = db_int(r, 8);
	TRY(str_dup(&a->error, db_text(r, 9), e));
	TRY(str_dup(&a->evidence, db_text(r, 10), e));
	a->proved_at = db_int(r, 11);
	a->caa_at = db_int(r, 12);
	a->created_at = db_int(r, 13);
	a->expires_at = db_int(r, 14);
	return ACSR_OK;
}

enum acsr_result acme_authz_load(
	struct db *d, const char *id, const char *acme_account_id, struct acme_authz *out, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	bool have;

	TRY(db_query(d, &rows,
		"SELECT " COLUMNS
		" FROM acme_authzs a WHERE a.id = $1 AND ($2 = '' OR a.acme_account_id = $2)",
		DB_ARGS(DB_TEXT(id), DB_TEXT(acme_account_id)), e));
	TRY(db_next(rows, &have, e));
	if (!have)
		return err_set(e, "object.absent", "this account has no such authorization");
	return read_authz(rows, out, e);
}

enum acsr_result acme_authz_save(struct db *d, const struct acme_authz *a, struct acsr_err *e)
{
	return db_exec(d, NULL,
		"UPDATE acme_authzs SET status = $2, type = $3, attempts = $4, error = $5, evidence = $6, "
		"proved_at = $7, caa_at = $8, expires_at = $9 WHERE id = $1",
		DB_ARGS(DB_TEXT(a->id), DB_TEXT(a->status), DB_TEXT(a->type), DB_INT(a->attempts),
			DB_TEXT(a->error), DB_TEXT(a->evidence), column_time(a->proved_at),
			column_time(a->caa_at), DB_INT(a->expires_at)),
		e);
}

enum acsr_result acme_authz_find(struct db *d, const char *acme_account_id, const char *name, bool wildcard,
	const char *types, int64_t now, int64_t since, char id[40], int64_t *expires_at, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	bool have;

	TRY(db_query(d, &rows,
		"SELECT id, expires_at FROM acme_authzs WHERE acme_account_id = $1 AND name = $2 AND "
		"wildcard = $3 AND "
		"expires_at > $4 AND proved_at > $5 AND status = 'valid' AND "
		"($6 = '' OR (' ' || $6 || ' ') LIKE ('% ' || type || ' %')) ORDER BY expires_at DESC LIMIT "
		"1",
		DB_ARGS(DB_TEXT(acme_account_id), DB_TEXT(name), DB_INT(wildcard), DB_INT(now), DB_INT(since),
			DB_TEXT(types)),
		e));
	TRY(db_next(rows, &have, e));
	id[0] = '\0';
	if (have) {
		column_text(id, 40, rows, 0);
		*expires_at = db_int(rows, 1);
	}
	return ACSR_OK;
}

static enum acsr_result read_row(const struct db_rows *r, void *row, struct acsr_err *e)
{
	return read_authz(r, row, e);
}

enum acsr_result acme_authzs_of(
	struct db *d, const char *acme_order_id, struct acme_authz **out, size_t *n, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	size_t count = 0;
	void *list;

	TRY(db_query(d, &rows,
		"SELECT " COLUMNS " FROM acme_order_authzs l JOIN acme_authzs a ON a.id = l.authz_id "
		"WHERE l.acme_order_id = $1 ORDER BY a.name, a.wildcard",
		DB_ARGS(DB_TEXT(acme_order_id)), e));
	if (column_list(rows, sizeof(**out), read_row, &list, &count, e) != ACSR_OK) {
		acme_authzs_free(list, count);
		return ACSR_FAIL;
	}
	*out = list;
	*n = count;
	return ACSR_OK;
}

void acme_authzs_free(struct acme_authz *a, size_t n)
{
	for (size_t i = 0; i < n; i++)
		acme_authz_clear(&a[i]);
	free(a);
}
