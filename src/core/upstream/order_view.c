/* What an order shows of the issuer that it goes to, and of its way through another CA. */
#include <stdio.h>
#include <string.h>

#include "core/issue.h"
#include "core/jsontext.h"
#include "core/upstream/order_view.h"
#include "core/upstream/upstream.h"
#include "core/upstream/orders.h"

static enum acsr_result load_issuer(
	struct core *c, const char *name, struct upstream_issuer *is, bool *other, struct acsr_err *e)
{
	struct acsr_err why;

	*other = false;
	if (*name == '\0' || issuers_find(c->issuers, name) != NULL)
		return ACSR_OK;
	*other = upstream_issuer_load(c->db, name, is, &why) == ACSR_OK;
	return *other || err_is(&why, "object.absent") ? ACSR_OK : (*e = why, ACSR_FAIL);
}

static json_t *offline_json(const struct order *o, const struct upstream_issuer *is)
{
	bool waits = strcmp(o->state, "issuing") == 0;

	return json_pack("{s:s, s:s, s:s, s:s, s:n, s:o, s:n}", "issuer", is->name, "title", is->title,
		"kind", is->kind, "step",
		waits                             ? "import"
		: strcmp(o->state, "issued") == 0 ? "done"
						  : "validate",
		"url", "since", waits ? json_time(o->waiting_since) : json_null(), "told_at");
}

enum acsr_result order_view_put(struct core *c, json_t *out, const struct order *o, const struct product *p,
	struct upstream_issuer *is, struct acsr_err *e)
{
	const struct issuer *ours;
	char name[65];
	json_t *theirs;
	bool other;

	TRY(issue_issuer_of(c, o, p, name, e));
	ours = issue_choose_issuer(c, name);
	TRY(load_issuer(c, name, is, &other, e));
	if (!other && ours != NULL)
		snprintf(name, sizeof(name), "%s", ours->name);
	json_object_set_new(out, "issuer", json_text_or_null(name));
	if (other && strcmp(is->kind, "acme") == 0)
		TRY(upstream_json(c, o, &theirs, e));
	else
		theirs = other ? offline_json(o, is) : json_null();
	json_object_set_new(out, "upstream", theirs);
	json_object_set_new(out, "renew_from", json_time(o->renew_from));
	json_object_set_new(out, "renew_until", json_time(o->renew_until));
	return ACSR_OK;
}

/* Nothing that the customer does helps while the operator has to do something. NULL: the operator has not. */
static const char *next_while_held(const struct order *o, const struct upstream_issuer *is, char text[200])
{
	bool going = strcmp(o->state, "validating") == 0 || strcmp(o->state, "issuing") == 0;

	if (!going || strcmp(is->kind, "acme") != 0 || errand_holds(is) == NULL)
		return NULL;
	if (!is->active)
		snprintf(text, 200, "wait: the operator has switched %.100s off", is->title);
	else
		snprintf(text, 200, "wait: the operator has to agree to new terms of service of %.100s",
			is->title);
	return text;
}

const char *order_view_next(const struct order *o, const struct upstream_issuer *is, char text[200])
{
	bool offline = is->kind[0] != '\0' && strcmp(is->kind, "offline") == 0;

	if (!offline)
		return next_while_held(o, is, text);
	if (strcmp(o->state, "issuing") == 0)
		snprintf(text, 200, "wait: %.100s makes the certificate by hand", is->title);
	else if (strcmp(o->state, "revoked") == 0)
		snprintf(text, 200, "ask %.100s to revoke it too: that CA alone can do so for everybody",
			is->title);
	else
		return NULL;
	return text;
}
