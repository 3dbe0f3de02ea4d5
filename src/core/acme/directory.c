/* What is offered where (RFC 8555 7.1.1), nonces for those who have none (7.2), and the directory of the first start. */
#include <stdio.h>
#include <string.h>

#include "core/acme/acme_int.h"
#include "core/jsontext.h"
#include "store/column.h"
#include "store/products.h"
#include "store/users.h"

/* The resources of a directory: its members (7.1.1, RFC 9773 4.1), and the first segments of all paths below the default
 * one, which no other directory may be called. */
static const struct resource {
	const char *member, *segment;
} resources[] = {
	{ "newNonce", "new-nonce" },
	{ "newAccount", "new-account" },
	{ "newOrder", "new-order" },
	{ "newAuthz", "new-authz" },
	{ "revokeCert", "revoke-cert" },
	{ "keyChange", "key-change" },
	{ "renewalInfo", "renewal-info" },
	{ NULL, "directory" },
	{ NULL, "acct" },
	{ NULL, "order" },
	{ NULL, "authz" },
	{ NULL, "chall" },
	{ NULL, "cert" },
};

enum { RESOURCES = sizeof(resources) / sizeof(resources[0]) };

bool directory_has_segment(const char *segment, size_t len)
{
	for (size_t i = 0; i < RESOURCES; i++)
		if (strlen(resources[i].segment) == len && memcmp(resources[i].segment, segment, len) == 0)
			return true;
	return false;
}

enum acsr_result directory_name_check(const char *name, struct acsr_err *e)
{
	size_t n = strlen(name);

	if (n == 0 || n >= ACME_DIRECTORY_NAME ||
		strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != n || name[0] == '-')
		return err_rule(e, "request.field.name", "name", NULL,
			"name is from 1 to %d lower-case letters, digits and hyphens",
			ACME_DIRECTORY_NAME - 1);
	if (directory_has_segment(name, n))
		return err_rule(e, "request.field.name", "name", NULL,
			"\"%s\" is part of the addresses of the directory without a name; choose another",
			name);
	return ACSR_OK;
}

/* --- the first start --- */

static enum acsr_result note_admin(void *account_id, const struct user *u, struct acsr_err *e)
{
	char *to = account_id;

	(void)e;
	if (*to == '\0' && strcmp(u->role, "admin") == 0)
		memcpy(to, u->account_id, sizeof(u->account_id));
	return ACSR_OK;
}

enum acsr_result directory_seed(struct core *c, struct acsr_err *e)
{
	struct acme_directory a = { .title = "ACME",
		.products = "dv dv-wildcard",
		.eab = "optional",
		.challenges = "http-01 dns-01 tls-alpn-01",
		.active = true,
		.open_to_all = true,
		.created_at = c->now };
	int64_t n;

	TRY(acme_directory_count(c->db, &n, e));
	if (n > 0)
		return ACSR_OK;
	TRY(users_each(c->db, NULL, note_admin, a.account_id, e));
	if (a.account_id[0] == '\0')
		return ACSR_OK;
	TRY(acme_directory_put(c->db, &a, e));
	return core_audit(
		c, "system", a.account_id, "acme.directory-made", "", e, "the one of the first start");
}

/* --- what clients see --- */

static enum acsr_result add_profile(struct core *c, json_t *profiles, const char *id, struct acsr_err *e)
{
	struct product p;
	struct acsr_err why;

	if (products_load(c->db, id, &p, &why) != ACSR_OK) {
		if (err_is(&why, "object.absent"))
			return ACSR_OK;
		*e = why;
		return ACSR_FAIL;
	}
	if (!p.active)
		return ACSR_OK;
	return json_object_set_new(profiles, id, json_string(p.title)) == 0 ? ACSR_OK : err_nomem(e);
}

static enum acsr_result add_profiles(
	struct core *c, const struct acme_directory *d, json_t *meta, struct acsr_err *e)
{
	char ids[sizeof(d->products)], *rest = NULL;
	json_t *profiles = json_object();

	json_object_set_new(meta, "profiles", profiles);
	snprintf(ids, sizeof(ids), "%s", d->products);
	for (char *id = strtok_r(ids, " ", &rest); id != NULL; id = strtok_r(NULL, " ", &rest))
		TRY(add_profile(c, profiles, id, e));
	return ACSR_OK;
}

static enum acsr_result add_meta(
	struct core *c, const struct acme_directory *d, json_t *answer, struct acsr_err *e)
{
	const char *caa = conf_str(&c->proc->conf, "ca.caa_identity");
	json_t *meta = json_object();

	json_object_set_new(answer, "meta", meta);
	if (d->terms[0] != '\0')
		json_object_set_new(meta, "termsOfService", json_string(d->terms));
	if (d->website[0] != '\0')
		json_object_set_new(meta, "website", json_string(d->website));
	if (*caa != '\0')
		json_object_set_new(meta, "caaIdentities", json_pack("[s]", caa));
	json_object_set_new(meta, "externalAccountRequired", json_boolean(strcmp(d->eab, "required") == 0));
	return add_profiles(c, d, meta, e);
}

enum acsr_result acme_directory_show(struct core *c, struct acme_request *a, struct acsr_err *e)
{
	json_t *answer = json_object();

	(void)request_answer(a->q, 200, answer);
	TRY(acme_want_empty(a, e));
	for (size_t i = 0; i < RESOURCES && resources[i].member != NULL; i++)
		json_object_set_new(
			answer, resources[i].member, json_sprintf("%s/%s", a->base, resources[i].segment));
	return add_meta(c, &a->dir, answer, e);
}

/* HEAD answers 200, GET 204 (7.2). */
enum acsr_result acme_nonce(struct core *c, struct acme_request *a, struct acsr_err *e)
{
	(void)c;
	TRY(acme_want_empty(a, e));
	return request_answer(a->q, strcmp(a->q->m.method, "HEAD") == 0 ? 200 : 204, NULL);
}
