/*
 * CMS AuthEnvelopedData (RFC 5083) with AES-256-GCM (RFC 5084), by OpenSSL: RSA keys by RSAES-OAEP with SHA-256
 * (RFC 3560), EC keys by ephemeral-static ECDH with the X9.63 KDF (RFC 5753). The contents go from the secure heap
 * through the cipher and are in no buffer before.
 */
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

#include "base/secret.h"
#include "recipient_int.h"

OSSL_CLEANUP_FN(free_cms, CMS_ContentInfo, CMS_ContentInfo_free)
OSSL_CLEANUP_FN(free_bios, BIO, BIO_free_all)

/* RFC 5753 7.1.4: a digest as strong as the curve. */
static const EVP_MD *digest_for(const EVP_PKEY *pkey)
{
	int bits = EVP_PKEY_get_bits(pkey);

	return bits > 384 ? EVP_sha512() : bits > 256 ? EVP_sha384() : EVP_sha256();
}

static bool add_recipient(CMS_ContentInfo *cms, X509 *cert)
{
	CMS_RecipientInfo *ri = CMS_add1_recipient_cert(cms, cert, CMS_KEY_PARAM);
	EVP_PKEY_CTX *ctx = ri != NULL ? CMS_RecipientInfo_get0_pkey_ctx(ri) : NULL;
	const EVP_PKEY *pkey = X509_get0_pubkey(cert);

	if (ctx == NULL)
		return false;
	if (EVP_PKEY_is_a(pkey, "RSA"))
		return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
		       EVP_PKEY_CTX_set_rsa_oaep_md(ctx, EVP_sha256()) == 1 &&
		       EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, EVP_sha256()) == 1;
	return EVP_PKEY_CTX_set_ecdh_kdf_md(ctx, digest_for(pkey)) == 1;
}

static bool encrypt(CMS_ContentInfo *cms, const struct acsr_secret *plain)
{
	OSSL_AUTO(free_bios) BIO *chain = CMS_dataInit(cms, NULL);
	int n = (int)acsr_secret_len(plain);
	bool ok = chain != NULL && BIO_write(chain, acsr_secret_bytes(plain), n) == n &&
		  BIO_flush(chain) == 1 && CMS_dataFinal(cms, chain) == 1;

	ossl_wipe_stack();
	return ok;
}

enum acsr_result seal_cms(const struct acsr_recipient *r, const struct acsr_secret *plain,
	struct acsr_blob *out, struct acsr_err *e)
{
	OSSL_AUTO(free_cms) CMS_ContentInfo *cms = CMS_AuthEnvelopedData_create(EVP_aes_256_gcm());
	unsigned char *der = NULL;
	int n;

	if (cms == NULL || CMS_set_detached(cms, 0) != 1 || !add_recipient(cms, r->cert) ||
		!encrypt(cms, plain))
		return ossl_err(e, "openssl.cms", "OpenSSL cannot seal to this certificate");
	n = i2d_CMS_ContentInfo(cms, &der);
	return ossl_take(out, der, n, "cannot encode what was sealed", e);
}
