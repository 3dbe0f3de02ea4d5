/* Adding to the log and to the tree over it. */
#include "store/audit.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

#define HASH ACSR_MERKLE_HASH

enum acsr_result audit_leaf(const struct audit_entry *a, uint8_t out[HASH], struct acsr_err *e)
{
	char seq[24], at[24];
	const char *const fields[] = { seq, at, a->actor, a->account_id, a->action, a->object, a->detail };

	snprintf(seq, sizeof(seq), "%lld", (long long)a->seq);
	snprintf(at, sizeof(at), "%lld", (long long)a->at);
	return acsr_merkle_leaf_of_texts(fields, sizeof(fields) / sizeof(fields[0]), out, e);
}

enum acsr_result audit_size(struct db *d, int64_t *entries, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	bool have;

	TRY(db_query(d, &rows, "SELECT seq FROM audit ORDER BY seq DESC LIMIT 1", DB_NO_ARGS, e));
	TRY(db_next(rows, &have, e));
	*entries = have ? db_int(rows, 0) : 0;
	return ACSR_OK;
}

enum acsr_result audit_node(void *db, unsigned level, uint64_t index, uint8_t out[HASH], struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	bool have;
	size_t n;

	if (level == 0)
		TRY(db_query(
			db, &rows, "SELECT hash FROM audit WHERE seq = $1", DB_ARGS(DB_INT(index + 1)), e));
	else
		TRY(db_query(db, &rows, "SELECT hash FROM audit_nodes WHERE level = $1 AND pos = $2",
			DB_ARGS(DB_INT(level), DB_INT(index)), e));
	TRY(db_next(rows, &have, e));
	if (have && hex_decode(db_text(rows, 0), out, HASH, &n, NULL) == ACSR_OK && n == HASH)
		return ACSR_OK;
	return err_set(e, "sys.audit-node",
		"the audit log has lost the hash %llu of level %u; verify it, and restore what is missing",
		(unsigned long long)index, level);
}

/* The full subtrees that end with entry `seq`: one for each zero at its end in binary. */
static enum acsr_result grow(struct db *d, int64_t seq, const uint8_t leaf[HASH], struct acsr_err *e)
{
	uint64_t pos = (uint64_t)seq - 1;
	uint8_t left[HASH], hash[HASH];
	char hex[2 * HASH + 1];

	memcpy(hash, leaf, HASH);
	for (unsigned level = 0; (pos & 1) != 0; level++) {
		TRY(audit_node(d, level, pos - 1, left, e));
		TRY(acsr_merkle_node(left, hash, hash, e));
		pos >>= 1;
		hex_encode(hash, HASH, hex);
		TRY(db_exec(d, NULL, "INSERT INTO audit_nodes (level, pos, hash) VALUES ($1, $2, $3)",
			DB_ARGS(DB_INT(level + 1), DB_INT(pos), DB_TEXT(hex)), e));
	}
	return ACSR_OK;
}

enum acsr_result audit_append(struct db *d, struct audit_entry *a, struct acsr_err *e)
{
	uint8_t leaf[HASH];
	char hex[2 * HASH + 1];
	int64_t last;

	TRY(audit_size(d, &last, e));
	a->seq = last + 1;
	TRY(audit_leaf(a, leaf, e));
	hex_encode(leaf, HASH, hex);
	TRY(db_exec(d, NULL,
		"INSERT INTO audit (seq, at, actor, account_id, action, object, detail, hash) "
		"VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
		DB_ARGS(DB_INT(a->seq), DB_INT(a->at), DB_TEXT(a->actor), DB_TEXT(a->account_id),
			DB_TEXT(a->action), DB_TEXT(a->object), DB_TEXT(a->detail), DB_TEXT(hex)),
		e));
	return grow(d, a->seq, leaf, e);
}

/* The oldest entry without a hash; its texts are loans of rows. */
static enum acsr_result next_bare(
	struct db *d, struct db_rows **rows, struct audit_entry *a, bool *have, struct acsr_err *e)
{
	TRY(db_query(d, rows,
		"SELECT seq, at, actor, account_id, action, object, detail FROM audit WHERE hash = '' ORDER "
		"BY seq "
		"LIMIT 1",
		DB_NO_ARGS, e));
	TRY(db_next(*rows, have, e));
	if (*have)
		*a = (struct audit_entry){ db_int(*rows, 0), db_int(*rows, 1), db_text(*rows, 2),
			db_text(*rows, 3), db_text(*rows, 4), db_text(*rows, 5), db_text(*rows, 6) };
	return ACSR_OK;
}

static enum acsr_result adopt_one(struct db *d, bool *more, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	struct audit_entry a = { 0 };
	uint8_t leaf[HASH];
	char hex[2 * HASH + 1];

	TRY(next_bare(d, &rows, &a, more, e));
	if (!*more)
		return ACSR_OK;
	TRY(audit_leaf(&a, leaf, e));
	db_rows_free(rows);
	rows = NULL;
	hex_encode(leaf, HASH, hex);
	TRY(db_exec(d, NULL, "UPDATE audit SET hash = $2 WHERE seq = $1",
		DB_ARGS(DB_INT(a.seq), DB_TEXT(hex)), e));
	return grow(d, a.seq, leaf, e);
}

enum acsr_result audit_adopt(struct db *d, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	bool more;

	TRY(db_query(d, &rows, "SELECT 1 FROM audit WHERE seq = 1 AND hash = ''", DB_NO_ARGS, e));
	TRY(db_next(rows, &more, e));
	while (more)
		TRY(adopt_one(d, &more, e));
	return ACSR_OK;
}

enum acsr_result audit_of_object(
	struct db *d, const char *object, int64_t most, struct db_rows **out, struct acsr_err *e)
{
	return db_query(d, out,
		"SELECT at, action, actor, detail FROM (SELECT seq, at, action, actor, detail FROM audit "
		"WHERE object = $1 ORDER BY seq DESC LIMIT $2) AS newest ORDER BY seq",
		DB_ARGS(DB_TEXT(object), DB_INT(most)), e);
}
