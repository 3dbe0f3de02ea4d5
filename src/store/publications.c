/* SQL of the tables publications and delegations. */
#include "store/publications.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/rnd.h"
#include "base/str.h"
#include "store/column.h"

#define COLUMNS                                                                                             \
	"id, order_id, validation_id, automation, method, place, published_as, state, wake, error, value, " \
	"error_text, asked_at, retry_at, created_at, unwanted_at, unsure, published_at"

void publication_clear(struct publication *p)
{
	free(p->value);
	free(p->error_text);
	*p = (struct publication){ 0 };
}

enum acsr_result publication_insert(struct db *d, const struct publication *p, struct acsr_err *e)
{
	return db_exec(d, NULL,
		"INSERT INTO publications (id, order_id, validation_id, automation, method, place, value, "
		"published_as, state, wake, error, error_text, asked_at, unsure, retry_at, created_at, "
		"unwanted_at) VALUES ($1, $2, $3, $4, $5, $6, $7, '', $8, $9, '', '', NULL, 0, NULL, $10, "
		"NULL)",
		DB_ARGS(DB_TEXT(p->id), DB_TEXT(p->order_id), DB_TEXT(p->validation_id),
			DB_TEXT(p->automation), DB_TEXT(p->method), DB_TEXT(p->place), DB_TEXT(p->value),
			DB_TEXT(p->state), DB_TEXT(p->wake), DB_INT(p->created_at)),
		e);
}

static enum acsr_result read_row(const struct db_rows *r, struct publication *p, struct acsr_err *e)
{
	*p = (struct publication){ .asked_at = db_int(r, 12),
		.retry_at = db_int(r, 13),
		.created_at = db_int(r, 14),
		.unwanted_at = db_int(r, 15),
		.unsure = db_int(r, 16) != 0,
		.published_at = db_int(r, 17) };
	COLUMN_TEXT(p->id, r, 0);
	COLUMN_TEXT(p->order_id, r, 1);
	COLUMN_TEXT(p->validation_id, r, 2);
	COLUMN_TEXT(p->automation, r, 3);
	COLUMN_TEXT(p->method, r, 4);
	COLUMN_TEXT(p->place, r, 5);
	COLUMN_TEXT(p->published_as, r, 6);
	COLUMN_TEXT(p->state, r, 7);
	COLUMN_TEXT(p->wake, r, 8);
	COLUMN_TEXT(p->error, r, 9);
	TRY(str_dup(&p->value, db_text(r, 10), e));
	return str_dup(&p->error_text, db_text(r, 11), e);
}

static enum acsr_result read_one(
	struct db_rows *rows, struct publication *out, bool *have, struct acsr_err *e)
{
	TRY(db_next(rows, have, e));
	if (!*have || read_row(rows, out, e) == ACSR_OK)
		return ACSR_OK;
	publication_clear(out);
	return ACSR_FAIL;
}

enum acsr_result publication_load(
	struct db *d, const char *id, struct publication *out, bool *have, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;

	TRY(db_query(
		d, &rows, "SELECT " COLUMNS " FROM publications WHERE id = $1", DB_ARGS(DB_TEXT(id)), e));
	return read_one(rows, out, have, e);
}

enum acsr_result publication_find(struct db *d, const char *validation_id, const char *automation,
	const char *place, const char *value, struct publication *out, bool *have, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;

	TRY(db_query(d, &rows,
		"SELECT " COLUMNS
		" FROM publications WHERE validation_id = $1 AND automation = $2 AND place = $3 "
		"AND value = $4",
		DB_ARGS(DB_TEXT(validation_id), DB_TEXT(automation), DB_TEXT(place), DB_TEXT(value)), e));
	return read_one(rows, out, have, e);
}

