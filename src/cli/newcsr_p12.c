/* csr new: the key in a PKCS#12 key store, beside a placeholder certificate. */
#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "autocsr/pkcs12.h"
#include "base/clock.h"
#include "base/rnd.h"
#include "cli/newcsr.h"

#define DAY 86400

/* 64 random bits, positive. */
static int set_serial(X509 *x)
{
	uint8_t r[8];
	BIGNUM *n;
	int ok;

	rnd_bytes(r, sizeof(r));
	r[0] = (uint8_t)(r[0] & 0x7f) | 0x40;
	n = BN_bin2bn(r, sizeof(r), NULL);
	ok = n != NULL && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x)) != NULL;
	BN_free(n);
	return ok;
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

static int fill(X509 *x, X509_REQ *req, EVP_PKEY *pkey)
{
	time_t now = (time_t)clock_now();
	char scheme[64] = "";
	const EVP_MD *md = EVP_PKEY_get_default_digest_name(pkey, scheme, sizeof(scheme)) == 2 &&
					   strcmp(scheme, "UNDEF") == 0
				   ? NULL
				   : EVP_sha256();

	return X509_set_version(x, X509_VERSION_3) && set_serial(x) &&
	       X509_set_subject_name(x, X509_REQ_get_subject_name(req)) &&
	       X509_set_issuer_name(x, X509_REQ_get_subject_name(req)) &&
	       ASN1_TIME_set(X509_getm_notBefore(x), now) != NULL &&
	       ASN1_TIME_set(X509_getm_notAfter(x), now + DAY - 1) != NULL && X509_set_pubkey(x, pkey) &&
	       copy_extensions(x, req) && X509_sign(x, pkey, md) > 0;
}

/* Self-signed, as `keytool -genkeypair` makes one: the CA's certificate replaces it. */
static X509 *placeholder(const struct newcsr *n)
{
	const unsigned char *at = n->der.p;
	X509_REQ *req = d2i_X509_REQ(NULL, &at, (long)n->der.len);
	X509 *x = X509_new();

	if (req == NULL || x == NULL || !fill(x, req, acsr_key_evp(n->key))) {
		X509_free(x);
		x = NULL;
	}
	X509_REQ_free(req);
	return x;
}

enum acsr_result newcsr_p12(
	const struct newcsr *n, const char *name, struct acsr_blob *out, struct acsr_err *e)
{
	struct acsr_blob cert = { NULL, 0 };
	struct acsr_pkcs12_spec spec = {
		.key = n->key, .certs = &cert, .n_certs = 1, .name = name, .passphrase = n->pass
	};
	X509 *x = placeholder(n);
	uint8_t *der = NULL;
	int len = x != NULL ? i2d_X509(x, &der) : 0;
	enum acsr_result r = ACSR_FAIL;

	cert = (struct acsr_blob){ der, len > 0 ? (size_t)len : 0 };
	if (len > 0)
		r = acsr_pkcs12_write(&spec, out, e);
	else
		(void)err_set(e, "openssl.pkcs12", "OpenSSL cannot make the certificate beside the key");
	ERR_clear_error();
	OPENSSL_free(der);
	X509_free(x);
	return r;
}
