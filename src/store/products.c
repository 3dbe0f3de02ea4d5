/* SQL of products. */
#include "store/products.h"

#include "store/column.h"

enum acsr_result products_count(struct db *d, int64_t *n, struct acsr_err *e)
{
	return column_count(d, n, "SELECT COUNT(*) FROM products", DB_NO_ARGS, e);
}

enum acsr_result products_put(struct db *d, const struct product *p, struct acsr_err *e)
{
	return db_exec(d, NULL,
		"INSERT INTO products (id, title, level, wildcard, max_names, key_types, default_key_type, "
		"validity, "
		"issuer, profile, autocsr, preauthorised, active, position, code_window, code_reveals, "
		"fallback_issuer, fallback_after) "
		"VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18) ON "
		"CONFLICT "
		"(id) DO "
		"UPDATE SET "
		"title = excluded.title, level = excluded.level, wildcard = excluded.wildcard, "
		"max_names = excluded.max_names, key_types = excluded.key_types, "
		"default_key_type = excluded.default_key_type, validity = excluded.validity, issuer = "
		"excluded.issuer, "
		"profile = excluded.profile, autocsr = excluded.autocsr, preauthorised = "
		"excluded.preauthorised, "
		"active = excluded.active, position = excluded.position, "
		"code_window = excluded.code_window, code_reveals = excluded.code_reveals, "
		"fallback_issuer = excluded.fallback_issuer, fallback_after = excluded.fallback_after",
		DB_ARGS(DB_TEXT(p->id), DB_TEXT(p->title), DB_TEXT(p->level), DB_INT(p->wildcard),
			DB_INT(p->max_names), DB_TEXT(p->key_types), DB_TEXT(p->default_key_type),
			DB_INT(p->validity), DB_TEXT(p->issuer), DB_TEXT(p->profile), DB_INT(p->autocsr),
			DB_INT(p->preauthorised), DB_INT(p->active), DB_INT(p->position),
			DB_INT(p->code_window), DB_INT(p->code_reveals), DB_TEXT(p->fallback_issuer),
			DB_INT(p->fallback_after)),
		e);
}

enum acsr_result products_load(struct db *d, const char *id, struct product *out, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *r = NULL;
	bool have;

	TRY(db_query(d, &r,
		"SELECT id, title, level, wildcard, max_names, key_types, default_key_type, validity, "
		"issuer, profile, "
		"autocsr, preauthorised, active, position, code_window, code_reveals, fallback_issuer, "
		"fallback_after FROM products WHERE id "
		"= $1",
		DB_ARGS(DB_TEXT(id)), e));
	TRY(db_next(r, &have, e));
	if (!have)
		return err_set(e, "object.absent", "there is no product \"%s\"", id);
	*out = (struct product){ .wildcard = db_int(r, 3) != 0,
		.max_names = db_int(r, 4),
		.validity = db_int(r, 7),
		.autocsr = db_int(r, 10) != 0,
		.preauthorised = db_int(r, 11) != 0,
		.active = db_int(r, 12) != 0,
		.position = db_int(r, 13),
		.code_window = db_int(r, 14),
		.code_reveals = db_int(r, 15),
		.fallback_after = db_int(r, 17) };
	COLUMN_TEXT(out->id, r, 0);
	COLUMN_TEXT(out->title, r, 1);
	COLUMN_TEXT(out->level, r, 2);
	COLUMN_TEXT(out->key_types, r, 5);
	COLUMN_TEXT(out->default_key_type, r, 6);
	COLUMN_TEXT(out->issuer, r, 8);
	COLUMN_TEXT(out->profile, r, 9);
	COLUMN_TEXT(out->fallback_issuer, r, 16);
	return ACSR_OK;
}

enum acsr_result products_list(struct db *d, struct db_rows **out, struct acsr_err *e)
{
	return db_query(d, out, "SELECT id FROM products ORDER BY position, id", DB_NO_ARGS, e);
}
