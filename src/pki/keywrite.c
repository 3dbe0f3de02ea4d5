/*
 * Writing private keys without leaving copies.
 *
 * OpenSSL's own encoders go through memory BIOs and ordinary heap, so PKCS#8 is put together here: the
 * numbers are fetched straight into the secure heap and written backwards into a buffer in the secure heap.
 */
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <string.h>

#include "base/secret.h"
#include "der.h"
#include "key_int.h"
#include "pem.h"

static const uint8_t oid_rsa[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1 };
static const uint8_t oid_ec[] = { 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1 };
static const uint8_t oid_ed25519[] = { 0x2b, 0x65, 0x70 };
static const uint8_t oid_ed448[] = { 0x2b, 0x65, 0x71 };

/* Turn a number that OpenSSL wrote in the machine's order into big-endian, in place. */
static void to_big_endian(uint8_t *p, size_t n)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	for (size_t i = 0; i < n / 2; i++) {
		uint8_t t = p[i];

		p[i] = p[n - 1 - i];
		p[n - 1 - i] = t;
	}
#else
	(void)p;
	(void)n;
#endif
}

/* Fetch one number of the key into `s`, big-endian, padded on the left. */
static enum acsr_result fetch_number(
	const struct acsr_key *k, const char *name, struct acsr_secret *s, struct acsr_err *e)
{
	OSSL_PARAM params[] = { OSSL_PARAM_construct_BN(name, secret_data(s), acsr_secret_len(s)),
		OSSL_PARAM_construct_end() };

	if (EVP_PKEY_get_params(k->pkey, params) != 1 || OSSL_PARAM_modified(params) != 1)
		return ossl_err(e, "key.unsupported", "the private key's numbers cannot be read");
	to_big_endian(secret_data(s), params[0].return_size);
	if (params[0].return_size < acsr_secret_len(s)) {
		size_t gap = acsr_secret_len(s) - params[0].return_size;

		memmove(secret_data(s) + gap, secret_data(s), params[0].return_size);
		memset(secret_data(s), 0, gap);
	}
	return ACSR_OK;
}

static enum acsr_result put_number(
	struct der_out *w, const struct acsr_key *k, const char *name, size_t max, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *s = NULL;

	TRY(secret_zeroed(&s, max, e));
	TRY(fetch_number(k, name, s, e));
	der_put_uint(w, acsr_secret_bytes(s), acsr_secret_len(s));
	return ACSR_OK;
}

static bool multi_prime(const struct acsr_key *k)
{
	OSSL_PARAM query[] = { OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_FACTOR3, NULL, 0),
		OSSL_PARAM_construct_end() };
	bool yes = EVP_PKEY_get_params(k->pkey, query) == 1 && OSSL_PARAM_modified(query) == 1;

	ERR_clear_error();
	return yes;
}

/* RSAPrivateKey (RFC 8017 A.1.2), last field first. */
static enum acsr_result put_rsa(struct der_out *w, const struct acsr_key *k, struct acsr_err *e)
{
	static const char *const fields[] = { OSSL_PKEY_PARAM_RSA_COEFFICIENT1, OSSL_PKEY_PARAM_RSA_EXPONENT2,
		OSSL_PKEY_PARAM_RSA_EXPONENT1, OSSL_PKEY_PARAM_RSA_FACTOR2, OSSL_PKEY_PARAM_RSA_FACTOR1,
		OSSL_PKEY_PARAM_RSA_D, OSSL_PKEY_PARAM_RSA_E, OSSL_PKEY_PARAM_RSA_N };
	size_t end = w->pos;

	if (multi_prime(k))
		return err_set(e, "key.unsupported", "an RSA key of more than two primes cannot be written");
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		TRY(put_number(w, k, fields[i], k->bits / 8 + 1, e));
	der_put_small(w, 0);
	der_wrap(w, DER_SEQUENCE, end);
	der_wrap(w, DER_OCTET_STRING, end);
	return ACSR_OK;
}

static void put_alg(struct der_out *w, const uint8_t *oid, size_t n, bool null_params)
{
	size_t end = w->pos;

	if (null_params)
		der_put_tlv(w, DER_NULL, NULL, 0);
	der_put_tlv(w, DER_OID, oid, n);
	der_wrap(w, DER_SEQUENCE, end);
}

static void put_ec_alg(struct der_out *w, const uint8_t *curve, size_t n)
{
	size_t end = w->pos;

	der_put(w, curve, n);
	der_put_tlv(w, DER_OID, oid_ec, sizeof(oid_ec));
	der_wrap(w, DER_SEQUENCE, end);
}

/* The curve's OID as DER, from its group name. */
static enum acsr_result curve_oid(
	const struct acsr_key *k, uint8_t *out, size_t cap, size_t *n, struct acsr_err *e)
{
	char group[40];
	unsigned char *p = out;
	const ASN1_OBJECT *o;
	size_t len;
	int need, nid;

	if (EVP_PKEY_get_group_name(k->pkey, group, sizeof(group), &len) != 1)
		return ossl_err(e, "key.unsupported", "the key's curve has no name");
	nid = OBJ_txt2nid(group);
	if (nid == NID_undef)
		nid = EC_curve_nist2nid(group);
	o = OBJ_nid2obj(nid);
	need = o != NULL ? i2d_ASN1_OBJECT(o, NULL) : 0;
	if (need <= 2 || (size_t)need > cap)
		return err_set(e, "key.unsupported", "the curve %s cannot be written", group);
	*n = (size_t)i2d_ASN1_OBJECT(o, &p);
	return ACSR_OK;
}

