/* The last checkpoint is a file, replaced before the new note leaves. */
#include "logbook.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/str.h"
#include "durable.h"

static const char key_name[] = "audit", head_name[] = "audit-head";

static void name_the_log(struct logbook *l, const char *base_url)
{
	const char *host = strstr(base_url, "://");

	snprintf(l->origin, sizeof(l->origin), "%.150s/audit", host != NULL ? host + 3 : base_url);
}

static enum acsr_result load_key(struct logbook *l, const struct key_store *keys, struct acsr_err *e)
{
	TRY(key_store_load(keys, key_name, &l->key, e));
	if (l->key == NULL)
		TRY(key_store_make(keys, key_name, "ed25519", &l->key, e));
	return acsr_note_verifier(l->origin, l->key, &l->verifier, e);
}

/* The log may have been renamed since (its address is part of its name): what counts is our key below it. */
static enum acsr_result check_head(struct logbook *l, const struct buf *note, struct acsr_err *e)
{
	ACSR_CLEANUP_BLOB struct acsr_blob verifier = { 0 };
	struct acsr_checkpoint c;
	size_t n;

	TRY(acsr_checkpoint_parse(&c, note->p, note->len, e));
	TRY(acsr_note_verifier(c.origin, l->key, &verifier, e));
	TRY(acsr_note_verify(note->p, note->len, (const char *)verifier.p, &n, e));
	TRY(acsr_blob_copy(&l->note, note->p, note->len, e));
	l->last = c;
	return ACSR_OK;
}

static enum acsr_result load_head(struct logbook *l, struct acsr_err *e)
{
	CLEANUP_BUF struct buf note = { 0 };
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", l->dir, head_name);
	if (access(path, F_OK) != 0 && errno == ENOENT)
		return ACSR_OK;
	buf_init(&note, ACSR_NOTE_MAX);
	TRY(buf_read_file(&note, path, e));
	return check_head(l, &note, e);
}

enum acsr_result logbook_open(struct logbook *l, const char *dir, const char *base_url,
	const struct key_store *keys, struct acsr_err *e)
{
	l->dir = dir;
	name_the_log(l, base_url);
	TRY(load_key(l, keys, e));
	return load_head(l, e);
}

void logbook_close(struct logbook *l)
{
	acsr_key_free(l->key);
	acsr_blob_free(&l->verifier);
	acsr_blob_free(&l->note);
}

static enum acsr_result keep(
	struct logbook *l, const struct acsr_checkpoint *c, struct acsr_blob *note, struct acsr_err *e)
{
	TRY(durable_replace(l->dir, head_name, note->p, note->len, e));
	acsr_blob_free(&l->note);
	l->note = *note;
	*note = (struct acsr_blob){ 0 };
	l->last = *c;
	return ACSR_OK;
}

enum acsr_result logbook_sign(struct logbook *l, uint64_t size, const uint8_t root[ACSR_MERKLE_HASH],
	const struct acsr_merkle_path *path, struct acsr_err *e)
{
	ACSR_CLEANUP_BLOB struct acsr_blob text = { 0 }, note = { 0 };
	struct acsr_checkpoint c = { .size = size };

	if (size < l->last.size)
		return err_set(e, "audit.shrunk",
			"the audit log has %llu entries, but %llu were there when its last checkpoint was "
			"signed",
			(unsigned long long)size, (unsigned long long)l->last.size);
	TRY(acsr_merkle_check_consistency(l->last.size, l->last.root, size, root, path, e));
	if (size == l->last.size)
		return ACSR_OK;
	snprintf(c.origin, sizeof(c.origin), "%s", l->origin);
	memcpy(c.root, root, ACSR_MERKLE_HASH);
	TRY(acsr_checkpoint_print(&c, &text, e));
	TRY(acsr_note_sign((const char *)text.p, l->origin, l->key, &note, e));
	return keep(l, &c, &note, e);
}
