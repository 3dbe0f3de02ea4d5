/* SQL of orders at other CAs. */
#include "store/upstream.h"

#include <stdlib.h>

#include "base/str.h"
#include "store/column.h"

void upstream_order_clear(struct upstream_order *u)
{
	free(u->url);
	free(u->finalize_url);
	free(u->certificate_url);
	free(u->detail);
	*u = (struct upstream_order){ 0 };
}

static enum acsr_result read_row(const struct db_rows *r, struct upstream_order *u, struct acsr_err *e)
{
	COLUMN_TEXT(u->order_id, r, 0);
	u->round = db_int(r, 1);
	COLUMN_TEXT(u->issuer, r, 2);
	COLUMN_TEXT(u->step, r, 3);
	TRY(str_dup(&u->url, db_text(r, 4), e));
	TRY(str_dup(&u->finalize_url, db_text(r, 5), e));
	TRY(str_dup(&u->certificate_url, db_text(r, 6), e));
	COLUMN_TEXT(u->replaces, r, 7);
	TRY(str_dup(&u->detail, db_text(r, 8), e));
	u->started_at = db_int(r, 9);
	u->told_at = db_int(r, 10);
	u->expires_at = db_int(r, 11);
	return ACSR_OK;
}

#define SELECT                                                                                         \
	"SELECT order_id, round, issuer, step, url, finalize_url, certificate_url, replaces, detail, " \
	"started_at, told_at, expires_at FROM upstream_orders WHERE order_id = $1"

static enum acsr_result take_first(
	struct db_rows *rows, struct upstream_order *out, bool *have, struct acsr_err *e)
{
	struct upstream_order u = { 0 };

	TRY(db_next(rows, have, e));
	if (!*have)
		return ACSR_OK;
	if (read_row(rows, &u, e) != ACSR_OK) {
		upstream_order_clear(&u);
		return ACSR_FAIL;
	}
	*out = u;
	return ACSR_OK;
}

enum acsr_result upstream_order_load(struct db *d, const char *order_id, int64_t round, const char *issuer,
	struct upstream_order *out, bool *have, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;

	TRY(db_query(d, &rows, SELECT " AND round = $2 AND issuer = $3",
		DB_ARGS(DB_TEXT(order_id), DB_INT(round), DB_TEXT(issuer)), e));
	return take_first(rows, out, have, e);
}

enum acsr_result upstream_order_leaving(
	struct db *d, const char *order_id, struct upstream_order *out, bool *have, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;

	TRY(db_query(d, &rows, SELECT " AND detail LIKE '%\"leaving\"%' ORDER BY round, issuer LIMIT 1",
		DB_ARGS(DB_TEXT(order_id)), e));
	return take_first(rows, out, have, e);
}

static struct db_arg text_of(const char *s)
{
	return DB_TEXT(s != NULL ? s : "");
}

enum acsr_result upstream_order_save(struct db *d, const struct upstream_order *u, struct acsr_err *e)
{
	return db_exec(d, NULL,
		"INSERT INTO upstream_orders (order_id, round, issuer, step, url, finalize_url, "
		"certificate_url, "
		"replaces, detail, started_at, told_at, expires_at) "
		"VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) "
		"ON CONFLICT (order_id, round, issuer) DO UPDATE SET step = excluded.step, url = "
		"excluded.url, "
		"finalize_url = excluded.finalize_url, certificate_url = excluded.certificate_url, "
		"replaces = excluded.replaces, detail = excluded.detail, started_at = excluded.started_at, "
		"told_at = excluded.told_at, expires_at = excluded.expires_at",
		DB_ARGS(DB_TEXT(u->order_id), DB_INT(u->round), DB_TEXT(u->issuer), DB_TEXT(u->step),
			text_of(u->url), text_of(u->finalize_url), text_of(u->certificate_url),
			DB_TEXT(u->replaces), DB_TEXT(u->detail != NULL ? u->detail : "{}"),
			DB_INT(u->started_at), column_time(u->told_at), column_time(u->expires_at)),
		e);
}

enum acsr_result upstream_order_known(
	struct db *d, const char *issuer, const char *url, bool *known, struct acsr_err *e)
{
	int64_t n;

	TRY(column_count(d, &n, "SELECT COUNT(*) FROM upstream_orders WHERE issuer = $1 AND url = $2",
		DB_ARGS(DB_TEXT(issuer), DB_TEXT(url)), e));
	*known = n > 0;
	return ACSR_OK;
}

enum acsr_result upstream_order_count(
	struct db *d, const char *issuer, int64_t since, int64_t *n, struct acsr_err *e)
{
	return column_count(d, n,
		"SELECT COUNT(*) FROM upstream_orders WHERE issuer = $1 AND started_at > $2 AND step NOT IN "
		"('order', 'failed')",
		DB_ARGS(DB_TEXT(issuer), DB_INT(since)), e);
}

