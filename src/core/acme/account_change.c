/* What the owner of an account's key does with it: other contacts, the end, another key (RFC 8555 7.3.2, 7.3.5, 7.3.6). */
#include <stdio.h>
#include <string.h>

#include "autocsr/jwk.h"
#include "core/acme/acme_int.h"
#include "core/jsontext.h"

/* --- update and deactivation --- */

static enum acsr_result deactivate(struct acme_request *a, struct acsr_err *e)
{
	struct acme_account *x = &a->account;

	snprintf(x->status, sizeof(x->status), "deactivated");
	TRY(acme_account_save(a->c->db, x, e));
	TRY(acme_account_drop_open(a->c->db, x->id, e));
	return core_audit(a->c, x->id, x->account_id, "acme.account-ended", x->id, e, "by its own key");
}

static enum acsr_result change_contacts(struct acme_request *a, struct acsr_err *e)
{
	struct acme_account *x = &a->account;
	bool given;

	TRY(account_contacts(a->payload, x, &given, e));
	if (!given)
		return ACSR_OK;
	TRY(acme_account_save(a->c->db, x, e));
	return core_audit(a->c, x->id, x->account_id, "acme.account-changed", x->id, e, "contacts: %.900s",
		x->contacts);
}

/* Other values of status, and whatever else the object says, are ignored (7.3.2). */
static enum acsr_result change(struct acme_request *a, struct acsr_err *e)
{
	const json_t *status = json_object_get(a->payload, "status");

	if (status != NULL && !json_is_string(status))
		return err_rule(e, "jws.malformed", "status", "RFC 8555 7.3.6", "status must be a string");
	if (status != NULL && strcmp(json_string_value(status), "deactivated") == 0)
		return deactivate(a, e);
	return change_contacts(a, e);
}

enum acsr_result acme_account_update(struct core *c, struct acme_request *a, struct acsr_err *e)
{
	(void)c;
	if (strcmp(a->param[0], a->account.id) != 0)
		return err_rule(e, "acme.account.other", NULL, "RFC 8555 7.3.2", "this is another account");
	if (a->payload != NULL)
		TRY(change(a, e));
	return account_result(a, 200, &a->account, e);
}

/* --- another key (7.3.5) --- */

static enum acsr_result malformed(struct acsr_err *e, const char *field, const char *why)
{
	return err_rule(e, "jws.malformed", field, "RFC 8555 7.3.5", "%s", why);
}

/* The inner request: signed by the new key, for the same URL, without a nonce. */
static enum acsr_result read_inner(
	const struct acme_request *a, struct jws *inner, struct acsr_key **key, struct acsr_err *e)
{
	const struct buf *p = &a->jws.payload;

	TRY(jws_read(inner, (struct bytes){ p->p, p->len }, e));
	if (!inner->has_jwk || inner->has_kid)
		return malformed(e, "jwk", "the inner request must be signed by \"jwk\", the new key");
	if (inner->has_nonce)
		return malformed(e, "nonce", "the inner request must have no nonce");
	if (!inner->has_url || strcmp(inner->url, a->jws.url) != 0)
		return malformed(e, "url", "the inner request must be for the same URL as the outer one");
	TRY(jws_key(inner, key, e));
	return jws_verify(inner, *key, e);
}

static enum acsr_result check_old_key(const struct acme_request *a, json_t *old, struct acsr_err *e)
{
	CLEANUP_STR char *text = NULL;
	struct acsr_key *key = NULL;
	bool same;

	if (!json_is_object(old))
		return malformed(e, "oldKey", "oldKey must be the JWK of the account's key");
	TRY(json_text(json_incref(old), &text, e));
	if (acsr_jwk_read(&key, (const uint8_t *)text, strlen(text), NULL) != ACSR_OK)
		return malformed(e, "oldKey", "oldKey cannot be read");
	same = acsr_key_same(key, a->key);
	acsr_key_free(key);
	return same ? ACSR_OK : malformed(e, "oldKey", "oldKey is not the key that the account has now");
}

static enum acsr_result check_change(
	const struct acme_request *a, const struct jws *inner, struct acsr_err *e)
{
	json_t *o =
		json_loadb((const char *)inner->payload.p, inner->payload.len, JSON_REJECT_DUPLICATES, NULL);
	const char *account = json_string_value(json_object_get(o, "account"));
	enum acsr_result r;

	if (!json_is_object(o))
		r = malformed(e, "payload", "the inner payload must be a JSON object");
	else if (account == NULL || strcmp(account, a->jws.kid) != 0)
		r = malformed(e, "account", "account must be the URL of the account that signs");
	else
		r = check_old_key(a, json_object_get(o, "oldKey"), e);
	json_decref(o);
	return r;
}

/* 409 with the URL of the account that has this key. */
static enum acsr_result check_free(struct acme_request *a, const char thumbprint[44], struct acsr_err *e)
{
	struct acme_account other;
	bool have;

	TRY(acme_account_by_key(a->c->db, a->dir.name, thumbprint, &other, &have, e));
	if (!have)
		return ACSR_OK;
	account_url(a, other.id, a->location);
	return err_rule(e, "object.exists", "jwk", "RFC 8555 7.3.5", "an account has this key already");
}

static enum acsr_result take_key(
	struct acme_request *a, const struct acsr_key *key, const char thumbprint[44], struct acsr_err *e)
{
	struct acme_account *x = &a->account;
	CLEANUP_BUF struct buf jwk = { 0 };

	buf_init(&jwk, sizeof(x->jwk) - 1);
	TRY(jws_jwk(key, &jwk, e));
	snprintf(x->jwk, sizeof(x->jwk), "%s", buf_cstr(&jwk));
	TRY(core_audit(a->c, x->id, x->account_id, "acme.account-key", x->id, e, "%s key %s instead of %s",
		acsr_key_name(key), thumbprint, x->thumbprint));
	memcpy(x->thumbprint, thumbprint, sizeof(x->thumbprint));
	TRY(acme_account_save(a->c->db, x, e));
	return account_result(a, 200, x, e);
}

static enum acsr_result change_key(
	struct acme_request *a, struct jws *inner, struct acsr_key **key, struct acsr_err *e)
{
	char thumbprint[44];

	TRY(acme_want_payload(a, e));
	TRY(read_inner(a, inner, key, e));
	TRY(check_change(a, inner, e));
	TRY(acsr_jwk_thumbprint(*key, thumbprint, e));
	TRY(check_free(a, thumbprint, e));
	TRY(account_key_gate(a->c, *key, e));
	return take_key(a, *key, thumbprint, e);
}

enum acsr_result acme_key_change(struct core *c, struct acme_request *a, struct acsr_err *e)
{
	struct acsr_key *key = NULL;
	struct jws inner = { 0 };
	enum acsr_result r = change_key(a, &inner, &key, e);

	(void)c;
	acsr_key_free(key);
	jws_free(&inner);
	return r;
}
