/* Accounts at other CAs over REST: registered or found again, given another key, ended. What the CA answers is waited for. */
#include <string.h>

#include "core/handlers.h"
#include "core/issuers.h"
#include "core/jsontext.h"
#include "core/upstream/issuer.h"
#include "core/upstream/upstream.h"

enum { SHORTEST_MAC_KEY = 16 };

/* The problem, and with it what the CA says about itself: its terms are what somebody has to read before the next try. */
static enum acsr_result refuse(
	struct core *c, struct request *q, const char *issuer, const struct acsr_err *why, struct acsr_err *e)
{
	CLEANUP_UPSTREAM_ISSUER struct upstream_issuer is = { 0 };

	TRY(upstream_issuer_load(c->db, issuer, &is, e));
	request_problem(q, why);
	request_problem_with(q, json_pack("{s:o}", "directory", issuer_meta_json(&is)));
	return ACSR_OK;
}

static enum acsr_result done(
	struct core *c, struct request *q, const char *issuer, const struct acsr_err *why, struct acsr_err *e)
{
	CLEANUP_UPSTREAM_ISSUER struct upstream_issuer is = { 0 };
	json_t *j;

	if (q == NULL)
		return ACSR_OK;
	if (why != NULL)
		return refuse(c, q, issuer, why, e);
	TRY(upstream_issuer_load(c->db, issuer, &is, e));
	TRY(issuer_json(c, &is, &j, e));
	return request_answer(q, 200, j);
}

static enum acsr_result check_acme(struct core *c, const char *name, struct acsr_err *e)
{
	CLEANUP_UPSTREAM_ISSUER struct upstream_issuer is = { 0 };

	if (issuers_find(c->issuers, name) != NULL)
		return err_set(e, "upstream.kind", "%s is this service's own CA: it needs no account", name);
	TRY(upstream_issuer_load(c->db, name, &is, e));
	if (strcmp(is.kind, "acme") != 0)
		return err_set(e, "upstream.kind",
			"%s is an offline CA: people bring it CSRs, and there is no account to register",
			name);
	return ACSR_OK;
}

/* --- the external account binding --- */

/* CAs hand their MAC key out as base64url, some as plain base64 or with padding. */
static enum acsr_result read_mac_key(const char *text, struct acsr_secret **out, struct acsr_err *e)
{
	CLEANUP_BUF struct buf plain = { 0 }, key = { 0 };
	struct acsr_err why;

	buf_init(&plain, 1024);
	buf_init(&key, 1024);
	for (const char *p = text; *p != '\0'; p++)
		if (strchr("= \t\r\n", *p) == NULL)
			TRY(buf_put_u8(&plain, (uint8_t)(*p == '+' ? '-' : *p == '/' ? '_' : *p), e));
	if (b64_decode(buf_cstr(&plain), plain.len, true, &key, &why) != ACSR_OK ||
		key.len < SHORTEST_MAC_KEY)
		return err_rule(e, "request.field.hmac_key", "eab.hmac_key", "RFC 8555 7.3.4",
			"hmac_key is the MAC key as the CA shows it, in base64url, at least %d bytes",
			SHORTEST_MAC_KEY);
	return acsr_secret_new(out, key.p, key.len, e);
}

static enum acsr_result read_eab(
	json_t *eab, struct upstream_register *r, struct acsr_secret **key, struct acsr_err *e)
{
	const char *mac = json_string_value(json_object_get(eab, "hmac_key"));

	if (eab == NULL)
		return ACSR_OK;
	r->eab_kid = json_string_value(json_object_get(eab, "kid"));
	if (json_object_size(eab) != 2 || mac == NULL || r->eab_kid == NULL || *r->eab_kid == '\0' ||
		strlen(r->eab_kid) > 500 || strlen(mac) > 700)
		return err_rule(e, "request.field.eab", "eab", "RFC 8555 7.3.4",
			"eab is {kid, hmac_key}, both as the CA gave them");
	TRY(read_mac_key(mac, key, e));
	r->eab_key = *key;
	return ACSR_OK;
}

/* --- the calls --- */

enum acsr_result issuer_account_register(struct core *c, struct request *q, struct acsr_err *e)
{
	json_t *contacts = NULL, *eab = NULL;
	struct upstream_register r = { 0 };
	const struct field fields[] = { { "agree_terms", FIELD_BOOL, false, &r.terms, 0 },
		{ "contacts", FIELD_LIST, false, &contacts, ISSUER_CONTACTS },
		{ "eab", FIELD_OBJECT, false, &eab, 0 }, { 0 } };
	CLEANUP_SECRET struct acsr_secret *key = NULL;
	CLEANUP_STR char *list = NULL;

	TRY(request_fields(q, fields, e));
	TRY(check_acme(c, q->param[0], e));
	if (contacts != NULL)
		TRY(issuer_contacts(contacts, &list, e));
	r.contacts = list;
	TRY(read_eab(eab, &r, &key, e));
	return upstream_account_register(c, q, q->param[0], &r, done, e);
}

enum acsr_result issuer_account_roll(struct core *c, struct request *q, struct acsr_err *e)
{
	const struct field none[] = { { 0 } };

	TRY(request_fields(q, none, e));
	TRY(check_acme(c, q->param[0], e));
	return upstream_account_roll(c, q, q->param[0], done, e);
}

enum acsr_result issuer_account_deactivate(struct core *c, struct request *q, struct acsr_err *e)
{
	CLEANUP_UPSTREAM_ISSUER struct upstream_issuer is = { 0 };
	const struct field none[] = { { 0 } };

	TRY(request_fields(q, none, e));
	TRY(check_acme(c, q->param[0], e));
	TRY(upstream_issuer_load(c->db, q->param[0], &is, e));
	if (is.account_url[0] == '\0' || strcmp(is.account_status, "valid") != 0)
		return err_set(e, "upstream.account", "there is no account at %s that could be deactivated",
			is.title);
	return upstream_account_deactivate(c, q, q->param[0], done, e);
}
