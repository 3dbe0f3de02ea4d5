/* External account binding (RFC 8555 7.3.4): to whom the account belongs, and which names it may have. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "autocsr/jwk.h"
#include "core/acme/acme_int.h"
#include "core/jsontext.h"
#include "core/kek.h"
#include "store/users.h"

static enum acsr_result refuse(struct acsr_err *e, const char *why)
{
	return err_rule(e, "acme.eab", "externalAccountBinding", "RFC 8555 7.3.4", "%s", why);
}

static enum acsr_result malformed(struct acsr_err *e, const char *field, const char *why)
{
	return err_rule(e, "jws.malformed", field, "RFC 8555 7.3.4", "%s", why);
}

static enum acsr_result check_form(const struct acme_request *a, const struct jws *j, struct acsr_err *e)
{
	if (j->alg < JWS_HS256)
		return err_rule(e, "jws.alg", "externalAccountBinding", "RFC 8555 7.3.4",
			"\"%s\" is no MAC; use HS256, HS384 or HS512", j->alg_name);
	if (!j->has_kid || j->has_jwk)
		return malformed(e, "kid", "the binding needs \"kid\", the name of its key, and no \"jwk\"");
	if (j->has_nonce)
		return malformed(e, "nonce", "the binding must have no nonce");
	if (!j->has_url || strcmp(j->url, a->jws.url) != 0)
		return malformed(e, "url", "the binding must be for the same URL as the request");
	return ACSR_OK;
}

/* Its payload is the key that signs the request. */
static enum acsr_result check_key(const struct acme_request *a, const struct jws *j, struct acsr_err *e)
{
	struct acsr_key *key = NULL;
	bool same;

	if (acsr_jwk_read(&key, j->payload.p, j->payload.len, NULL) != ACSR_OK)
		return malformed(e, "payload", "the binding's payload must be the account's key");
	same = acsr_key_same(key, a->key);
	acsr_key_free(key);
	return same ? ACSR_OK : malformed(e, "payload", "the binding is for another key");
}

/* The same words for a key that is unknown and one of another directory. */
static enum acsr_result find_key(
	struct acme_request *a, const char *kid, struct acme_eab *k, struct buf *wrapped, struct acsr_err *e)
{
	bool have = false;

	TRY(acme_eab_load(a->c->db, kid, k, &have, wrapped, e));
	if (!have || strcmp(k->directory, a->dir.name) != 0)
		return refuse(e, "there is no such key for this directory");
	return ACSR_OK;
}

static enum acsr_result check_mac(struct acme_request *a, const struct jws *j, const struct acme_eab *k,
	const struct buf *wrapped, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *key = NULL;
	struct acsr_err why;

	TRY(kek_unwrap(a->c->kek, k->kid, (struct bytes){ wrapped->p, wrapped->len }, &key, e));
	if (jws_verify_mac(j, key, &why) == ACSR_OK)
		return ACSR_OK;
	if (err_is(&why, "jws."))
		return refuse(e, why.text);
	*e = why;
	return ACSR_FAIL;
}

/* As with a token: what a user made ends with that user. */
static enum acsr_result check_maker(
	const struct acme_request *a, const struct acme_eab *k, struct acsr_err *e)
{
	struct user maker;
	bool have;

	TRY(users_by_id(a->c->db, k->user_id, &maker, &have, e));
	return have && !maker.disabled ? ACSR_OK : refuse(e, "who made this key is not a user any more");
}

/* The directory may have been closed, or given to another account, since the key was made. */
static enum acsr_result check_owner(
	const struct acme_request *a, const struct acme_eab *k, struct acsr_err *e)
{
	return directory_is_for(&a->dir, k->account_id)
		       ? ACSR_OK
		       : refuse(e, "this directory is not for the account that the key belongs to");
}

