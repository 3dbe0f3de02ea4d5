/* Taking a JWS apart. */
#include "jws.h"

#include <openssl/core_names.h>
#include <stdio.h>
#include <string.h>

#include "autocsr/jwk.h"
#include "base/str.h"
#include "jscan.h"
#include "key_int.h"

enum { MOST_RSA_BITS = 8192, MOST_EXPONENT_BITS = 256 }; /* as acsr_key_check_public has them */

#define PARTS_MAX ((size_t)1 << 20) /* the caller's own cap is smaller */

static enum acsr_result malformed(struct acsr_err *e, const char *field, const char *source, const char *why)
{
	return err_rule(e, "jws.malformed", field, source, "%s", why);
}

static bool is(struct bytes name, const char *text)
{
	return name.len == strlen(text) && memcmp(name.p, text, name.len) == 0;
}

/* --- strings of the header --- */

static int hex_digit(uint8_t c)
{
	return c >= '0' && c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

/* The character behind a backslash; 0: none that can stand in printable ASCII. *p is behind it then. */
static int unescape(const uint8_t **p)
{
	int c = *(*p)++;

	if (c == '"' || c == '\\' || c == '/')
		return c;
	if (c != 'u')
		return 0;
	c = 0;
	for (int i = 0; i < 4; i++)
		c = c << 4 | hex_digit(*(*p)++);
	return c;
}

/* Copy a JSON string that must be printable ASCII. */
static enum acsr_result take_text(
	const struct jscan_value *v, const char *name, char *out, size_t cap, struct acsr_err *e)
{
	const uint8_t *p = v->body.p, *end = p + v->body.len;
	size_t n = 0;

	if (v->type != JSCAN_STRING)
		return malformed(e, name, "RFC 7515 4.1", "this header must be a string");
	while (p < end) {
		int c = *p++;

		if (c == '\\')
			c = unescape(&p);
		if (c < 0x20 || c > 0x7e)
			return malformed(
				e, name, "RFC 7515 4.1", "this header holds more than printable ASCII");
		if (n + 1 >= cap)
			return malformed(e, name, "RFC 7515 4.1", "this header is too long");
		out[n++] = (char)c;
	}
	out[n] = '\0';
	return n > 0 ? ACSR_OK : malformed(e, name, "RFC 7515 4.1", "this header is empty");
}

static enum acsr_result take_alg(struct jws *j, const struct jscan_value *v, struct acsr_err *e)
{
	char name[64];

	TRY(take_text(v, "alg", name, sizeof(name), e));
	snprintf(j->alg_name, sizeof(j->alg_name), "%.23s", name);
	for (enum jws_alg a = JWS_RS256; a <= JWS_HS512; a++)
		if (strcmp(name, jws_alg_name(a)) == 0)
			j->alg = a;
	return ACSR_OK;
}

static enum acsr_result take_jwk(struct jws *j, const struct jscan_value *v, struct acsr_err *e)
{
	if (v->type != JSCAN_OBJECT)
		return malformed(e, "jwk", "RFC 7515 4.1.3", "\"jwk\" is not an object");
	j->jwk = v->whole;
	j->has_jwk = true;
	return ACSR_OK;
}

static enum acsr_result take_member(
	struct jws *j, struct bytes name, const struct jscan_value *v, struct acsr_err *e)
{
	if (is(name, "alg"))
		return take_alg(j, v, e);
	if (is(name, "jwk"))
		return take_jwk(j, v, e);
	if (is(name, "crit"))
		return err_rule(e, "jws.crit", "crit", "RFC 7515 4.1.11",
			"an extension is marked critical, and none is known here");
	if (is(name, "b64"))
		return malformed(e, "b64", "RFC 7797 6", "payloads that are not base64url are not taken");
	if (is(name, "url")) {
		j->has_url = true;
		return take_text(v, "url", j->url, sizeof(j->url), e);
	}
	if (is(name, "kid")) {
		j->has_kid = true;
		return take_text(v, "kid", j->kid, sizeof(j->kid), e);
	}
	return ACSR_OK;
}

static enum acsr_result scan_header(struct jws *j, struct jscan_value *out, struct acsr_err *e)
{
	const char *why = "";
	size_t at = 0;

	if (!jscan((struct bytes){ j->header.p, j->header.len }, out, &why, &at))
		return err_rule(e, "jws.malformed", "protected", "RFC 7515 5.2",
			"the protected header is no JSON: %s, at byte %zu", why, at);
	return out->type == JSCAN_OBJECT
		       ? ACSR_OK
		       : malformed(e, "protected", "RFC 7515 4", "the protected header is no object");
}

/* First of all, so that it is known when another member is refused. */
static enum acsr_result read_nonce(struct jws *j, struct bytes body, struct acsr_err *e)
{
	struct jscan_value v;
	struct bytes name;

	while (jscan_next(&body, &name, &v)) {
		if (!is(name, "nonce"))
			continue;
		TRY(take_text(&v, "nonce", j->nonce, sizeof(j->nonce), e));
		j->has_nonce = true;
	}
	return ACSR_OK;
}

static enum acsr_result read_header(struct jws *j, struct acsr_err *e)
{
	struct jscan_value header, v;
	enum acsr_result nonce;
	struct bytes body, name;

	TRY(scan_header(j, &header, e));
	nonce = read_nonce(j, header.body, e);
	for (body = header.body; nonce == ACSR_OK && jscan_next(&body, &name, &v);)
		TRY(take_member(j, name, &v, e));
	TRY(nonce);
	if (j->alg_name[0] == '\0')
		return malformed(e, "alg", "RFC 7515 4.1.1", "\"alg\" is missing");
	return ACSR_OK;
}

/* --- the three parts --- */

struct parts {
	struct jscan_value protected, payload, signature;
	bool has_protected, has_payload, has_signature;
};

static enum acsr_result take_part(
	const struct jscan_value *v, struct jscan_value *to, bool *has, struct acsr_err *e)
{
	if (v->type != JSCAN_STRING)
		return malformed(e, NULL, "RFC 7515 7.2.2", "a part of the JWS is not a string");
	*to = *v;
	*has = true;
	return ACSR_OK;
}

static enum acsr_result sort_part(
	struct parts *p, struct bytes name, const struct jscan_value *v, struct acsr_err *e)
{
	if (is(name, "protected"))
		return take_part(v, &p->protected, &p->has_protected, e);
	if (is(name, "payload"))
		return take_part(v, &p->payload, &p->has_payload, e);
	if (is(name, "signature"))
		return take_part(v, &p->signature, &p->has_signature, e);
	if (is(name, "header"))
		return malformed(e, "header", "RFC 8555 6.2", "an unprotected header is not allowed");
	if (is(name, "signatures"))
		return malformed(e, "signatures", "RFC 8555 6.2", "one signature only, in flattened JSON");
	return ACSR_OK;
}

static enum acsr_result find_parts(struct parts *p, struct bytes json, struct acsr_err *e)
{
	struct jscan_value all, v;
	struct bytes body, name;
	const char *why = "";
	size_t at = 0;

	if (!jscan(json, &all, &why, &at))
		return err_rule(e, "jws.malformed", NULL, "RFC 8555 6.2", "this is no JSON: %s, at byte %zu",
			why, at);
	if (all.type != JSCAN_OBJECT)
		return malformed(e, NULL, "RFC 8555 6.2", "this is no JWS in flattened JSON");
	for (body = all.body; jscan_next(&body, &name, &v);)
		TRY(sort_part(p, name, &v, e));
	if (!p->has_protected || !p->has_payload || !p->has_signature)
		return malformed(e,
			!p->has_protected ? "protected"
			: !p->has_payload ? "payload"
					  : "signature",
			"RFC 8555 6.2", "a part of the JWS is missing");
	return ACSR_OK;
}

static enum acsr_result decode(
	struct buf *out, const struct jscan_value *v, const char *field, struct acsr_err *e)
{
	buf_init(out, PARTS_MAX);
	if (b64_decode((const char *)v->body.p, v->body.len, true, out, e) == ACSR_OK)
		return ACSR_OK;
	return malformed(e, field, "RFC 7515 2", "this part is not base64url without padding");
}

static enum acsr_result keep_input(struct jws *j, const struct parts *p, struct acsr_err *e)
{
	buf_init(&j->input, PARTS_MAX);
	TRY(buf_put(&j->input, p->protected.body.p, p->protected.body.len, e));
	TRY(buf_putstr(&j->input, ".", e));
	return buf_put(&j->input, p->payload.body.p, p->payload.body.len, e);
}

enum acsr_result jws_read(struct jws *out, struct bytes json, struct acsr_err *e)
{
	struct parts p = { 0 };

	TRY(find_parts(&p, json, e));
	TRY(decode(&out->header, &p.protected, "protected", e));
	TRY(read_header(out, e));
	TRY(decode(&out->payload, &p.payload, "payload", e));
	TRY(decode(&out->signature, &p.signature, "signature", e));
	return keep_input(out, &p, e);
}

void jws_free(struct jws *j)
{
	buf_free(&j->header);
	buf_free(&j->payload);
	buf_free(&j->signature);
	buf_free(&j->input);
}

/* What jwk_read would take the first key of. */
static bool is_set(struct bytes jwk)
{
	struct jscan_value all, v;
	const char *why = "";
	struct bytes name;
	size_t at = 0;

	if (!jscan(jwk, &all, &why, &at))
		return false;
	while (jscan_next(&all.body, &name, &v))
		if (is(name, "keys"))
			return true;
	return false;
}

/* What a stranger's key may cost to verify with: a modulus or an exponent of some thousand bits takes milliseconds. */
static bool is_affordable(const struct acsr_key *key)
{
	OSSL_AUTO(ossl_free_bn) BIGNUM *e = NULL;

	if (key->alg != ACSR_KEY_RSA)
		return true;
	return key->bits <= MOST_RSA_BITS &&
	       EVP_PKEY_get_bn_param(key->pkey, OSSL_PKEY_PARAM_RSA_E, &e) == 1 &&
	       BN_num_bits(e) <= MOST_EXPONENT_BITS;
}

enum acsr_result jws_key(const struct jws *j, struct acsr_key **out, struct acsr_err *e)
{
	KEY_AUTO struct acsr_key *key = NULL;
	struct acsr_err why;

	if (!j->has_jwk)
		return malformed(e, "jwk", "RFC 8555 6.2", "\"jwk\" is missing");
	if (is_set(j->jwk))
		return err_rule(e, "jws.key", "jwk", "RFC 7515 4.1.3", "this is a set of keys, not one key");
	if (acsr_jwk_read(&key, j->jwk.p, j->jwk.len, &why) != ACSR_OK)
		return err_rule(e, "jws.key", "jwk", why.source, "%s", why.text);
	if (key_has_private(key))
		return err_rule(e, "jws.key", "jwk", "RFC 7515 4.1.3",
			"this is a private key, and now it is known to others: make a new one");
	if (jws_alg_of(key) == JWS_NONE)
		return err_rule(e, "jws.key", "jwk", "RFC 8555 6.2",
			"a key of type %s signs nothing here; use RSA, P-256, P-384 or P-521", key->name);
	if (!is_affordable(key))
		return err_rule(e, "jws.key", "jwk", "RFC 8555 6.2",
			"an RSA key has at most %d bits here, and its exponent at most %d", MOST_RSA_BITS,
			MOST_EXPONENT_BITS);
	*out = key;
	key = NULL;
	return ACSR_OK;
}
