/* SQL of certificates and CRLs. */
#include "store/certificate.h"

#include <string.h>

#include "store/column.h"

#define COLUMNS                                                                                           \
	"serial, issuer, order_id, request_id, profile, state, sha256, spki_sha256, reason, not_before, " \
	"not_after, revoked_at, created_at"

static void read_certificate(const struct db_rows *r, struct certificate *c)
{
	*c = (struct certificate){ .not_before = db_int(r, 9),
		.not_after = db_int(r, 10),
		.revoked_at = db_int(r, 11),
		.created_at = db_int(r, 12) };
	COLUMN_TEXT(c->serial, r, 0);
	COLUMN_TEXT(c->issuer, r, 1);
	COLUMN_TEXT(c->order_id, r, 2);
	COLUMN_TEXT(c->request_id, r, 3);
	COLUMN_TEXT(c->profile, r, 4);
	COLUMN_TEXT(c->state, r, 5);
	COLUMN_TEXT(c->sha256, r, 6);
	COLUMN_TEXT(c->spki_sha256, r, 7);
	COLUMN_TEXT(c->reason, r, 8);
}

enum acsr_result certificate_insert(struct db *d, const struct certificate *c, struct acsr_err *e)
{
	return db_exec(d, NULL,
		"INSERT INTO certificates (serial, issuer, order_id, request_id, profile, state, not_before, "
		"not_after, "
		"sha256, spki_sha256, reason, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '', $9, "
		"'', $10)",
		DB_ARGS(DB_TEXT(c->serial), DB_TEXT(c->issuer), column_or_null(c->order_id),
			column_or_null(c->request_id), DB_TEXT(c->profile), DB_TEXT(c->state),
			DB_INT(c->not_before), DB_INT(c->not_after), DB_TEXT(c->spki_sha256),
			DB_INT(c->created_at)),
		e);
}

static enum acsr_result load_one(struct db *d, const char *sql, const char *key, struct certificate *out,
	bool *have, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;

	TRY(db_query(d, &rows, sql, DB_ARGS(DB_TEXT(key)), e));
	TRY(db_next(rows, have, e));
	if (*have)
		read_certificate(rows, out);
	return ACSR_OK;
}

enum acsr_result certificate_load(
	struct db *d, const char *serial, struct certificate *out, struct acsr_err *e)
{
	bool have;

	TRY(load_one(d, "SELECT " COLUMNS " FROM certificates WHERE serial = $1", serial, out, &have, e));
	return have ? ACSR_OK : err_set(e, "object.absent", "there is no such certificate");
}

enum acsr_result certificate_signing(
	struct db *d, const char *request_id, struct certificate *out, bool *have, struct acsr_err *e)
{
	return load_one(d, "SELECT " COLUMNS " FROM certificates WHERE request_id = $1 AND state = 'signing'",
		request_id, out, have, e);
}

enum acsr_result certificate_signed(struct db *d, const char *serial, struct bytes der, const char *sha256,
	const char *spki_sha256, struct acsr_err *e)
{
	return db_exec(d, NULL,
		"UPDATE certificates SET state = 'valid', der = $2, sha256 = $3, spki_sha256 = $4 WHERE "
		"serial = $1",
		DB_ARGS(DB_TEXT(serial), DB_BLOB(der.p, der.len), DB_TEXT(sha256), DB_TEXT(spki_sha256)), e);
}

enum acsr_result certificate_set_chain(struct db *d, const char *serial, const char *pem, struct acsr_err *e)
{
	return db_exec(d, NULL, "UPDATE certificates SET chain = $2 WHERE serial = $1",
		DB_ARGS(DB_TEXT(serial), DB_TEXT(pem)), e);
}

enum acsr_result certificate_chain(struct db *d, const char *serial, char **pem, struct acsr_err *e)
{
	return column_string(
		d, pem, "SELECT chain FROM certificates WHERE serial = $1", DB_ARGS(DB_TEXT(serial)), e);
}

enum acsr_result certificate_set_state(
	struct db *d, const char *serial, const char *state, struct acsr_err *e)
{
	return db_exec(d, NULL, "UPDATE certificates SET state = $2 WHERE serial = $1",
		DB_ARGS(DB_TEXT(serial), DB_TEXT(state)), e);
}

enum acsr_result certificate_replace_older(
	struct db *d, const char *order_id, const char *newest, struct acsr_err *e)
{
	return db_exec(d, NULL,
		"UPDATE certificates SET state = 'replaced' WHERE order_id = $1 AND serial <> $2 AND state = "
		"'valid'",
		DB_ARGS(DB_TEXT(order_id), DB_TEXT(newest)), e);
}

enum acsr_result certificate_revoke(
	struct db *d, const char *serial, const char *reason, int64_t now, struct acsr_err *e)
{
	return db_exec(d, NULL,
		"UPDATE certificates SET state = 'revoked', revoked_at = $3, reason = $2 WHERE serial = $1 "
		"AND state IN ('valid', 'replaced')",
		DB_ARGS(DB_TEXT(serial), DB_TEXT(reason), DB_INT(now)), e);
}

