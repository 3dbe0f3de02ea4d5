/* Accounts (RFC 8555 7.3): made, found again, shown, their orders listed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autocsr/key.h"
#include "base/ascii.h"
#include "base/limits.h"
#include "base/rnd.h"
#include "core/acme/acme_int.h"
#include "core/acme/terms.h"
#include "core/identity.h"
#include "core/jsontext.h"
#include "core/throttle.h"

enum { PAGE = 100, LOOKED_AT = 500, ID = 40 };

/* --- contacts (7.3) --- */

static enum acsr_result bad_contact(struct acsr_err *e, const char *why)
{
	return err_rule(e, "acme.contact", "contact", "RFC 8555 7.3", "%s", why);
}

static enum acsr_result check_contact(const json_t *v, struct acsr_err *e)
{
	static const char scheme[] = "mailto:";
	const char *s = json_string_value(v);
	char address[256];

	if (s == NULL)
		return bad_contact(e, "a contact must be a string");
	if (ascii_ncasecmp(s, scheme, sizeof(scheme) - 1) != 0)
		return err_rule(e, "acme.contact.scheme", "contact", "RFC 8555 7.3",
			"only mailto: URLs are known here, not \"%.100s\"", s);
	s += sizeof(scheme) - 1;
	if (strlen(s) != json_string_length(v) - (sizeof(scheme) - 1) || strpbrk(s, ",?%") != NULL)
		return bad_contact(e, "a contact is one address, without header fields and without \"%\"");
	if (email_normalise(s, address, NULL) != ACSR_OK)
		return err_rule(e, "acme.contact", "contact", "RFC 8555 7.3",
			"\"%.100s\" is not an e-mail address; it looks like ann@example.com", s);
	return ACSR_OK;
}

enum acsr_result account_contacts(
	const json_t *payload, struct acme_account *x, bool *given, struct acsr_err *e)
{
	json_t *list = json_object_get(payload, "contact"), *v;
	CLEANUP_STR char *text = NULL;
	size_t i;

	*given = list != NULL;
	if (list == NULL)
		return ACSR_OK;
	if (!json_is_array(list))
		return err_rule(e, "jws.malformed", "contact", "RFC 8555 7.1.2", "contact must be a list");
	if (json_array_size(list) > ACME_CONTACTS)
		return bad_contact(e, "there are more than 10 contacts");
	json_array_foreach(list, i, v) TRY(check_contact(v, e));
	TRY(json_text(json_incref(list), &text, e));
	if (strlen(text) >= sizeof(x->contacts))
		return bad_contact(e, "the contacts are too long");
	snprintf(x->contacts, sizeof(x->contacts), "%s", text);
	return ACSR_OK;
}

/* --- showing --- */

static enum acsr_result add_binding(
	struct acme_request *a, const struct acme_account *x, json_t *to, struct acsr_err *e)
{
	CLEANUP_STR char *text = NULL;
	json_t *binding;

	if (x->eab_kid[0] == '\0')
		return ACSR_OK;
	TRY(acme_account_binding(a->c->db, x->id, &text, e));
	binding = json_loads(text, 0, NULL);
	if (binding != NULL)
		json_object_set_new(to, "externalAccountBinding", binding);
	return ACSR_OK;
}

enum acsr_result account_result(
	struct acme_request *a, unsigned status, const struct acme_account *x, struct acsr_err *e)
{
	char url[700];
	json_t *j;

	account_url(a, x->id, url);
	j = json_pack("{s:s, s:o, s:o}", "status", x->status, "contact", json_loads(x->contacts, 0, NULL),
		"orders", json_sprintf("%s/orders", url));
	if (x->terms_agreed_at != 0)
		json_object_set_new(j, "termsOfServiceAgreed", json_true());
	(void)request_answer(a->q, status, j);
	return add_binding(a, x, j, e);
}

