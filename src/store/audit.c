/* Hash-chained rows. */
#include "store/audit.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

static const char first_prev[] = "0000000000000000000000000000000000000000000000000000000000000000";

static enum acsr_result hash_row(
	const char *prev, const struct audit_entry *a, char out[65], struct acsr_err *e)
{
	char seq[24], at[24];
	const char *fields[] = { prev, seq, at, a->actor, a->account_id, a->action, a->object, a->detail };
	CLEANUP_BUF struct buf b = { 0 };
	uint8_t digest[32];

	snprintf(seq, sizeof(seq), "%lld", (long long)a->seq);
	snprintf(at, sizeof(at), "%lld", (long long)a->at);
	buf_init(&b, 1024 * 1024);
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		TRY(buf_put(&b, fields[i], strlen(fields[i]) + 1, e));
	if (EVP_Digest(b.p, b.len, digest, NULL, EVP_sha256(), NULL) != 1)
		return err_set(e, "sys.digest", "cannot hash an audit row");
	hex_encode(digest, sizeof(digest), out);
	return ACSR_OK;
}

static enum acsr_result last_row(struct db *d, int64_t *seq, char hash[65], struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	bool have;

	TRY(db_query(d, &rows, "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1", DB_NO_ARGS, e));
	TRY(db_next(rows, &have, e));
	*seq = have ? db_int(rows, 0) : 0;
	snprintf(hash, 65, "%s", have ? db_text(rows, 1) : first_prev);
	return ACSR_OK;
}

enum acsr_result audit_append(struct db *d, struct audit_entry *a, struct acsr_err *e)
{
	char prev[65], hash[65];
	int64_t last;

	TRY(last_row(d, &last, prev, e));
	a->seq = last + 1;
	TRY(hash_row(prev, a, hash, e));
	return db_exec(d, NULL,
		"INSERT INTO audit (seq, at, actor, account_id, action, object, detail, prev, hash) "
		"VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
		DB_ARGS(DB_INT(a->seq), DB_INT(a->at), DB_TEXT(a->actor), DB_TEXT(a->account_id),
			DB_TEXT(a->action), DB_TEXT(a->object), DB_TEXT(a->detail), DB_TEXT(prev),
			DB_TEXT(hash)),
		e);
}

enum acsr_result audit_of_object(
	struct db *d, const char *object, int64_t most, struct db_rows **out, struct acsr_err *e)
{
	return db_query(d, out,
		"SELECT at, action, actor, detail FROM (SELECT seq, at, action, actor, detail FROM audit "
		"WHERE object = $1 ORDER BY seq DESC LIMIT $2) AS newest ORDER BY seq",
		DB_ARGS(DB_TEXT(object), DB_INT(most)), e);
}

static enum acsr_result row_fits(
	struct db_rows *r, int64_t expected, const char *prev, char hash[65], bool *fits, struct acsr_err *e)
{
	struct audit_entry a = { .seq = db_int(r, 0),
		.at = db_int(r, 1),
		.actor = db_text(r, 2),
		.account_id = db_text(r, 3),
		.action = db_text(r, 4),
		.object = db_text(r, 5),
		.detail = db_text(r, 6) };

	TRY(hash_row(prev, &a, hash, e));
	*fits = a.seq == expected && strcmp(db_text(r, 7), prev) == 0 && strcmp(db_text(r, 8), hash) == 0;
	return ACSR_OK;
}

enum acsr_result audit_verify(struct db *d, int64_t *entries, int64_t *bad, char head[65], struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	char prev[65];
	bool have, fits;

	snprintf(prev, sizeof(prev), "%s", first_prev);
	*entries = *bad = 0;
	TRY(db_query(d, &rows,
		"SELECT seq, at, actor, account_id, action, object, detail, prev, hash FROM audit ORDER BY "
		"seq",
		DB_NO_ARGS, e));
	for (;;) {
		TRY(db_next(rows, &have, e));
		if (!have)
			break;
		TRY(row_fits(rows, *entries + 1, prev, head, &fits, e));
		++*entries;
		if (!fits && *bad == 0)
			*bad = *entries;
		snprintf(prev, sizeof(prev), "%s", db_text(rows, 8));
	}
	snprintf(head, 65, "%s", prev);
	return ACSR_OK;
}
