/* Whose key a request was signed with, and which keys an account may have. */
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "autocsr/jwk.h"
#include "core/acme/acme_int.h"
#include "core/keylists.h"

/* A thumbprint is as good as random, so any of its characters choose a slot. */
static size_t slot_of(const char *thumbprint)
{
	size_t h = 0;

	for (size_t i = 0; i < 6 && thumbprint[i] != '\0'; i++)
		h = h * 67 + (unsigned char)thumbprint[i];
	return h % ACME_KEYS;
}

/* Reading a key costs more than verifying with it, so those that were used lately are kept, with what they were read from. */
enum acsr_result account_key(
	struct core *c, const struct acme_account *a, struct acsr_key **out, struct acsr_err *e)
{
	size_t i = slot_of(a->thumbprint);
	struct acsr_key *key = NULL;

	if (c->acme->keys[i].pkey != NULL && strcmp(c->acme->keys[i].jwk, a->jwk) == 0)
		return acsr_key_wrap_evp(out, c->acme->keys[i].pkey, e);
	TRY(acsr_jwk_read(&key, (const uint8_t *)a->jwk, strlen(a->jwk), e));
	EVP_PKEY_free(c->acme->keys[i].pkey);
	c->acme->keys[i].pkey = acsr_key_evp(key);
	EVP_PKEY_up_ref(c->acme->keys[i].pkey);
	snprintf(c->acme->keys[i].jwk, sizeof(c->acme->keys[i].jwk), "%s", a->jwk);
	*out = key;
	return ACSR_OK;
}

enum acsr_result account_key_gate(struct core *c, const struct acsr_key *key, struct acsr_err *e)
{
	const struct acsr_key_policy policy = { .weak = keylists_weak(c->keylists),
		.blocked = keylists_blocked(c->keylists) };

	return acsr_key_check_public(key, &policy, NULL, e);
}

void account_url(const struct acme_request *a, const char *id, char out[700])
{
	snprintf(out, 700, "%s/acct/%s", a->base, id);
}

enum acsr_result account_by_url(
	struct acme_request *a, const char *url, struct acme_account *out, struct acsr_err *e)
{
	static const char below[] = "/acct/";
	size_t n = strlen(a->base);
	const char *id = url + n + sizeof(below) - 1;
	bool have = false;

	if (strncmp(url, a->base, n) != 0 || strncmp(url + n, below, sizeof(below) - 1) != 0 || *id == '\0' ||
		strlen(id) >= sizeof(out->id))
		return err_rule(e, "jws.malformed", "kid", "RFC 8555 6.2",
			"this is not the URL of an account of %s/directory", a->base);
	TRY(acme_account_load(a->c->db, id, out, &have, e));
	if (!have || strcmp(out->directory, a->dir.name) != 0)
		return err_rule(
			e, "acme.account.absent", "kid", "RFC 8555 6.2", "there is no account %s", url);
	return ACSR_OK;
}
