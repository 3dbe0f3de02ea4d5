/* Authenticator data, attestation objects and assertions; the cryptography is libfido2's. */
#include "core/passkey_verify.h"

#include <openssl/evp.h>
#include <string.h>

/* libfido2's headers name two types that OpenSSL hides together with its deprecated calls. Nothing here has to do
 * with either. */
typedef struct ec_key_st EC_KEY;
typedef struct rsa_st RSA;
#include <fido.h>
#include <fido/eddsa.h>
#include <fido/es256.h>
#include <fido/rs256.h>

#include "core/passkey_cbor.h"

enum {
	HASH = 32,
	HEAD = 37, /* hash of the host, flags, counter */
	FLAGS_AT = 32,
	COUNT_AT = 33,
	PRESENT = 0x01,
	VERIFIED = 0x04,
	HAS_CREDENTIAL = 0x40,
	HAS_EXTENSIONS = 0x80,
	AAGUID = 16
};

static void cred_cleanup(fido_cred_t **c)
{
	fido_cred_free(c);
}
#define CLEANUP_CRED __attribute__((cleanup(cred_cleanup)))

static void assert_cleanup(fido_assert_t **a)
{
	fido_assert_free(a);
}
#define CLEANUP_ASSERT __attribute__((cleanup(assert_cleanup)))

static enum acsr_result refuse(const char *id, const char *source, const char *text, struct acsr_err *e)
{
	return err_rule(e, id, NULL, source, "%s", text);
}

static enum acsr_result hash(const void *p, size_t n, uint8_t out[HASH], struct acsr_err *e)
{
	if (EVP_Digest(p, n, out, NULL, EVP_sha256(), NULL) != 1)
		return err_set(e, "sys.digest", "cannot hash");
	return ACSR_OK;
}

/* --- authenticator data --- */

static enum acsr_result check_head(
	struct bytes d, const struct passkey_site *site, bool verified, struct acsr_err *e)
{
	uint8_t want[HASH];

	if (d.len < HEAD)
		return refuse("passkey.format", "WebAuthn 6.1", "the authenticator data is cut off", e);
	TRY(hash(site->host, strlen(site->host), want, e));
	if (memcmp(d.p, want, HASH) != 0)
		return refuse("passkey.site", "WebAuthn 7.1 step 13, 7.2 step 15",
			"the passkey was made for another site", e);
	if ((d.p[FLAGS_AT] & PRESENT) == 0)
		return refuse("passkey.presence", "WebAuthn 7.1 step 14, 7.2 step 16",
			"the authenticator did not see that somebody was there", e);
	if (verified && (d.p[FLAGS_AT] & VERIFIED) == 0)
		return refuse("passkey.verification", "WebAuthn 7.1 step 15, 7.2 step 17",
			"the authenticator did not check who was there, by PIN, face or fingerprint; set it "
			"up, or "
			"use the password",
			e);
	return ACSR_OK;
}

