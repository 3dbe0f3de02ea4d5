/* Key objects: generation, public halves, signing. Loading, writing and the gate have files of their own. */
#include "autocsr/key.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "key_int.h"
#include "sign.h"
#include "spki.h"

static void group_name(EVP_PKEY *pkey, char *out, size_t cap)
{
	size_t n = 0;

	if (EVP_PKEY_get_group_name(pkey, out, cap, &n) != 1)
		snprintf(out, cap, "unknown");
}

static void name_ec(struct acsr_key *k)
{
	static const char *const known[][2] = { { "prime256v1", "ec:p256" }, { "P-256", "ec:p256" },
		{ "secp384r1", "ec:p384" }, { "P-384", "ec:p384" }, { "secp521r1", "ec:p521" },
		{ "P-521", "ec:p521" } };
	char group[40];

	group_name(k->pkey, group, sizeof(group));
	snprintf(k->name, sizeof(k->name), "ec:%s", group);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(group, known[i][0]) == 0)
			snprintf(k->name, sizeof(k->name), "%s", known[i][1]);
	k->alg = ACSR_KEY_EC;
}

/* OpenSSL keeps a key's size beside it, and says nothing when there was no memory to find it out: the size is 0
 * then, as of a modulus of 0. Asked once more it gives the real one, or fails again. */
static enum acsr_result find_bits(struct acsr_key *k, struct acsr_err *e)
{
	int bits = EVP_PKEY_get_bits(k->pkey);

	k->bits = bits > 0 ? (unsigned)bits : 0;
	if (bits > 0 || (!EVP_PKEY_is_a(k->pkey, "RSA") && !EVP_PKEY_is_a(k->pkey, "EC")))
		return ACSR_OK;
	if (EVP_PKEY_get_int_param(k->pkey, OSSL_PKEY_PARAM_BITS, &bits) != 1 || bits > 0)
		return err_nomem(e);
	return ACSR_OK;
}

/* Find out what it is and what we call it. */
static void describe(struct acsr_key *k)
{
	const char *type = EVP_PKEY_get0_type_name(k->pkey);

	k->alg = ACSR_KEY_OTHER;
	snprintf(k->name, sizeof(k->name), "%.30s:%u", type != NULL ? type : "unknown", k->bits);
	if (EVP_PKEY_is_a(k->pkey, "RSA")) {
		k->alg = ACSR_KEY_RSA;
		snprintf(k->name, sizeof(k->name), "rsa:%u", k->bits);
		return;
	}
	if (EVP_PKEY_is_a(k->pkey, "EC")) {
		name_ec(k);
		return;
	}
	for (size_t i = 0; acsr_key_type_at(i) != NULL; i++) {
		const struct acsr_key_type *t = acsr_key_type_at(i);

		if (t->alg == ACSR_KEY_RSA || t->alg == ACSR_KEY_EC || !EVP_PKEY_is_a(k->pkey, t->evp))
			continue;
		k->alg = t->alg;
		snprintf(k->name, sizeof(k->name), "%s", t->name);
	}
}

enum acsr_result key_adopt(struct acsr_key **out, EVP_PKEY *pkey, struct acsr_err *e)
{
	struct acsr_key *k = calloc(1, sizeof(*k));

	if (k == NULL) {
		EVP_PKEY_free(pkey);
		return err_nomem(e);
	}
	k->pkey = pkey;
	if (find_bits(k, e) != ACSR_OK) {
		acsr_key_free(k);
		return ACSR_FAIL;
	}
	describe(k);
	*out = k;
	return ACSR_OK;
}

enum acsr_result acsr_key_wrap_evp(struct acsr_key **out, struct evp_pkey_st *pkey, struct acsr_err *e)
{
	if (EVP_PKEY_up_ref(pkey) != 1)
		return ossl_err(e, "sys.openssl", "cannot share a key");
	return key_adopt(out, pkey, e);
}

