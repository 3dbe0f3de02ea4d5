/* SQL of requests. */
#include "store/csr_request.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

#include "store/column.h"

enum acsr_result csr_request_insert(struct db *d, const struct csr_request *r, struct bytes csr,
	const char *recipient, struct acsr_err *e)
{
	return db_exec(d, NULL,
		"INSERT INTO requests (id, order_id, key_source, key_type, csr, spki_sha256, archive_state, "
		"archive_sha256, archive_size, filename, key_filename, ticket, reveals, sandbox, made_at, "
		"grade, "
		"format, recipient, recipient_name) "
		"VALUES ($1, $2, $3, $4, $5, $6, $7, '', 0, $8, $9, $10, 0, '', $11, $12, $13, $14, $15)",
		DB_ARGS(DB_TEXT(r->id), DB_TEXT(r->order_id), DB_TEXT(r->key_source), DB_TEXT(r->key_type),
			csr.len > 0 ? DB_BLOB(csr.p, csr.len) : DB_NULL, DB_TEXT(r->spki_sha256),
			DB_TEXT(r->archive_state), DB_TEXT(r->filename), DB_TEXT(r->key_filename),
			DB_TEXT(r->ticket), DB_INT(r->made_at), DB_TEXT(r->grade), DB_TEXT(r->format),
			DB_TEXT(recipient != NULL ? recipient : ""), DB_TEXT(r->recipient_name)),
		e);
}

#define COLUMNS                                                                                          \
	"r.id, r.order_id, r.key_source, r.key_type, r.spki_sha256, r.archive_state, r.archive_sha256, " \
	"r.archive_size, r.filename, r.key_filename, r.ticket, r.ticket_expires_at, r.code_expires_at, " \
	"r.reveals, r.made_at, r.handed_over_at, r.csr IS NOT NULL, r.has_code, r.sandbox, "             \
	"r.grade, r.format, r.recipient_name, r.most_reveals, r.code_destroyed_at, r.code_reason, "      \
	"r.code_window"

static void read_request(const struct db_rows *rows, struct csr_request *r)
{
	*r = (struct csr_request){ .archive_size = db_int(rows, 7),
		.ticket_expires_at = db_int(rows, 11),
		.code_expires_at = db_int(rows, 12),
		.reveals = db_int(rows, 13),
		.made_at = db_int(rows, 14),
		.handed_over_at = db_int(rows, 15),
		.has_csr = db_int(rows, 16) != 0,
		.has_code = db_int(rows, 17) != 0,
		.most_reveals = db_int(rows, 22),
		.code_destroyed_at = db_int(rows, 23),
		.code_window = db_int(rows, 25) };
	COLUMN_TEXT(r->id, rows, 0);
	COLUMN_TEXT(r->order_id, rows, 1);
	COLUMN_TEXT(r->key_source, rows, 2);
	COLUMN_TEXT(r->key_type, rows, 3);
	COLUMN_TEXT(r->spki_sha256, rows, 4);
	COLUMN_TEXT(r->archive_state, rows, 5);
	COLUMN_TEXT(r->archive_sha256, rows, 6);
	COLUMN_TEXT(r->filename, rows, 8);
	COLUMN_TEXT(r->key_filename, rows, 9);
	COLUMN_TEXT(r->ticket, rows, 10);
	COLUMN_TEXT(r->sandbox, rows, 18);
	COLUMN_TEXT(r->grade, rows, 19);
	COLUMN_TEXT(r->format, rows, 20);
	COLUMN_TEXT(r->recipient_name, rows, 21);
	COLUMN_TEXT(r->code_reason, rows, 24);
}

enum acsr_result csr_request_load(struct db *d, const char *id, struct csr_request *out, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	bool have;

	TRY(db_query(
		d, &rows, "SELECT " COLUMNS " FROM requests r WHERE r.id = $1", DB_ARGS(DB_TEXT(id)), e));
	TRY(db_next(rows, &have, e));
	if (!have)
		return err_set(e, "object.absent", "there is no such request");
	read_request(rows, out);
	return ACSR_OK;
}

enum acsr_result csr_request_by_ticket(
	struct db *d, const char *ticket, const char *account_id, struct csr_request *out, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	bool have;

	TRY(db_query(d, &rows,
		"SELECT " COLUMNS " FROM requests r JOIN orders o ON o.id = r.order_id "
		"WHERE r.ticket = $1 AND r.ticket <> '' AND o.account_id = $2",
		DB_ARGS(DB_TEXT(ticket), DB_TEXT(account_id)), e));
	TRY(db_next(rows, &have, e));
	if (!have)
		return err_set(e, "object.absent", "there is no such archive");
	read_request(rows, out);
	return ACSR_OK;
}

enum acsr_result csr_request_by_any_ticket(
	struct db *d, const char *ticket, struct csr_request *out, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	bool have;

	TRY(db_query(d, &rows, "SELECT " COLUMNS " FROM requests r WHERE r.ticket = $1 AND r.ticket <> ''",
		DB_ARGS(DB_TEXT(ticket)), e));
	TRY(db_next(rows, &have, e));
	if (!have)
		return err_set(e, "object.absent", "there is no such archive");
	read_request(rows, out);
	return ACSR_OK;
}

