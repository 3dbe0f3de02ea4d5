/* Finding a receipt's entries in an exported audit log. */
#include "cli/receipt_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "cli/auditlog.h"
#include "cli/view.h"

/* What the receipt says of one entry, and what the log has there. */
struct named {
	const char *check;
	const struct receipt_entry *said;
	bool there, same, about;
	char what[200]; /* "key.made at 2026-11-23T20:00:00Z" */
};

struct search {
	const struct receipt *receipt;
	struct named v[3];
};

static enum acsr_result hear(
	void *arg, uint64_t place, const char *leaf, const json_t *entry, struct acsr_err *e)
{
	struct search *s = arg;

	(void)e;
	for (size_t i = 0; i < sizeof(s->v) / sizeof(s->v[0]); i++) {
		struct named *x = &s->v[i];

		if (x->said->seq <= 0 || (uint64_t)x->said->seq != place)
			continue;
		x->there = true;
		x->same = strcmp(leaf, x->said->leaf) == 0;
		x->about = strcmp(view_str(entry, "object"), s->receipt->order) == 0;
		snprintf(x->what, sizeof(x->what), "%.100s at %.40s", view_str(entry, "action"),
			view_str(entry, "at"));
	}
	return ACSR_OK;
}

static struct receipt_log_finding finding_of(const struct named *x)
{
	struct receipt_log_finding f = { .check = x->check, .ok = x->there && x->same && x->about };
	long long seq = (long long)x->said->seq;

	if (!x->there)
		snprintf(f.text, sizeof(f.text),
			"the log ends before entry %lld, which the receipt names; "
			"export it again",
			seq);
	else if (!x->same)
		snprintf(f.text, sizeof(f.text),
			"entry %lld of this log is not the one that the receipt names", seq);
	else if (!x->about)
		snprintf(f.text, sizeof(f.text),
			"entry %lld, which the receipt names, is not about its order", seq);
	else
		snprintf(f.text, sizeof(f.text), "entry %lld of the log says the same: %s", seq, x->what);
	return f;
}

/* The checkpoints: what the receipt itself names, and what was given. */
static enum acsr_result expect(
	struct auditlog *l, const struct receipt *r, const struct args *a, struct acsr_err *e)
{
	const char *verifier = args_one(a, "verifier"), *path;
	struct acsr_checkpoint said = { .size = (uint64_t)r->checkpoint_size };
	size_t n;

	if (r->checkpoint_size > 0) {
		snprintf(said.origin, sizeof(said.origin), "%s", r->log);
		TRY(hex_decode(r->checkpoint_root, said.root, sizeof(said.root), &n, e));
		TRY(auditlog_expect(l, &said, e));
	}
	for (size_t i = 0; (path = args_many(a, "checkpoint", i)) != NULL; i++) {
		if (verifier == NULL)
			return err_set(e, "usage.value",
				"a checkpoint proves nothing without the --verifier KEY that signed it");
		TRY(auditlog_checkpoint(l, path, verifier, e));
	}
	return ACSR_OK;
}

static struct receipt_log_finding whole(const struct auditlog *l, const struct receipt *r)
{
	struct receipt_log_finding f = { .check = "log", .ok = auditlog_good(l) };
	unsigned long long entries = (unsigned long long)l->entries;

	auditlog_why(l, f.text, sizeof(f.text));
	for (size_t i = 0; f.ok && i < l->n; i++) {
		f.ok = strcmp(l->v[i].said.origin, r->log) == 0;
		if (!f.ok)
			snprintf(f.text, sizeof(f.text),
				"the checkpoint is of the log %.120s, and the receipt names %.120s",
				l->v[i].said.origin, r->log);
	}
	if (f.ok && l->n == 0)
		snprintf(f.text, sizeof(f.text),
			"its %llu entries hang together; the receipt names no checkpoint, so give "
			"--checkpoint to see whose they are",
			entries);
	else if (f.ok)
		snprintf(f.text, sizeof(f.text), "its %llu entries are whole, and lead to %zu signed %s",
			entries, l->n, l->n == 1 ? "checkpoint" : "checkpoints");
	return f;
}

static enum acsr_result read_log(
	struct auditlog *l, const struct receipt *r, const struct args *a, struct acsr_err *e)
{
	TRY(expect(l, r, a, e));
	return auditlog_read(l, args_one(a, "log"), e);
}

enum acsr_result receipt_log_judge(const struct receipt *r, const struct args *a,
	struct receipt_log_finding out[RECEIPT_LOG_FINDINGS], size_t *n, struct acsr_err *e)
{
	struct search s = { .receipt = r,
		.v = { { .check = "made", .said = &r->made },
			{ .check = "handed over", .said = &r->handed_over },
			{ .check = "destroyed", .said = &r->destroyed } } };
	struct auditlog *l = calloc(1, sizeof(*l));
	enum acsr_result res;

	*n = 0;
	if (l == NULL)
		return err_nomem(e);
	l->hear = hear;
	l->arg = &s;
	res = read_log(l, r, a, e);
	if (res == ACSR_OK)
		out[(*n)++] = whole(l, r);
	for (size_t i = 0; res == ACSR_OK && i < sizeof(s.v) / sizeof(s.v[0]); i++)
		if (s.v[i].said->seq > 0)
			out[(*n)++] = finding_of(&s.v[i]);
	free(l);
	return res;
}
