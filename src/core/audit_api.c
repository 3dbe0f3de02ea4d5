/* The audit log to those who may see it: entries, checkpoints, proofs, and a verdict over all of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autocsr/note.h"
#include "core/handlers.h"
#include "core/jsontext.h"
#include "core/pool.h"
#include "store/audit_pages.h"
#include "store/audit_verify.h"

enum { PAGE = 100, PAGE_MAX = 1000 };

/* --- entries --- */

struct page {
	json_t *entries;
	int64_t last;
};

static enum acsr_result add_entry(
	void *page, const struct audit_entry *a, const char *hash, struct acsr_err *e)
{
	struct page *p = page;
	json_t *entry = json_pack("{s:I, s:o, s:s, s:s, s:s, s:s, s:s, s:s}", "seq", (json_int_t)a->seq, "at",
		json_time(a->at), "actor", a->actor, "account_id", a->account_id, "action", a->action,
		"object", a->object, "detail", a->detail, "hash", hash);

	p->last = a->seq;
	return json_array_append_new(p->entries, entry) == 0 ? ACSR_OK : err_nomem(e);
}

static enum acsr_result number_query(const struct request *q, const char *name, uint64_t max, uint64_t preset,
	uint64_t *out, struct acsr_err *e)
{
	char text[32];

	*out = preset;
	if (!request_query(q, name, text, sizeof(text)))
		return ACSR_OK;
	if (str_u64(text, max, out, e) != ACSR_OK)
		return err_rule(e, "request.field.number", name, NULL, "%s is a whole number up to %llu",
			name, (unsigned long long)max);
	return ACSR_OK;
}

static enum acsr_result whose_audit(const struct request *q, const char **account, struct acsr_err *e)
{
	char all[8];

	*account = q->who.account_id;
	if (!request_query(q, "all", all, sizeof(all)) || strcmp(all, "1") != 0)
		return ACSR_OK;
	*account = NULL;
	return q->who.role == USER_ADMIN
		       ? ACSR_OK
		       : err_set(e, "auth.forbidden", "only the operator sees the entries of other accounts");
}

enum acsr_result audit_list(struct core *c, struct request *q, struct acsr_err *e)
{
	struct page p = { 0 };
	uint64_t after, limit;
	const char *account;
	json_t *next;

	TRY(number_query(q, "after", INT64_MAX, 0, &after, e));
	TRY(number_query(q, "limit", PAGE_MAX, PAGE, &limit, e));
	TRY(whose_audit(q, &account, e));
	p.entries = json_array();
	(void)request_answer(q, 200, json_pack("{s:o}", "entries", p.entries));
	TRY(audit_page(c->db, account, (int64_t)after, (int64_t)limit, add_entry, &p, e));
	next = limit > 0 && json_array_size(p.entries) == limit ? json_integer(p.last) : json_null();
	json_object_set_new(q->answer, "next_after", next);
	return ACSR_OK;
}

/* --- checkpoints and proofs --- */

static json_t *note_json(struct core *c, const struct audit_checkpoint *k, struct buf *note)
{
	return json_pack("{s:I, s:o, s:s, s:s, s:s}", "size", (json_int_t)k->size, "at", json_time(k->at),
		"root", k->root, "note", buf_cstr(note), "verifier",
		c->checkpoint.verifier != NULL ? c->checkpoint.verifier : "");
}

static enum acsr_result no_checkpoint(struct acsr_err *e)
{
	return err_set(e, "state.checkpoint",
		"no checkpoint covers that much of the audit log yet; one is signed within a minute of every "
		"change");
}

enum acsr_result audit_checkpoint_show(struct core *c, struct request *q, struct acsr_err *e)
{
	CLEANUP_BUF struct buf note = { 0 };
	struct audit_checkpoint k;
	uint64_t size;
	bool have;

	buf_init(&note, ACSR_NOTE_MAX);
	TRY(number_query(q, "size", INT64_MAX, INT64_MAX, &size, e));
	TRY(audit_checkpoint_before(c->db, (int64_t)size, &k, &note, &have, e));
	return have ? request_answer(q, 200, note_json(c, &k, &note)) : no_checkpoint(e);
}

static json_t *path_json(const struct acsr_merkle_path *path)
{
	json_t *list = json_array();
	char hex[2 * ACSR_MERKLE_HASH + 1];

	for (size_t i = 0; i < path->n; i++) {
		hex_encode(path->v[i], ACSR_MERKLE_HASH, hex);
		json_array_append_new(list, json_string(hex));
	}
	return list;
}

/* The entry itself, if the one who asks may see it. */
static enum acsr_result find_entry(
	struct core *c, const struct request *q, uint64_t seq, json_t **out, struct acsr_err *e)
{
	struct page p = { .entries = json_array() };
	const char *account = q->who.role == USER_ADMIN ? NULL : q->who.account_id;
	enum acsr_result r =
		seq == 0 ? ACSR_OK : audit_page(c->db, account, (int64_t)seq - 1, 1, add_entry, &p, e);

	if (r == ACSR_OK && (json_array_size(p.entries) != 1 || p.last != (int64_t)seq))
		r = err_set(e, "object.absent", "there is no such entry");
	if (r == ACSR_OK)
		*out = json_incref(json_array_get(p.entries, 0));
	json_decref(p.entries);
	return r;
}

enum acsr_result audit_inclusion(struct core *c, struct request *q, struct acsr_err *e)
{
	CLEANUP_BUF struct buf note = { 0 };
	struct acsr_merkle_path path;
	struct audit_checkpoint k;
	uint64_t seq, size;
	json_t *entry;
	bool have;