static enum acsr_result answer(
	struct acme_request *a, unsigned status, const struct acme_account *x, struct acsr_err *e)
{
	char url[700];

	account_url(a, x->id, url);
	TRY(request_header(a->q, e, "Location: %s", url));
	return account_result(a, status, x, e);
}

/* --- new ones --- */

static enum acsr_result read_flag(const json_t *payload, const char *name, bool *out, struct acsr_err *e)
{
	const json_t *v = json_object_get(payload, name);

	if (v != NULL && !json_is_boolean(v))
		return err_rule(e, "jws.malformed", name, "RFC 8555 7.3", "%s must be true or false", name);
	*out = json_is_true(v);
	return ACSR_OK;
}

static enum acsr_result check_terms(struct acme_request *a, struct acme_account *x, struct acsr_err *e)
{
	bool agreed = false;

	TRY(read_flag(a->payload, "termsOfServiceAgreed", &agreed, e));
	a->terms_link = a->dir.terms[0] != '\0' && !agreed;
	if (a->terms_link)
		return err_rule(e, "acme.terms", "termsOfServiceAgreed", "RFC 8555 7.3",
			"agree to the terms of service at %s", a->dir.terms);
	x->terms_agreed_at = agreed ? acme_terms_agreed(&a->dir, a->c->now) : 0;
	return ACSR_OK;
}

/* So that nobody fills the database from one network. */
static enum acsr_result check_pace(struct acme_request *a, struct acsr_err *e)
{
	int64_t most = (int64_t)conf_count(&a->c->proc->conf, "acme.new_accounts_per_hour");
	char network[64], bucket[160];
	bool ok = true;

	if (most == 0)
		return ACSR_OK;
	throttle_network(a->q->m.remote, network);
	snprintf(bucket, sizeof(bucket), "acme:%s", network);
	TRY(throttle_allow(a->c, bucket, most, &ok, e));
	if (ok)
		return ACSR_OK;
	a->q->retry_after = 3600;
	return err_rule(e, "limit.acme.accounts", NULL, NULL,
		"%lld accounts have been made from %s within an hour, the most that are; try again later",
		(long long)most, network);
}

static enum acsr_result keep_key(const struct acsr_key *key, struct acme_account *x, struct acsr_err *e)
{
	CLEANUP_BUF struct buf jwk = { 0 };

	buf_init(&jwk, sizeof(x->jwk) - 1);
	TRY(jws_jwk(key, &jwk, e));
	snprintf(x->jwk, sizeof(x->jwk), "%s", buf_cstr(&jwk));
	return ACSR_OK;
}

static enum acsr_result make(struct acme_request *a, struct acsr_err *e)
{
	struct acme_account x = {
		.status = "valid", .contacts = "[]", .created_at = a->c->now, .last_seen_at = a->c->now
	};
	CLEANUP_STR char *binding = NULL;
	bool given;

	TRY(account_key_gate(a->c, a->key, e));
	TRY(account_contacts(a->payload, &x, &given, e));
	TRY(check_terms(a, &x, e));
	TRY(check_pace(a, e));
	rnd_id("aca_", x.id, sizeof(x.id));
	memcpy(x.directory, a->dir.name, sizeof(x.directory));
	memcpy(x.account_id, a->dir.account_id, sizeof(x.account_id));
	memcpy(x.thumbprint, a->thumbprint, sizeof(x.thumbprint));
	throttle_network(a->q->m.remote, x.network);
	TRY(keep_key(a->key, &x, e));
	TRY(eab_bind(a, &x, &binding, e));
	TRY(acme_account_insert(a->c->db, &x, e));
	if (binding != NULL)
		TRY(acme_account_bind(a->c->db, x.id, binding, e));
	TRY(core_audit(a->c, x.id, x.account_id, "acme.account-made", x.id, e, "%s key %s, from %s%s%s",
		acsr_key_name(a->key), x.thumbprint, a->q->m.remote, x.eab_kid[0] != '\0' ? ", with " : "",
		x.eab_kid));
	return answer(a, 201, &x, e);
}

