/* SQL of acme_directories. */
#include "store/acme_directory.h"

#include "store/column.h"

#define SELECT                                                                                            \
	"SELECT name, title, products, eab, account_id, challenges, terms, website, active, created_at, " \
	"open_to_all, terms_at FROM acme_directories "

static void read_row(const struct db_rows *r, struct acme_directory *a)
{
	*a = (struct acme_directory){ .active = db_int(r, 8) != 0,
		.created_at = db_int(r, 9),
		.open_to_all = db_int(r, 10) != 0,
		.terms_at = db_int(r, 11) };
	COLUMN_TEXT(a->name, r, 0);
	COLUMN_TEXT(a->title, r, 1);
	COLUMN_TEXT(a->products, r, 2);
	COLUMN_TEXT(a->eab, r, 3);
	COLUMN_TEXT(a->account_id, r, 4);
	COLUMN_TEXT(a->challenges, r, 5);
	COLUMN_TEXT(a->terms, r, 6);
	COLUMN_TEXT(a->website, r, 7);
}

enum acsr_result acme_directory_put(struct db *d, const struct acme_directory *a, struct acsr_err *e)
{
	return db_exec(d, NULL,
		"INSERT INTO acme_directories (name, title, products, eab, account_id, challenges, terms, "
		"website, active, created_at, open_to_all, terms_at) "
		"VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (name) DO UPDATE SET "
		"title = excluded.title, products = excluded.products, eab = excluded.eab, account_id = "
		"excluded.account_id, challenges = excluded.challenges, terms = excluded.terms, website = "
		"excluded.website, active = excluded.active, open_to_all = excluded.open_to_all, terms_at = "
		"excluded.terms_at",
		DB_ARGS(DB_TEXT(a->name), DB_TEXT(a->title), DB_TEXT(a->products), DB_TEXT(a->eab),
			DB_TEXT(a->account_id), DB_TEXT(a->challenges), DB_TEXT(a->terms),
			DB_TEXT(a->website), DB_INT(a->active), DB_INT(a->created_at), DB_INT(a->open_to_all),
			DB_INT(a->terms_at)),
		e);
}

enum acsr_result acme_directory_find(
	struct db *d, const char *name, struct acme_directory *out, bool *have, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;

	TRY(db_query(d, &rows, SELECT "WHERE name = $1", DB_ARGS(DB_TEXT(name)), e));
	TRY(db_next(rows, have, e));
	if (*have)
		read_row(rows, out);
	return ACSR_OK;
}

enum acsr_result acme_directory_count(struct db *d, int64_t *n, struct acsr_err *e)
{
	return column_count(d, n, "SELECT COUNT(*) FROM acme_directories", DB_NO_ARGS, e);
}

enum acsr_result acme_directory_each(struct db *d, acme_directory_fn *fn, void *arg, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	struct acme_directory a;
	bool have;

	TRY(db_query(d, &rows, SELECT "ORDER BY name", DB_NO_ARGS, e));
	for (;;) {
		TRY(db_next(rows, &have, e));
		if (!have)
			return ACSR_OK;
		read_row(rows, &a);
		TRY(fn(arg, &a, e));
	}
}

enum acsr_result acme_directory_accounts(struct db *d, const char *name, int64_t *n, struct acsr_err *e)
{
	return column_count(
		d, n, "SELECT COUNT(*) FROM acme_accounts WHERE directory = $1", DB_ARGS(DB_TEXT(name)), e);
}

enum acsr_result acme_directory_delete(struct db *d, const char *name, struct acsr_err *e)
{
	return db_exec(d, NULL, "DELETE FROM acme_directories WHERE name = $1", DB_ARGS(DB_TEXT(name)), e);
}