/* ECPrivateKey (RFC 5915) with the public point, without parameters. */
static enum acsr_result put_ec(struct der_out *w, const struct acsr_key *k, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *priv = NULL;
	uint8_t point[160], zero = 0;
	size_t n = 0, end = w->pos;

	if (EVP_PKEY_get_octet_string_param(
		    k->pkey, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, point, sizeof(point), &n) != 1)
		return ossl_err(e, "key.unsupported", "the public point cannot be read");
	TRY(secret_zeroed(&priv, (k->bits + 7) / 8, e));
	TRY(fetch_number(k, OSSL_PKEY_PARAM_PRIV_KEY, priv, e));
	der_put(w, point, n);
	der_put(w, &zero, 1);
	der_wrap(w, DER_BIT_STRING, end);
	der_wrap(w, DER_CONTEXT(1), end);
	der_put_tlv(w, DER_OCTET_STRING, acsr_secret_bytes(priv), acsr_secret_len(priv));
	der_put_small(w, 1);
	der_wrap(w, DER_SEQUENCE, end);
	der_wrap(w, DER_OCTET_STRING, end);
	return ACSR_OK;
}

static enum acsr_result put_edwards(struct der_out *w, const struct acsr_key *k, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *priv = NULL;
	size_t n = k->alg == ACSR_KEY_ED25519 ? 32 : 57, end = w->pos;

	TRY(secret_zeroed(&priv, n, e));
	if (EVP_PKEY_get_raw_private_key(k->pkey, secret_data(priv), &n) != 1)
		return ossl_err(e, "key.unsupported", "the private key cannot be read");
	der_put_tlv(w, DER_OCTET_STRING, acsr_secret_bytes(priv), n);
	der_wrap(w, DER_OCTET_STRING, end);
	return ACSR_OK;
}

/* Algorithms without a writer of ours (DSA and the like): OpenSSL's encoder, whose copies it clears itself.
 */
static enum acsr_result der_by_openssl(const struct acsr_key *k, struct acsr_secret **der, struct acsr_err *e)
{
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(k->pkey);
	int n = info != NULL ? i2d_PKCS8_PRIV_KEY_INFO(info, NULL) : -1;
	enum acsr_result r = ACSR_FAIL;

	if (n > 0)
		r = secret_zeroed(der, (size_t)n, e);
	else
		(void)ossl_err(e, "key.unsupported", "the private key cannot be written");
	if (r == ACSR_OK) {
		unsigned char *p = secret_data(*der);

		(void)i2d_PKCS8_PRIV_KEY_INFO(info, &p);
	}
	PKCS8_PRIV_KEY_INFO_free(info);
	return r;
}

static enum acsr_result put_key(struct der_out *w, const struct acsr_key *k, struct acsr_err *e)
{
	uint8_t curve[32];
	size_t n = 0;

	switch (k->alg) {
	case ACSR_KEY_RSA:
		TRY(put_rsa(w, k, e));
		put_alg(w, oid_rsa, sizeof(oid_rsa), true);
		return ACSR_OK;
	case ACSR_KEY_EC:
		TRY(put_ec(w, k, e));
		TRY(curve_oid(k, curve, sizeof(curve), &n, e));
		put_ec_alg(w, curve, n);
		return ACSR_OK;
	case ACSR_KEY_ED25519:
		TRY(put_edwards(w, k, e));
		put_alg(w, oid_ed25519, sizeof(oid_ed25519), false);
		return ACSR_OK;
	default:
		TRY(put_edwards(w, k, e));
		put_alg(w, oid_ed448, sizeof(oid_ed448), false);
		return ACSR_OK;
	}
}

enum acsr_result acsr_key_pkcs8_der(const struct acsr_key *k, struct acsr_secret **der, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *room = NULL;
	struct der_out w;
	enum acsr_result r;

	if (k->holder != NULL)
		return err_set(e, "key.held", "the private key lies in a token and does not leave it");
	if (!key_has_private(k))
		return err_set(e, "key.private", "there is no private key to write, only a public one");
	if (k->alg == ACSR_KEY_ML_DSA || k->alg == ACSR_KEY_SLH_DSA)
		return key_pq_pkcs8(k, der, e);
	if (k->alg == ACSR_KEY_OTHER)
		return der_by_openssl(k, der, e);
	TRY(secret_zeroed(&room, k->alg == ACSR_KEY_RSA ? k->bits * 5 / 8 + 256 : 512, e));
	der_out_init(&w, secret_data(room), acsr_secret_len(room));
	TRY(put_key(&w, k, e));
	der_put_small(&w, 0);
	der_wrap(&w, DER_SEQUENCE, w.cap);
	r = w.failed ? err_set(e, "key.unsupported", "the private key is too large to be written")
		     : acsr_secret_new(der, w.p + w.pos, w.cap - w.pos, e);
	ossl_wipe_stack();
	return r;
}

enum acsr_result acsr_key_pkcs8_pem(const struct acsr_key *k, struct acsr_secret **pem, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *der = NULL;

	TRY(acsr_key_pkcs8_der(k, &der, e));
	return pem_encode_secret("PRIVATE KEY", der, pem, e);
}

enum acsr_result acsr_key_spki_pem(const struct acsr_key *k, struct acsr_blob *pem, struct acsr_err *e)
{
	ACSR_CLEANUP_BLOB struct acsr_blob der = { 0 };

	TRY(acsr_key_spki(k, &der, e));
	return pem_encode("PUBLIC KEY", der.p, der.len, pem, e);
}