enum acsr_result certificate_share_compromised(struct db *d, const char *order_id, const char *account_id,
	int64_t now, struct strv *serials, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	bool have;

	TRY(db_query(d, &rows,
		"SELECT c.serial FROM certificates c JOIN orders o ON o.id = c.order_id "
		"WHERE ($2 = '' OR o.account_id = $2) AND c.state IN ('valid', 'replaced') AND c.not_after "
		">= $3 "
		"AND c.spki_sha256 IN (SELECT spki_sha256 FROM certificates WHERE order_id = $1 "
		"AND state = 'revoked' AND reason = 'keyCompromise') ORDER BY c.serial",
		DB_ARGS(DB_TEXT(order_id), DB_TEXT(account_id), DB_INT(now)), e));
	for (;;) {
		TRY(db_next(rows, &have, e));
		if (!have)
			return ACSR_OK;
		TRY(strv_add(serials, db_text(rows, 0), e));
	}
}

enum acsr_result certificate_list(
	struct db *d, const char *order_id, struct db_rows **out, struct acsr_err *e)
{
	return db_query(d, out,
		"SELECT serial, state, not_before, not_after, spki_sha256, revoked_at, reason, request_id "
		"FROM certificates "
		"WHERE order_id = $1 AND der IS NOT NULL ORDER BY created_at DESC, serial",
		DB_ARGS(DB_TEXT(order_id)), e);
}

enum acsr_result certificate_der(struct db *d, const char *order_id, const char *serial,
	struct certificate *found, struct buf *out, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	struct bytes der;
	bool have;

	TRY(db_query(d, &rows,
		"SELECT " COLUMNS ", der FROM certificates WHERE order_id = $1 AND ($2 = '' OR serial = $2) "
		"AND der IS NOT NULL ORDER BY created_at DESC, "
		/* two in one second: the one of the order's own request is the newer */
		"CASE WHEN request_id = (SELECT request_id FROM orders WHERE id = $1) THEN 0 ELSE 1 END "
		"LIMIT 1",
		DB_ARGS(DB_TEXT(order_id), DB_TEXT(serial)), e));
	TRY(db_next(rows, &have, e));
	if (!have && *serial != '\0')
		return err_set(e, "object.absent", "this order has no certificate with that serial");
	if (!have)
		return err_set(e, "state.not-issued", "the certificate is not issued yet");
	read_certificate(rows, found);
	der = db_blob(rows, 13);
	return buf_put(out, der.p, der.len, e);
}

enum acsr_result certificate_revoked(
	struct db *d, const char *issuer, int64_t now, struct db_rows **out, struct acsr_err *e)
{
	return db_query(d, out,
		"SELECT serial, revoked_at, reason FROM certificates WHERE issuer = $1 AND state = 'revoked' "
		"AND not_after >= $2 ORDER BY revoked_at, serial",
		DB_ARGS(DB_TEXT(issuer), DB_INT(now)), e);
}

enum acsr_result certificate_revoked_since(
	struct db *d, const char *issuer, int64_t since, bool *any, struct acsr_err *e)
{
	int64_t n;

	TRY(column_count(d, &n,
		"SELECT COUNT(*) FROM certificates WHERE issuer = $1 AND state = 'revoked' AND revoked_at >= "
		"$2",
		DB_ARGS(DB_TEXT(issuer), DB_INT(since)), e));
	*any = n > 0;
	return ACSR_OK;
}

enum acsr_result crl_load(
	struct db *d, const char *issuer, struct crl *out, struct buf *der, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	struct bytes b;
	bool have;

	*out = (struct crl){ 0 };
	TRY(db_query(d, &rows, "SELECT number, this_update, next_update, der FROM crls WHERE issuer = $1",
		DB_ARGS(DB_TEXT(issuer)), e));
	TRY(db_next(rows, &have, e));
	if (!have)
		return ACSR_OK;
	*out = (struct crl){ db_int(rows, 0), db_int(rows, 1), db_int(rows, 2) };
	b = db_blob(rows, 3);
	return der != NULL && b.len > 0 ? buf_put(der, b.p, b.len, e) : ACSR_OK;
}

enum acsr_result crl_next_number(struct db *d, const char *issuer, int64_t *number, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	bool have;

	TRY(db_query(d, &rows,
		"INSERT INTO crls (issuer, number, this_update, next_update) VALUES ($1, 1, 0, 0) "
		"ON CONFLICT (issuer) DO UPDATE SET number = crls.number + 1 RETURNING number",
		DB_ARGS(DB_TEXT(issuer)), e));
	TRY(db_next(rows, &have, e));
	*number = db_int(rows, 0);
	return ACSR_OK;
}

enum acsr_result crl_store(struct db *d, const char *issuer, const struct crl *c, struct bytes der,
	int64_t now, struct acsr_err *e)
{
	return db_exec(d, NULL,
		"UPDATE crls SET der = $2, this_update = $3, next_update = $4 WHERE issuer = $1 AND "
		"(this_update <= $3 OR this_update > $5)",
		DB_ARGS(DB_TEXT(issuer), DB_BLOB(der.p, der.len), DB_INT(c->this_update),
			DB_INT(c->next_update), DB_INT(now)),
		e);
}
