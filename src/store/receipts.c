/* SQL of receipts. */
#include "store/receipts.h"

#include <stdlib.h>

#include "base/str.h"
#include "store/column.h"

void receipt_facts_clear(struct receipt_facts *f)
{
	free(f->names);
	free(f->recipient);
	free(f->authorised);
	*f = (struct receipt_facts){ 0 };
}

static void read_facts(const struct db_rows *rows, struct receipt_facts *f)
{
	COLUMN_TEXT(f->request_id, rows, 0);
	COLUMN_TEXT(f->order_id, rows, 1);
	COLUMN_TEXT(f->account_id, rows, 2);
	COLUMN_TEXT(f->product_id, rows, 3);
	COLUMN_TEXT(f->key_source, rows, 4);
	COLUMN_TEXT(f->key_type, rows, 5);
	COLUMN_TEXT(f->spki_sha256, rows, 6);
	COLUMN_TEXT(f->archive_state, rows, 7);
	COLUMN_TEXT(f->archive_sha256, rows, 8);
	COLUMN_TEXT(f->grade, rows, 9);
	COLUMN_TEXT(f->format, rows, 10);
	COLUMN_TEXT(f->recipient_name, rows, 11);
	COLUMN_TEXT(f->sandbox, rows, 12);
	f->archive_size = db_int(rows, 13);
	f->made_at = db_int(rows, 14);
	f->gone_at = db_int(rows, 15);
	f->handed_over_at = db_int(rows, 16);
	f->destroyed_at = db_int(rows, 17);
	f->made_seq = db_int(rows, 18);
	f->handed_over_seq = db_int(rows, 19);
	f->destroyed_seq = db_int(rows, 20);
}

static enum acsr_result read_texts(const struct db_rows *rows, struct receipt_facts *f, struct acsr_err *e)
{
	TRY(str_dup(&f->names, db_text(rows, 21), e));
	TRY(str_dup(&f->recipient, db_text(rows, 22), e));
	return str_dup(&f->authorised, db_text(rows, 23), e);
}

enum acsr_result receipt_facts_load(
	struct db *d, const char *request_id, struct receipt_facts *out, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	struct receipt_facts f = { 0 };
	bool have;

	TRY(db_query(d, &rows,
		"SELECT r.id, r.order_id, o.account_id, o.product_id, r.key_source, r.key_type, "
		"r.spki_sha256, r.archive_state, r.archive_sha256, r.grade, r.format, r.recipient_name, "
		"r.sandbox, r.archive_size, r.key_made_at, r.gone_at, r.handed_over_at, r.code_destroyed_at, "
		"r.key_made_seq, r.handed_over_seq, r.code_destroyed_seq, o.names, r.recipient, r.authorised "
		"FROM requests r JOIN orders o ON o.id = r.order_id WHERE r.id = $1",
		DB_ARGS(DB_TEXT(request_id)), e));
	TRY(db_next(rows, &have, e));
	if (!have)
		return err_set(e, "object.absent", "there is no such request");
	read_facts(rows, &f);
	if (read_texts(rows, &f, e) != ACSR_OK) {
		receipt_facts_clear(&f);
		return ACSR_FAIL;
	}
	*out = f;
	return ACSR_OK;
}

enum acsr_result receipt_facts_made(
	struct db *d, const char *request_id, int64_t at, int64_t seq, struct acsr_err *e)
{
	return db_exec(d, NULL,
		"UPDATE requests SET key_made_at = CASE WHEN gone_at < $2 THEN gone_at ELSE $2 END, "
		"key_made_seq = $3 WHERE id = $1",
		DB_ARGS(DB_TEXT(request_id), DB_INT(at), DB_INT(seq)), e);
}

enum acsr_result receipt_facts_handed_over(
	struct db *d, const char *request_id, int64_t at, int64_t seq, struct acsr_err *e)
{
	return db_exec(d, NULL,
		"UPDATE requests SET handed_over_at = COALESCE(handed_over_at, $2), handed_over_seq = $3 "
		"WHERE id = $1",
		DB_ARGS(DB_TEXT(request_id), DB_INT(at), DB_INT(seq)), e);
}

enum acsr_result receipt_facts_destroyed(
	struct db *d, const char *request_id, int64_t seq, struct acsr_err *e)
{
	return db_exec(d, NULL,
		"UPDATE requests SET code_destroyed_seq = $2 WHERE id = $1 AND code_destroyed_seq = 0",
		DB_ARGS(DB_TEXT(request_id), DB_INT(seq)), e);
}

enum acsr_result receipt_facts_authorised(
	struct db *d, const char *request_id, const char *json, struct acsr_err *e)
{
	return db_exec(d, NULL, "UPDATE requests SET authorised = $2 WHERE id = $1",
		DB_ARGS(DB_TEXT(request_id), DB_TEXT(json)), e);
}

enum acsr_result receipt_facts_authorisation(
	struct db *d, const char *request_id, char **json, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	bool have;

	TRY(db_query(
		d, &rows, "SELECT authorised FROM requests WHERE id = $1", DB_ARGS(DB_TEXT(request_id)), e));
	TRY(db_next(rows, &have, e));
	return str_dup(json, have ? db_text(rows, 0) : "", e);
}

enum acsr_result receipts_add(struct db *d, const char *request_id, const char *part, int64_t at,
	const char *document, struct acsr_err *e)
{
	return db_exec(d, NULL,
		"INSERT INTO receipts (request_id, part, at, document) VALUES ($1, $2, $3, $4) "
		"ON CONFLICT (request_id, part) DO NOTHING",
		DB_ARGS(DB_TEXT(request_id), DB_TEXT(part), DB_INT(at), DB_TEXT(document)), e);
}

enum acsr_result receipts_load(struct db *d, const char *request_id, const char *part, struct buf *document,
	bool *have, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;

	/* "final" sorts before "hand-over" */
	TRY(db_query(d, &rows,
		"SELECT document FROM receipts WHERE request_id = $1 AND (part = $2 OR $2 = '') "
		"ORDER BY part LIMIT 1",
		DB_ARGS(DB_TEXT(request_id), DB_TEXT(part)), e));
	TRY(db_next(rows, have, e));
	return *have && document != NULL ? buf_putstr(document, db_text(rows, 0), e) : ACSR_OK;
}

enum acsr_result receipts_of_order(
	struct db *d, const char *order_id, struct db_rows **out, struct acsr_err *e)
{
	return db_query(d, out,
		"SELECT p.request_id, p.part, p.at FROM receipts p JOIN requests r ON r.id = p.request_id "
		"WHERE r.order_id = $1 ORDER BY r.handed_over_seq, p.part DESC",
		DB_ARGS(DB_TEXT(order_id)), e);
}
