/* SQL of the table organisations. */
#include "store/organisation.h"

#include <stdio.h>

const char *const organisation_field_names[ORGANISATION_FIELDS] = { "name", "street", "locality", "state",
	"postal_code", "country", "registration_number", "business_category", "jurisdiction_country",
	"jurisdiction_state", "phone" };

#define ORGANISATION_SELECT                                                                         \
	"SELECT id, account_id, name, street, locality, state, postal_code, country, "              \
	"registration_number, business_category, jurisdiction_country, jurisdiction_state, phone, " \
	"created_at FROM organisations "

static void read_organisation(const struct db_rows *r, struct organisation *o)
{
	snprintf(o->id, sizeof(o->id), "%s", db_text(r, 0));
	snprintf(o->account_id, sizeof(o->account_id), "%s", db_text(r, 1));
	for (int i = 0; i < ORGANISATION_FIELDS; i++)
		snprintf(o->field[i], sizeof(o->field[i]), "%s", db_text(r, 2 + i));
	o->created_at = db_int(r, 2 + ORGANISATION_FIELDS);
}

enum acsr_result organisation_put(struct db *d, const struct organisation *o, struct acsr_err *e)
{
	return db_exec(d, NULL,
		"INSERT INTO organisations (id, account_id, name, street, locality, state, postal_code, "
		"country, registration_number, business_category, jurisdiction_country, jurisdiction_state, "
		"phone, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) "
		"ON CONFLICT (id) DO UPDATE SET name = $3, street = $4, locality = $5, state = $6, "
		"postal_code = $7, country = $8, registration_number = $9, business_category = $10, "
		"jurisdiction_country = $11, jurisdiction_state = $12, phone = $13",
		DB_ARGS(DB_TEXT(o->id), DB_TEXT(o->account_id), DB_TEXT(o->field[0]), DB_TEXT(o->field[1]),
			DB_TEXT(o->field[2]), DB_TEXT(o->field[3]), DB_TEXT(o->field[4]),
			DB_TEXT(o->field[5]), DB_TEXT(o->field[6]), DB_TEXT(o->field[7]),
			DB_TEXT(o->field[8]), DB_TEXT(o->field[9]), DB_TEXT(o->field[10]),
			DB_INT(o->created_at)),
		e);
}

enum acsr_result organisation_load(
	struct db *d, const char *id, const char *account_id, struct organisation *out, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	bool have;

	TRY(db_query(d, &rows, ORGANISATION_SELECT "WHERE id = $1 AND account_id = $2",
		DB_ARGS(DB_TEXT(id), DB_TEXT(account_id)), e));
	TRY(db_next(rows, &have, e));
	if (!have)
		return err_set(e, "object.absent", "there is no such organisation");
	read_organisation(rows, out);
	return ACSR_OK;
}

enum acsr_result organisation_each(
	struct db *d, const char *account_id, organisation_each_fn *fn, void *arg, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	struct organisation o;
	bool have;

	TRY(db_query(d, &rows, ORGANISATION_SELECT "WHERE account_id = $1 ORDER BY name, id",
		DB_ARGS(DB_TEXT(account_id)), e));
	for (;;) {
		TRY(db_next(rows, &have, e));
		if (!have)
			return ACSR_OK;
		read_organisation(rows, &o);
		TRY(fn(arg, &o, e));
	}
}

enum acsr_result organisation_remove(struct db *d, const char *id, struct acsr_err *e)
{
	return db_exec(d, NULL, "DELETE FROM organisations WHERE id = $1", DB_ARGS(DB_TEXT(id)), e);
}

enum acsr_result organisation_open_orders(struct db *d, const char *id, int64_t *n, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	bool have;

	TRY(db_query(d, &rows,
		"SELECT COUNT(*) FROM orders WHERE organisation_id = $1 AND state IN "
		"('new', 'handover', 'validating', 'vetting', 'issuing', 'issued')",
		DB_ARGS(DB_TEXT(id)), e));
	TRY(db_next(rows, &have, e));
	*n = have ? db_int(rows, 0) : 0;
	return ACSR_OK;
}