enum acsr_result publication_save(struct db *d, const struct publication *p, struct acsr_err *e)
{
	return db_exec(d, NULL,
		"UPDATE publications SET published_as = $2, state = $3, wake = $4, error = $5, error_text = "
		"$6, "
		"asked_at = $7, unsure = $8, retry_at = $9, unwanted_at = $10, published_at = $11 WHERE id = "
		"$1",
		DB_ARGS(DB_TEXT(p->id), DB_TEXT(p->published_as), DB_TEXT(p->state), DB_TEXT(p->wake),
			DB_TEXT(p->error), DB_TEXT(p->error_text), column_time(p->asked_at),
			DB_INT(p->unsure), column_time(p->retry_at), column_time(p->unwanted_at),
			column_time(p->published_at)),
		e);
}

enum acsr_result publication_delete(struct db *d, const char *id, struct acsr_err *e)
{
	return db_exec(d, NULL, "DELETE FROM publications WHERE id = $1", DB_ARGS(DB_TEXT(id)), e);
}

enum acsr_result publications_of_validation(
	struct db *d, const char *validation_id, struct db_rows **out, struct acsr_err *e)
{
	return db_query(d, out,
		"SELECT id FROM publications WHERE validation_id = $1 AND state <> 'unwanted'",
		DB_ARGS(DB_TEXT(validation_id)), e);
}

enum acsr_result publications_of_order(
	struct db *d, const char *order_id, struct db_rows **out, struct acsr_err *e)
{
	return db_query(d, out, "SELECT id FROM publications WHERE order_id = $1 AND state <> 'unwanted'",
		DB_ARGS(DB_TEXT(order_id)), e);
}

enum acsr_result publication_shared(
	struct db *d, const struct publication *p, bool *shared, struct acsr_err *e)
{
	int64_t n;

	TRY(column_count(d, &n,
		"SELECT COUNT(*) FROM publications WHERE place = $1 AND value = $2 AND automation = $3 "
		"AND id <> $4 AND state <> 'unwanted'",
		DB_ARGS(DB_TEXT(p->place), DB_TEXT(p->value), DB_TEXT(p->automation), DB_TEXT(p->id)), e));
	*shared = n > 0;
	return ACSR_OK;
}

enum acsr_result publication_needed(
	struct db *d, const struct publication *p, bool *needed, struct acsr_err *e)
{
	int64_t n;

	TRY(column_count(d, &n,
		"SELECT COUNT(*) FROM validations v JOIN orders o ON o.id = v.order_id WHERE v.id = $1 "
		"AND v.state NOT IN ('valid', 'failed', 'preauthorised') AND o.state NOT IN ('cancelled', "
		"'failed', 'revoked', 'expired')",
		DB_ARGS(DB_TEXT(p->validation_id)), e));
	*needed = n > 0;
	return ACSR_OK;
}

enum acsr_result publication_answer(struct db *d, const char *token, char **value, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	bool have;

	TRY(db_query(d, &rows,
		"SELECT value FROM publications WHERE place = $1 AND automation = 'responder' AND state = "
		"'published' LIMIT 1",
		DB_ARGS(DB_TEXT(token)), e));
	TRY(db_next(rows, &have, e));
	if (!have) {
		*value = NULL;
		return ACSR_OK;
	}
	return str_dup(value, db_text(rows, 0), e);
}

enum acsr_result delegation_label(struct db *d, const char *account_id, const char *name, int64_t now,
	char label[40], struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	char fresh[40];
	bool have;

	rnd_base32(fresh, 26);
	TRY(db_exec(d, NULL,
		"INSERT INTO delegations (account_id, name, label, created_at) VALUES ($1, $2, $3, $4) "
		"ON CONFLICT (account_id, name) DO NOTHING",
		DB_ARGS(DB_TEXT(account_id), DB_TEXT(name), DB_TEXT(fresh), DB_INT(now)), e));
	TRY(db_query(d, &rows, "SELECT label FROM delegations WHERE account_id = $1 AND name = $2",
		DB_ARGS(DB_TEXT(account_id), DB_TEXT(name)), e));
	TRY(db_next(rows, &have, e));
	if (!have)
		return err_set(e, "sys.database", "a label that was stored is not there");
	snprintf(label, 40, "%s", db_text(rows, 0));
	return ACSR_OK;
}
