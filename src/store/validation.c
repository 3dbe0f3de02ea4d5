/* SQL of validations and evidence. */
#include "store/validation.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "store/column.h"

void validation_clear(struct validation *v)
{
	free(v->error);
	free(v->evidence);
	free(v->account_uri);
	free(v->authz_url);
	free(v->challenge_url);
	free(v->offers);
	*v = (struct validation){ 0 };
}

static struct db_arg text_of(const char *s)
{
	return DB_TEXT(s != NULL ? s : "");
}

enum acsr_result validation_insert(struct db *d, const struct validation *v, struct acsr_err *e)
{
	return db_exec(d, NULL,
		"INSERT INTO validations (id, order_id, name, wildcard, method, token, value, state, error, "
		"evidence, "
		"proved_at, attempts, created_at, next_check_at, valid_until, record, authz_url, "
		"challenge_url, offers, caa_at, account_uri) "
		"VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '', $9, $10, 0, $11, $12, $13, $14, $15, $16, $17, "
		"$18, $19)",
		DB_ARGS(DB_TEXT(v->id), DB_TEXT(v->order_id), DB_TEXT(v->name), DB_INT(v->wildcard),
			DB_TEXT(v->method), DB_TEXT(v->token), DB_TEXT(v->value), DB_TEXT(v->state),
			text_of(v->evidence), column_time(v->proved_at), DB_INT(v->created_at),
			column_time(v->next_check_at), column_time(v->valid_until), DB_TEXT(v->record),
			text_of(v->authz_url), text_of(v->challenge_url), text_of(v->offers),
			column_time(v->caa_at), text_of(v->account_uri)),
		e);
}

#define COLUMNS                                                                                             \
	"id, order_id, name, wildcard, method, token, value, state, error, evidence, attempts, proved_at, " \
	"caa_at, created_at, checked_at, next_check_at, valid_until, record, authz_url, challenge_url, "    \
	"offers, told_at, account_uri"

static enum acsr_result read_validation(const struct db_rows *r, struct validation *v, struct acsr_err *e)
{
	COLUMN_TEXT(v->id, r, 0);
	COLUMN_TEXT(v->order_id, r, 1);
	COLUMN_TEXT(v->name, r, 2);
	v->wildcard = db_int(r, 3) != 0;
	COLUMN_TEXT(v->method, r, 4);
	COLUMN_TEXT(v->token, r, 5);
	COLUMN_TEXT(v->value, r, 6);
	COLUMN_TEXT(v->state, r, 7);
	TRY(str_dup(&v->error, db_text(r, 8), e));
	TRY(str_dup(&v->evidence, db_text(r, 9), e));
	v->attempts = db_int(r, 10);
	v->proved_at = db_int(r, 11);
	v->caa_at = db_int(r, 12);
	v->created_at = db_int(r, 13);
	v->checked_at = db_int(r, 14);
	v->next_check_at = db_int(r, 15);
	v->valid_until = db_int(r, 16);
	COLUMN_TEXT(v->record, r, 17);
	TRY(str_dup(&v->authz_url, db_text(r, 18), e));
	TRY(str_dup(&v->challenge_url, db_text(r, 19), e));
	TRY(str_dup(&v->offers, db_text(r, 20), e));
	v->told_at = db_int(r, 21);
	TRY(str_dup(&v->account_uri, db_text(r, 22), e));
	return ACSR_OK;
}

enum acsr_result validation_load(struct db *d, const char *id, struct validation *out, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	bool have;

	TRY(db_query(d, &rows, "SELECT " COLUMNS " FROM validations WHERE id = $1", DB_ARGS(DB_TEXT(id)), e));
	TRY(db_next(rows, &have, e));
	if (!have)
		return err_set(e, "object.absent", "there is no such validation");
	return read_validation(rows, out, e);
}

