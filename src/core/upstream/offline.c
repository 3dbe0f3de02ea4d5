/* Orders of offline CAs wait for somebody. */
#include "core/upstream/offline.h"

#include <string.h>

#include "core/upstream/upstream.h"
#include "store/jobs.h"

/* By the issuer that the round began with: another product's must not adopt an order of ours. */
enum acsr_result offline_of(
	struct core *c, const struct order *o, struct upstream_issuer *out, bool *have, struct acsr_err *e)
{
	TRY(upstream_of(c, o, out, have, e));
	if (!*have || strcmp(out->kind, "offline") == 0)
		return ACSR_OK;
	*have = false;
	upstream_issuer_clear(out);
	return ACSR_OK;
}

enum acsr_result offline_validation(
	struct core *c, const struct order *o, bool *have, bool *left, struct acsr_err *e)
{
	CLEANUP_UPSTREAM_ISSUER struct upstream_issuer is = { 0 };

	TRY(offline_of(c, o, &is, have, e));
	*left = *have && strcmp(is.validation, "ca") == 0;
	return ACSR_OK;
}

enum acsr_result offline_issue(struct core *c, struct order *o, bool *have, struct acsr_err *e)
{
	CLEANUP_UPSTREAM_ISSUER struct upstream_issuer is = { 0 };

	TRY(offline_of(c, o, &is, have, e));
	if (!*have)
		return ACSR_OK;
	TRY(jobs_done(c->db, "issue", o->id, e));
	return order_wait(c, o, 0, e,
		"the operator of this service sends the CSR to %s and imports its certificate here",
		is.title);
}