static uint32_t counter(struct bytes d)
{
	const uint8_t *p = d.p + COUNT_AT;

	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* What follows the head is exactly what the flags announce. *extensions is empty when there are none. */
static bool whole(struct bytes d, struct bytes *id, struct bytes *extensions)
{
	uint8_t flags = d.p[FLAGS_AT];
	struct bytes rest = { d.p + HEAD, d.len - HEAD }, key;

	*id = *extensions = (struct bytes){ 0 };
	if (flags & HAS_CREDENTIAL) {
		if (rest.len < AAGUID + 2)
			return false;
		id->len = (size_t)rest.p[AAGUID] << 8 | rest.p[AAGUID + 1];
		id->p = rest.p + AAGUID + 2;
		rest = (struct bytes){ id->p, rest.len - AAGUID - 2 };
		if (id->len == 0 || id->len > rest.len)
			return false;
		rest = (struct bytes){ rest.p + id->len, rest.len - id->len };
		if (!passkey_cbor_take(&rest, &key))
			return false;
	}
	if (flags & HAS_EXTENSIONS && !passkey_cbor_take(&rest, extensions))
		return false;
	return rest.len == 0;
}

/* --- keys --- */

union key {
	es256_pk_t *es256;
	eddsa_pk_t *eddsa;
	rs256_pk_t *rs256;
	void *any;
};

static void key_free(int algorithm, union key *k)
{
	if (algorithm == COSE_ES256)
		es256_pk_free(&k->es256);
	else if (algorithm == COSE_EDDSA)
		eddsa_pk_free(&k->eddsa);
	else
		rs256_pk_free(&k->rs256);
}

static bool key_set(int algorithm, const uint8_t *p, size_t n, union key *k)
{
	switch (algorithm) {
	case COSE_ES256:
		k->es256 = es256_pk_new();
		return k->es256 != NULL && es256_pk_from_ptr(k->es256, p, n) == FIDO_OK;
	case COSE_EDDSA:
		k->eddsa = eddsa_pk_new();
		return k->eddsa != NULL && eddsa_pk_from_ptr(k->eddsa, p, n) == FIDO_OK;
	case COSE_RS256:
		k->rs256 = rs256_pk_new();
		return k->rs256 != NULL && rs256_pk_from_ptr(k->rs256, p, n) == FIDO_OK;
	default:
		return false;
	}
}

/* Can OpenSSL make a key of it (a point of the curve, a modulus)? */
static bool key_usable(int algorithm, const uint8_t *p, size_t n)
{
	union key k = { .any = NULL };
	EVP_PKEY *key = NULL;

	if (key_set(algorithm, p, n, &k))
		key = algorithm == COSE_ES256   ? es256_pk_to_EVP_PKEY(k.es256)
		      : algorithm == COSE_EDDSA ? eddsa_pk_to_EVP_PKEY(k.eddsa)
						: rs256_pk_to_EVP_PKEY(k.rs256);
	key_free(algorithm, &k);
	EVP_PKEY_free(key);
	return key != NULL;
}

/* --- registration --- */

struct statement {
	struct bytes format, object, authdata, extensions;
};

static enum acsr_result open_object(const struct buf *object, struct statement *s, struct acsr_err *e)
{
	struct bytes all = { object->p, object->len }, fmt, data;
	uint64_t n;

	if (!passkey_cbor_is_one(all) || !passkey_cbor_map_size(all, &n) || n != 3 ||
		!passkey_cbor_member(all, "fmt", &fmt) || !passkey_cbor_member(all, "attStmt", &s->object) ||
		!passkey_cbor_member(all, "authData", &data) ||
		!passkey_cbor_string(fmt, CBOR_TEXT, &s->format) ||
		!passkey_cbor_string(data, CBOR_BYTES, &s->authdata) ||
		s->authdata.len > PASSKEY_AUTHDATA_MAX)
		return refuse("passkey.format", "WebAuthn 6.5.4", "the attestation object cannot be read", e);
	return ACSR_OK;
}

/* libfido2 wants to be told the algorithm before it reads the key, and once only. */
static fido_cred_t *credential_of(struct bytes d, int algorithm)
{
	fido_cred_t *cred = fido_cred_new();

	if (cred != NULL && (fido_cred_set_type(cred, algorithm) != FIDO_OK ||
				    fido_cred_set_authdata_raw(cred, d.p, d.len) != FIDO_OK))
		fido_cred_free(&cred);
	return cred;
}

static fido_cred_t *credential_of_any(struct bytes d, int *algorithm)
{
	static const int ours[] = { COSE_ES256, COSE_EDDSA, COSE_RS256 };
	fido_cred_t *cred = NULL;

	for (size_t i = 0; cred == NULL && i < sizeof(ours) / sizeof(ours[0]); i++) {
		*algorithm = ours[i];
		cred = credential_of(d, ours[i]);
	}
	return cred;
}

/* The extensions that authenticators add by themselves; libfido2 wants to hear of them before it verifies. */
static void expect_extensions(fido_cred_t *cred, struct bytes extensions)
{
	struct bytes v;
	int64_t level = 0;
	int mask = 0;

	if (extensions.len == 0)
		return;
	if (passkey_cbor_member(extensions, "credProtect", &v) && passkey_cbor_integer(v, &level))
		mask |= FIDO_EXT_CRED_PROTECT;
	if (passkey_cbor_member(extensions, "hmac-secret", &v))
		mask |= FIDO_EXT_HMAC_SECRET;
	(void)fido_cred_set_extensions(cred, mask);
	if (level >= FIDO_CRED_PROT_UV_OPTIONAL && level <= FIDO_CRED_PROT_UV_REQUIRED)
		(void)fido_cred_set_prot(cred, (int)level);
}

/* Signed by the new key itself (then with its own algorithm), or by the key of the first certificate. */
static bool packed_holds(fido_cred_t *cred, const struct statement *s, int algorithm)
{
	struct bytes v;
	int64_t named;

	if (!passkey_cbor_member(s->object, "alg", &v) || !passkey_cbor_integer(v, &named) ||
		fido_cred_set_fmt(cred, "packed") != FIDO_OK ||
		fido_cred_set_attstmt(cred, s->object.p, s->object.len) != FIDO_OK)
		return false;
	if (passkey_cbor_member(s->object, "x5c", &v))
		return fido_cred_verify(cred) == FIDO_OK;
	return named == algorithm && fido_cred_verify_self(cred) == FIDO_OK;
}

static enum acsr_result check_statement(fido_cred_t *cred, const struct statement *s, int algorithm,
	const struct buf *client, const struct passkey_site *site, struct acsr_err *e)
{
	uint8_t client_hash[HASH];
	uint64_t n;

	if (s->format.len == 4 && memcmp(s->format.p, "none", 4) == 0)
		return passkey_cbor_map_size(s->object, &n) && n == 0
			       ? ACSR_OK
			       : refuse("passkey.format", "WebAuthn 8.7",
					 "a statement of the format none is not empty", e);
	if (s->format.len != 6 || memcmp(s->format.p, "packed", 6) != 0)
		return refuse("passkey.format", "WebAuthn 8",
			"this kind of authenticator statement is not read here; let the browser leave it out",
			e);
	TRY(hash(client->p, client->len, client_hash, e));
	if (fido_cred_set_rp(cred, site->host, NULL) != FIDO_OK ||
		fido_cred_set_clientdata_hash(cred, client_hash, sizeof(client_hash)) != FIDO_OK)
		return err_nomem(e);
	expect_extensions(cred, s->extensions);
	if (!packed_holds(cred, s, algorithm))
		return refuse("passkey.signature", "WebAuthn 8.2",
			"the authenticator's statement about the new passkey does not verify", e);
	return ACSR_OK;
}

static enum acsr_result take_key(
	const fido_cred_t *cred, int algorithm, struct passkey_credential *out, struct acsr_err *e)
{
	size_t n = fido_cred_pubkey_len(cred);
	const uint8_t *p = fido_cred_pubkey_ptr(cred);

	if (p == NULL || n == 0 || n > sizeof(out->key) || !key_usable(algorithm, p, n))
		return refuse("passkey.key", "RFC 9053", "the passkey's public key is not usable", e);
	memcpy(out->key, p, n);
	out->key_len = n;
	out->algorithm = algorithm;
	return ACSR_OK;
}

static enum acsr_result read_credential(const struct passkey_answer *a, const struct passkey_site *site,
	struct statement *s, struct passkey_credential *out, struct acsr_err *e)
{
	TRY(open_object(&a->object, s, e));
	TRY(check_head(s->authdata, site, false, e));
	if ((s->authdata.p[FLAGS_AT] & HAS_CREDENTIAL) == 0 || !whole(s->authdata, &out->id, &s->extensions))
		return refuse("passkey.format", "WebAuthn 6.5.1", "the new passkey cannot be read", e);
	if (out->id.len != a->id.len || memcmp(out->id.p, a->id.p, a->id.len) != 0)
		return refuse("passkey.format", "WebAuthn 6.5.1",
			"the answer names another passkey than it holds", e);
	out->count = counter(s->authdata);
	out->verified = (s->authdata.p[FLAGS_AT] & VERIFIED) != 0;
	return ACSR_OK;
}

enum acsr_result passkey_check_registration(const struct passkey_answer *a, const struct passkey_site *site,
	struct passkey_credential *out, struct acsr_err *e)
{
	CLEANUP_CRED fido_cred_t *cred = NULL;
	struct statement s = { 0 };
	int algorithm;

	fido_init(0);
	TRY(read_credential(a, site, &s, out, e));
	cred = credential_of_any(s.authdata, &algorithm);
	if (cred == NULL)
		return refuse("passkey.key", "WebAuthn 7.1 step 16",
			"the passkey's key is of no kind that is known here (ES256, EdDSA, RS256)", e);
	TRY(take_key(cred, algorithm, out, e));
	return check_statement(cred, &s, algorithm, &a->client, site, e);
}

/* --- assertion --- */

static bool assertion_set(
	fido_assert_t *as, const struct passkey_answer *a, const uint8_t client_hash[HASH], const char *host)
{
	return fido_assert_set_count(as, 1) == FIDO_OK && fido_assert_set_rp(as, host) == FIDO_OK &&
	       fido_assert_set_clientdata_hash(as, client_hash, HASH) == FIDO_OK &&
	       fido_assert_set_authdata_raw(as, 0, a->authdata.p, a->authdata.len) == FIDO_OK &&
	       fido_assert_set_sig(as, 0, a->signature.p, a->signature.len) == FIDO_OK &&
	       fido_assert_set_up(as, FIDO_OPT_TRUE) == FIDO_OK;
}

static bool assertion_holds(const struct passkey_answer *a, const char *host,
	const struct passkey_credential *credential, const uint8_t client_hash[HASH])
{
	CLEANUP_ASSERT fido_assert_t *as = fido_assert_new();
	union key k = { .any = NULL };
	bool good = as != NULL && assertion_set(as, a, client_hash, host) &&
		    key_set(credential->algorithm, credential->key, credential->key_len, &k) &&
		    fido_assert_verify(as, 0, credential->algorithm, k.any) == FIDO_OK;

	key_free(credential->algorithm, &k);
	return good;
}

enum acsr_result passkey_check_assertion(const struct passkey_answer *a, const struct passkey_site *site,
	const struct passkey_credential *credential, bool verified, uint32_t *count, struct acsr_err *e)
{
	struct bytes d = { a->authdata.p, a->authdata.len }, id, extensions;
	uint8_t client_hash[HASH];

	fido_init(0);
	TRY(check_head(d, site, verified, e));
	if ((d.p[FLAGS_AT] & HAS_CREDENTIAL) != 0 || !whole(d, &id, &extensions))
		return refuse("passkey.format", "WebAuthn 6.1", "the authenticator data cannot be read", e);
	TRY(hash(a->client.p, a->client.len, client_hash, e));
	if (!assertion_holds(a, site->host, credential, client_hash))
		return refuse("passkey.signature", "WebAuthn 7.2 step 20",
			"the signature is not that of the passkey", e);
	*count = counter(d);
	return ACSR_OK;
}
