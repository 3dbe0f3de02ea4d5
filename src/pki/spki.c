/* Public keys past OpenSSL's search for a decoder or an encoder. */
#include "spki.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/param_build.h>
#include <openssl/sha.h>
#include <stdatomic.h>
#include <string.h>

#include "der.h"

/* --- reading --- */

static EVP_PKEY *from_params(const char *type, OSSL_PARAM_BLD *bld)
{
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(bld);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *pkey = NULL;

	if (params == NULL || ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
		EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
		pkey = NULL;
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	return pkey;
}

/* Two INTEGERs in their shortest form, positive; anything else is for OpenSSL to say. */
static EVP_PKEY *rsa_key(struct bytes key)
{
	struct der_tlv seq, n, e;
	OSSL_PARAM_BLD *bld;
	BIGNUM *bn_n, *bn_e;
	EVP_PKEY *pkey = NULL;

	if (der_check(key, "key", NULL) != ACSR_OK ||
		der_expect(&key, DER_SEQUENCE, &seq, "key", NULL) != ACSR_OK ||
		der_expect(&seq.body, DER_INTEGER, &n, "key", NULL) != ACSR_OK ||
		der_expect(&seq.body, DER_INTEGER, &e, "key", NULL) != ACSR_OK || seq.body.len != 0 ||
		n.body.p[0] >= 0x80 || e.body.p[0] >= 0x80)
		return NULL;
	bld = OSSL_PARAM_BLD_new();
	bn_n = BN_bin2bn(n.body.p, (int)n.body.len, NULL);
	bn_e = BN_bin2bn(e.body.p, (int)e.body.len, NULL);
	if (bld != NULL && bn_n != NULL && bn_e != NULL &&
		OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, bn_n) == 1 &&
		OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, bn_e) == 1)
		pkey = from_params("RSA", bld);
	OSSL_PARAM_BLD_free(bld);
	BN_free(bn_n);
	BN_free(bn_e);
	return pkey;
}

static EVP_PKEY *new_ec_key(const char *group, struct bytes point)
{
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	EVP_PKEY *pkey = NULL;

	if (bld != NULL && OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, group, 0) == 1 &&
		OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, point.p, point.len) == 1)
		pkey = from_params("EC", bld);
	OSSL_PARAM_BLD_free(bld);
	return pkey;
}

/* With each key that is made from parameters OpenSSL computes its curve anew. So the first public key of a curve is kept,
 * for ever, and the others are copies of it with a point of their own. */
static EVP_PKEY *copy_ec_key(EVP_PKEY *_Atomic *kept, struct bytes point)
{
	EVP_PKEY *model = atomic_load(kept), *pkey = model != NULL ? EVP_PKEY_dup(model) : NULL;

	if (pkey != NULL && EVP_PKEY_set1_encoded_public_key(pkey, point.p, point.len) == 1)
		return pkey;
	EVP_PKEY_free(pkey);
	return NULL;
}

static EVP_PKEY *_Atomic model_keys[3];

EVP_PKEY *spki_ec_key(const char *group, struct bytes point)
{
	static const char *const groups[] = { "P-256", "P-384", "P-521" };
	EVP_PKEY *pkey = NULL, *none = NULL;
	size_t i = 0;

	while (i < 3 && strcmp(groups[i], group) != 0)
		i++;
	/* an uncompressed point: then the key is written again as it was */
	if (i == 3 || point.len == 0 || point.p[0] != 0x04)
		return NULL;
	pkey = copy_ec_key(&model_keys[i], point);
	if (pkey == NULL)
		pkey = new_ec_key(group, point);
	if (pkey != NULL && atomic_load(&model_keys[i]) == NULL && EVP_PKEY_up_ref(pkey) == 1 &&
		!atomic_compare_exchange_strong(&model_keys[i], &none, pkey))
		EVP_PKEY_free(pkey);
	return pkey;
}

