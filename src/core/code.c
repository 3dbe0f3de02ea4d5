/* Keeping, showing and destroying unlock codes, in one database or two. */
#include "core/code.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "core/order.h"
#include "core/receipt.h"
#include "store/codes.h"

enum { AGAIN_MS = 3000 };

static bool split(const struct core *c)
{
	return c->code_store != c->db;
}

/* --- within a step --- */

enum acsr_result code_keep(struct core *c, struct csr_request *r, struct bytes wrapped,
	const struct product *p, struct acsr_err *e)
{
	r->has_code = true;
	r->code_window = product_code_window(c, p);
	r->most_reveals = p->code_reveals;
	TRY(csr_request_save_code(c->db, r, e));
	return split(c) ? call_code(c, r->id, wrapped, e) : codes_put(c->db, r->id, wrapped, e);
}

/* Of this very transaction, not in its store yet. */
static const struct outgoing *kept_now(const struct core *c, const char *id)
{
	const struct outgoing *found = NULL;

	for (const struct outgoing *o = c->outbox; o != NULL; o = o->next)
		if (strcmp(o->code_of, id) == 0)
			found = o;
	return found;
}

enum acsr_result code_fetch(struct core *c, const struct csr_request *r, struct buf *out, struct acsr_err *e)
{
	const struct outgoing *o = kept_now(c, r->id);

	if (!r->has_code)
		return err_set(e, "code.gone", "the unlock code is destroyed");
	return o != NULL ? buf_put(out, o->frame.p, o->frame.len, e)
			 : codes_get(c->code_store, r->id, out, e);
}

enum acsr_result code_destroy(struct core *c, struct csr_request *r, const char *why, struct acsr_err *e)
{
	CLEANUP_ORDER struct order o = { 0 };

	if (!r->has_code)
		return ACSR_OK;
	r->has_code = false;
	r->code_destroyed_at = c->now;
	snprintf(r->code_reason, sizeof(r->code_reason), "%s", why);
	TRY(csr_request_save_code(c->db, r, e));
	TRY(split(c) ? call_code(c, r->id, (struct bytes){ 0 }, e) : codes_delete(c->db, r->id, e));
	c->forget = true;
	TRY(order_load(c->db, r->order_id, NULL, &o, e));
	TRY(core_audit(c, "system", o.account_id, "code.destroyed", o.id, e, "%s", why));
	return receipt_code_destroyed(c, r->id, e);
}

int64_t code_reveals_left(const struct csr_request *r)
{
	if (r->most_reveals == 0)
		return -1;
	return r->reveals < r->most_reveals ? r->most_reveals - r->reveals : 0;
}

const char *code_state(const struct core *c, const struct csr_request *r)
{
	if (!r->has_code)
		return "destroyed";
	return r->code_expires_at != 0 && r->code_expires_at <= c->now ? "expired" : "available";
}

enum acsr_result code_shown(struct core *c, struct csr_request *r, struct acsr_err *e)
{
	r->reveals++;
	TRY(csr_request_save(c->db, r, e));
	return code_reveals_left(r) == 0 ? code_destroy(c, r, "it was shown as often as it may be", e)
					 : ACSR_OK;
}

/* --- around the commit --- */

/* What the outbox has for the store: codes to keep, or codes to delete. */
static enum acsr_result run_work(struct core *c, bool keeping, struct acsr_err *e)
{
	for (const struct outgoing *o = c->outbox; o != NULL; o = o->next) {
		if (o->code_of[0] == '\0' || (o->frame.len > 0) != keeping)
			continue;
		if (keeping)
			TRY(codes_put(
				c->code_store, o->code_of, (struct bytes){ o->frame.p, o->frame.len }, e));
		else
			TRY(codes_delete(c->code_store, o->code_of, e));
	}
	return ACSR_OK;
}

static bool has_work(const struct core *c, bool keeping)
{
	for (const struct outgoing *o = c->outbox; o != NULL; o = o->next)
		if (o->code_of[0] != '\0' && (o->frame.len > 0) == keeping)
			return true;
	return false;
}

static enum acsr_result commit_work(struct core *c, bool keeping, struct acsr_err *e)
{
	if (!has_work(c, keeping))
		return ACSR_OK;
	if (db_begin(c->code_store, e) == ACSR_OK && run_work(c, keeping, e) == ACSR_OK &&
		db_commit(c->code_store, e) == ACSR_OK)
		return ACSR_OK;
	db_rollback(c->code_store);
	return ACSR_FAIL;
}

enum acsr_result code_before_commit(struct core *c, struct acsr_err *e)
{
	return commit_work(c, true, e);
}

void code_after_commit(struct core *c)
{
	struct acsr_err e;

	if (commit_work(c, false, &e) == ACSR_OK)
		return;
	log_error(LOG_WARN, "code-store.later", &e);
	c->code_sweep = true;
}

void code_commit_failed(struct core *c)
{
	c->code_sweep = c->code_sweep || split(c);
}

static enum acsr_result sweep(struct core *c, int64_t *swept, struct acsr_err *e)
{
	TRY(db_begin(c->code_store, e));
	if (codes_sweep(c->code_store, c->db, swept, e) == ACSR_OK && db_commit(c->code_store, e) == ACSR_OK)
		return ACSR_OK;
	db_rollback(c->code_store);
	return ACSR_FAIL;
}

static enum acsr_result forget(struct core *c, struct acsr_err *e)
{
	TRY(db_forget(c->db, e));
	return split(c) ? db_forget(c->code_store, e) : ACSR_OK;
}

static void note_swept(int64_t swept)
{
	char n[24];

	snprintf(n, sizeof(n), "%lld", (long long)swept);
	if (swept > 0)
		log_event(LOG_INFO, "codes.swept", "rows", n, NULL);
}

/* A backup that reads just now holds the log: then it is tried again until it works. */
void code_turn(struct core *c)
{
	struct acsr_err e;
	int64_t swept = 0;

	if ((!c->forget && !c->code_sweep) || clock_mono_ms() < c->forget_again_ms)
		return;
	if (c->code_sweep && sweep(c, &swept, &e) == ACSR_OK) {
		c->code_sweep = false;
		c->forget = c->forget || swept > 0;
		note_swept(swept);
	}
	if (!c->code_sweep && (!c->forget || forget(c, &e) == ACSR_OK)) {
		c->forget = false;
		return;
	}
	log_error(LOG_WARN, "forget.failed", &e);
	c->forget_again_ms = clock_mono_ms() + AGAIN_MS;
}