	buf_init(&note, ACSR_NOTE_MAX);
	TRY(number_query(q, "seq", INT64_MAX, 0, &seq, e));
	TRY(number_query(q, "size", INT64_MAX, INT64_MAX, &size, e));
	TRY(audit_checkpoint_before(c->db, (int64_t)size, &k, &note, &have, e));
	if (!have || (uint64_t)k.size < seq)
		return no_checkpoint(e);
	TRY(find_entry(c, q, seq, &entry, e));
	(void)request_answer(
		q, 200, json_pack("{s:o, s:o}", "entry", entry, "checkpoint", note_json(c, &k, &note)));
	TRY(acsr_merkle_inclusion(seq - 1, (uint64_t)k.size, audit_node, c->db, &path, e));
	return json_object_set_new(q->answer, "path", path_json(&path)) == 0 ? ACSR_OK : err_nomem(e);
}

enum acsr_result audit_consistency(struct core *c, struct request *q, struct acsr_err *e)
{
	struct acsr_merkle_path path;
	uint64_t from, to;
	int64_t entries;

	TRY(audit_size(c->db, &entries, e));
	TRY(number_query(q, "from", INT64_MAX, 0, &from, e));
	TRY(number_query(q, "to", INT64_MAX, (uint64_t)entries, &to, e));
	if (from == 0 || from > to || to > (uint64_t)entries)
		return err_rule(e, "request.field.number", "from", NULL,
			"from and to are numbers of entries, 0 < from <= to <= %lld", (long long)entries);
	TRY(acsr_merkle_consistency(from, to, audit_node, c->db, &path, e));
	return request_answer(q, 200,
		json_pack("{s:I, s:I, s:o}", "from", (json_int_t)from, "to", (json_int_t)to, "path",
			path_json(&path)));
}

/* --- the verdict --- */

/* The signer's last word must be among what was walked: its note is in its own keeping. */
static bool signed_is_kept(int64_t kept, const struct audit_verdict *v)
{
	return kept == 0 || (v->bad_checkpoint == 0 && v->entries >= kept && v->good_checkpoint >= kept);
}

static json_t *number_or_null(int64_t n)
{
	return n == 0 ? json_null() : json_integer(n);
}

static void explain(int64_t kept, const struct audit_verdict *v, char *out, size_t cap)
{
	if (v->bad != 0)
		snprintf(out, cap, "entry %lld was changed, removed or moved", (long long)v->bad);
	else if (v->bad_checkpoint > v->entries)
		snprintf(out, cap, "the end was cut off: %lld entries were signed, %lld are there",
			(long long)v->bad_checkpoint, (long long)v->entries);
	else if (v->bad_checkpoint != 0)
		snprintf(out, cap,
			"somewhere from entry %lld to entry %lld the log was rewritten after it had been "
			"signed",
			(long long)v->good_checkpoint + 1, (long long)v->bad_checkpoint);
	else if (v->bad_node_level != 0)
		snprintf(out, cap, "the entries are whole, but stored hashes above them were changed");
	else if (!signed_is_kept(kept, v))
		snprintf(out, cap, "the signer has signed %lld entries, which the database does not know of",
			(long long)kept);
	else
		*out = '\0';
}

/* A walk of seconds where the log is long: in a thread, over a connection of its own, so that nobody waits. */
struct walking {
	struct request *q;
	char *url, *dir;
	int64_t kept; /* entries that were signed, and known to the database, when it began */
	struct audit_verdict verdict;
	enum acsr_result result;
	struct acsr_err why;
};

static void walking_free(void *arg)
{
	struct walking *w = arg;

	free(w->url);
	free(w->dir);
	free(w);
}

static enum acsr_result walk(struct walking *w, struct db *d, struct acsr_err *e)
{
	enum acsr_result r;

	TRY(db_begin_read(d, e));
	r = audit_verify(d, &w->verdict, e);
	db_rollback(d);
	return r;
}

static void walk_work(void *arg)
{
	struct walking *w = arg;
	struct db *d = NULL;

	w->result = db_open(&d, w->url, w->dir, &w->why);
	if (w->result == ACSR_OK)
		w->result = walk(w, d, &w->why);
	db_close(d);
}

static enum acsr_result walk_step(struct core *c, void *arg, struct acsr_err *e)
{
	const struct walking *w = arg;
	const struct audit_verdict *v = &w->verdict;
	char why[300];

	(void)c;
	if (w->result != ACSR_OK) {
		*e = w->why;
		return ACSR_FAIL;
	}
	explain(w->kept, v, why, sizeof(why));
	return request_answer(w->q, 200,
		json_pack("{s:b, s:I, s:s, s:o, s:o, s:I, s:o}", "ok", *why == '\0', "entries",
			(json_int_t)v->entries, "root", v->root, "first_bad_seq", number_or_null(v->bad),
			"first_bad_checkpoint", number_or_null(v->bad_checkpoint), "signed_entries",
			(json_int_t)w->kept, "why", json_text_or_null(why)));
}

enum acsr_result audit_check(struct core *c, struct request *q, struct acsr_err *e)
{
	struct walking *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return err_nomem(e);
	w->q = q;
	w->kept = (int64_t)c->checkpoint.kept;
	if (str_dup(&w->url, conf_str(&c->proc->conf, "database.url"), e) == ACSR_OK &&
		str_dup(&w->dir, c->proc->dir, e) == ACSR_OK &&
		pool_run_reader(c, q, walk_work, walk_step, w, walking_free, e) == ACSR_OK)
		return ACSR_OK;
	walking_free(w);
	return ACSR_FAIL;
}
