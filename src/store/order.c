/* SQL of orders. */
#include "store/order.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "store/column.h"

void order_clear(struct order *o)
{
	free(o->names);
	free(o->subject);
	free(o->waiting_reason);
	*o = (struct order){ 0 };
}

enum acsr_result order_insert(struct db *d, const struct order *o, struct acsr_err *e)
{
	return db_exec(d, NULL,
		"INSERT INTO orders (id, account_id, user_id, product_id, state, names, subject, "
		"organisation_id, "
		"delivery, email, method, request_id, round, waiting_reason, created_at, updated_at) "
		"VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, '', $14, $14)",
		DB_ARGS(DB_TEXT(o->id), DB_TEXT(o->account_id), DB_TEXT(o->user_id), DB_TEXT(o->product_id),
			DB_TEXT(o->state), DB_TEXT(o->names), DB_TEXT(o->subject),
			column_or_null(o->organisation_id), DB_TEXT(o->delivery), DB_TEXT(o->email),
			DB_TEXT(o->method), column_or_null(o->request_id), DB_INT(o->round),
			DB_INT(o->created_at)),
		e);
}

static enum acsr_result read_order(struct db_rows *r, struct order *o, struct acsr_err *e)
{
	COLUMN_TEXT(o->id, r, 0);
	COLUMN_TEXT(o->account_id, r, 1);
	COLUMN_TEXT(o->user_id, r, 2);
	COLUMN_TEXT(o->product_id, r, 3);
	COLUMN_TEXT(o->state, r, 4);
	TRY(str_dup(&o->names, db_text(r, 5), e));
	TRY(str_dup(&o->subject, db_text(r, 6), e));
	COLUMN_TEXT(o->organisation_id, r, 7);
	COLUMN_TEXT(o->delivery, r, 8);
	COLUMN_TEXT(o->email, r, 9);
	COLUMN_TEXT(o->method, r, 10);
	COLUMN_TEXT(o->request_id, r, 11);
	o->round = db_int(r, 12);
	TRY(str_dup(&o->waiting_reason, db_text(r, 13), e));
	o->waiting_since = db_int(r, 14);
	o->next_try_at = db_int(r, 15);
	o->expires_at = db_int(r, 16);
	o->created_at = db_int(r, 17);
	o->updated_at = db_int(r, 18);
	COLUMN_TEXT(o->issuer, r, 19);
	o->renew_from = db_int(r, 20);
	o->renew_until = db_int(r, 21);
	return ACSR_OK;
}

enum acsr_result order_load(
	struct db *d, const char *id, const char *account_id, struct order *out, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	struct order o = { 0 };
	bool have;

	TRY(db_query(d, &rows,
		"SELECT id, account_id, user_id, product_id, state, names, subject, organisation_id, "
		"delivery, email, "
		"method, request_id, round, waiting_reason, waiting_since, next_try_at, expires_at, "
		"created_at, "
		"updated_at, issuer, renew_from, renew_until FROM orders WHERE id = $1 AND ($2 = '' OR "
		"account_id = $2)",
		DB_ARGS(DB_TEXT(id), DB_TEXT(account_id != NULL ? account_id : "")), e));
	TRY(db_next(rows, &have, e));
	if (!have)
		return err_set(e, "object.absent", "there is no such order");
	if (read_order(rows, &o, e) != ACSR_OK) {
		order_clear(&o);
		return ACSR_FAIL;
	}
	*out = o;
	return ACSR_OK;
}

enum acsr_result order_save(struct db *d, struct order *o, int64_t now, struct acsr_err *e)
{
	o->updated_at = now;
	return db_exec(d, NULL,
		"UPDATE orders SET state = $2, request_id = $3, round = $4, waiting_reason = $5, "
		"waiting_since = $6, "
		"next_try_at = $7, expires_at = $8, updated_at = $9, delivery = $10, email = $11, method = "
		"$12, "
		"issuer = $13, renew_from = $14, renew_until = $15 WHERE id = $1",
		DB_ARGS(DB_TEXT(o->id), DB_TEXT(o->state), column_or_null(o->request_id), DB_INT(o->round),
			DB_TEXT(o->waiting_reason != NULL ? o->waiting_reason : ""),
			column_time(o->waiting_since), column_time(o->next_try_at),
			column_time(o->expires_at), DB_INT(now), DB_TEXT(o->delivery), DB_TEXT(o->email),
			DB_TEXT(o->method), DB_TEXT(o->issuer), column_time(o->renew_from),
			column_time(o->renew_until)),
		e);
}

