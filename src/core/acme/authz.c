/* Authorizations (RFC 8555 7.1.4, 7.4.1, 7.5.2): made for orders or before them, shown, given up. */
#include <stdio.h>
#include <string.h>

#include "autocsr/rules.h"
#include "base/rnd.h"
#include "core/acme/acme_int.h"
#include "core/acme/orders.h"
#include "core/acme/terms.h"
#include "core/jsontext.h"

enum { RANDOM_LIFE = 30 * 86400 }; /* BR 3.2.2.4: a random value is good for 30 days at most */

const char *acme_authz_status(const char *status, int64_t expires_at, int64_t now)
{
	if (expires_at > now)
		return status;
	return strcmp(status, "valid") == 0 ? "expired" : strcmp(status, "pending") == 0 ? "invalid" : status;
}

int64_t acme_order_life(struct core *c)
{
	int64_t life = conf_span(&c->proc->conf, "acme.order_lifetime");

	return life < RANDOM_LIFE ? life : RANDOM_LIFE;
}

int64_t acme_proof_life(struct core *c)
{
	return acsr_rule_value("dv.reuse.max", c->now, 200 * 86400);
}

int64_t acme_proof_life_of(struct core *c, const struct acme_authz *z)
{
	int64_t life = acme_proof_life(c);
	const struct acsr_method *m;
	struct acsr_err no;

	if (acsr_method_at(&m, z->type, c->now, z->wildcard, &no) != ACSR_OK)
		return 0;
	return m->reuse_max != 0 && m->reuse_max < life ? m->reuse_max : life;
}

/* --- making --- */

/* Those of the directory's challenges that can show control of this name. */
static enum acsr_result offer(struct core *c, const struct acme_request *a, const char *host, bool wildcard,
	char out[128], struct acsr_err *e)
{
	bool identity = conf_str(&c->proc->conf, "ca.caa_identity")[0] != '\0';
	CLEANUP_STRV struct strv all = { 0 };
	size_t n = 0;

	out[0] = '\0';
	TRY(acme_names_split(a->dir.challenges, &all, e));
	for (size_t i = 0; i < all.n; i++) {
		/* The record of dns-persist-01 names us by our domain. */
		if (!acme_challenge_fits(all.v[i], host, wildcard) ||
			(strcmp(all.v[i], "dns-persist-01") == 0 && !identity))
			continue;
		n += (size_t)snprintf(out + n, 128 - n, "%s%s", n > 0 ? " " : "", all.v[i]);
		if (n >= 128)
			return err_set(e, "sys.acme.challenges", "too many challenges in the directory");
	}
	if (n > 0)
		return ACSR_OK;
	return err_set(e, "acme.identifier.rejected",
		"control of %s%s can be shown by none of the challenges of this directory (%s)",
		wildcard ? "*." : "", host, a->dir.challenges);
}

static enum acsr_result make(struct core *c, const struct acme_request *a, const char *host, bool wildcard,
	struct acme_authz *z, struct acsr_err *e)
{
	uint8_t token[32];

	*z = (struct acme_authz){
		.wildcard = wildcard, .created_at = c->now, .expires_at = c->now + acme_order_life(c)
	};
	rnd_id("az_", z->id, sizeof(z->id));
	rnd_bytes(token, sizeof(token));
	b64_encode(token, sizeof(token), true, z->token);
	snprintf(z->acme_account_id, sizeof(z->acme_account_id), "%s", a->account.id);
	snprintf(z->name, sizeof(z->name), "%s", host);
	snprintf(z->status, sizeof(z->status), "pending");
	TRY(offer(c, a, host, wildcard, z->types, e));
	return acme_authz_insert(c->db, z, e);
}

enum acsr_result acme_authz_for(struct core *c, struct acme_request *a, const char *name, bool reuse,
	char id[40], int64_t *expires_at, struct acsr_err *e)
{
	bool wildcard = str_starts(name, "*.");
	const char *host = wildcard ? name + 2 : name;
	struct acme_authz z;

	id[0] = '\0';
	if (reuse)
		TRY(acme_authz_find(c->db, a->account.id, host, wildcard, a->dir.challenges, c->now,
			c->now - acme_proof_life(c), id, expires_at, e));
	if (id[0] != '\0')
		return ACSR_OK;
	TRY(acme_limit_victim(c, a, name, e));
	TRY(make(c, a, host, wildcard, &z, e));
	snprintf(id, 40, "%s", z.id);
	*expires_at = z.expires_at;
	return ACSR_OK;
}

/* --- showing --- */

/* Whoever looks at a finished one wants to know what decided it (7.1.4). */
static bool shows(const struct acme_authz *z, const char *status, const char *type)
{
	return strcmp(status, "pending") == 0 || z->type[0] == '\0' || strcmp(z->type, type) == 0;
}

