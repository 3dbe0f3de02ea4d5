/* SQL of the table users. */
#include "store/users.h"

#include <stdio.h>

#include "store/column.h"

#define USER_SELECT                                                                                   \
	"SELECT u.id, u.account_id, a.name, u.email, u.role, u.password, u.disabled, u.totp_active, " \
	"u.totp_counter, u.created_at, u.last_login_at, "                                             \
	"(SELECT COUNT(*) FROM passkeys k WHERE k.user_id = u.id) "                                   \
	"FROM users u JOIN accounts a ON a.id = u.account_id "

static void read_user(const struct db_rows *r, struct user *u)
{
	snprintf(u->id, sizeof(u->id), "%s", db_text(r, 0));
	snprintf(u->account_id, sizeof(u->account_id), "%s", db_text(r, 1));
	snprintf(u->account_name, sizeof(u->account_name), "%s", db_text(r, 2));
	snprintf(u->email, sizeof(u->email), "%s", db_text(r, 3));
	snprintf(u->role, sizeof(u->role), "%s", db_text(r, 4));
	snprintf(u->password, sizeof(u->password), "%s", db_text(r, 5));
	u->disabled = db_int(r, 6) != 0;
	u->totp = db_int(r, 7) != 0;
	u->totp_counter = db_int(r, 8);
	u->created_at = db_int(r, 9);
	u->last_login_at = db_int(r, 10);
	u->passkeys = db_int(r, 11);
}

static enum acsr_result one(
	struct db *d, const char *sql, const char *key, struct user *out, bool *have, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;

	TRY(db_query(d, &rows, sql, DB_ARGS(DB_TEXT(key)), e));
	TRY(db_next(rows, have, e));
	if (*have)
		read_user(rows, out);
	return ACSR_OK;
}

enum acsr_result users_by_email(
	struct db *d, const char *email, struct user *out, bool *have, struct acsr_err *e)
{
	return one(d, USER_SELECT "WHERE u.email = $1", email, out, have, e);
}

enum acsr_result users_by_id(struct db *d, const char *id, struct user *out, bool *have, struct acsr_err *e)
{
	return one(d, USER_SELECT "WHERE u.id = $1", id, out, have, e);
}

enum acsr_result users_each(
	struct db *d, const char *account_id, users_each_fn *fn, void *arg, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	bool have;

	if (account_id != NULL)
		TRY(db_query(d, &rows, USER_SELECT "WHERE u.account_id = $1 ORDER BY u.created_at, u.id",
			DB_ARGS(DB_TEXT(account_id)), e));
	else
		TRY(db_query(d, &rows, USER_SELECT "ORDER BY u.created_at, u.id", DB_NO_ARGS, e));
	for (;;) {
		struct user u;

		TRY(db_next(rows, &have, e));
		if (!have)
			return ACSR_OK;
		read_user(rows, &u);
		TRY(fn(arg, &u, e));
	}
}

enum acsr_result users_add(struct db *d, const struct user *u, struct acsr_err *e)
{
	return db_exec(d, NULL,
		"INSERT INTO users (id, account_id, email, password, role, disabled, totp, totp_active, "
		"totp_counter, created_at, last_login_at) "
		"VALUES ($1, $2, $3, $4, $5, 0, NULL, 0, 0, $6, NULL)",
		DB_ARGS(DB_TEXT(u->id), DB_TEXT(u->account_id), DB_TEXT(u->email), DB_TEXT(u->password),
			DB_TEXT(u->role), DB_INT(u->created_at)),
		e);
}

enum acsr_result users_delete(struct db *d, const char *id, struct acsr_err *e)
{
	TRY(db_exec(d, NULL, "DELETE FROM mail_tokens WHERE user_id = $1", DB_ARGS(DB_TEXT(id)), e));
	return db_exec(d, NULL, "DELETE FROM users WHERE id = $1", DB_ARGS(DB_TEXT(id)), e);
}

enum acsr_result users_set_password(struct db *d, const char *id, const char *encoded, struct acsr_err *e)
{
	return db_exec(d, NULL, "UPDATE users SET password = $2 WHERE id = $1",
		DB_ARGS(DB_TEXT(id), DB_TEXT(encoded)), e);
}

enum acsr_result users_set_role(struct db *d, const char *id, const char *role, struct acsr_err *e)
{
	return db_exec(
		d, NULL, "UPDATE users SET role = $2 WHERE id = $1", DB_ARGS(DB_TEXT(id), DB_TEXT(role)), e);
}

enum acsr_result users_set_disabled(struct db *d, const char *id, bool disabled, struct acsr_err *e)
{
	return db_exec(d, NULL, "UPDATE users SET disabled = $2 WHERE id = $1",
		DB_ARGS(DB_TEXT(id), DB_INT(disabled)), e);
}

enum acsr_result users_hand_over(struct db *d, const char *id, char **out, struct acsr_err *e)
{
	return column_string(d, out, "SELECT hand_over FROM users WHERE id = $1", DB_ARGS(DB_TEXT(id)), e);
}

enum acsr_result users_set_hand_over(struct db *d, const char *id, const char *json, struct acsr_err *e)
{
	return db_exec(d, NULL, "UPDATE users SET hand_over = $2 WHERE id = $1",
		DB_ARGS(DB_TEXT(id), DB_TEXT(json)), e);
}

enum acsr_result users_logged_in(struct db *d, const char *id, int64_t at, struct acsr_err *e)
{
	return db_exec(d, NULL, "UPDATE users SET last_login_at = $2 WHERE id = $1",
		DB_ARGS(DB_TEXT(id), DB_INT(at)), e);
}

static enum acsr_result number(
	struct db *d, const char *sql, const struct db_arg *args, int64_t *n, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	bool have;

	TRY(db_query(d, &rows, sql, args, e));
	TRY(db_next(rows, &have, e));
	*n = have ? db_int(rows, 0) : 0;
	return ACSR_OK;
}

enum acsr_result users_count(struct db *d, int64_t *n, struct acsr_err *e)
{
	return number(d, "SELECT COUNT(*) FROM users", DB_NO_ARGS, n, e);
}

enum acsr_result users_count_role(
	struct db *d, const char *account_id, const char *role, int64_t *n, struct acsr_err *e)
{
	return number(d,
		"SELECT COUNT(*) FROM users WHERE account_id = $1 AND role = $2 AND disabled = 0 "
		"AND password <> ''",
		DB_ARGS(DB_TEXT(account_id), DB_TEXT(role)), n, e);
}