static EVP_PKEY *by_name(const char *name, struct bytes key)
{
	if (name == NULL)
		return rsa_key(key);
	if (name[0] == 'E')
		return EVP_PKEY_new_raw_public_key_ex(NULL, name, NULL, key.p, key.len);
	return spki_ec_key(name, key);
}

/* The usual algorithms, each with its whole AlgorithmIdentifier. */
static const struct common {
	const char *name; /* NULL: RSA; a curve or an Edwards algorithm */
	int nid, parameter;
	size_t len;
	uint8_t alg[24];
} common[] = {
	{ NULL, NID_rsaEncryption, NID_undef, 15,
		{ 0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0 } },
	{ "P-256", NID_X9_62_id_ecPublicKey, NID_X9_62_prime256v1, 21,
		{ 0x30, 19, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3,
			1, 7 } },
	{ "P-384", NID_X9_62_id_ecPublicKey, NID_secp384r1, 18,
		{ 0x30, 16, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 5, 0x2b, 0x81, 4, 0, 0x22 } },
	{ "P-521", NID_X9_62_id_ecPublicKey, NID_secp521r1, 18,
		{ 0x30, 16, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 5, 0x2b, 0x81, 4, 0, 0x23 } },
	{ "ED25519", NID_ED25519, NID_undef, 7, { 0x30, 5, 6, 3, 0x2b, 0x65, 0x70 } },
	{ "ED448", NID_ED448, NID_undef, 7, { 0x30, 5, 6, 3, 0x2b, 0x65, 0x71 } },
};

EVP_PKEY *spki_common_key(struct bytes spki)
{
	struct der_tlv seq, alg, bits;

	if (der_expect(&spki, DER_SEQUENCE, &seq, "key", NULL) != ACSR_OK || spki.len != 0 ||
		der_expect(&seq.body, DER_SEQUENCE, &alg, "key", NULL) != ACSR_OK ||
		der_expect(&seq.body, DER_BIT_STRING, &bits, "key", NULL) != ACSR_OK || seq.body.len != 0 ||
		bits.body.len < 2 || bits.body.p[0] != 0)
		return NULL;
	bits.body = (struct bytes){ bits.body.p + 1, bits.body.len - 1 };
	for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++)
		if (alg.whole.len == common[i].len && memcmp(alg.whole.p, common[i].alg, common[i].len) == 0)
			return by_name(common[i].name, bits.body);
	return NULL;
}

EVP_PKEY *spki_key(struct bytes spki)
{
	const unsigned char *p = spki.p;
	EVP_PKEY *pkey = spki_common_key(spki);

	if (pkey == NULL)
		pkey = d2i_PUBKEY(NULL, &p, (long)spki.len);
	ERR_clear_error();
	return pkey;
}

/* --- writing --- */

enum { KEY_MAX = 2600 }; /* of RSA with 16384 bits, and its exponent */

static bool is_named_curve(const EVP_PKEY *key, const char *nist)
{
	char group[40], how[32];
	size_t n;
	int nid;

	if (EVP_PKEY_get_group_name(key, group, sizeof(group), &n) != 1 ||
		EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_EC_ENCODING, how, sizeof(how), &n) != 1)
		return false;
	nid = OBJ_txt2nid(group);
	return strcmp(how, "named_curve") == 0 &&
	       (strcmp(group, nist) == 0 || (nid != NID_undef && nid == EC_curve_nist2nid(nist)));
}

static const struct common *kind_of(const EVP_PKEY *key)
{
	for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++) {
		const char *name = common[i].name;

		if (name == NULL         ? EVP_PKEY_is_a(key, "RSA")
			: name[0] == 'E' ? EVP_PKEY_is_a(key, name)
					 : EVP_PKEY_is_a(key, "EC") && is_named_curve(key, name))
			return &common[i];
	}
	return NULL;
}

static bool put_number(struct der_out *w, const EVP_PKEY *key, const char *name)
{
	BIGNUM *n = NULL;
	uint8_t bytes[KEY_MAX];
	bool ok = EVP_PKEY_get_bn_param(key, name, &n) == 1 && BN_num_bytes(n) > 0 &&
		  BN_num_bytes(n) <= (int)sizeof(bytes);

	if (ok)
		der_put_uint(w, bytes, (size_t)BN_bn2bin(n, bytes));
	BN_free(n);
	return ok;
}

