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

static enum acsr_result sha256(const char *text, uint8_t out[32], struct acsr_err *e)
{
	if (EVP_Digest(text, strlen(text), out, NULL, EVP_sha256(), NULL) != 1)
		return err_set(e, "sys.digest", "cannot hash");
	return ACSR_OK;
}

/* RFC 4648 6 in lower case, of 10 octets: 16 characters, no padding. */
static void base32(const uint8_t in[10], char out[17])
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";

	for (size_t i = 0; i < 16; i++) {
		size_t bit = i * 5, at = bit / 8, shift = bit % 8;
		unsigned two = (unsigned)in[at] << 8 | (at + 1 < 10 ? in[at + 1] : 0u);

		out[i] = alphabet[two >> (11 - shift) & 31];
	}
	out[16] = '\0';
}

/* Where the record of a dns-account-01 challenge is (draft-ietf-acme-dns-account-label 3.1). */
static enum acsr_result account_label(
	struct core *c, const struct acme_account *owner, const char *name, char out[320], struct acsr_err *e)
{
	uint8_t digest[32];
	char uri[700], label[17];

	acme_account_uri(c, owner->directory, owner->id, uri);
	TRY(sha256(uri, digest, e));
	base32(digest, label);
	snprintf(out, 320, "_%s._acme-challenge.%s", label, name);
	return ACSR_OK;
}

static enum acsr_result digest_text(const char *text, char out[B64_LEN(32)], struct acsr_err *e)
{
	uint8_t digest[32];

	TRY(sha256(text, digest, e));
	b64_encode(digest, sizeof(digest), true, out);
	return ACSR_OK;
}

enum acsr_result acme_proof_ask(struct core *c, const struct acme_authz *z, const struct acme_account *owner,
	const struct call *like, struct acsr_err *e)
{
	char authorization[100], where[320] = "", digest[B64_LEN(32)], uri[700];
	struct control k = { .name = z->name,
		.wildcard = z->wildcard,
		.method = acme_proof_method(z->type),
		.where = where,
		.value = authorization,
		.account_uri = uri };

	acme_account_uri(c, owner->directory, owner->id, uri);
	snprintf(authorization, sizeof(authorization), "%s.%s", z->token, owner->thumbprint);
	TRY(digest_text(authorization, digest, e));
	if (strcmp(k.method, "http") == 0)
		snprintf(where, sizeof(where), "/.well-known/acme-challenge/%s", z->token);
	if (strcmp(k.method, "dns") == 0)
		snprintf(where, sizeof(where), "_acme-challenge.%s", z->name);
	if (strcmp(k.method, "dns-account") == 0)
		TRY(account_label(c, owner, z->name, where, e));
	if (str_starts(k.method, "dns"))
		k.value = digest;
	return control_ask(c, &k, like, e);
}
