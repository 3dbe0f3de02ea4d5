/* SQL of the tables accounts and preauthorised. */
#include "store/accounts.h"

#include <stdio.h>

enum acsr_result accounts_add(struct db *d, const struct account *a, struct acsr_err *e)
{
	return db_exec(d, NULL, "INSERT INTO accounts (id, name, email, created_at) VALUES ($1, $2, $3, $4)",
		DB_ARGS(DB_TEXT(a->id), DB_TEXT(a->name), DB_TEXT(a->email), DB_INT(a->created_at)), e);
}

enum acsr_result accounts_find(
	struct db *d, const char *id, struct account *out, bool *have, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;

	TRY(db_query(d, &rows,
		"SELECT id, name, email, created_at, (SELECT COUNT(*) FROM users WHERE account_id = $1), "
		"always_second FROM accounts WHERE id = $1",
		DB_ARGS(DB_TEXT(id)), e));
	TRY(db_next(rows, have, e));
	if (!*have)
		return ACSR_OK;
	snprintf(out->id, sizeof(out->id), "%s", db_text(rows, 0));
	snprintf(out->name, sizeof(out->name), "%s", db_text(rows, 1));
	snprintf(out->email, sizeof(out->email), "%s", db_text(rows, 2));
	out->created_at = db_int(rows, 3);
	out->users = db_int(rows, 4);
	out->always_second = db_int(rows, 5) != 0;
	return ACSR_OK;
}

enum acsr_result accounts_rename(struct db *d, const char *id, const char *name, struct acsr_err *e)
{
	return db_exec(d, NULL, "UPDATE accounts SET name = $2 WHERE id = $1",
		DB_ARGS(DB_TEXT(id), DB_TEXT(name)), e);
}

enum acsr_result accounts_set_always_second(struct db *d, const char *id, bool on, struct acsr_err *e)
{
	return db_exec(d, NULL, "UPDATE accounts SET always_second = $2 WHERE id = $1",
		DB_ARGS(DB_TEXT(id), DB_INT(on)), e);
}

enum acsr_result preauthorised_list(
	struct db *d, const char *account_id, struct strv *out, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	bool have;

	TRY(db_query(d, &rows, "SELECT name FROM preauthorised WHERE account_id = $1 ORDER BY name",
		DB_ARGS(DB_TEXT(account_id)), e));
	for (;;) {
		TRY(db_next(rows, &have, e));
		if (!have)
			return ACSR_OK;
		TRY(strv_add(out, db_text(rows, 0), e));
	}
}

enum acsr_result preauthorised_set(
	struct db *d, const char *account_id, const struct strv *names, struct acsr_err *e)
{
	TRY(db_exec(
		d, NULL, "DELETE FROM preauthorised WHERE account_id = $1", DB_ARGS(DB_TEXT(account_id)), e));
	for (size_t i = 0; i < names->n; i++)
		TRY(db_exec(d, NULL,
			"INSERT INTO preauthorised (account_id, name) VALUES ($1, $2) ON CONFLICT DO NOTHING",
			DB_ARGS(DB_TEXT(account_id), DB_TEXT(names->v[i])), e));
	return ACSR_OK;
}
