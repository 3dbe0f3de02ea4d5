/*
 * Reading JSON Web Keys: the members of one, and one after another. What the members say twice, or about each
 * other, must agree.
 */
#include "jwkread.h"

#include <openssl/sha.h>
#include <string.h>

#include "autocsr/cert.h"
#include "autocsr/jwk.h"
#include "base/ascii.h"
#include "base/secret.h"
#include "base/str.h"
#include "jwk_int.h"

#define MAX_CERT ((size_t)1 << 20) /* characters of one in "x5c" */

static const char *const member_names[MEMBERS] = { "kty", "crv", "alg", "use", "kid", "x5u", "x5t",
	"x5t#S256", "k", "n", "e", "d", "p", "q", "dp", "dq", "qi", "x", "y", "key_ops", "x5c", "oth" };

static const struct jwk_kind kinds[] = {
	{ "RSA", NULL, "RSA", NULL, NULL, 0, "RFC 7518 6.3" },
	{ "EC", "P-256", "EC", "ES256", "P-256", 32, "RFC 7518 6.2" },
	{ "EC", "P-384", "EC", "ES384", "P-384", 48, "RFC 7518 6.2" },
	{ "EC", "P-521", "EC", "ES512", "P-521", 66, "RFC 7518 6.2" },
	{ "OKP", "Ed25519", "ED25519", "Ed25519", NULL, 32, "RFC 8037 2" },
	{ "OKP", "Ed448", "ED448", "Ed448", NULL, 57, "RFC 8037 2" },
};

enum acsr_result jwk_refuse(struct acsr_err *e, enum member m, const struct jwk_kind *k, const char *why)
{
	return err_rule(e, "key.jwk", member_names[m], k != NULL ? k->source : "RFC 7517 4", "\"%s\" %s",
		member_names[m], why);
}

static bool is(const struct jwk *j, enum member m, const char *text)
{
	return j->has[m] && j->v[m].body.len == strlen(text) &&
	       memcmp(j->v[m].body.p, text, strlen(text)) == 0;
}

/* --- the members --- */

static enum acsr_result sort_members(struct jwk *j, struct bytes body, struct acsr_err *e)
{
	struct jscan_value v;
	struct bytes name;

	while (jscan_next(&body, &name, &v))
		for (size_t i = 0; i < MEMBERS; i++) {
			if (name.len != strlen(member_names[i]) ||
				memcmp(name.p, member_names[i], name.len) != 0)
				continue;
			if (v.type != (i >= OPS ? JSCAN_ARRAY : JSCAN_STRING))
				return jwk_refuse(e, (enum member)i, NULL,
					i >= OPS ? "is not an array" : "is not a string");
			j->v[i] = v;
			j->has[i] = true;
		}
	return j->has[KTY] ? ACSR_OK : jwk_refuse(e, KTY, NULL, "is missing");
}

static enum acsr_result find_kind(const struct jwk *j, const struct jwk_kind **out, struct acsr_err *e)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (is(j, KTY, kinds[i].kty) && (kinds[i].crv == NULL || is(j, CRV, kinds[i].crv))) {
			*out = &kinds[i];
			return ACSR_OK;
		}
	if (is(j, KTY, "oct"))
		return jwk_refuse(e, KTY, NULL, "is \"oct\": a symmetric key, not a key pair");
	if (is(j, KTY, "EC") || is(j, KTY, "OKP"))
		return jwk_refuse(e, CRV, NULL,
			j->has[CRV] ? "is not P-256, P-384, P-521, Ed25519 or Ed448" : "is missing");
	return jwk_refuse(e, KTY, NULL, "is not RSA, EC or OKP");
}

/* Members of another type of key: whoever wrote that mixed two keys up. */
static enum acsr_result check_foreign(const struct jwk *j, const struct jwk_kind *k, struct acsr_err *e)
{
	bool rsa = k->crv == NULL;

	for (size_t i = K; i < MEMBERS; i++) {
		bool of_rsa = i == N || i == E || (i >= P && i <= QI) || i == OTH;
		bool foreign = i == K || (rsa ? i == X || i == Y : of_rsa) || (i == Y && k->group == NULL);

		if (j->has[i] && foreign)
			return jwk_refuse(e, (enum member)i, k, "does not belong to a key of this type");
	}
	return rsa && j->has[CRV] ? jwk_refuse(e, CRV, k, "does not belong to an RSA key") : ACSR_OK;
}

/* An algorithm that is known must be one of this key; others are the user's own. */
static enum acsr_result check_alg(const struct jwk *j, const struct jwk_kind *k, struct acsr_err *e)
{
	static const char *const rsa[] = { "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "RSA1_5",
		"RSA-OAEP", "RSA-OAEP-256" };
	bool known = is(j, ALG, "EdDSA"), fits = known && strcmp(k->kty, "OKP") == 0;

