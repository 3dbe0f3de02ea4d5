/* What is done once a day or once a start, so that nothing piles up and nothing stays under an old key. */
#include "core/device.h"
#include "core/identity.h"
#include "core/kek.h"
#include "store/attempts.h"
#include "store/devices.h"
#include "store/jobs.h"
#include "store/mails.h"
#include "store/order.h"
#include "store/passkeys.h"
#include "store/rewrap.h"
#include "store/sessions.h"
#include "store/tokens.h"

enum { DAY = 86400, KNOWN_NETWORK_DAYS = 180, MAIL_DAYS = 30, TOKEN_DAYS = 30 };

/* Drops what has ended. */
static enum acsr_result prune(struct core *c, struct acsr_err *e)
{
	TRY(idempotency_prune(c->db, c->now - 2 * DAY, e));
	TRY(sessions_prune(c->db, c->now, e));
	TRY(devices_prune(c->db, c->now - (int64_t)DEVICE_DAYS * DAY, e));
	TRY(mail_tokens_prune(c->db, c->now, e));
	TRY(challenges_prune(c->db, c->now, e));
	TRY(tokens_prune(c->db, c->now - (int64_t)TOKEN_DAYS * DAY, e));
	TRY(attempts_prune(c->db, c->now - DAY, "seen:", c->now - (int64_t)KNOWN_NETWORK_DAYS * DAY, e));
	return mails_prune(c->db, c->now - (int64_t)MAIL_DAYS * DAY, e);
}

enum acsr_result housekeeping_job(struct core *c, const char *object, int64_t attempts, struct acsr_err *e)
{
	(void)attempts;
	TRY(prune(c, e));
	return jobs_again(c->db, "housekeeping", object, c->now + DAY, "", e);
}

static enum acsr_result wrap_anew(
	void *core, const char *owner, struct bytes wrapped, struct buf *fresh, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *s = NULL;
	struct core *c = core;

	if (!kek_is_old(c->kek, wrapped))
		return ACSR_OK;
	TRY(kek_unwrap(c->kek, owner, wrapped, &s, e));
	return kek_wrap(c->kek, owner, s, fresh, e);
}

enum acsr_result housekeeping_rewrap(struct core *c, struct acsr_err *e)
{
	int64_t changed = 0;

	TRY(wrapped_each(c->db, WRAPPED_TOTP, wrap_anew, c, &changed, e));
	TRY(wrapped_each(c->code_store, WRAPPED_CODE, wrap_anew, c, &changed, e));
	TRY(wrapped_each(c->db, WRAPPED_EAB, wrap_anew, c, &changed, e));
	if (changed == 0)
		return ACSR_OK;
	return core_audit(c, "system", "", "secrets.rewrapped", "", e,
		"%lld values are wrapped with the current key-encryption key", (long long)changed);
}
