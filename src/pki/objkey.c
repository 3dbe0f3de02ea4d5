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

/* OpenSSL refuses bad points while it reads the key; that is a verdict, not an unreadable key. */
static bool is_bad_point(void)
{
	const unsigned long code = ERR_peek_error();
	const int why = ERR_GET_REASON(code);

	return ERR_GET_LIB(code) == ERR_LIB_EC &&
	       (why == EC_R_POINT_IS_NOT_ON_CURVE || why == EC_R_INVALID_ENCODING ||
		       why == EC_R_POINT_AT_INFINITY || why == EC_R_INVALID_COMPRESSED_POINT ||
		       why == EC_R_COORDINATES_OUT_OF_RANGE || why == EC_R_INVALID_KEY);
}

static enum acsr_result adopt(struct acsr_key **out, EVP_PKEY *pkey, struct acsr_err *e)
{
	if (pkey != NULL)
		return key_adopt(out, pkey, e);
	if (is_bad_point()) {
		ERR_clear_error();
		return err_rule(e, "key.ec.point", NULL, "BR 6.1.6",
			"the public point does not lie on its curve; make a new key");
	}
	return ossl_err(e, "key.parse", "the public key cannot be read");
}

/* An unreadable key of a type that this OpenSSL lacks is said to be that. */
static enum acsr_result adopt_spki(
	struct acsr_key **out, EVP_PKEY *pkey, const X509_PUBKEY *spki, struct acsr_err *e)
{
	const struct acsr_key_type *t;
	ASN1_OBJECT *alg = NULL;
	char oid[80];

	if (pkey == NULL &&
		X509_PUBKEY_get0_param(&alg, NULL, NULL, NULL, (X509_PUBKEY *)(uintptr_t)spki) == 1) {
		ossl_oid(alg, oid, sizeof(oid));
		t = key_type_by_oid(oid);
		if (t != NULL)
			TRY(acsr_key_type_require(t, e));
	}
	return adopt(out, pkey, e);
}

static enum acsr_result from_csr(struct acsr_key **out, const uint8_t *p, long n, struct acsr_err *e)
{
	OSSL_AUTO(ossl_free_req) X509_REQ *req = d2i_X509_REQ(NULL, &p, n);

	if (req == NULL)
		return ossl_err(e, "csr.der", "the CSR cannot be read");
	ERR_clear_error();
	return adopt_spki(out, X509_REQ_get_pubkey(req), X509_REQ_get_X509_PUBKEY(req), e);
}

static enum acsr_result from_cert(struct acsr_key **out, const uint8_t *p, long n, struct acsr_err *e)
{
	OSSL_AUTO(ossl_free_x509) X509 *x = d2i_X509(NULL, &p, n);

	if (x == NULL)
		return ossl_err(e, "cert.parse", "the certificate cannot be read");
	ERR_clear_error();
	return adopt_spki(out, X509_get_pubkey(x), X509_get_X509_PUBKEY(x), e);
}

static enum acsr_result from_public(
	struct acsr_key **out, const struct acsr_input_object *o, struct acsr_err *e)
{
	const struct acsr_key_type *t;
	const unsigned char *p = o->der;
	EVP_PKEY *pkey;
	char oid[80];

	ERR_clear_error();
	if (o->der_len > 16 * 1024)
		return err_set(
			e, "key.parse", "a public key of %zu bytes; at most 16384 are read", o->der_len);
	if (strcmp(o->form, "PKCS#1") == 0)
		return adopt(out, d2i_PublicKey(EVP_PKEY_RSA, NULL, &p, (long)o->der_len), e);
	pkey = d2i_PUBKEY(NULL, &p, (long)o->der_len);
	t = key_type_of_spki(o->der, o->der_len, oid);
	if (pkey == NULL && t != NULL)
		TRY(acsr_key_type_require(t, e));
	return adopt(out, pkey, e);
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
