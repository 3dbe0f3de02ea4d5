/* PKCS#7 and CMS signed data as JSON: the certificates and CRLs that it carries, and who signed. */
#include <openssl/cms.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "pki/show_int.h"

#define MAX_P7 (4 * 1024 * 1024)
#define MAX_CARRIED 1000

/* A document, or in its place the error of something that does not belong to it. */
static json_t *or_problem(enum acsr_result r, json_t *o, const struct acsr_err *why)
{
	if (r == ACSR_OK)
		return o;
	if (err_is(why, "sys."))
		return NULL;
	return json_pack("{s:o}", "error", show_problem(why));
}

json_t *show_x509(const X509 *x)
{
	struct acsr_err why = { 0 };
	unsigned char *der = NULL;
	json_t *o = NULL;
	int n = i2d_X509((X509 *)x, &der);
	enum acsr_result r = n > 0 ? show_cert(&o, der, (size_t)n, &why)
				   : err_set(&why, "cert.parse", "the certificate cannot be encoded");

	OPENSSL_free(der);
	return or_problem(r, o, &why);
}

json_t *show_x509_crl(const X509_CRL *crl, const struct show_options *opt)
{
	struct acsr_err why = { 0 };
	unsigned char *der = NULL;
	json_t *o = NULL;
	int n = i2d_X509_CRL((X509_CRL *)crl, &der);
	enum acsr_result r = n > 0 ? show_crl(&o, der, (size_t)n, opt, &why)
				   : err_set(&why, "cert.crl.parse", "the CRL cannot be encoded");

	OPENSSL_free(der);
	return or_problem(r, o, &why);
}

static json_t *certificates(CMS_ContentInfo *cms)
{
	STACK_OF(X509) *certs = CMS_get1_certs(cms);
	json_t *list = json_array();

	for (int i = 0; i < sk_X509_num(certs) && i < MAX_CARRIED; i++)
		list = show_add(list, show_x509(sk_X509_value(certs, i)));
	sk_X509_pop_free(certs, X509_free);
	return list;
}

static json_t *crls(CMS_ContentInfo *cms, const struct show_options *opt)
{
	STACK_OF(X509_CRL) *all = CMS_get1_crls(cms);
	json_t *list = json_array();

	for (int i = 0; i < sk_X509_CRL_num(all) && i < MAX_CARRIED; i++)
		list = show_add(list, show_x509_crl(sk_X509_CRL_value(all, i), opt));
	sk_X509_CRL_pop_free(all, X509_CRL_free);
	return list;
}

/* By issuer and serial, or by key identifier. */
static json_t *one_signer(CMS_SignerInfo *si)
{
	ASN1_OCTET_STRING *keyid = NULL;
	X509_NAME *issuer = NULL;
	ASN1_INTEGER *sno = NULL;
	X509_ALGOR *digest = NULL;

	(void)CMS_SignerInfo_get0_signer_id(si, &keyid, &issuer, &sno);
	CMS_SignerInfo_get0_algs(si, NULL, NULL, &digest, NULL);
	return json_pack("{s:o, s:o, s:o, s:o}", "issuer_text",
		issuer != NULL ? show_name_text(issuer) : json_null(), "serial",
		sno != NULL ? show_serial(sno) : json_null(), "key_id",
		keyid != NULL
			? show_hex_cut(ASN1_STRING_get0_data(keyid), (size_t)ASN1_STRING_length(keyid), 64)
			: json_null(),
		"digest", digest != NULL ? show_object_name(digest->algorithm) : json_null());
}

static json_t *signers(CMS_ContentInfo *cms)
{
	STACK_OF(CMS_SignerInfo) *all = CMS_get0_SignerInfos(cms);
	json_t *list = json_array();

	for (int i = 0; i < sk_CMS_SignerInfo_num(all) && i < MAX_CARRIED; i++)
		list = show_add(list, one_signer(sk_CMS_SignerInfo_value(all, i)));
	return list;
}

static json_t *document(CMS_ContentInfo *cms, const uint8_t *der, size_t len, const struct show_options *opt)
{
	bool is_signed = OBJ_obj2nid(CMS_get0_type(cms)) == NID_pkcs7_signed;
	json_t *o = json_object();

	o = show_set(o, "type", show_object_name(CMS_get0_type(cms)));
	o = show_set(o, "certificates", is_signed ? certificates(cms) : json_array());
	o = show_set(o, "crls", is_signed ? crls(cms, opt) : json_array());
	o = show_set(o, "signers", is_signed ? signers(cms) : json_array());
	return show_set_fingerprints(o, der, len);
}

enum acsr_result show_pkcs7(
	json_t **out, const uint8_t *der, size_t len, const struct show_options *opt, struct acsr_err *e)
{
	const unsigned char *p = der;
	CMS_ContentInfo *cms;
	json_t *o;

	if (len > MAX_P7)
		return err_set(
			e, "input.too-large", "the PKCS#7 has %zu bytes; at most %d are read", len, MAX_P7);
	cms = d2i_CMS_ContentInfo(NULL, &p, (long)len);
	if (cms == NULL)
		return ossl_err(e, "input.parse", "the PKCS#7 cannot be read");
	o = document(cms, der, len, opt);
	CMS_ContentInfo_free(cms);
	return show_take(out, o, e);
}
