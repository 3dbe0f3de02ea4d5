/* SQL of other people's CAs. */
#include "store/issuers.h"

#include <stdlib.h>

#include "base/str.h"
#include "store/column.h"

void upstream_issuer_clear(struct upstream_issuer *i)
{
	free(i->directory_url);
	free(i->roots);
	free(i->contacts);
	free(i->terms_agreed);
	free(i->directory);
	free(i->account_url);
	free(i->paused_reason);
	free(i->terms_wanted);
	*i = (struct upstream_issuer){ 0 };
}

static enum acsr_result read_texts(struct db_rows *r, struct upstream_issuer *i, struct acsr_err *e)
{
	COLUMN_TEXT(i->name, r, 0);
	COLUMN_TEXT(i->kind, r, 1);
	COLUMN_TEXT(i->title, r, 2);
	TRY(str_dup(&i->directory_url, db_text(r, 4), e));
	TRY(str_dup(&i->roots, db_text(r, 5), e));
	TRY(str_dup(&i->contacts, db_text(r, 6), e));
	TRY(str_dup(&i->terms_agreed, db_text(r, 7), e));
	COLUMN_TEXT(i->profile, r, 8);
	COLUMN_TEXT(i->preferred_chain, r, 9);
	COLUMN_TEXT(i->key_types, r, 10);
	COLUMN_TEXT(i->challenges, r, 11);
	COLUMN_TEXT(i->automation, r, 12);
	TRY(str_dup(&i->directory, db_text(r, 15), e));
	TRY(str_dup(&i->account_url, db_text(r, 17), e));
	COLUMN_TEXT(i->account_key, r, 18);
	COLUMN_TEXT(i->account_thumbprint, r, 19);
	COLUMN_TEXT(i->account_status, r, 20);
	COLUMN_TEXT(i->next_key, r, 21);
	COLUMN_TEXT(i->validation, r, 25);
	TRY(str_dup(&i->paused_reason, db_text(r, 23), e));
	return str_dup(&i->terms_wanted, db_text(r, 26), e);
}

enum acsr_result upstream_issuer_load(
	struct db *d, const char *name, struct upstream_issuer *out, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *r = NULL;
	struct upstream_issuer i;
	bool have;

	TRY(db_query(d, &r,
		"SELECT name, kind, title, public, directory_url, roots, contacts, terms_agreed, profile, "
		"preferred_chain, key_types, challenges, automation, orders_per_hour, active, directory, "
		"directory_at, account_url, account_key, account_thumbprint, account_status, next_key, "
		"paused_until, paused_reason, created_at, validation, terms_wanted FROM issuers WHERE name = "
		"$1",
		DB_ARGS(DB_TEXT(name)), e));
	TRY(db_next(r, &have, e));
	if (!have)
		return err_set(e, "object.absent", "there is no issuer \"%s\"", name);
	i = (struct upstream_issuer){ .public = db_int(r, 3) != 0,
		.orders_per_hour = db_int(r, 13),
		.active = db_int(r, 14) != 0,
		.directory_at = db_int(r, 16),
		.paused_until = db_int(r, 22),
		.created_at = db_int(r, 24) };
	if (read_texts(r, &i, e) != ACSR_OK) {
		upstream_issuer_clear(&i);
		return ACSR_FAIL;
	}
	*out = i;
	return ACSR_OK;
}

static struct db_arg text_of(const char *s)
{
	return DB_TEXT(s != NULL ? s : "");
}