/* Only who has shown the MAC learns what has become of the key. */
static enum acsr_result check_state(
	const struct acme_request *a, const struct acme_eab *k, struct acsr_err *e)
{
	if (k->revoked_at != 0)
		return refuse(e, "this key has been revoked");
	if (k->expires_at != 0 && k->expires_at <= a->c->now)
		return refuse(e, "this key has expired");
	if (k->most_accounts != 0 && k->accounts >= k->most_accounts)
		return refuse(e, "this key has made as many accounts as it may");
	TRY(check_owner(a, k, e));
	return check_maker(a, k, e);
}

static enum acsr_result verify(
	struct acme_request *a, const struct jws *j, struct acme_account *x, struct acsr_err *e)
{
	CLEANUP_BUF struct buf wrapped = { 0 };
	struct acme_eab k;

	buf_init(&wrapped, 1024);
	TRY(check_form(a, j, e));
	TRY(find_key(a, j->kid, &k, &wrapped, e));
	TRY(check_mac(a, j, &k, &wrapped, e));
	TRY(check_key(a, j, e));
	TRY(check_state(a, &k, e));
	memcpy(x->account_id, k.account_id, sizeof(x->account_id));
	memcpy(x->eab_kid, k.kid, sizeof(x->eab_kid));
	return acme_eab_used(a->c->db, k.kid, a->c->now, e);
}

enum acsr_result eab_bind(struct acme_request *a, struct acme_account *x, char **binding, struct acsr_err *e)
{
	json_t *given = json_object_get(a->payload, "externalAccountBinding");
	CLEANUP_STR char *text = NULL;
	struct jws j = { 0 };
	enum acsr_result r;

	if (strcmp(a->dir.eab, "off") == 0)
		return ACSR_OK;
	if (given == NULL)
		return strcmp(a->dir.eab, "required") != 0
			       ? ACSR_OK
			       : err_rule(e, "acme.eab.required", "externalAccountBinding", "RFC 8555 7.3.4",
					 "accounts here need a key for external account binding; ask who "
					 "runs this");
	if (!json_is_object(given))
		return malformed(e, "externalAccountBinding", "the binding must be an object");
	TRY(json_text(json_incref(given), &text, e));
	r = jws_read(&j, (struct bytes){ (const uint8_t *)text, strlen(text) }, e);
	if (r == ACSR_OK)
		r = verify(a, &j, x, e);
	jws_free(&j);
	if (r == ACSR_OK) {
		*binding = text;
		text = NULL;
	}
	return r;
}

/* --- which names --- */

/* Is `name` the `len` characters at `domain`, or below them? Addresses are only themselves. */
static bool covers(const char *domain, size_t len, const char *name)
{
	size_t n = strlen(name);
	uint8_t room[16];

	if (n < len || strncmp(name + n - len, domain, len) != 0)
		return false;
	if (n == len)
		return true;
	return name[n - len - 1] == '.' && inet_pton(AF_INET, name, room) != 1;
}

bool eab_covers(const char *names, const char *name)
{
	if (name[0] == '*' && name[1] == '.')
		name += 2;
	while (*names != '\0') {
		size_t len = strcspn(names, " ");

		if (len > 0 && covers(names, len, name))
			return true;
		names += len;
		names += *names == ' ';
	}
	return false;
}

static enum acsr_result load_names(struct acme_request *a, struct acsr_err *e)
{
	char names[4000];

	TRY(acme_eab_names(a->c->db, a->account.eab_kid, names, e));
	return str_dup(&a->eab_names, names, e);
}

enum acsr_result acme_account_may_name(struct acme_request *a, const char *name, struct acsr_err *e)
{
	if (a->account.eab_kid[0] == '\0')
		return ACSR_OK;
	if (a->eab_names == NULL)
		TRY(load_names(a, e));
	if (a->eab_names[0] == '\0' || eab_covers(a->eab_names, name))
		return ACSR_OK;
	return err_rule(e, "name.eab", NULL, "RFC 8555 7.3.4",
		"%s is not below a domain that this account may have: %.200s", name, a->eab_names);
}
