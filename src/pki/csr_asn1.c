/* CSRs by a template of our own, and public keys without OpenSSL's search for a decoder. */
#include "pki/csr_asn1.h"

#include <openssl/asn1t.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <string.h>

#include "pki/der.h"

typedef struct csr_info CSR_INFO;
typedef struct csr_asn1 CSR_ASN1;

/* clang-format off */
ASN1_SEQUENCE_enc(CSR_INFO, enc, 0) = {
	ASN1_SIMPLE(CSR_INFO, version, ASN1_INTEGER),
	ASN1_SIMPLE(CSR_INFO, subject, X509_NAME),
	ASN1_SIMPLE(CSR_INFO, spki, ASN1_ANY),
	ASN1_IMP_SET_OF_OPT(CSR_INFO, attributes, X509_ATTRIBUTE, 0),
} static_ASN1_SEQUENCE_END_ref(CSR_INFO, CSR_INFO)

ASN1_SEQUENCE(CSR_ASN1) = {
	ASN1_SIMPLE(CSR_ASN1, info, CSR_INFO),
	ASN1_SIMPLE(CSR_ASN1, alg, X509_ALGOR),
	ASN1_SIMPLE(CSR_ASN1, signature, ASN1_BIT_STRING),
} static_ASN1_SEQUENCE_END(CSR_ASN1)
/* clang-format on */

struct csr_asn1 *csr_asn1_read(const unsigned char **p, size_t len)
{
	struct csr_asn1 *x = (struct csr_asn1 *)ASN1_item_d2i(NULL, p, (long)len, ASN1_ITEM_rptr(CSR_ASN1));

	if (x == NULL || x->info->spki->type == V_ASN1_SEQUENCE)
		return x;
	csr_asn1_free(x);
	return NULL;
}

void csr_asn1_free(struct csr_asn1 *x)
{
	ASN1_item_free((ASN1_VALUE *)x, ASN1_ITEM_rptr(CSR_ASN1));
}

struct bytes csr_asn1_spki(const struct csr_asn1 *x)
{
	const ASN1_STRING *s = x->info->spki->value.sequence;

	return (struct bytes){ ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s) };
}

int csr_asn1_verify(const struct csr_asn1 *x, EVP_PKEY *pkey)
{
	return ASN1_item_verify(ASN1_ITEM_rptr(CSR_INFO), x->alg, x->signature, x->info, pkey);
}

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

/* An uncompressed point: then the key is written again as it was. */
static EVP_PKEY *ec_key(const char *group, struct bytes point)
{
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	EVP_PKEY *pkey = NULL;

	if (bld != NULL && point.len > 0 && point.p[0] == 0x04 &&
		OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, group, 0) == 1 &&
		OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, point.p, point.len) == 1)
		pkey = from_params("EC", bld);
	OSSL_PARAM_BLD_free(bld);
	return pkey;
}

static EVP_PKEY *by_name(const char *name, struct bytes key)
{
	if (name == NULL)
		return rsa_key(key);
	if (name[0] == 'E')
		return EVP_PKEY_new_raw_public_key_ex(NULL, name, NULL, key.p, key.len);
	return ec_key(name, key);
}

/* By the algorithm's whole encoding. */
EVP_PKEY *spki_common_key(struct bytes spki)
{
	static const struct {
		const char *name; /* NULL: RSA; a curve or an Edwards algorithm */
		size_t len;
		uint8_t alg[24];
	} common[] = {
		{ NULL, 15, { 0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0 } },
		{ "P-256", 21,
			{ 0x30, 19, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 8, 0x2a, 0x86, 0x48, 0xce,
				0x3d, 3, 1, 7 } },
		{ "P-384", 18,
			{ 0x30, 16, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 5, 0x2b, 0x81, 4, 0,
				0x22 } },
		{ "P-521", 18,
			{ 0x30, 16, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 5, 0x2b, 0x81, 4, 0,
				0x23 } },
		{ "ED25519", 7, { 0x30, 5, 6, 3, 0x2b, 0x65, 0x70 } },
		{ "ED448", 7, { 0x30, 5, 6, 3, 0x2b, 0x65, 0x71 } },
	};
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
