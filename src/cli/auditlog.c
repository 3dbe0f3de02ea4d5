/* Reading the lines, and meeting the checkpoints on the way. */
#include "cli/auditlog.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "cli/files.h"

enum { LINE_MAX_BYTES = 64 * 1024 };

enum acsr_result auditlog_expect(struct auditlog *l, const struct acsr_checkpoint *said, struct acsr_err *e)
{
	if (l->n == AUDITLOG_CHECKPOINTS)
		return err_set(e, "usage.value", "at most %d checkpoints at a time", AUDITLOG_CHECKPOINTS);
	l->v[l->n++] = (struct auditlog_checkpoint){ .said = *said };
	return ACSR_OK;
}

enum acsr_result auditlog_checkpoint(
	struct auditlog *l, const char *path, const char *verifier, struct acsr_err *e)
{
	CLEANUP_BUF struct buf note = { 0 };
	struct acsr_checkpoint said;
	size_t n;

	buf_init(&note, ACSR_NOTE_MAX);
	TRY(file_get(&note, path, ACSR_NOTE_MAX, e));
	TRY(acsr_note_verify(note.p, note.len, verifier, &n, e));
	TRY(acsr_checkpoint_parse(&said, note.p, n, e));
	return auditlog_expect(l, &said, e);
}

static const char *text_of(const json_t *entry, const char *name, bool *ok)
{
	const char *s = json_string_value(json_object_get(entry, name));

	*ok = *ok && s != NULL;
	return s != NULL ? s : "";
}

/* The leaf as the service hashes it: store/audit.h. */
static enum acsr_result leaf_of(
	const json_t *entry, int64_t *number, uint8_t out[ACSR_MERKLE_HASH], struct acsr_err *e)
{
	char seq[24], at[24];
	bool ok = json_is_integer(json_object_get(entry, "seq"));
	int64_t when = 0;
	const char *texts[] = { seq, at, text_of(entry, "actor", &ok), text_of(entry, "account_id", &ok),
		text_of(entry, "action", &ok), text_of(entry, "object", &ok), text_of(entry, "detail", &ok) };

	*number = json_integer_value(json_object_get(entry, "seq"));
	if (!ok || clock_parse_rfc3339(text_of(entry, "at", &ok), &when, NULL) != ACSR_OK)
		return err_set(e, "input.audit", "a line is not an entry of an exported audit log");
	snprintf(seq, sizeof(seq), "%lld", (long long)*number);
	snprintf(at, sizeof(at), "%lld", (long long)when);
	return acsr_merkle_leaf_of_texts(texts, sizeof(texts) / sizeof(texts[0]), out, e);
}

static enum acsr_result meet(struct auditlog *l, const struct acsr_merkle_edge *t, struct acsr_err *e)
{
	for (size_t i = 0; i < l->n; i++) {
		uint8_t root[ACSR_MERKLE_HASH];

		if (l->v[i].said.size != t->size)
			continue;
		TRY(acsr_merkle_edge_root(t, root, e));
		l->v[i].reached = true;
		l->v[i].fits = memcmp(root, l->v[i].said.root, sizeof(root)) == 0;
	}
	return ACSR_OK;
}

static enum acsr_result take_line(
	struct auditlog *l, struct acsr_merkle_edge *t, const char *line, size_t n, struct acsr_err *e)
{
	json_t *entry;
	uint8_t leaf[ACSR_MERKLE_HASH];
	char hex[2 * ACSR_MERKLE_HASH + 1];
	enum acsr_result r;
	int64_t seq;
	bool ok = true;

	errno = 0; /* jansson calls a text bad that it has no memory for */
	entry = json_loadb(line, n, JSON_REJECT_DUPLICATES, NULL);
	if (entry == NULL && errno == ENOMEM)
		return err_nomem(e);
	r = leaf_of(entry, &seq, leaf, e);
	if (r == ACSR_OK) {
		hex_encode(leaf, sizeof(leaf), hex);
		l->entries++;
		if ((seq != (int64_t)l->entries || strcmp(text_of(entry, "hash", &ok), hex) != 0) &&
			l->bad == 0)
			l->bad = l->entries;
		r = acsr_merkle_edge_add(t, leaf, NULL, NULL, e);
	}
	if (r == ACSR_OK && l->hear != NULL)
		r = l->hear(l->arg, l->entries, hex, entry, e);
	json_decref(entry);
	return r == ACSR_OK ? meet(l, t, e) : ACSR_FAIL;
}

static enum acsr_result read_lines(struct auditlog *l, FILE *f, char **line, struct acsr_err *e)
{
	struct acsr_merkle_edge t = { .size = 0 };
	size_t cap = 0;
	ssize_t n;

	TRY(meet(l, &t, e));
	while ((n = getline(line, &cap, f)) >= 0) {
		if (n > LINE_MAX_BYTES)
			return err_set(e, "input.audit", "line %llu is longer than any entry",
				(unsigned long long)l->entries + 1);
		if (n <= 1)
			continue;
		if (take_line(l, &t, *line, (size_t)n, e) != ACSR_OK) {
			err_at(e, "line %llu", (unsigned long long)l->entries + 1);
			return ACSR_FAIL;
		}
	}
	if (!feof(f)) /* an error, or no memory for the line */
		return err_errno(e, "input.read", errno, "cannot read the log");
	return acsr_merkle_edge_root(&t, l->root, e);
}

enum acsr_result auditlog_read(struct auditlog *l, const char *path, struct acsr_err *e)
{
	FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	enum acsr_result r;
	char *line = NULL;

	if (f == NULL)
		return err_errno(e, "input.open", errno, "cannot open %s", path);
	r = read_lines(l, f, &line, e);
	free(line);
	if (f != stdin)
		fclose(f);
	return r;
}

bool auditlog_good(const struct auditlog *l)
{
	bool good = l->bad == 0;

	for (size_t i = 0; i < l->n; i++)
		good = good && l->v[i].reached && l->v[i].fits;
	return good;
}

void auditlog_why(const struct auditlog *l, char *why, size_t cap)
{
	*why = '\0';
	if (l->bad != 0) {
		snprintf(why, cap, "entry %llu was changed, removed or moved", (unsigned long long)l->bad);
		return;
	}
	for (size_t i = 0; i < l->n && *why == '\0'; i++) {
		unsigned long long size = (unsigned long long)l->v[i].said.size;

		if (!l->v[i].reached)
			snprintf(why, cap, "%llu entries were signed, but the log ends at %llu", size,
				(unsigned long long)l->entries);
		else if (!l->v[i].fits)
			snprintf(why, cap, "the first %llu entries are not those that were signed", size);
	}
}
