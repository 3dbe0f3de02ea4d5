/* SQL of the ACME server's orders. */
#include "store/acme_order.h"

#include <stdlib.h>

#include "base/str.h"
#include "store/column.h"

void acme_order_clear(struct acme_order *o)
{
	free(o->identifiers);
	free(o->error);
	*o = (struct acme_order){ 0 };
}

enum acsr_result acme_order_insert(struct db *d, const struct acme_order *o, struct acsr_err *e)
{
	return db_exec(d, NULL,
		"INSERT INTO acme_orders (id, acme_account_id, product_id, profile, status, identifiers, "
		"not_before, not_after, replaces, error, serial, created_at, expires_at, names_hash) "
		"VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, '', '', $10, $11, $12)",
		DB_ARGS(DB_TEXT(o->id), DB_TEXT(o->acme_account_id), DB_TEXT(o->product_id),
			DB_TEXT(o->profile), DB_TEXT(o->status), DB_TEXT(o->identifiers),
			column_time(o->not_before), column_time(o->not_after), DB_TEXT(o->replaces),
			DB_INT(o->created_at), DB_INT(o->expires_at), DB_TEXT(o->names_hash)),
		e);
}

enum acsr_result acme_order_link(struct db *d, const char *id, const char *authz_id, struct acsr_err *e)
{
	return db_exec(d, NULL, "INSERT INTO acme_order_authzs (acme_order_id, authz_id) VALUES ($1, $2)",
		DB_ARGS(DB_TEXT(id), DB_TEXT(authz_id)), e);
}

#define COLUMNS                                                                                            \
	"o.id, o.acme_account_id, o.product_id, o.profile, o.status, o.identifiers, o.error, o.replaces, " \
	"o.serial, o.not_before, o.not_after, o.created_at, o.expires_at"
enum { N_COLUMNS = 13 };

static enum acsr_result read_order(const struct db_rows *r, struct acme_order *o, struct acsr_err *e)
{
	COLUMN_TEXT(o->id, r, 0);
	COLUMN_TEXT(o->acme_account_id, r, 1);
	COLUMN_TEXT(o->product_id, r, 2);
	COLUMN_TEXT(o->profile, r, 3);
	COLUMN_TEXT(o->status, r, 4);
	TRY(str_dup(&o->identifiers, db_text(r, 5), e));
	TRY(str_dup(&o->error, db_text(r, 6), e));
	COLUMN_TEXT(o->replaces, r, 7);
	COLUMN_TEXT(o->serial, r, 8);
	o->not_before = db_int(r, 9);
	o->not_after = db_int(r, 10);
	o->created_at = db_int(r, 11);
	o->expires_at = db_int(r, 12);
	return ACSR_OK;
}

static enum acsr_result absent(struct acsr_err *e)
{
	return err_set(e, "object.absent", "this account has no such order");
}

enum acsr_result acme_order_load(
	struct db *d, const char *id, const char *acme_account_id, struct acme_order *out, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	bool have;

	TRY(db_query(d, &rows,
		"SELECT " COLUMNS
		" FROM acme_orders o WHERE o.id = $1 AND ($2 = '' OR o.acme_account_id = $2)",
		DB_ARGS(DB_TEXT(id), DB_TEXT(acme_account_id)), e));
	TRY(db_next(rows, &have, e));
	return have ? read_order(rows, out, e) : absent(e);
}

enum acsr_result acme_order_save(struct db *d, const struct acme_order *o, struct acsr_err *e)
{
	return db_exec(d, NULL,
		"UPDATE acme_orders SET status = $2, error = $3, serial = $4, expires_at = $5 WHERE id = $1",
		DB_ARGS(DB_TEXT(o->id), DB_TEXT(o->status), DB_TEXT(o->error), DB_TEXT(o->serial),
			DB_INT(o->expires_at)),
		e);
}