static enum acsr_result put_challenges(struct core *c, const struct acme_request *a,
	const struct acme_authz *z, const char *status, json_t *list, struct acsr_err *e)
{
	CLEANUP_STRV struct strv types = { 0 };

	TRY(acme_names_split(z->types, &types, e));
	for (size_t i = 0; i < types.n; i++) {
		json_t *one;

		if (!shows(z, status, types.v[i]) ||
			(z->type[0] == '\0' && !word_is_in(a->dir.challenges, types.v[i])))
			continue;
		TRY(acme_challenge_json(c, a, z, types.v[i], &one, e));
		json_array_append_new(list, one);
	}
	return ACSR_OK;
}

enum acsr_result acme_authz_json(struct core *c, const struct acme_request *a, const struct acme_authz *z,
	json_t **out, struct acsr_err *e)
{
	const char *status = acme_authz_status(z->status, z->expires_at, c->now);
	json_t *list = json_array();
	json_t *o = json_pack("{s:s,s:o,s:o,s:o}", "status", status, "expires", json_time(z->expires_at),
		"identifier", acme_identifier_json(z->name), "challenges", list);

	if (z->wildcard)
		json_object_set_new(o, "wildcard", json_true());
	if (put_challenges(c, a, z, status, list, e) != ACSR_OK) {
		json_decref(o);
		return ACSR_FAIL;
	}
	*out = o;
	return ACSR_OK;
}

static enum acsr_result answer(struct core *c, struct acme_request *a, const struct acme_authz *z,
	unsigned status, struct acsr_err *e)
{
	bool waits = strcmp(z->status, "pending") == 0 && z->type[0] != '\0';
	json_t *o;

	TRY(acme_authz_json(c, a, z, &o, e));
	(void)request_answer(a->q, status, o);
	return waits ? request_header(a->q, e, "Retry-After: 1") : ACSR_OK;
}

/* --- giving up --- */

static enum acsr_result deactivate(
	struct core *c, struct acme_request *a, struct acme_authz *z, struct acsr_err *e)
{
	const char *status = json_string_value(json_object_get(a->payload, "status"));
	const char *is = acme_authz_status(z->status, z->expires_at, c->now);

	if (status == NULL || strcmp(status, "deactivated") != 0)
		return err_rule(e, "acme.order.status", NULL, "RFC 8555 7.5.2",
			"the only change of an authorization is {\"status\": \"deactivated\"}");
	if (strcmp(is, "deactivated") == 0)
		return ACSR_OK;
	if (strcmp(is, "pending") != 0 && strcmp(is, "valid") != 0)
		return err_rule(e, "acme.order.status", NULL, "RFC 8555 7.5.2",
			"this authorization is %s already", is);
	snprintf(z->status, sizeof(z->status), "deactivated");
	TRY(acme_authz_save(c->db, z, e));
	TRY(acme_orders_fail(c->db, z->id, e));
	return core_audit(c, a->account.id, a->account.account_id, "acme.authorization.deactivated", z->id, e,
		"%s%s", z->wildcard ? "*." : "", z->name);
}

enum acsr_result acme_authz_show(struct core *c, struct acme_request *a, struct acsr_err *e)
{
	CLEANUP_ACME_AUTHZ struct acme_authz z = { 0 };

	TRY(acme_authz_load(c->db, a->param[0], a->account.id, &z, e));
	if (a->payload != NULL)
		TRY(deactivate(c, a, &z, e));
	return answer(c, a, &z, 200, e);
}

/* --- before an order (7.4.1) --- */

static enum acsr_result read_one(struct core *c, struct acme_request *a, char name[256], struct acsr_err *e)
{
	json_t *identifier = json_object_get(a->payload, "identifier");

	if (!json_is_object(identifier))
		return err_rule(e, "acme.order.identifiers", NULL, "RFC 8555 7.4.1",
			"\"identifier\" is missing: an object with type and value");
	TRY(acme_identifier_read(c, a, identifier, name, e));
	if (str_starts(name, "*."))
		return err_rule(e, "acme.identifier.malformed", NULL, "RFC 8555 7.4.1",
			"%s is a wildcard; order it, its authorization cannot be had beforehand", name);
	return ACSR_OK;
}

enum acsr_result acme_authz_new(struct core *c, struct acme_request *a, struct acsr_err *e)
{
	CLEANUP_ACME_AUTHZ struct acme_authz z = { 0 };
	CLEANUP_STRV struct strv names = { 0 };
	char name[256], id[40];
	int64_t expires_at;

	TRY(acme_want_payload(a, e));
	TRY(acme_terms_check(a, e));
	TRY(read_one(c, a, name, e));
	TRY(strv_add(&names, name, e));
	TRY(acme_limit_orders(c, a, &names, e));
	TRY(acme_authz_for(c, a, name, true, id, &expires_at, e));
	TRY(acme_authz_load(c->db, id, a->account.id, &z, e));
	TRY(request_header(a->q, e, "Location: %s/authz/%s", a->base, id));
	return answer(c, a, &z, 201, e);
}
