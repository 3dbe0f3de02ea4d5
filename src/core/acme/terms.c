/*
 * Terms of service that have changed (RFC 8555 7.3.3). Who agreed before the operator asked again is refused new orders,
 * with a link for a person. Whoever has the link may agree: it is told only in answers to the account's own key, and it
 * dies when the operator asks once more.
 */
#include "core/acme/terms.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

#include "core/acme/acme_int.h"
#include "core/handlers.h"
#include "core/jsontext.h"

enum { MAC = 16, MAC_TEXT = B64_LEN(MAC), TOKEN = 40 + MAC_TEXT };

static bool are_asked(const struct acme_directory *d, const struct acme_account *x)
{
	return d->terms[0] != '\0' && x->terms_agreed_at < d->terms_at;
}

int64_t acme_terms_agreed(const struct acme_directory *d, int64_t now)
{
	return now > d->terms_at ? now : d->terms_at;
}

/* "ACCOUNT.MAC", under the key of the nonces: what that signs for them is 24 bytes, never such a text. */
static enum acsr_result token_of(struct core *c, const struct acme_account *x, const struct acme_directory *d,
	char out[TOKEN], struct acsr_err *e)
{
	const struct acsr_secret *key = c->acme->nonce_key;
	uint8_t mac[EVP_MAX_MD_SIZE];
	char text[120], shown[MAC_TEXT];
	unsigned n = 0;
	int len = snprintf(text, sizeof(text), "acme-terms:%s:%lld", x->id, (long long)d->terms_at);

	if (HMAC(EVP_sha256(), acsr_secret_bytes(key), (int)acsr_secret_len(key), (const uint8_t *)text,
		    (size_t)len, mac, &n) == NULL)
		return err_set(e, "sys.openssl", "cannot make a link");
	b64_encode(mac, MAC, true, shown);
	snprintf(out, TOKEN, "%s.%s", x->id, shown);
	return ACSR_OK;
}

enum acsr_result acme_terms_check(struct acme_request *a, struct acsr_err *e)
{
	char token[TOKEN], service[600];

	if (!are_asked(&a->dir, &a->account))
		return ACSR_OK;
	TRY(token_of(a->c, &a->account, &a->dir, token, e));
	acme_service_url(a->c, service);
	snprintf(a->instance, sizeof(a->instance), "%s/#/acme-terms/%s", service, token);
	a->terms_link = true;
	return err_rule(e, "acme.terms", NULL, "RFC 8555 7.3.3",
		"the terms of service have changed; a person must agree to them at %.250s", a->instance);
}

/* --- the page behind the link --- */

static enum acsr_result absent(struct acsr_err *e)
{
	return err_set(e, "object.absent",
		"this link is not from here, or not good any more; let the client try again "
		"and take the link that it is told then");
}

static enum acsr_result find(struct core *c, const char *token, struct acme_account *x,
	struct acme_directory *d, struct acsr_err *e)
{
	const char *dot = strchr(token, '.');
	char id[40], good[TOKEN];
	bool have = false;

	if (dot == NULL || (size_t)(dot - token) >= sizeof(id) || strlen(token) >= TOKEN)
		return absent(e);
	snprintf(id, sizeof(id), "%.*s", (int)(dot - token), token);
	TRY(acme_account_load(c->db, id, x, &have, e));
	if (!have || strcmp(x->status, "valid") != 0)
		return absent(e);
	TRY(acme_directory_find(c->db, x->directory, d, &have, e));
	if (!have || d->terms[0] == '\0')
		return absent(e);
	TRY(token_of(c, x, d, good, e));
	return strlen(good) == strlen(token) && CRYPTO_memcmp(good, token, strlen(good)) == 0 ? ACSR_OK
											      : absent(e);
}

static enum acsr_result agree(struct core *c, const struct request *q, struct acme_account *x,
	const struct acme_directory *d, struct acsr_err *e)
{
	if (!are_asked(d, x))
		return ACSR_OK;
	x->terms_agreed_at = acme_terms_agreed(d, c->now);
	TRY(acme_account_save(c->db, x, e));
	return core_audit(
		c, x->id, x->account_id, "acme.terms-agreed", x->id, e, "%s, from %s", d->terms, q->m.remote);
}

enum acsr_result acme_terms(struct core *c, struct request *q, struct acsr_err *e)
{
	const char *token = NULL;
	bool agreed = false;
	const struct field fields[] = { { "token", FIELD_TEXT, true, &token, 100 },
		{ "agreed", FIELD_BOOL, false, &agreed, 0 }, { 0 } };
	struct acme_directory d;
	struct acme_account x;

	TRY(request_fields(q, fields, e));
	TRY(find(c, token, &x, &d, e));
	if (agreed)
		TRY(agree(c, q, &x, &d, e));
	return request_answer(q, 200,
		json_pack("{s:s, s:s, s:s, s:s, s:b}", "account", x.id, "directory",
			directory_shown_name(d.name), "title", d.title, "terms", d.terms, "agreed",
			(int)!are_asked(&d, &x)));
}