enum acsr_result validation_save(struct db *d, const struct validation *v, struct acsr_err *e)
{
	return db_exec(d, NULL,
		"UPDATE validations SET method = $2, state = $3, error = $4, evidence = $5, attempts = $6, "
		"proved_at = $7, "
		"caa_at = $8, checked_at = $9, next_check_at = $10, valid_until = $11, token = $12, value = "
		"$13, record = $14, "
		"authz_url = $15, challenge_url = $16, offers = $17, told_at = $18, created_at = $19 "
		"WHERE id = $1",
		DB_ARGS(DB_TEXT(v->id), DB_TEXT(v->method), DB_TEXT(v->state), DB_TEXT(v->error),
			DB_TEXT(v->evidence), DB_INT(v->attempts), column_time(v->proved_at),
			column_time(v->caa_at), column_time(v->checked_at), column_time(v->next_check_at),
			column_time(v->valid_until), DB_TEXT(v->token), DB_TEXT(v->value), DB_TEXT(v->record),
			text_of(v->authz_url), text_of(v->challenge_url), text_of(v->offers),
			column_time(v->told_at), DB_INT(v->created_at)),
		e);
}

static enum acsr_result read_row(const struct db_rows *r, void *row, struct acsr_err *e)
{
	return read_validation(r, row, e);
}

enum acsr_result validations_of(
	struct db *d, const char *order_id, struct validation **out, size_t *n, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	size_t count = 0;
	void *list;

	TRY(db_query(d, &rows,
		"SELECT " COLUMNS " FROM validations WHERE order_id = $1 ORDER BY created_at, id",
		DB_ARGS(DB_TEXT(order_id)), e));
	if (column_list(rows, sizeof(**out), read_row, &list, &count, e) != ACSR_OK) {
		validations_free(list, count);
		return ACSR_FAIL;
	}
	*out = list;
	*n = count;
	return ACSR_OK;
}

void validations_free(struct validation *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		validation_clear(&v[i]);
	free(v);
}

enum acsr_result validations_delete(struct db *d, const char *order_id, struct acsr_err *e)
{
	return db_exec(d, NULL, "DELETE FROM validations WHERE order_id = $1", DB_ARGS(DB_TEXT(order_id)), e);
}

enum acsr_result evidence_find(struct db *d, const char *account_id, const char *name, bool wildcard,
	int64_t since, bool *have, char method[16], char **text, int64_t *at, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;

	TRY(db_query(d, &rows,
		"SELECT method, evidence, validated_at FROM evidence WHERE account_id = $1 AND name = $2 "
		"AND wildcard = $3 AND validated_at > $4",
		DB_ARGS(DB_TEXT(account_id), DB_TEXT(name), DB_INT(wildcard), DB_INT(since)), e));
	TRY(db_next(rows, have, e));
	if (!*have)
		return ACSR_OK;
	column_text(method, 16, rows, 0);
	*at = db_int(rows, 2);
	return str_dup(text, db_text(rows, 1), e);
}

enum acsr_result evidence_put(
	struct db *d, const char *account_id, const struct validation *v, struct acsr_err *e)
{
	return db_exec(d, NULL,
		"INSERT INTO evidence (account_id, name, wildcard, method, evidence, validated_at) "
		"VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (account_id, name, wildcard) DO UPDATE SET "
		"method = excluded.method, evidence = excluded.evidence, validated_at = "
		"excluded.validated_at",
		DB_ARGS(DB_TEXT(account_id), DB_TEXT(v->name), DB_INT(v->wildcard), DB_TEXT(v->method),
			DB_TEXT(v->evidence), DB_INT(v->proved_at)),
		e);
}

enum acsr_result preauthorised_has(
	struct db *d, const char *account_id, const char *name, bool *has, struct acsr_err *e)
{
	*has = false;
	for (const char *at = name; at != NULL && !*has; at = strchr(at, '.')) {
		int64_t n;

		at += *at == '.';
		TRY(column_count(d, &n,
			"SELECT COUNT(*) FROM preauthorised WHERE account_id = $1 AND name = $2",
			DB_ARGS(DB_TEXT(account_id), DB_TEXT(at)), e));
		*has = n > 0;
	}
	return ACSR_OK;
}
