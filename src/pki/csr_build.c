/* Making certificate signing requests. */
#include "autocsr/csr.h"

#include "ext.h"
#include "key_int.h"
#include "pem.h"
#include "sign.h"
#include "subject_int.h"

static enum acsr_result put_extensions(X509_REQ *x, const struct acsr_csr_request *req, struct acsr_err *e)
{
	__attribute__((cleanup(ext_free_stack))) STACK_OF(X509_EXTENSION) *exts = NULL;

	TRY(ext_push_sans(&exts, req->sans, false, e));
	TRY(ext_push_ekus(&exts, req->ekus, req->n_ekus, e));
	if (req->must_staple)
		TRY(ext_push_must_staple(&exts, e));
	if (exts != NULL && X509_REQ_add_extensions(x, exts) != 1)
		return ossl_err(e, "sys.openssl", "cannot add the requested extensions");
	return ACSR_OK;
}

enum acsr_result acsr_csr_build(const struct acsr_csr_request *req, const struct acsr_key *key,
	struct acsr_blob *der, struct acsr_err *e)
{
	OSSL_AUTO(ossl_free_req) X509_REQ *x = X509_REQ_new();
	OSSL_AUTO(ossl_free_name) X509_NAME *name = NULL;
	const EVP_MD *md;
	unsigned char *p = NULL;
	int n;

	TRY(key_digest(&md, key, req->digest, e));
	TRY(subject_to_name(&name, req->subject, e));
	if (x == NULL || X509_REQ_set_version(x, 0) != 1 || X509_REQ_set_subject_name(x, name) != 1 ||
		X509_REQ_set_pubkey(x, key->pkey) != 1)
		return ossl_err(e, "sys.openssl", "cannot make a CSR");
	TRY(put_extensions(x, req, e));
	TRY(sign_req(x, key, md, e));
	n = i2d_X509_REQ(x, &p);
	return ossl_take(der, p, n, "cannot encode the CSR", e);
}

enum acsr_result acsr_csr_pem(const uint8_t *der, size_t len, struct acsr_blob *pem, struct acsr_err *e)
{
	return pem_encode("CERTIFICATE REQUEST", der, len, pem, e);
}
