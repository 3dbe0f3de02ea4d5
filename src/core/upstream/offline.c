/* Orders of offline CAs wait for somebody. */
#include "core/upstream/offline.h"

#include <stdio.h>
#include <string.h>

#include "core/issuers.h"
#include "store/jobs.h"

enum acsr_result offline_of(
	struct core *c, const struct order *o, struct upstream_issuer *out, bool *have, struct acsr_err *e)
{
	const char *name = o->issuer;
	struct product p;
	struct acsr_err why;

	*have = false;
	if (*name == '\0') {
		TRY(products_load(c->db, o->product_id, &p, e));
		name = p.issuer;
	}
	if (*name == '\0' || issuers_find(c->issuers, name) != NULL)
		return ACSR_OK;
	if (upstream_issuer_load(c->db, name, out, &why) != ACSR_OK)
		return err_is(&why, "object.absent") ? ACSR_OK : (*e = why, ACSR_FAIL);
	*have = strcmp(out->kind, "offline") == 0;
	if (!*have)
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
	/* It keeps to this CA, whatever becomes of the product. */
	snprintf(o->issuer, sizeof(o->issuer), "%s", is.name);
	TRY(jobs_done(c->db, "issue", o->id, e));
	return order_wait(
		c, o, 0, e, "the CSR has to be sent to %s, and its certificate imported here", is.title);
}
