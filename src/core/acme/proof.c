/* Key authorizations (RFC 8555 8.1) and where they belong. */
#include "core/acme/proof.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "core/acme/orders.h"

/* Which names each can show control of: an address has no TXT records (RFC 8738 4), a file shows nothing of the names
 * below it (BR 3.2.2.4.19, .20). */
static const struct kind {
	const char *type, *method;
	bool wildcards, addresses;
} kinds[] = {
	{ "http-01", "http", false, true },
	{ "dns-01", "dns", true, false },
	{ "tls-alpn-01", "tls-alpn", false, true },
	{ "dns-account-01", "dns-account", true, false },
	{ "dns-persist-01", "dns-persist", true, false },
};

static const struct kind *kind_of(const char *type)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].type, type) == 0)
			return &kinds[i];
	return NULL;
}

bool acme_challenge_fits(const char *type, const char *host, bool wildcard)
{
	const struct kind *k = kind_of(type);

	return k != NULL && (!wildcard || k->wildcards) && (k->addresses || !acme_is_address(host));
}

const char *acme_proof_method(const char *type)
{
	const struct kind *k = kind_of(type);

	return k != NULL ? k->method : "";
}

enum acsr_result acme_digest_text(const char *text, char out[44], struct acsr_err *e)
{
	uint8_t digest[32];

	if (EVP_Digest(text, strlen(text), digest, NULL, EVP_sha256(), NULL) != 1)
		return err_set(e, "sys.digest", "cannot hash");
	b64_encode(digest, sizeof(digest), true, out);
	return ACSR_OK;
}

enum acsr_result acme_proof_ask(struct core *c, const struct acme_authz *z, const struct acme_account *owner,
	const struct call *like, struct acsr_err *e)
{
	char authorization[100], where[CONTROL_RECORD] = "", digest[44], uri[700];
	struct control k = { .name = z->name,
		.wildcard = z->wildcard,
		.method = acme_proof_method(z->type),
		.where = where,
		.value = authorization,
		.account_uri = uri };

	acme_account_uri(c, owner->directory, owner->id, uri);
	snprintf(authorization, sizeof(authorization), "%s.%s", z->token, owner->thumbprint);
	TRY(acme_digest_text(authorization, digest, e));
	if (strcmp(k.method, "http") == 0)
		snprintf(where, sizeof(where), "/.well-known/acme-challenge/%s", z->token);
	if (strcmp(k.method, "dns") == 0)
		snprintf(where, sizeof(where), "_acme-challenge.%s", z->name);
	if (strcmp(k.method, "dns-account") == 0)
		TRY(control_dns_account_record(uri, z->name, where, e));
	if (str_starts(k.method, "dns"))
		k.value = digest;
	return control_ask(c, &k, like, e);
}