enum acsr_result upstream_authorization_take(struct db *d, const char *issuer, const char *url,
	const char *account_id, const char *name, int64_t now, bool *ours, struct acsr_err *e)
{
	int64_t n;

	TRY(db_exec(d, NULL,
		"INSERT INTO upstream_authorizations (issuer, url, account_id, name, taken_at) "
		"VALUES ($1, $2, $3, $4, $5) ON CONFLICT (issuer, url) DO NOTHING",
		DB_ARGS(DB_TEXT(issuer), DB_TEXT(url), DB_TEXT(account_id), DB_TEXT(name), DB_INT(now)), e));
	TRY(column_count(d, &n,
		"SELECT COUNT(*) FROM upstream_authorizations WHERE issuer = $1 AND url = $2 AND account_id "
		"= $3 AND name = $4",
		DB_ARGS(DB_TEXT(issuer), DB_TEXT(url), DB_TEXT(account_id), DB_TEXT(name)), e));
	*ours = n > 0;
	return ACSR_OK;
}

enum acsr_result upstream_authorization_proved(
	struct db *d, const char *issuer, const char *url, int64_t now, struct acsr_err *e)
{
	return db_exec(d, NULL,
		"UPDATE upstream_authorizations SET proved_at = $3 WHERE issuer = $1 AND url = $2",
		DB_ARGS(DB_TEXT(issuer), DB_TEXT(url), DB_INT(now)), e);
}

enum acsr_result upstream_authorization_shown(struct db *d, const char *account_id, const char *name,
	int64_t since, bool *shown, struct acsr_err *e)
{
	int64_t n;

	TRY(column_count(d, &n,
		"SELECT COUNT(*) FROM upstream_authorizations WHERE account_id = $1 AND name = $2 AND "
		"proved_at > $3",
		DB_ARGS(DB_TEXT(account_id), DB_TEXT(name), DB_INT(since)), e));
	*shown = n > 0;
	return ACSR_OK;
}

#define HELD " FROM upstream_orders u WHERE u.issuer = $1 AND u.detail LIKE '%\"held_since\"%'"

enum acsr_result upstream_orders_wake(struct db *d, const char *issuer, int64_t now, struct acsr_err *e)
{
	TRY(db_exec(d, NULL,
		"UPDATE jobs SET due_at = $2 WHERE due_at > $2 AND kind IN ('upstream', 'issue') AND object "
		"IN "
		"(SELECT u.order_id" HELD ")",
		DB_ARGS(DB_TEXT(issuer), DB_INT(now)), e));
	return db_exec(d, NULL,
		"UPDATE jobs SET due_at = $2 WHERE due_at > $2 AND kind = 'validate' AND object IN "
		"(SELECT id FROM validations WHERE order_id IN (SELECT u.order_id" HELD "))",
		DB_ARGS(DB_TEXT(issuer), DB_INT(now)), e);
}

enum acsr_result upstream_authorization_used(
	struct db *d, const char *url, const char *order_id, bool *used, struct acsr_err *e)
{
	int64_t n;

	TRY(column_count(d, &n,
		"SELECT COUNT(*) FROM orders o JOIN validations v ON v.order_id = o.id WHERE v.authz_url = "
		"$1 "
		"AND o.id <> $2 AND o.state IN ('validating', 'vetting', 'issuing')",
		DB_ARGS(DB_TEXT(url), DB_TEXT(order_id)), e));
	*used = n > 0;
	return ACSR_OK;
}

enum acsr_result upstream_orders_reread(struct db *d, const char *issuer, int64_t now, struct acsr_err *e)
{
	TRY(db_exec(d, NULL,
		"UPDATE validations SET authz_url = '' WHERE state = 'pending' AND told_at IS NULL AND "
		"order_id IN "
		"(SELECT u.order_id FROM upstream_orders u JOIN orders o ON o.id = u.order_id AND o.round = "
		"u.round "
		"AND o.issuer = u.issuer WHERE u.issuer = $1 AND u.step IN ('authorize', 'prove') AND "
		"o.state = "
		"'validating')",
		DB_ARGS(DB_TEXT(issuer)), e));
	TRY(db_exec(d, NULL,
		"UPDATE upstream_orders SET step = 'authorize' WHERE issuer = $1 AND step = 'prove' AND "
		"order_id IN "
		"(SELECT v.order_id FROM validations v JOIN orders o ON o.id = v.order_id WHERE o.issuer = "
		"$1 AND "
		"o.state = 'validating' AND v.state = 'pending' AND v.authz_url = '')",
		DB_ARGS(DB_TEXT(issuer)), e));
	return db_exec(d, NULL,
		"INSERT INTO jobs (kind, object, due_at, lease_until, attempts, error) SELECT 'upstream', "
		"u.order_id, "
		"$2, 0, 0, '' FROM upstream_orders u JOIN orders o ON o.id = u.order_id AND o.round = "
		"u.round AND "
		"o.issuer = u.issuer WHERE u.issuer = $1 AND u.step = 'authorize' AND o.state = 'validating' "
		"ON CONFLICT (kind, object) DO NOTHING",
		DB_ARGS(DB_TEXT(issuer), DB_INT(now)), e);
}