enum acsr_result upstream_issuer_save(struct db *d, const struct upstream_issuer *i, struct acsr_err *e)
{
	return db_exec(d, NULL,
		"INSERT INTO issuers (name, kind, title, public, directory_url, roots, contacts, "
		"terms_agreed, "
		"profile, preferred_chain, key_types, challenges, automation, orders_per_hour, active, "
		"directory, directory_at, account_url, account_key, account_thumbprint, account_status, "
		"next_key, paused_until, paused_reason, created_at, validation, terms_wanted) VALUES ($1, "
		"$2, $3, $4, $5, "
		"$6, $7, $8, "
		"$9, "
		"$10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27) "
		"ON CONFLICT (name) DO UPDATE SET title = excluded.title, public = excluded.public, "
		"directory_url = excluded.directory_url, roots = excluded.roots, contacts = "
		"excluded.contacts, "
		"terms_agreed = excluded.terms_agreed, profile = excluded.profile, "
		"preferred_chain = excluded.preferred_chain, key_types = excluded.key_types, "
		"challenges = excluded.challenges, automation = excluded.automation, "
		"orders_per_hour = excluded.orders_per_hour, active = excluded.active, "
		"directory = excluded.directory, directory_at = excluded.directory_at, "
		"account_url = excluded.account_url, account_key = excluded.account_key, "
		"account_thumbprint = excluded.account_thumbprint, account_status = excluded.account_status, "
		"next_key = excluded.next_key, paused_until = excluded.paused_until, "
		"paused_reason = excluded.paused_reason, validation = excluded.validation, "
		"terms_wanted = excluded.terms_wanted",
		DB_ARGS(DB_TEXT(i->name), DB_TEXT(i->kind), DB_TEXT(i->title), DB_INT(i->public),
			text_of(i->directory_url), text_of(i->roots), text_of(i->contacts),
			text_of(i->terms_agreed), DB_TEXT(i->profile), DB_TEXT(i->preferred_chain),
			DB_TEXT(i->key_types), DB_TEXT(i->challenges), DB_TEXT(i->automation),
			DB_INT(i->orders_per_hour), DB_INT(i->active), text_of(i->directory),
			column_time(i->directory_at), text_of(i->account_url), DB_TEXT(i->account_key),
			DB_TEXT(i->account_thumbprint), DB_TEXT(i->account_status), DB_TEXT(i->next_key),
			column_time(i->paused_until), text_of(i->paused_reason), DB_INT(i->created_at),
			DB_TEXT(i->validation[0] != '\0' ? i->validation : "ca"), text_of(i->terms_wanted)),
		e);
}

enum acsr_result upstream_issuer_list(struct db *d, struct db_rows **out, struct acsr_err *e)
{
	return db_query(d, out, "SELECT name FROM issuers ORDER BY name", DB_NO_ARGS, e);
}

enum acsr_result upstream_issuer_delete(struct db *d, const char *name, struct acsr_err *e)
{
	return db_exec(d, NULL, "DELETE FROM issuers WHERE name = $1", DB_ARGS(DB_TEXT(name)), e);
}

enum acsr_result upstream_issuer_uses(
	struct db *d, const char *name, int64_t *products, int64_t *orders, struct acsr_err *e)
{
	TRY(column_count(d, products,
		"SELECT COUNT(*) FROM products WHERE issuer = $1 OR fallback_issuer = $1",
		DB_ARGS(DB_TEXT(name)), e));
	return column_count(d, orders,
		"SELECT COUNT(*) FROM orders o WHERE state IN ('new', 'handover', 'validating', 'vetting', "
		"'issuing') "
		"AND (o.issuer = $1 OR EXISTS (SELECT 1 FROM upstream_orders u WHERE u.order_id = o.id AND "
		"u.round = o.round "
		"AND "
		"u.issuer = $1))",
		DB_ARGS(DB_TEXT(name)), e);
}

enum acsr_result upstream_issuer_certificates(
	struct db *d, const char *name, int64_t now, int64_t *n, struct acsr_err *e)
{
	return column_count(d, n,
		"SELECT COUNT(*) FROM certificates WHERE issuer = $1 AND not_after > $2 AND state IN "
		"('valid', "
		"'replaced', 'revoked')",
		DB_ARGS(DB_TEXT(name), DB_INT(now)), e);
}

enum acsr_result upstream_issuer_key_used(struct db *d, const char *key, bool *used, struct acsr_err *e)
{
	int64_t n;

	TRY(column_count(d, &n, "SELECT COUNT(*) FROM issuers WHERE account_key = $1 OR next_key = $1",
		DB_ARGS(DB_TEXT(key)), e));
	*used = n > 0;
	return ACSR_OK;
}