void acsr_key_free(struct acsr_key *k)
{
	if (k == NULL)
		return;
	if (k->holder != NULL)
		k->holder->free(k->held);
	EVP_PKEY_free(k->pkey);
	free(k);
}

static int set_params(EVP_PKEY_CTX *ctx, const struct acsr_key_type *t)
{
	if (EVP_PKEY_keygen_init(ctx) != 1)
		return 0;
	if (t->alg == ACSR_KEY_RSA)
		return EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, (int)t->bits) == 1;
	if (t->alg == ACSR_KEY_EC)
		return EVP_PKEY_CTX_set_group_name(ctx, t->group) == 1;
	return 1;
}

enum acsr_result acsr_key_generate(struct acsr_key **out, const char *type, struct acsr_err *e)
{
	OSSL_AUTO(ossl_free_pctx) EVP_PKEY_CTX *ctx = NULL;
	const struct acsr_key_type *t;
	EVP_PKEY *pkey = NULL;

	TRY(acsr_key_type_find(&t, type, e));
	if (acsr_key_type_require(t, e) != ACSR_OK) {
		err_at(e, "key_type");
		return ACSR_FAIL;
	}
	ctx = EVP_PKEY_CTX_new_from_name(NULL, t->evp, NULL);
	if (ctx == NULL || !set_params(ctx, t) || EVP_PKEY_generate(ctx, &pkey) != 1)
		return ossl_err(e, "sys.openssl", "cannot make a key");
	return key_adopt(out, pkey, e);
}

enum acsr_result acsr_key_load_spki(struct acsr_key **out, const uint8_t *der, size_t len, struct acsr_err *e)
{
	char oid[80];
	const struct acsr_key_type *t = key_type_of_spki(der, len, oid);
	const unsigned char *p = der;
	EVP_PKEY *pkey;

	if (len == 0 || len > 16 * 1024)
		return err_set(e, "key.parse", "a public key of %zu bytes; at most 16384 are read", len);
	pkey = spki_common_key((struct bytes){ der, len });
	ERR_clear_error();
	if (pkey != NULL)
		return key_adopt(out, pkey, e);
	errno = 0; /* where a decoder has no memory OpenSSL goes on to the next, and forgets why */
	pkey = d2i_PUBKEY(NULL, &p, (long)len);
	if (pkey == NULL && errno == ENOMEM)
		return err_nomem(e);
	if (pkey == NULL && t != NULL)
		TRY(acsr_key_type_require(t, e));
	if (pkey == NULL)
		return ossl_err(e, "key.parse", "the public key cannot be read");
	if (p != der + len) {
		EVP_PKEY_free(pkey);
		return err_set(e, "key.parse", "there are bytes after the end of the public key");
	}
	return key_adopt(out, pkey, e);
}

struct evp_pkey_st *acsr_key_evp(const struct acsr_key *k)
{
	return k->pkey;
}

enum acsr_key_alg acsr_key_alg(const struct acsr_key *k)
{
	return k->alg;
}

unsigned acsr_key_bits(const struct acsr_key *k)
{
	return k->bits;
}

const char *acsr_key_name(const struct acsr_key *k)
{
	return k->name;
}

enum acsr_result acsr_key_spki(const struct acsr_key *k, struct acsr_blob *der, struct acsr_err *e)
{
	return spki_write(k->pkey, der, e);
}

enum acsr_result acsr_key_spki_sha256(const struct acsr_key *k, uint8_t out[32], struct acsr_err *e)
{
	ACSR_CLEANUP_BLOB struct acsr_blob der = { 0 };

	TRY(acsr_key_spki(k, &der, e));
	SHA256(der.p, der.len, out);
	return ACSR_OK;
}

bool acsr_key_same(const struct acsr_key *a, const struct acsr_key *b)
{
	bool same = EVP_PKEY_eq(a->pkey, b->pkey) == 1;

	ERR_clear_error();
	return same;
}