enum acsr_result order_find(
	struct db *d, const struct order_filter *f, struct db_rows **out, struct acsr_err *e)
{
	static const char newest[] = "SELECT id, created_at FROM orders o WHERE ($1 = '' OR account_id = $1) "
				     "AND ($2 = '' OR state = $2) "
				     "AND ($3 = '' OR product_id = $3) AND ($4 = '' OR names LIKE $5 ESCAPE "
				     "'!' OR id LIKE $5 ESCAPE '!' "
				     "OR EXISTS (SELECT 1 FROM certificates c WHERE c.order_id = o.id AND "
				     "c.serial LIKE $5 ESCAPE '!')) "
				     "AND (created_at < $6 OR (created_at = $6 AND id > $7)) ORDER BY "
				     "created_at DESC, id LIMIT $8";
	static const char soonest[] =
		"SELECT id, expires_at FROM orders o WHERE ($1 = '' OR account_id = $1) AND ($2 = '' OR "
		"state = $2) "
		"AND ($3 = '' OR product_id = $3) AND ($4 = '' OR names LIKE $5 ESCAPE '!' OR id LIKE $5 "
		"ESCAPE '!' "
		"OR EXISTS (SELECT 1 FROM certificates c WHERE c.order_id = o.id AND c.serial LIKE $5 ESCAPE "
		"'!')) "
		"AND expires_at IS NOT NULL AND (expires_at > $6 OR (expires_at = $6 AND id > $7)) "
		"ORDER BY expires_at, id LIMIT $8";
	char pattern[600];

	column_like(f->q, pattern, sizeof(pattern));
	return db_query(d, out, f->by_expiry ? soonest : newest,
		DB_ARGS(DB_TEXT(f->account_id), DB_TEXT(f->state), DB_TEXT(f->product_id), DB_TEXT(f->q),
			DB_TEXT(pattern), DB_INT(f->after_key), DB_TEXT(f->after_id), DB_INT(f->limit)),
		e);
}

enum acsr_result order_count_states(struct db *d, struct db_rows **out, struct acsr_err *e)
{
	return db_query(
		d, out, "SELECT state, COUNT(*) FROM orders GROUP BY state ORDER BY state", DB_NO_ARGS, e);
}

enum acsr_result idempotency_find(struct db *d, const char *account_id, const char *key, int64_t since,
	char body_sha256[65], char order_id[40], struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	bool have;

	order_id[0] = '\0';
	TRY(db_query(d, &rows,
		"SELECT body_sha256, order_id FROM idempotency "
		"WHERE account_id = $1 AND key = $2 AND created_at > $3",
		DB_ARGS(DB_TEXT(account_id), DB_TEXT(key), DB_INT(since)), e));
	TRY(db_next(rows, &have, e));
	if (!have)
		return ACSR_OK;
	snprintf(body_sha256, 65, "%s", db_text(rows, 0));
	snprintf(order_id, 40, "%s", db_text(rows, 1));
	return ACSR_OK;
}

enum acsr_result idempotency_add(struct db *d, const char *account_id, const char *key,
	const char *body_sha256, const char *order_id, int64_t now, struct acsr_err *e)
{
	return db_exec(d, NULL,
		"INSERT INTO idempotency (account_id, key, body_sha256, order_id, created_at) "
		"VALUES ($1, $2, $3, $4, $5) ON CONFLICT (account_id, key) DO UPDATE SET "
		"body_sha256 = excluded.body_sha256, order_id = excluded.order_id, "
		"created_at = excluded.created_at",
		DB_ARGS(DB_TEXT(account_id), DB_TEXT(key), DB_TEXT(body_sha256), DB_TEXT(order_id),
			DB_INT(now)),
		e);
}

enum acsr_result idempotency_prune(struct db *d, int64_t older_than, struct acsr_err *e)
{
	return db_exec(
		d, NULL, "DELETE FROM idempotency WHERE created_at < $1", DB_ARGS(DB_INT(older_than)), e);
}

enum acsr_result approval_add(struct db *d, const char *order_id, int64_t round, const char *user_id,
	const char *decision, const char *evidence, const char *note, int64_t now, struct acsr_err *e)
{
	return db_exec(d, NULL,
		"INSERT INTO approvals (order_id, round, user_id, decision, evidence, note, at) "
		"VALUES ($1, $2, $3, $4, $5, $6, $7)",
		DB_ARGS(DB_TEXT(order_id), DB_INT(round), DB_TEXT(user_id), DB_TEXT(decision),
			DB_TEXT(evidence), DB_TEXT(note), DB_INT(now)),
		e);
}

enum acsr_result approval_count(
	struct db *d, const char *order_id, int64_t since, int64_t *people, struct acsr_err *e)
{
	return column_count(d, people,
		"SELECT COUNT(DISTINCT user_id) FROM approvals WHERE order_id = $1 AND at >= $2 AND decision "
		"= 'approve' AND at > COALESCE((SELECT MAX(at) FROM approvals WHERE order_id = $1 AND "
		"decision = "
		"'reject'), 0)",
		DB_ARGS(DB_TEXT(order_id), DB_INT(since)), e);
}

enum acsr_result approval_list(struct db *d, const char *order_id, struct db_rows **out, struct acsr_err *e)
{
	return db_query(d, out,
		"SELECT a.round, a.decision, a.evidence, a.note, a.at, COALESCE(u.email, a.user_id) FROM "
		"approvals a "
		"LEFT JOIN users u ON u.id = a.user_id WHERE a.order_id = $1 ORDER BY a.at",
		DB_ARGS(DB_TEXT(order_id)), e);
}