/* What the BIT STRING holds, at the end of buf. */
static bool put_key(struct der_out *w, const struct common *kind, const EVP_PKEY *key)
{
	uint8_t point[200];
	size_t n = sizeof(point), end = w->pos;

	if (kind->name == NULL) {
		if (!put_number(w, key, OSSL_PKEY_PARAM_RSA_E) || !put_number(w, key, OSSL_PKEY_PARAM_RSA_N))
			return false;
		der_wrap(w, DER_SEQUENCE, end);
		return true;
	}
	if (kind->name[0] == 'E'
			? EVP_PKEY_get_raw_public_key(key, point, &n) != 1
			: EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, n, &n) != 1)
		return false;
	if (kind->name[0] != 'E' && point[0] != 0x04)
		return false;
	der_put(w, point, n);
	return true;
}

/* NULL, and nothing written, when the key is none of the usual ones. */
static const struct common *put_usual(struct der_out *w, const EVP_PKEY *key)
{
	const struct common *kind = kind_of(key);

	if (kind != NULL && !put_key(w, kind, key))
		kind = NULL;
	ERR_clear_error();
	return w->failed ? NULL : kind;
}

enum acsr_result spki_write(EVP_PKEY *key, struct acsr_blob *out, struct acsr_err *e)
{
	uint8_t room[KEY_MAX + 64];
	struct der_out w;
	const struct common *kind;
	unsigned char *p = NULL;
	int n;

	der_out_init(&w, room, sizeof(room));
	kind = put_usual(&w, key);
	if (kind == NULL) {
		n = i2d_PUBKEY(key, &p);
		return ossl_take(out, p, n, "cannot encode a public key", e);
	}
	der_put(&w, "", 1); /* unused bits */
	der_wrap(&w, DER_BIT_STRING, sizeof(room));
	der_put(&w, kind->alg, kind->len);
	der_wrap(&w, DER_SEQUENCE, sizeof(room));
	return acsr_blob_copy(out, room + w.pos, sizeof(room) - w.pos, e);
}

bool spki_put(X509_PUBKEY *pub, const EVP_PKEY *key)
{
	uint8_t room[KEY_MAX];
	const struct common *kind;
	struct der_out w;
	unsigned char *bits;
	void *parameter;
	int type;

	der_out_init(&w, room, sizeof(room));
	kind = put_usual(&w, key);
	if (kind == NULL)
		return false;
	type = kind->name == NULL ? V_ASN1_NULL : kind->parameter != NID_undef ? V_ASN1_OBJECT : V_ASN1_UNDEF;
	parameter = kind->parameter != NID_undef ? OBJ_nid2obj(kind->parameter) : NULL;
	bits = OPENSSL_memdup(room + w.pos, sizeof(room) - w.pos);
	if (bits != NULL && X509_PUBKEY_set0_param(pub, OBJ_nid2obj(kind->nid), type, parameter, bits,
				    (int)(sizeof(room) - w.pos)) == 1)
		return true;
	OPENSSL_free(bits);
	return false;
}

enum acsr_result spki_key_id(EVP_PKEY *key, uint8_t out[20], struct acsr_err *e)
{
	X509_PUBKEY *pub = X509_PUBKEY_new();
	const unsigned char *p;
	uint8_t hash[32];
	int n, ok;

	if (pub == NULL)
		return err_nomem(e);
	ok = (spki_put(pub, key) || X509_PUBKEY_set(&pub, key) == 1) &&
	     X509_PUBKEY_get0_param(NULL, &p, &n, NULL, pub) == 1;
	if (ok)
		SHA256(p, (size_t)n, hash);
	X509_PUBKEY_free(pub);
	if (!ok)
		return ossl_err(e, "sys.openssl", "cannot identify a key");
	memcpy(out, hash, 20);
	return ACSR_OK;
}
