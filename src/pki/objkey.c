/* The key of whatever carries one. */
#include "objkey.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <string.h>

#include "key_int.h"

bool object_has_key(enum acsr_input_kind kind)
{
	return kind == ACSR_INPUT_CSR || kind == ACSR_INPUT_CERT || kind == ACSR_INPUT_PUBLIC_KEY ||
	       kind == ACSR_INPUT_PRIVATE_KEY;
}

/* The bytes of the point and its curve, when the key is one of a named curve. */
static bool named_point(const X509_PUBKEY *x, const uint8_t **point, int *n, int *curve)
{
	const ASN1_OBJECT *named = NULL;
	ASN1_OBJECT *alg = NULL;
	X509_ALGOR *algor = NULL;
	int type = 0;

	if (X509_PUBKEY_get0_param(&alg, point, n, &algor, x) != 1 ||
		OBJ_obj2nid(alg) != NID_X9_62_id_ecPublicKey)
		return false;
	X509_ALGOR_get0(NULL, &type, (const void **)&named, algor);
	*curve = type == V_ASN1_OBJECT ? OBJ_obj2nid(named) : NID_undef;
	return *curve != NID_undef;
}

/* OpenSSL does not take such a point into a key, and does not say why; that is a verdict all the same. */
static bool is_bad_point(const X509_PUBKEY *x)
{
	EC_GROUP *group = NULL;
	EC_POINT *p = NULL;
	const uint8_t *raw = NULL;
	int n = 0, curve = NID_undef;
	bool bad = false;

	if (named_point(x, &raw, &n, &curve) && (group = EC_GROUP_new_by_curve_name(curve)) != NULL &&
		(p = EC_POINT_new(group)) != NULL)
		bad = EC_POINT_oct2point(group, p, raw, (size_t)n, NULL) != 1 ||
		      EC_POINT_is_at_infinity(group, p) == 1;
	EC_POINT_free(p);
	EC_GROUP_free(group);
	ERR_clear_error();
	return bad;
}

/* An unreadable key of a post-quantum type that this OpenSSL lacks is said to be that. */
static enum acsr_result why_unreadable(const X509_PUBKEY *x, struct acsr_err *e)
{
	const struct acsr_key_type *t = NULL;
	ASN1_OBJECT *alg = NULL;
	char oid[80];

	if (x != NULL && X509_PUBKEY_get0_param(&alg, NULL, NULL, NULL, x) == 1) {
		ossl_oid(alg, oid, sizeof(oid));
		t = key_type_by_oid(oid);
	}
	if (t != NULL)
		TRY(acsr_key_type_require(t, e));
	return ossl_err(e, "key.parse", "the public key cannot be read");
}

static enum acsr_result adopt(struct acsr_key **out, X509_PUBKEY *x, struct acsr_err *e)
{
	EVP_PKEY *pkey;

	if (x != NULL && is_bad_point(x))
		return err_rule(e, "key.ec.point", NULL, "BR 6.1.6",
			"the public point does not lie on its curve, or is the one at infinity");
	pkey = x != NULL ? X509_PUBKEY_get(x) : NULL;
	return pkey != NULL ? key_adopt(out, pkey, e) : why_unreadable(x, e);
}

static enum acsr_result from_csr(struct acsr_key **out, const uint8_t *p, long n, struct acsr_err *e)
{
	OSSL_AUTO(ossl_free_req) X509_REQ *req = d2i_X509_REQ(NULL, &p, n);

	return req != NULL ? adopt(out, X509_REQ_get_X509_PUBKEY(req), e)
			   : ossl_err(e, "csr.der", "the CSR cannot be read");
}

static enum acsr_result from_cert(struct acsr_key **out, const uint8_t *p, long n, struct acsr_err *e)
{
	OSSL_AUTO(ossl_free_x509) X509 *x = d2i_X509(NULL, &p, n);

	return x != NULL ? adopt(out, X509_get_X509_PUBKEY(x), e)
			 : ossl_err(e, "cert.parse", "the certificate cannot be read");
}

static enum acsr_result from_pkcs1(struct acsr_key **out, const uint8_t *p, long n, struct acsr_err *e)
{
	EVP_PKEY *pkey = d2i_PublicKey(EVP_PKEY_RSA, NULL, &p, n);

	return pkey != NULL ? key_adopt(out, pkey, e)
			    : ossl_err(e, "key.parse", "the public key cannot be read");
}

static enum acsr_result from_public(
	struct acsr_key **out, const struct acsr_input_object *o, struct acsr_err *e)
{
	const unsigned char *p = o->der;
	enum acsr_result r;
	X509_PUBKEY *x;

	if (o->der_len > 16 * 1024)
		return err_set(
			e, "key.parse", "a public key of %zu bytes; at most 16384 are read", o->der_len);
	if (strcmp(o->form, "PKCS#1") == 0)
		return from_pkcs1(out, p, (long)o->der_len, e);
	x = d2i_X509_PUBKEY(NULL, &p, (long)o->der_len);
	r = adopt(out, x, e);
	X509_PUBKEY_free(x);
	return r;
}

enum acsr_result object_key(struct acsr_key **out, const struct acsr_input_object *o,
	const struct acsr_secret *passphrase, struct acsr_err *e)
{
	if (o->err.id[0] != '\0') {
		if (e != NULL)
			*e = o->err;
		return ACSR_FAIL;
	}
	switch (o->kind) {
	case ACSR_INPUT_CSR:
		return from_csr(out, o->der, (long)o->der_len, e);
	case ACSR_INPUT_CERT:
		return from_cert(out, o->der, (long)o->der_len, e);
	case ACSR_INPUT_PUBLIC_KEY:
		return from_public(out, o, e);
	case ACSR_INPUT_PRIVATE_KEY:
		return acsr_key_load_private(
			out, acsr_secret_bytes(o->secret), acsr_secret_len(o->secret), passphrase, e);
	default:
		return acsr_input_wrong(o->kind, "a key, CSR or certificate", e);
	}
}
