/* A key is loaded for each signature: exchanges with CAs are rare, and what is not in memory cannot leave it. */
#include "account_keys.h"

#include <stdio.h>
#include <string.h>

#include "autocsr/jwk.h"
#include "pki/jws.h"

enum { STORE_NAME = 80 };

static enum acsr_result store_name(const char *name, char out[STORE_NAME], struct acsr_err *e)
{
	static const char good[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

	if (*name == '\0' || name[strspn(name, good)] != '\0')
		return err_set(e, "ipc.field", "an account key is named with letters, digits, '-' and '_'");
	snprintf(out, STORE_NAME, "acme-%s", name);
	return ACSR_OK;
}

static enum acsr_result load(
	const struct key_store *keys, const char *name, struct acsr_key **out, struct acsr_err *e)
{
	char file[STORE_NAME];

	TRY(store_name(name, file, e));
	TRY(key_store_load(keys, file, out, e));
	if (*out == NULL)
		return err_set(e, "upstream.account-key",
			"the account key %s is not in the signer's key store; was a backup restored without "
			"it?",
			name);
	return ACSR_OK;
}

static enum acsr_result check_type(const char *type, struct acsr_err *e)
{
	const struct acsr_key_type *t;

	TRY(acsr_key_type_find(&t, type, e));
	if (t->alg != ACSR_KEY_RSA && t->alg != ACSR_KEY_EC)
		return err_set(e, "key.type", "ACME has no signatures for %s; use ec:p256", type);
	return ACSR_OK;
}

static enum acsr_result public_part(
	const struct acsr_key *key, char **jwk, char thumbprint[44], struct acsr_err *e)
{
	CLEANUP_BUF struct buf text = { 0 };

	buf_init(&text, 4096);
	TRY(jws_jwk(key, &text, e));
	TRY(acsr_jwk_thumbprint(key, thumbprint, e));
	return str_dup(jwk, buf_cstr(&text), e);
}

enum acsr_result account_key_make(const struct key_store *keys, const struct msg_account_key_make *m,
	char **jwk, char thumbprint[44], struct acsr_err *e)
{
	struct acsr_key *key = NULL;
	char file[STORE_NAME];
	enum acsr_result r;

	TRY(store_name(m->name, file, e));
	TRY(key_store_load(keys, file, &key, e));
	if (key == NULL) {
		TRY(check_type(m->key_type, e));
		TRY(key_store_make(keys, file, m->key_type, &key, e));
	}
	r = public_part(key, jwk, thumbprint, e);
	acsr_key_free(key);
	return r;
}

enum acsr_result account_key_sign(
	const struct key_store *keys, const struct msg_sign_jws *m, struct buf *out, struct acsr_err *e)
{
	const struct jws_head head = { .url = m->url, .nonce = m->nonce, .kid = m->kid };
	struct acsr_key *key = NULL;
	enum acsr_result r;

	TRY(load(keys, m->key_name, &key, e));
	r = jws_sign(key, &head, (struct bytes){ m->payload.p, m->payload.len }, out, e);
	acsr_key_free(key);
	return r;
}

enum acsr_result account_key_bind(
	const struct key_store *keys, const struct msg_sign_eab *m, struct buf *out, struct acsr_err *e)
{
	CLEANUP_BUF struct buf jwk = { 0 };
	struct acsr_key *key = NULL;
	enum acsr_result r;

	if (m->mac_key == NULL || acsr_secret_len(m->mac_key) == 0 || *m->kid == '\0')
		return err_set(e, "ipc.field", "a binding needs a key id and a MAC key");
	buf_init(&jwk, 4096);
	TRY(load(keys, m->key_name, &key, e));
	r = jws_jwk(key, &jwk, e);
	acsr_key_free(key);
	TRY(r);
	return jws_sign_mac(m->mac_key, m->kid, m->url, (struct bytes){ jwk.p, jwk.len }, out, e);
}

enum acsr_result account_key_forget(const struct key_store *keys, const char *name, struct acsr_err *e)
{
	char file[STORE_NAME];

	TRY(store_name(name, file, e));
	return key_store_destroy(keys, file, e);
}