/* A private number of that name and type, a BIGNUM or octets by the algorithm? */
static bool has_param(EVP_PKEY *pkey, const char *name, unsigned type, void *room, size_t size)
{
	OSSL_PARAM query[] = { OSSL_PARAM_construct_octet_string(name, room, size),
		OSSL_PARAM_construct_end() };

	query[0].data_type = type;
	return EVP_PKEY_get_params(pkey, query) == 1 && OSSL_PARAM_modified(query) == 1 &&
	       query[0].return_size > 0;
}

/* An EC key's number: OpenSSL 3.0.20 does not tell whether it is there unless there is room for it. */
static bool has_ec_number(EVP_PKEY *pkey)
{
	enum { ROOM = 128 };
	void *room = OPENSSL_secure_malloc(ROOM);
	bool yes = room != NULL &&
		   has_param(pkey, OSSL_PKEY_PARAM_PRIV_KEY, OSSL_PARAM_UNSIGNED_INTEGER, room, ROOM);

	OPENSSL_secure_clear_free(room, ROOM);
	return yes;
}

bool key_has_private(const struct acsr_key *k)
{
	bool yes = has_param(k->pkey, OSSL_PKEY_PARAM_RSA_D, OSSL_PARAM_UNSIGNED_INTEGER, NULL, 0) ||
		   has_param(k->pkey, OSSL_PKEY_PARAM_PRIV_KEY, OSSL_PARAM_UNSIGNED_INTEGER, NULL, 0) ||
		   has_param(k->pkey, OSSL_PKEY_PARAM_PRIV_KEY, OSSL_PARAM_OCTET_STRING, NULL, 0) ||
		   has_ec_number(k->pkey);

	ERR_clear_error();
	return yes;
}

static const char *default_digest(const struct acsr_key *k)
{
	if (k->alg == ACSR_KEY_EC && k->bits > 384)
		return "SHA512";
	if (k->alg == ACSR_KEY_EC && k->bits > 256)
		return "SHA384";
	return "SHA256";
}

enum acsr_result key_digest(
	const EVP_MD **out, const struct acsr_key *k, const char *name, struct acsr_err *e)
{
	if (k->alg != ACSR_KEY_RSA && k->alg != ACSR_KEY_EC) {
		*out = NULL;
		return ACSR_OK;
	}
	if (name == NULL)
		name = default_digest(k);
	if (strcmp(name, "SHA256") == 0)
		*out = EVP_sha256();
	else if (strcmp(name, "SHA384") == 0)
		*out = EVP_sha384();
	else if (strcmp(name, "SHA512") == 0)
		*out = EVP_sha512();
	else
		return err_set(e, "csr.digest",
			"the digest %.20s is not offered; use SHA256, SHA384 or SHA512", name);
	return ACSR_OK;
}

enum acsr_result acsr_key_sign(
	const struct acsr_key *k, const void *msg, size_t len, struct acsr_blob *sig, struct acsr_err *e)
{
	const EVP_MD *md;

	TRY(key_digest(&md, k, NULL, e));
	return sign_bytes(k, md, msg, len, sig, e);
}

enum acsr_result acsr_key_verify(const struct acsr_key *k, const void *msg, size_t len, const uint8_t *sig,
	size_t sig_len, struct acsr_err *e)
{
	OSSL_AUTO(ossl_free_mdctx) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	const EVP_MD *md;

	TRY(key_digest(&md, k, NULL, e));
	if (ctx == NULL || EVP_DigestVerifyInit(ctx, NULL, md, NULL, k->pkey) != 1)
		return ossl_err(e, "sys.openssl", "cannot check a signature");
	errno = 0;
	if (EVP_DigestVerify(ctx, sig, sig_len, msg, len) != 1) {
		if (ossl_ran_short())
			return err_nomem(e);
		return err_set(e, "match.signature", "the signature was not made by this key over this text");
	}
	return ACSR_OK;
}