	for (size_t i = 0; i < sizeof(rsa) / sizeof(rsa[0]) && !known; i++) {
		known = is(j, ALG, rsa[i]);
		fits = known && k->crv == NULL;
	}
	for (size_t i = 1; i < sizeof(kinds) / sizeof(kinds[0]) && !known; i++) {
		known = is(j, ALG, kinds[i].alg);
		fits = known && k == &kinds[i];
	}
	return known && !fits ? jwk_refuse(e, ALG, k, "is for keys of another type") : ACSR_OK;
}

/* --- certificates --- */

/* Standard base64 (RFC 7517 4.7), in which some writers escape "/". */
static enum acsr_result cert_der(struct buf *der, const struct jscan_value *v, struct acsr_err *e)
{
	CLEANUP_BUF struct buf text = { 0 };

	if (v->type != JSCAN_STRING || v->body.len > MAX_CERT)
		return jwk_refuse(e, X5C, NULL, "holds something that is no certificate");
	buf_init(&text, MAX_CERT);
	for (size_t i = 0; i < v->body.len; i++)
		if (v->body.p[i] != '\\' || i + 1 == v->body.len || v->body.p[i + 1] != '/')
			TRY(buf_put_u8(&text, v->body.p[i], e));
	buf_init(der, MAX_CERT);
	if (text.len == 0 || b64_decode(buf_cstr(&text), text.len, false, der, NULL) != ACSR_OK)
		return jwk_refuse(e, X5C, NULL, "is not base64 with padding");
	return ACSR_OK;
}

static enum acsr_result check_hash(
	const struct jwk *j, enum member m, const uint8_t *hash, size_t n, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *given = NULL;

	if (!j->has[m])
		return ACSR_OK;
	TRY(jwk_octets(&given, j, m, NULL, n, NULL) == ACSR_OK ? ACSR_OK
							       : jwk_refuse(e, m, NULL, "is not a hash"));
	if (hash != NULL && memcmp(acsr_secret_bytes(given), hash, n) != 0)
		return jwk_refuse(e, m, NULL, "is not the hash of the first certificate");
	return ACSR_OK;
}

static enum acsr_result check_first(const struct acsr_key *key, const struct buf *der, struct acsr_err *e)
{
	struct acsr_cert_view *v = NULL;
	bool same;

	TRY(acsr_cert_parse(&v, der->p, der->len, e));
	same = v->key != NULL && acsr_key_same(v->key, key);
	acsr_cert_view_free(v);
	return same ? ACSR_OK
		    : err_rule(e, "match.key", "x5c", "RFC 7517 4.7",
			      "the key does not belong to the first certificate beside it");
}

static enum acsr_result check_certs(const struct jwk *j, const struct acsr_key *key, struct acsr_err *e)
{
	CLEANUP_BUF struct buf der = { 0 };
	struct bytes rest = j->v[X5C].body;
	struct jscan_value v;
	uint8_t sha1[20], sha256[32];

	if (j->has[X5C]) {
		if (!jscan_next(&rest, NULL, &v))
			return jwk_refuse(e, X5C, NULL, "is empty");
		TRY(cert_der(&der, &v, e));
		TRY(check_first(key, &der, e));
		SHA1(der.p, der.len, sha1);
		SHA256(der.p, der.len, sha256);
	}
	TRY(check_hash(j, X5T, j->has[X5C] ? sha1 : NULL, 20, e));
	return check_hash(j, X5T_256, j->has[X5C] ? sha256 : NULL, 32, e);
}

static enum acsr_result load_members(struct acsr_key **out, const struct jwk *j, struct acsr_err *e)
{
	KEY_AUTO struct acsr_key *key = NULL;
	const struct jwk_kind *k = NULL;

	TRY(find_kind(j, &k, e));
	TRY(check_foreign(j, k, e));
	TRY(check_alg(j, k, e));
	TRY(jwk_numbers(&key, j, k, e));
	TRY(check_certs(j, key, e));
	*out = key;
	key = NULL;
	return ACSR_OK;
}

/* --- one after another --- */

bool jwk_looks(struct bytes in)
{
	while (in.len > 0 && ascii_space(in.p[0]))
		in = (struct bytes){ in.p + 1, in.len - 1 };
	return in.p != NULL && in.len > 0 && in.p[0] == '{' &&
	       (memmem(in.p, in.len, "\"kty\"", 5) != NULL || memmem(in.p, in.len, "\"keys\"", 6) != NULL);
}

/* The objects in it: those of "keys", or itself. */
static enum acsr_result begin(struct jwk_walk *w, struct acsr_err *e)
{
	struct jscan_value v, one;
	const char *why = "";
	struct bytes body, name;
	size_t at = 0;

