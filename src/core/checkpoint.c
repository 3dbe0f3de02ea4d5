/* Asking for checkpoints, and keeping them. */
#include "core/checkpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autocsr/note.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "store/audit_verify.h"

enum { SIGN_SECONDS = 30, INTERVAL = 10, RETRY = 60 };

/* Keep a note that the signer has signed: never believe it unseen. */
static enum acsr_result keep(struct core *c, const char *note, struct acsr_err *e)
{
	struct audit_checkpoint row = { .at = c->now };
	struct acsr_checkpoint said;
	size_t n;

	TRY(acsr_note_verify((const uint8_t *)note, strlen(note), c->checkpoint.verifier, &n, e));
	TRY(acsr_checkpoint_parse(&said, (const uint8_t *)note, n, e));
	row.size = (int64_t)said.size;
	hex_encode(said.root, sizeof(said.root), row.root);
	return audit_checkpoint_add(c->db, &row, note, e);
}

/* A checkpoint that a crash kept out of the database. */
static enum acsr_result keep_head(struct core *c, void *note, struct acsr_err *e)
{
	return keep(c, note, e);
}

void checkpoint_head(struct core *c, const struct msg_log_head *m)
{
	struct checkpoint *k = &c->checkpoint;
	char *note = NULL;

	free(k->verifier);
	free(k->note);
	k->verifier = k->note = NULL;
	k->asked_at = 0;
	k->size = k->kept = m->size;
	if (str_dup(&k->verifier, m->verifier, NULL) != ACSR_OK ||
		str_dup(&k->note, m->note, NULL) != ACSR_OK || str_dup(&note, m->note, NULL) != ACSR_OK)
		return;
	if (*note != '\0')
		core_step(c, NULL, keep_head, note, free);
	else
		free(note);
}

static void trouble(struct core *c, const struct acsr_err *why)
{
	struct checkpoint *k = &c->checkpoint;

	k->next_at = c->now + RETRY;
	if (strcmp(k->trouble, why->text) != 0)
		log_error(err_is(why, "busy.") ? LOG_WARN : LOG_ERROR, "audit.not-signed", why);
	snprintf(k->trouble, sizeof(k->trouble), "%s", why->text);
}

static enum acsr_result on_signed(
	struct core *c, struct call *call, struct msg *m, const struct acsr_err *why, struct acsr_err *e)
{
	struct checkpoint *k = &c->checkpoint;
	const struct msg_log_signed *s = m != NULL ? m->body : NULL;

	k->asked_at = 0;
	if (s == NULL) {
		trouble(c, why);
		return ACSR_OK;
	}
	TRY(keep(c, s->note, e));
	free(k->note);
	k->note = NULL;
	TRY(str_dup(&k->note, s->note, e));
	k->size = strtoull(call->detail, NULL, 10);
	k->next_at = c->now + INTERVAL;
	k->trouble[0] = '\0';
	return ACSR_OK;
}

static enum acsr_result ask(struct core *c, void *arg, struct acsr_err *e)
{
	struct call like = { .fn = on_signed };
	struct acsr_merkle_path path = { .n = 0 };
	uint8_t root[ACSR_MERKLE_HASH];
	struct msg_sign_log m = { .root = { root, sizeof(root) } };
	int64_t entries;

	(void)arg;
	TRY(audit_size(c->db, &entries, e));
	if ((uint64_t)entries == c->checkpoint.size) {
		c->checkpoint.next_at = c->now + INTERVAL;
		return ACSR_OK;
	}
	m.size = (uint64_t)entries;
	TRY(acsr_merkle_root(m.size, audit_node, c->db, root, e));
	/* a log that has shrunk is for the signer to refuse */
	if (c->checkpoint.size > 0 && m.size > c->checkpoint.size)
		TRY(acsr_merkle_consistency(c->checkpoint.size, m.size, audit_node, c->db, &path, e));
	m.path = (struct blob){ path.v[0], path.n * ACSR_MERKLE_HASH };
	snprintf(like.detail, sizeof(like.detail), "%llu", (unsigned long long)m.size);
	TRY(core_ask(c, ROLE_SIGNER, MSG_sign_log, &m, SIGN_SECONDS, &like, e));
	c->checkpoint.asked_at = c->now;
	return ACSR_OK;
}

void checkpoint_tick(struct core *c)
{
	struct checkpoint *k = &c->checkpoint;
	int64_t now = clock_now();

	k->kept = k->size; /* between transactions: what the last one has stored is stored */
	/* a clock that was put back must not keep us from it */
	/* a question that was never sent, because its batch failed, has no answer */
	if (k->verifier == NULL || (k->asked_at != 0 && now - k->asked_at <= 2 * SIGN_SECONDS) ||
		(now < k->next_at && k->next_at - now <= RETRY))
		return;
	k->next_at = now + RETRY;
	core_step(c, NULL, ask, NULL, NULL);
}
