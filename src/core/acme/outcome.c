/* How the issuing of an ACME order ended. */
#include "core/acme/outcome.h"

#include <stdlib.h>
#include <string.h>

#include "core/acme/orders.h"
#include "core/acme/wait.h"
#include "core/jsontext.h"

bool acme_outcome_wanted(const struct order *o)
{
	return strcmp(o->method, "acme") == 0;
}

/* What issuing does must not hang on a row that nobody misses: *have is false when it is gone, or was never there. */
static enum acsr_result load(
	struct core *c, const struct order *o, struct acme_order *ao, bool *have, struct acsr_err *e)
{
	*have = false;
	if (!acme_outcome_wanted(o))
		return ACSR_OK;
	if (acme_order_load(c->db, o->id, "", ao, e) != ACSR_OK)
		return err_is(e, "object.absent") ? ACSR_OK : ACSR_FAIL;
	*have = true;
	return ACSR_OK;
}

enum acsr_result acme_outcome_times(
	struct core *c, const struct order *o, int64_t *not_before, int64_t *not_after, struct acsr_err *e)
{
	CLEANUP_ACME_ORDER struct acme_order ao = { 0 };

	bool have;

	TRY(load(c, o, &ao, &have, e));
	*not_before = ao.not_before;
	*not_after = ao.not_after;
	return ACSR_OK;
}

enum acsr_result acme_outcome_expired(
	struct core *c, const struct order *o, bool *expired, struct acsr_err *e)
{
	CLEANUP_ACME_ORDER struct acme_order ao = { 0 };
	bool have;

	TRY(load(c, o, &ao, &have, e));
	*expired = have && ao.expires_at <= c->now;
	return ACSR_OK;
}

enum acsr_result acme_outcome_issued(
	struct core *c, const struct order *o, const struct certificate *cert, struct acsr_err *e)
{
	CLEANUP_ACME_ORDER struct acme_order ao = { 0 };
	bool have;

	TRY(load(c, o, &ao, &have, e));
	if (!have)
		return ACSR_OK;
	memcpy(ao.status, "valid", sizeof("valid"));
	memcpy(ao.serial, cert->serial, sizeof(ao.serial));
	ao.expires_at = cert->not_after;
	acme_decided(c, o->id);
	return acme_order_save(c->db, &ao, e);
}

enum acsr_result acme_outcome_failed(
	struct core *c, const struct order *o, const struct acsr_err *why, struct acsr_err *e)
{
	CLEANUP_ACME_ORDER struct acme_order ao = { 0 };
	bool have;

	TRY(load(c, o, &ao, &have, e));
	if (!have)
		return ACSR_OK;
	memcpy(ao.status, "invalid", sizeof("invalid"));
	free(ao.error);
	ao.error = NULL;
	TRY(json_text(acme_problem(why, NULL), &ao.error, e));
	acme_decided(c, o->id);
	return acme_order_save(c->db, &ao, e);
}
