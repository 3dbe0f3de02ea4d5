/* Nonces (RFC 8555 6.5): made by a MAC, good on every node and after every restart, once. */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/rnd.h"
#include "core/acme/acme_int.h"
#include "core/kek.h"
#include "store/meta.h"

enum { KEY = 32, TIME = 8, TAG = 16, WHOLE = ACME_NONCE_RAW + TAG, AHEAD = 60, PRUNE_MOST = 5000 };

static const char meta_name[] = "acme-nonce-key", owner[] = "acme-nonce-key";

/* --- the key --- */

static enum acsr_result keep_new(struct core *c, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *key = NULL;
	CLEANUP_BUF struct buf wrapped = { 0 };
	char text[400];

	buf_init(&wrapped, 128);
	TRY(secret_random(&key, KEY, e));
	TRY(kek_wrap(c->kek, owner, key, &wrapped, e));
	hex_encode(wrapped.p, wrapped.len, text);
	TRY(meta_save(c->db, meta_name, text, e));
	c->acme->nonce_key = key;
	key = NULL;
	return ACSR_OK;
}

/* false: there is none, or none that can be opened with the key that is in use now. */
static bool open_kept(struct core *c, const char *text)
{
	uint8_t wrapped[160];
	size_t n = 0;

	if (hex_decode(text, wrapped, sizeof(wrapped), &n, NULL) != ACSR_OK || n == 0)
		return false;
	return !kek_is_old(c->kek, (struct bytes){ wrapped, n }) &&
	       kek_unwrap(c->kek, owner, (struct bytes){ wrapped, n }, &c->acme->nonce_key, NULL) == ACSR_OK;
}

/* Found once: OpenSSL looks long for an algorithm by its name. */
static enum acsr_result find_mac(struct acme *a, struct acsr_err *e)
{
	OSSL_PARAM digest[] = { OSSL_PARAM_utf8_string("digest", (char[]){ "SHA256" }, 6), OSSL_PARAM_END };
	EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);

	a->mac = hmac != NULL ? EVP_MAC_CTX_new(hmac) : NULL;
	EVP_MAC_free(hmac); /* the context holds it */
	return a->mac != NULL && EVP_MAC_CTX_set_params(a->mac, digest) == 1
		       ? ACSR_OK
		       : err_set(e, "sys.openssl", "HMAC-SHA256 is not available");
}

enum acsr_result nonce_open(struct core *c, struct acsr_err *e)
{
	CLEANUP_STR char *text = NULL;

	TRY(find_mac(c->acme, e));
	TRY(meta_load(c->db, meta_name, &text, e));
	return open_kept(c, text) ? ACSR_OK : keep_new(c, e);
}

/* --- making and spending --- */

static enum acsr_result tag_of(
	struct core *c, const uint8_t raw[ACME_NONCE_RAW], uint8_t tag[TAG], struct acsr_err *e)
{
	uint8_t mac[EVP_MAX_MD_SIZE];
	size_t n = 0;

	if (EVP_MAC_init(c->acme->mac, acsr_secret_bytes(c->acme->nonce_key), KEY, NULL) != 1 ||
		EVP_MAC_update(c->acme->mac, raw, ACME_NONCE_RAW) != 1 ||
		EVP_MAC_final(c->acme->mac, mac, &n, sizeof(mac)) != 1 || n < TAG)
		return err_set(e, "sys.openssl", "cannot make a nonce");
	memcpy(tag, mac, TAG);
	return ACSR_OK;
}

enum acsr_result nonce_make(struct core *c, char out[ACME_NONCE_TEXT], struct acsr_err *e)
{
	uint8_t whole[WHOLE];

	acme_nonce_time(c->now, whole);
	rnd_bytes(whole + TIME, ACME_NONCE_RAW - TIME);
	TRY(tag_of(c, whole, whole + ACME_NONCE_RAW, e));
	b64_encode(whole, sizeof(whole), true, out);
	return ACSR_OK;
}

static enum acsr_result refuse(struct acsr_err *e, const char *why)
{
	return err_rule(e, "acme.nonce", "nonce", "RFC 8555 6.5", "%s; the answer has a new one", why);
}

static enum acsr_result open_nonce(
	struct core *c, const char *nonce, uint8_t raw[ACME_NONCE_RAW], struct acsr_err *e)
{
	CLEANUP_BUF struct buf whole = { 0 };
	uint8_t tag[TAG];

	buf_init(&whole, 256);
	if (b64_decode(nonce, strlen(nonce), true, &whole, NULL) != ACSR_OK)
		return err_rule(e, "jws.malformed", "nonce", "RFC 8555 6.5.1", "the nonce is not base64url");
	if (whole.len != WHOLE)
		return refuse(e, "this nonce is not from here");
	TRY(tag_of(c, whole.p, tag, e));
	if (CRYPTO_memcmp(tag, whole.p + ACME_NONCE_RAW, TAG) != 0)
		return refuse(e, "this nonce is not from here");
	memcpy(raw, whole.p, ACME_NONCE_RAW);
	return ACSR_OK;
}

static int64_t time_of(const uint8_t raw[ACME_NONCE_RAW])
{
	uint64_t t = 0;

	for (int i = 0; i < TIME; i++)
		t = t << 8 | raw[i];
	return (int64_t)t;
}

/* Those that are too old to be good need not be remembered; some go with each second in which others come. */
static enum acsr_result prune(struct core *c, struct acsr_err *e)
{
	if (c->acme->next_prune > c->now && c->acme->next_prune < c->now + 10)
		return ACSR_OK;
	c->acme->next_prune = c->now + 1;
	return acme_nonces_prune(c->db, c->now - ACME_NONCE_SECONDS - AHEAD, PRUNE_MOST, e);
}

enum acsr_result nonce_spend(struct core *c, const char *nonce, struct acsr_err *e)
{
	uint8_t raw[ACME_NONCE_RAW];
	bool fresh = false;
	int64_t at;

	TRY(open_nonce(c, nonce, raw, e));
	at = time_of(raw);
	if (at < c->now - ACME_NONCE_SECONDS || at > c->now + AHEAD)
		return refuse(e, "this nonce is too old");
	TRY(prune(c, e));
	TRY(acme_nonce_spend(c->db, raw, &fresh, e));
	return fresh ? ACSR_OK : refuse(e, "this nonce was used before");
}