	if (!jscan(w->all, &v, &why, &at))
		return err_rule(e, "key.jwk", NULL, "RFC 7517", "this is no JWK: %s, at byte %zu", why, at);
	w->keys = v.whole;
	for (body = v.body; jscan_next(&body, &name, &one);) {
		if (name.len == 3 && memcmp(name.p, "kty", 3) == 0) {
			w->keys = v.whole;
			return ACSR_OK;
		}
		if (name.len != 4 || memcmp(name.p, "keys", 4) != 0)
			continue;
		if (one.type != JSCAN_ARRAY)
			return err_rule(e, "key.jwk", "keys", "RFC 7517 5", "\"keys\" is not an array");
		w->keys = one.body;
	}
	return ACSR_OK;
}

static enum acsr_result load_one(
	struct jwk_walk *w, const struct jscan_value *v, struct jwk_item *out, struct acsr_err *e)
{
	struct jwk j = { 0 };

	out->kind = ACSR_INPUT_PUBLIC_KEY;
	if (v->type != JSCAN_OBJECT)
		return err_rule(
			e, "key.jwk", "keys", "RFC 7517 5", "\"keys\" holds something that is no object");
	TRY(sort_members(&j, v->body, e));
	if (j.has[D] || j.has[K])
		out->kind = ACSR_INPUT_PRIVATE_KEY;
	TRY(load_members(&out->key, &j, e));
	if (j.has[X5C])
		w->certs = j.v[X5C].body;
	return j.has[D] ? acsr_key_pkcs8_der(out->key, &out->secret, e)
			: acsr_key_spki(out->key, &out->der, e);
}

static bool next_cert(struct jwk_walk *w, struct jwk_item *out)
{
	CLEANUP_BUF struct buf der = { 0 };
	struct jscan_value v;

	if (!jscan_next(&w->certs, NULL, &v))
		return false;
	out->kind = ACSR_INPUT_CERT;
	out->offset = (size_t)(v.whole.p - w->all.p);
	if (cert_der(&der, &v, &out->err) == ACSR_OK)
		(void)!acsr_blob_copy(&out->der, der.p, der.len, &out->err);
	return true;
}

/* An error of the text as a whole, as its only object. */
static bool refuse_all(struct jwk_walk *w, struct jwk_item *out)
{
	out->kind = memmem(w->all.p, w->all.len, "\"d\"", 3) != NULL ? ACSR_INPUT_PRIVATE_KEY
								     : ACSR_INPUT_PUBLIC_KEY;
	w->ended = true;
	return true;
}

bool jwk_next(struct jwk_walk *w, struct jwk_item *out)
{
	struct jscan_value v;

	*out = (struct jwk_item){ 0 };
	if (w->ended)
		return false;
	if (!w->begun && begin(w, &out->err) != ACSR_OK)
		return refuse_all(w, out);
	w->begun = true;
	if (next_cert(w, out))
		return true;
	if (!jscan_next(&w->keys, NULL, &v))
		return false;
	out->offset = (size_t)(v.whole.p - w->all.p);
	if (w->found++ == ACSR_JWK_MAX_KEYS) {
		(void)err_set(&out->err, "input.several",
			"there are more than %d keys; the rest was not read", ACSR_JWK_MAX_KEYS);
		return refuse_all(w, out);
	}
	if (load_one(w, &v, out, &out->err) != ACSR_OK) {
		enum acsr_input_kind kind = out->kind;
		struct acsr_err err = out->err;
		size_t offset = out->offset;

		jwk_item_free(out);
		*out = (struct jwk_item){ .kind = kind, .err = err, .offset = offset };
	}
	return true;
}

void jwk_item_free(struct jwk_item *item)
{
	acsr_key_free(item->key);
	acsr_secret_free(item->secret);
	acsr_blob_free(&item->der);
	*item = (struct jwk_item){ 0 };
}

enum acsr_result acsr_jwk_read(struct acsr_key **out, const uint8_t *json, size_t len, struct acsr_err *e)
{
	struct jwk_walk w = { .all = { json, len } };
	struct jwk_item item;

	if (!jwk_looks(w.all))
		return err_rule(e, "key.jwk", NULL, "RFC 7517", "this is no JWK and no JWK Set");
	if (!jwk_next(&w, &item))
		return err_rule(e, "key.jwk", NULL, "RFC 7517 5", "the JWK Set holds no key");
	if (item.err.id[0] != '\0') {
		if (e != NULL)
			*e = item.err;
		return ACSR_FAIL;
	}
	*out = item.key;
	item.key = NULL;
	jwk_item_free(&item);
	return ACSR_OK;
}