enum acsr_result acme_order_by_serial(
	struct db *d, const char *serial, struct acme_order *out, bool *have, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;

	TRY(db_query(d, &rows, "SELECT " COLUMNS " FROM acme_orders o WHERE o.serial = $1 AND o.serial <> ''",
		DB_ARGS(DB_TEXT(serial)), e));
	TRY(db_next(rows, have, e));
	return *have ? read_order(rows, out, e) : ACSR_OK;
}

enum acsr_result acme_order_replaced(
	struct db *d, const char *certificate_id, int64_t now, bool *is, struct acsr_err *e)
{
	int64_t n;

	TRY(column_count(d, &n,
		"SELECT COUNT(*) FROM acme_orders WHERE replaces = $1 AND replaces <> '' AND "
		"(status IN ('processing', 'valid') OR (status = 'pending' AND expires_at > $2))",
		DB_ARGS(DB_TEXT(certificate_id), DB_INT(now)), e));
	*is = n > 0;
	return ACSR_OK;
}

enum acsr_result acme_order_same(struct db *d, const char *acme_account_id, const char *names_hash,
	int64_t since, int64_t most, int64_t *at, struct acsr_err *e)
{
	return column_count(d, at,
		"SELECT created_at FROM acme_orders WHERE acme_account_id = $1 AND names_hash = $2 AND "
		"created_at > $3 ORDER BY created_at DESC LIMIT 1 OFFSET $4",
		DB_ARGS(DB_TEXT(acme_account_id), DB_TEXT(names_hash), DB_INT(since), DB_INT(most - 1)), e);
}

enum acsr_result acme_orders_fail(struct db *d, const char *authz_id, struct acsr_err *e)
{
	return db_exec(d, NULL,
		"UPDATE acme_orders SET status = 'invalid' WHERE status = 'pending' AND id IN "
		"(SELECT acme_order_id FROM acme_order_authzs WHERE authz_id = $1)",
		DB_ARGS(DB_TEXT(authz_id)), e);
}

static enum acsr_result add_authz(
	const struct db_rows *r, struct acme_order_authz **list, size_t *n, struct acsr_err *e)
{
	struct acme_order_authz *grown = column_grow(*list, *n, sizeof(**list), e);

	if (grown == NULL)
		return ACSR_FAIL;
	*list = grown;
	grown += (*n)++;
	COLUMN_TEXT(grown->id, r, N_COLUMNS);
	COLUMN_TEXT(grown->status, r, N_COLUMNS + 1);
	grown->expires_at = db_int(r, N_COLUMNS + 2);
	return ACSR_OK;
}

static enum acsr_result read_with(struct db_rows *rows, struct acme_order *o, struct acme_order_authz **list,
	size_t *n, struct acsr_err *e)
{
	bool have;

	TRY(db_next(rows, &have, e));
	if (!have)
		return absent(e);
	TRY(read_order(rows, o, e));
	while (have) {
		TRY(add_authz(rows, list, n, e));
		TRY(db_next(rows, &have, e));
	}
	return ACSR_OK;
}

enum acsr_result acme_order_load_with(struct db *d, const char *id, const char *acme_account_id,
	struct acme_order *o, struct acme_order_authz **out, size_t *n, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	struct acme_order_authz *list = NULL;
	size_t count = 0;

	TRY(db_query(d, &rows,
		"SELECT " COLUMNS ", a.id, a.status, a.expires_at FROM acme_orders o "
		"JOIN acme_order_authzs l ON l.acme_order_id = o.id JOIN acme_authzs a ON a.id = l.authz_id "
		"WHERE o.id = $1 AND ($2 = '' OR o.acme_account_id = $2) ORDER BY a.name, a.wildcard",
		DB_ARGS(DB_TEXT(id), DB_TEXT(acme_account_id)), e));
	if (read_with(rows, o, &list, &count, e) != ACSR_OK) {
		free(list);
		return ACSR_FAIL;
	}
	*out = list;
	*n = count;
	return ACSR_OK;
}
