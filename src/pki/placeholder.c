/* The certificate that stands beside a key in a PKCS#12 file until the CA has made the real one. */
#include <openssl/err.h>
#include <string.h>

#include "base/rnd.h"
#include "key_int.h"
#include "pkcs12_int.h"

#define DAY 86400

/* 64 random bits, positive. */
static int set_serial(X509 *x)
{
	uint8_t r[8];
	OSSL_AUTO(ossl_free_bn) BIGNUM *n = NULL;

	if (rnd_fill(r, sizeof(r), NULL) != ACSR_OK)
		return 0;
	r[0] = (uint8_t)(r[0] & 0x7f) | 0x40;
	n = BN_bin2bn(r, sizeof(r), NULL);
	return n != NULL && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x)) != NULL;
}

static int copy_extensions(X509 *x, X509_REQ *req)
{
	STACK_OF(X509_EXTENSION) *exts = X509_REQ_get_extensions(req);
	int ok = 1;

	for (int i = 0; ok && i < sk_X509_EXTENSION_num(exts); i++)
		ok = X509_add_ext(x, sk_X509_EXTENSION_value(exts, i), -1);
	sk_X509_EXTENSION_pop_free(exts, X509_EXTENSION_free);
	return ok;
}

/* Schemes with a digest of their own, such as Ed25519, take no other. */
static const EVP_MD *digest_for(EVP_PKEY *pkey)
{
	char scheme[64] = "";

	return EVP_PKEY_get_default_digest_name(pkey, scheme, sizeof(scheme)) == 2 &&
			       strcmp(scheme, "UNDEF") == 0
		       ? NULL
		       : EVP_sha256();
}

static int fill(X509 *x, X509_REQ *req, EVP_PKEY *pkey, time_t now)
{
	return X509_set_version(x, X509_VERSION_3) && set_serial(x) &&
	       X509_set_subject_name(x, X509_REQ_get_subject_name(req)) &&
	       X509_set_issuer_name(x, X509_REQ_get_subject_name(req)) &&
	       ASN1_TIME_set(X509_getm_notBefore(x), now) != NULL &&
	       ASN1_TIME_set(X509_getm_notAfter(x), now + DAY - 1) != NULL && X509_set_pubkey(x, pkey) &&
	       copy_extensions(x, req) && X509_sign(x, pkey, digest_for(pkey)) > 0;
}

enum acsr_result pkcs12_placeholder(const struct acsr_blob *csr, const struct acsr_key *key, int64_t now,
	struct acsr_blob *der, struct acsr_err *e)
{
	const unsigned char *at = csr->p;
	OSSL_AUTO(ossl_free_req) X509_REQ *req = d2i_X509_REQ(NULL, &at, (long)csr->len);
	OSSL_AUTO(ossl_free_x509) X509 *x = X509_new();
	unsigned char *p = NULL;
	int n;

	if (req == NULL || x == NULL || !fill(x, req, key->pkey, (time_t)now))
		return ossl_err(e, "openssl.pkcs12", "OpenSSL cannot make the certificate beside the key");
	n = i2d_X509(x, &p);
	return ossl_take(der, p, n, "cannot encode the certificate beside the key", e);
}
