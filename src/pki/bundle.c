/* Certificates in the forms that servers take. */
#include "autocsr/bundle.h"

#include <openssl/pkcs7.h>
#include <string.h>

#include "autocsr/cert.h"
#include "base/buf.h"
#include "certview.h"
#include "ossl.h"
#include "pem.h"

static const struct {
	const char *name, *media_type, *extension;
} formats[] = {
	[ACSR_FORMAT_LEAF] = { "leaf", "application/x-pem-file", "pem" },
	[ACSR_FORMAT_CHAIN] = { "chain", "application/x-pem-file", "pem" },
	[ACSR_FORMAT_FULLCHAIN] = { "fullchain", "application/pem-certificate-chain", "pem" },
	[ACSR_FORMAT_DER] = { "der", "application/pkix-cert", "der" },
	[ACSR_FORMAT_P7B] = { "p7b", "application/x-pkcs7-certificates", "p7b" },
};

enum acsr_result acsr_format_find(enum acsr_format *out, const char *name, struct acsr_err *e)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (strcmp(formats[i].name, name) != 0)
			continue;
		*out = (enum acsr_format)i;
		return ACSR_OK;
	}
	return err_rule(e, "request.field.format", "format", NULL,
		"unknown format \"%.20s\"; use leaf, chain, fullchain, der or p7b", name);
}

const char *acsr_format_media_type(enum acsr_format f)
{
	return formats[f].media_type;
}

const char *acsr_format_extension(enum acsr_format f)
{
	return formats[f].extension;
}

/* A root has no place in a chain that a server sends. */
static enum acsr_result is_root(const struct acsr_blob *der, bool *yes, struct acsr_err *e)
{
	OSSL_AUTO(ossl_free_x509) X509 *x = NULL;

	TRY(certview_load(&x, der->p, der->len, e));
	*yes = X509_NAME_cmp(X509_get_subject_name(x), X509_get_issuer_name(x)) == 0;
	return ACSR_OK;
}

static enum acsr_result put_pem(struct buf *b, const struct acsr_blob *der, struct acsr_err *e)
{
	ACSR_CLEANUP_BLOB struct acsr_blob pem = { 0 };

	TRY(acsr_cert_pem(der->p, der->len, &pem, e));
	return buf_put(b, pem.p, pem.len, e);
}

static enum acsr_result pem_list(const struct acsr_blob *leaf, const struct acsr_blob *intermediates,
	size_t n, struct acsr_blob *out, struct acsr_err *e)
{
	CLEANUP_BUF struct buf b = { 0 };

	buf_init(&b, 4 * 1024 * 1024);
	if (leaf != NULL)
		TRY(put_pem(&b, leaf, e));
	for (size_t i = 0; i < n; i++) {
		bool root;

		TRY(is_root(&intermediates[i], &root, e));
		if (!root)
			TRY(put_pem(&b, &intermediates[i], e));
	}
	return acsr_blob_copy(out, b.p, b.len, e);
}

static enum acsr_result add_p7(PKCS7 *p7, const struct acsr_blob *der, struct acsr_err *e)
{
	OSSL_AUTO(ossl_free_x509) X509 *x = NULL;

	TRY(certview_load(&x, der->p, der->len, e));
	return PKCS7_add_certificate(p7, x) == 1 ? ACSR_OK
						 : ossl_err(e, "sys.openssl", "cannot make a PKCS#7");
}

static enum acsr_result fill_p7(PKCS7 *p7, const struct acsr_blob *leaf,
	const struct acsr_blob *intermediates, size_t n, struct acsr_err *e)
{
	if (p7 == NULL || PKCS7_set_type(p7, NID_pkcs7_signed) != 1 ||
		PKCS7_content_new(p7, NID_pkcs7_data) != 1 || PKCS7_set_detached(p7, 1) != 1)
		return ossl_err(e, "sys.openssl", "cannot make a PKCS#7");
	TRY(add_p7(p7, leaf, e));
	for (size_t i = 0; i < n; i++) {
		bool root;

		TRY(is_root(&intermediates[i], &root, e));
		if (!root)
			TRY(add_p7(p7, &intermediates[i], e));
	}
	return ACSR_OK;
}

static enum acsr_result p7b(const struct acsr_blob *leaf, const struct acsr_blob *intermediates, size_t n,
	struct acsr_blob *out, struct acsr_err *e)
{
	ACSR_CLEANUP_BLOB struct acsr_blob der = { 0 };
	PKCS7 *p7 = PKCS7_new();
	enum acsr_result r = fill_p7(p7, leaf, intermediates, n, e);

	if (r == ACSR_OK) {
		unsigned char *p = NULL;
		int len = i2d_PKCS7(p7, &p);

		r = ossl_take(&der, p, len, "cannot encode a PKCS#7", e);
	}
	PKCS7_free(p7);
	TRY(r);
	return pem_encode("PKCS7", der.p, der.len, out, e);
}

enum acsr_result acsr_bundle(enum acsr_format format, const struct acsr_blob *leaf,
	const struct acsr_blob *intermediates, size_t n, struct acsr_blob *out, struct acsr_err *e)
{
	switch (format) {
	case ACSR_FORMAT_LEAF:
		return pem_list(leaf, NULL, 0, out, e);
	case ACSR_FORMAT_CHAIN:
		return pem_list(NULL, intermediates, n, out, e);
	case ACSR_FORMAT_FULLCHAIN:
		return pem_list(leaf, intermediates, n, out, e);
	case ACSR_FORMAT_DER:
		return acsr_blob_copy(out, leaf->p, leaf->len, e);
	default:
		return p7b(leaf, intermediates, n, out, e);
	}
}
