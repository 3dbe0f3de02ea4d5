/* Walking the log: each entry, the tree above it, and every checkpoint. */
#include "store/audit_verify.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

#define HASH ACSR_MERKLE_HASH

enum acsr_result audit_checkpoint_add(
	struct db *d, const struct audit_checkpoint *c, const char *note, struct acsr_err *e)
{
	return db_exec(d, NULL,
		"INSERT INTO audit_checkpoints (size, at, root, note) VALUES ($1, $2, $3, $4) ON CONFLICT "
		"(size) "
		"DO NOTHING",
		DB_ARGS(DB_INT(c->size), DB_INT(c->at), DB_TEXT(c->root), DB_TEXT(note)), e);
}

static enum acsr_result take_checkpoint(
	struct db_rows *rows, struct audit_checkpoint *out, struct buf *note, bool *have, struct acsr_err *e)
{
	TRY(db_next(rows, have, e));
	if (!*have)
		return ACSR_OK;
	out->size = db_int(rows, 0);
	out->at = db_int(rows, 1);
	snprintf(out->root, sizeof(out->root), "%s", db_text(rows, 2));
	return note != NULL ? buf_put(note, db_text(rows, 3), strlen(db_text(rows, 3)), e) : ACSR_OK;
}

enum acsr_result audit_checkpoint_before(struct db *d, int64_t size, struct audit_checkpoint *out,
	struct buf *note, bool *have, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;

	TRY(db_query(d, &rows,
		"SELECT size, at, root, note FROM audit_checkpoints WHERE size <= $1 ORDER BY size DESC "
		"LIMIT 1",
		DB_ARGS(DB_INT(size)), e));
	return take_checkpoint(rows, out, note, have, e);
}

enum acsr_result audit_checkpoint_from(struct db *d, int64_t size, struct audit_checkpoint *out,
	struct buf *note, bool *have, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;

	TRY(db_query(d, &rows,
		"SELECT size, at, root, note FROM audit_checkpoints WHERE size >= $1 ORDER BY size LIMIT 1",
		DB_ARGS(DB_INT(size)), e));
	return take_checkpoint(rows, out, note, have, e);
}

struct walk {
	struct db *d;
	struct audit_verdict *out;
	struct acsr_merkle_edge edge;
	struct db_rows *nodes;        /* the stored hashes, in the order in which subtrees become full */
	struct audit_checkpoint next; /* the oldest that is not reached yet */
	bool have_next;
};

/* A subtree is full: the stored hash must be this one. Proofs are made from what is stored. */
static enum acsr_result look_at_node(
	void *walk, unsigned level, uint64_t pos, const uint8_t hash[HASH], struct acsr_err *e)
{
	struct walk *w = walk;
	char hex[2 * HASH + 1];
	bool have;

	if (w->out->bad_node_level != 0)
		return ACSR_OK;
	TRY(db_next(w->nodes, &have, e));
	hex_encode(hash, HASH, hex);
	if (!have || db_int(w->nodes, 0) != (int64_t)level || db_int(w->nodes, 1) != (int64_t)pos ||
		strcmp(db_text(w->nodes, 2), hex) != 0)
		w->out->bad_node_level = level;
	return ACSR_OK;
}

static enum acsr_result look_at_checkpoint(struct walk *w, struct acsr_err *e)
{
	uint8_t root[HASH];
	char hex[2 * HASH + 1];

	if (!w->have_next || (uint64_t)w->next.size != w->edge.size)
		return ACSR_OK;
	TRY(acsr_merkle_edge_root(&w->edge, root, e));
	hex_encode(root, HASH, hex);
	if (strcmp(hex, w->next.root) != 0 && w->out->bad_checkpoint == 0)
		w->out->bad_checkpoint = w->next.size;
	else if (w->out->bad_checkpoint == 0)
		w->out->good_checkpoint = w->next.size;
	return audit_checkpoint_from(w->d, w->next.size + 1, &w->next, NULL, &w->have_next, e);
}

static enum acsr_result look_at_entry(struct walk *w, struct db_rows *r, struct acsr_err *e)
{
	const struct audit_entry a = { db_int(r, 0), db_int(r, 1), db_text(r, 2), db_text(r, 3),
		db_text(r, 4), db_text(r, 5), db_text(r, 6) };
	int64_t expected = ++w->out->entries;
	uint8_t leaf[HASH];
	char hex[2 * HASH + 1];

	TRY(audit_leaf(&a, leaf, e));
	hex_encode(leaf, HASH, hex);
	if ((a.seq != expected || strcmp(db_text(r, 7), hex) != 0) && w->out->bad == 0)
		w->out->bad = expected;
	TRY(acsr_merkle_edge_add(&w->edge, leaf, look_at_node, w, e));
	return look_at_checkpoint(w, e);
}

static enum acsr_result walk_entries(struct walk *w, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	bool have;

	TRY(db_query(w->d, &rows,
		"SELECT seq, at, actor, account_id, action, object, detail, hash FROM audit ORDER BY seq",
		DB_NO_ARGS, e));
	for (;;) {
		TRY(db_next(rows, &have, e));
		if (!have)
			return ACSR_OK;
		TRY(look_at_entry(w, rows, e));
	}
}

static enum acsr_result walk_all(struct walk *w, struct acsr_err *e)
{
	uint8_t root[HASH];

	TRY(audit_checkpoint_from(w->d, 1, &w->next, NULL, &w->have_next, e));
	TRY(db_query(w->d, &w->nodes,
		"SELECT level, pos, hash FROM audit_nodes ORDER BY (pos + 1) << level, level", DB_NO_ARGS,
		e));
	TRY(walk_entries(w, e));
	/* a checkpoint over more entries than there are: the end of the log was cut off */
	if (w->have_next && w->out->bad_checkpoint == 0)
		w->out->bad_checkpoint = w->next.size;
	TRY(acsr_merkle_edge_root(&w->edge, root, e));
	hex_encode(root, HASH, w->out->root);
	return ACSR_OK;
}

enum acsr_result audit_verify(struct db *d, struct audit_verdict *out, struct acsr_err *e)
{
	struct walk w = { .d = d, .out = out };
	enum acsr_result r;

	*out = (struct audit_verdict){ 0 };
	r = walk_all(&w, e);
	db_rows_free(w.nodes);
	return r;
}