/* 7.3.1: who has an account gets its URL again, whatever else the request says. */
static enum acsr_result find(struct acme_request *a, const struct acme_account *x, struct acsr_err *e)
{
	if (strcmp(x->status, "valid") != 0)
		return err_rule(e, "acme.account.ended", NULL, "RFC 8555 7.3.6",
			"the account of this key is %s", x->status);
	return answer(a, 200, x, e);
}

enum acsr_result acme_account_new(struct core *c, struct acme_request *a, struct acsr_err *e)
{
	struct acme_account x;
	bool have, only = false;

	TRY(acme_want_payload(a, e));
	TRY(read_flag(a->payload, "onlyReturnExisting", &only, e));
	TRY(acme_account_by_key(c->db, a->dir.name, a->thumbprint, &x, &have, e));
	if (have)
		return find(a, &x, e);
	if (only)
		return err_rule(e, "acme.account.absent", NULL, "RFC 8555 7.3.1",
			"this key has no account here, and none was to be made");
	return make(a, e);
}

/* --- the list of orders (7.1.2.1) --- */

enum acsr_result listed_cursor(const struct request *q, struct acme_listed *after)
{
	char text[80], *dot;
	uint64_t at = 0;

	*after = (struct acme_listed){ .created_at = INT64_MAX };
	if (!request_query(q, "cursor", text, sizeof(text)))
		return ACSR_OK;
	dot = strchr(text, '.');
	if (dot == NULL)
		return ACSR_FAIL;
	*dot = '\0';
	TRY(str_u64(text, INT64_MAX, &at, NULL));
	if (strlen(dot + 1) >= ID)
		return ACSR_FAIL;
	after->created_at = (int64_t)at;
	snprintf(after->id, sizeof(after->id), "%s", dot + 1);
	return ACSR_OK;
}

static enum acsr_result link_next(struct acme_request *a, const struct acme_listed *last, struct acsr_err *e)
{
	char url[700];

	account_url(a, a->account.id, url);
	return request_header(a->q, e, "Link: <%s/orders?cursor=%lld.%s>;rel=\"next\"", url,
		(long long)last->created_at, last->id);
}

/* Invalid ones are left out, as 7.1.2.1 asks; so that they cost no more than others, a page may be short for them. */
static enum acsr_result list_page(
	struct acme_request *a, const struct acme_listed *l, size_t n, struct acsr_err *e)
{
	json_t *orders = json_array();
	size_t i = 0;

	(void)request_answer(a->q, 200, json_pack("{s:o}", "orders", orders));
	for (; i < n && json_array_size(orders) < PAGE; i++)
		if (strcmp(l[i].status, "invalid") != 0)
			json_array_append_new(orders, json_sprintf("%s/order/%s", a->base, l[i].id));
	return i < n || n == LOOKED_AT ? link_next(a, &l[i - 1], e) : ACSR_OK;
}

enum acsr_result acme_account_orders(struct core *c, struct acme_request *a, struct acsr_err *e)
{
	struct acme_listed after, *page;
	enum acsr_result r;
	size_t n = 0;

	TRY(acme_want_empty(a, e));
	if (strcmp(a->param[0], a->account.id) != 0)
		return err_rule(e, "acme.account.other", NULL, "RFC 8555 7.1.2.1",
			"these are the orders of another account");
	if (listed_cursor(a->q, &after) != ACSR_OK)
		return err_rule(e, "jws.malformed", "cursor", NULL, "this cursor is not from here");
	page = calloc(LOOKED_AT, sizeof(*page));
	if (page == NULL)
		return err_nomem(e);
	r = acme_account_listed(c->db, a->account.id, &after, page, LOOKED_AT, &n, e);
	if (r == ACSR_OK)
		r = list_page(a, page, n, e);
	free(page);
	return r;
}