enum acsr_result csr_request_save(struct db *d, const struct csr_request *r, struct acsr_err *e)
{
	return db_exec(d, NULL,
		"UPDATE requests SET archive_state = $2, ticket_expires_at = $3, code_expires_at = $4, "
		"reveals = $5, "
		"handed_over_at = $6, sandbox = $7, archive_sha256 = $8, archive_size = $9, ticket = $10 "
		"WHERE id = $1",
		DB_ARGS(DB_TEXT(r->id), DB_TEXT(r->archive_state), column_time(r->ticket_expires_at),
			column_time(r->code_expires_at), DB_INT(r->reveals), column_time(r->handed_over_at),
			DB_TEXT(r->sandbox), DB_TEXT(r->archive_sha256), DB_INT(r->archive_size),
			DB_TEXT(r->ticket)),
		e);
}

enum acsr_result csr_request_made(
	struct db *d, const char *id, struct bytes csr, const char *spki_sha256, struct acsr_err *e)
{
	return db_exec(d, NULL, "UPDATE requests SET csr = $2, spki_sha256 = $3 WHERE id = $1",
		DB_ARGS(DB_TEXT(id), DB_BLOB(csr.p, csr.len), DB_TEXT(spki_sha256)), e);
}

enum acsr_result csr_request_save_code(struct db *d, const struct csr_request *r, struct acsr_err *e)
{
	return db_exec(d, NULL,
		"UPDATE requests SET has_code = $2, most_reveals = $3, code_destroyed_at = $4, code_reason = "
		"$5, code_window = $6 WHERE id = $1",
		DB_ARGS(DB_TEXT(r->id), DB_INT(r->has_code), DB_INT(r->most_reveals),
			column_time(r->code_destroyed_at), DB_TEXT(r->code_reason), DB_INT(r->code_window)),
		e);
}

enum acsr_result csr_request_count_codes(struct db *d, int64_t *n, struct acsr_err *e)
{
	return column_count(d, n, "SELECT COUNT(*) FROM requests WHERE has_code = 1", DB_NO_ARGS, e);
}

enum acsr_result csr_request_gone(struct db *d, const char *ticket, int64_t at, struct acsr_err *e)
{
	return db_exec(d, NULL, "UPDATE requests SET gone_at = $2 WHERE ticket = $1 AND gone_at IS NULL",
		DB_ARGS(DB_TEXT(ticket), DB_INT(at)), e);
}

static enum acsr_result blob_column(struct db *d, const char *sql, const char *id, const char *absent,
	struct buf *out, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	struct bytes b;
	bool have;

	TRY(db_query(d, &rows, sql, DB_ARGS(DB_TEXT(id)), e));
	TRY(db_next(rows, &have, e));
	if (!have || db_is_null(rows, 0))
		return err_set(e, absent, "it is not there any more");
	b = db_blob(rows, 0);
	return buf_put(out, b.p, b.len, e);
}

enum acsr_result csr_request_csr(struct db *d, const char *id, struct buf *out, struct acsr_err *e)
{
	return blob_column(d, "SELECT csr FROM requests WHERE id = $1", id, "object.absent", out, e);
}

enum acsr_result csr_request_recipient(struct db *d, const char *id, char **out, struct acsr_err *e)
{
	return column_string(d, out, "SELECT recipient FROM requests WHERE id = $1", DB_ARGS(DB_TEXT(id)), e);
}

enum acsr_result csr_request_key_used(struct db *d, const char *spki_sha256, const char *order_id,
	bool at_all, bool *used, struct acsr_err *e)
{
	int64_t n;

	TRY(column_count(d, &n,
		"SELECT COUNT(*) FROM requests WHERE spki_sha256 = $1 AND (key_source <> 'own-csr' OR "
		"order_id = $2 OR $3 = 1)",
		DB_ARGS(DB_TEXT(spki_sha256), DB_TEXT(order_id), DB_INT(at_all)), e));
	*used = n > 0;
	return ACSR_OK;
}

enum acsr_result csr_request_order_of_key(
	struct db *d, const char *spki_sha256, char order_id[40], struct acsr_err *e)
{
	CLEANUP_STR char *id = NULL;

	TRY(column_string(d, &id,
		"SELECT o.id FROM requests r JOIN orders o ON o.id = r.order_id AND o.request_id = r.id "
		"WHERE "
		"r.spki_sha256 = $1 ORDER BY CASE o.state WHEN 'issuing' THEN 0 ELSE 1 END, o.id LIMIT 1",
		DB_ARGS(DB_TEXT(spki_sha256)), e));
	snprintf(order_id, 40, "%s", id);
	return ACSR_OK;
}

enum acsr_result csr_request_key_compromised(
	struct db *d, const char *spki_sha256, bool *is, struct acsr_err *e)
{
	int64_t n;

	TRY(column_count(d, &n,
		"SELECT COUNT(*) FROM certificates WHERE spki_sha256 = $1 AND state = 'revoked' "
		"AND reason = 'keyCompromise'",
		DB_ARGS(DB_TEXT(spki_sha256)), e));
	*is = n > 0;
	return ACSR_OK;
}

enum acsr_result csr_request_unfetched(struct db *d, bool mails, struct strv *ids, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	bool have;

	TRY(db_query(d, &rows,
		"SELECT id FROM requests "
		"WHERE archive_state IN ('making', 'waiting') OR (archive_state = 'mailing' AND $1 = 1)",
		DB_ARGS(DB_INT(mails)), e));
	for (;;) {
		TRY(db_next(rows, &have, e));
		if (!have)
			return ACSR_OK;
		TRY(strv_add(ids, db_text(rows, 0), e));
	}
}
