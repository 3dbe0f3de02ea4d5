/*
 * Forgetting what the ACME server needs no more. Anybody may make accounts at an open directory, so those that came to
 * nothing must go; what has had a certificate stays.
 */
#include "core/acme/acme_int.h"
#include "core/acme/outcome.h"
#include "store/jobs.h"

enum { DAY = 86400, KEPT = 30 * DAY, AUTHZ_KEPT = 7 * DAY, AT_ONCE = 500, EVERY = 3600, AGAIN = 1 };
/* So many unused accounts are no burden; more of them are forgotten sooner, and nobody is refused for it. */
enum { UNUSED = 100000 };

/* Whether there are many takes a while to tell: asked once for each walk. */
static enum acsr_result begin_walk(struct core *c, struct acsr_err *e)
{
	int64_t kept = conf_span(&c->proc->conf, "acme.unused_accounts_kept");
	bool many = false;

	c->acme->accounts_before = 0;
	if (kept == 0)
		return ACSR_OK;
	if (kept > DAY)
		TRY(acme_accounts_many(c->db, UNUSED, &many, e));
	c->acme->accounts_before = c->now - (many ? DAY : kept);
	return ACSR_OK;
}

static enum acsr_result forget_accounts(struct core *c, struct acsr_err *e)
{
	int64_t n = 0;

	if (c->acme->accounts_at.at == 0)
		TRY(begin_walk(c, e));
	TRY(acme_accounts_prune(c->db, &c->acme->accounts_at, c->acme->accounts_before, AT_ONCE, &n, e));
	if (n == 0)
		return ACSR_OK;
	return core_audit(c, "system", "", "acme.accounts-forgotten", "", e,
		"%lld without a binding that never came to a certificate", (long long)n);
}

enum acsr_result acme_tidy_job(struct core *c, const char *object, int64_t attempts, struct acsr_err *e)
{
	int64_t orders;
	bool more;

	(void)attempts;
	TRY(acme_orders_prune(c->db, c->now - KEPT, AT_ONCE, &orders, e));
	TRY(acme_authzs_prune(c->db, &c->acme->authzs_at, c->now - AUTHZ_KEPT, AT_ONCE, e));
	TRY(forget_accounts(c, e));
	more = orders == AT_ONCE || c->acme->authzs_at.at != 0 || c->acme->accounts_at.at != 0;
	return jobs_again(c->db, "acme-tidy", object, c->now + (more ? AGAIN : EVERY), "", e);
}
