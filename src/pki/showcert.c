/* A certificate as JSON. */
#include <openssl/ct.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#include "autocsr/cert.h"
#include "base/limits.h"
#include "pki/certview.h"
#include "pki/key_int.h"
#include "pki/show_int.h"

#define MAX_AUX 64

json_t *show_signature_alg(const X509_ALGOR *alg)
{
	int nid = OBJ_obj2nid(alg->algorithm);
	RSA_PSS_PARAMS *pss;
	const char *md = "SHA1"; /* the default of RFC 8017 */
	char name[80];
	json_t *s;

	if (nid != NID_rsassaPss) {
		key_alg_name(alg->algorithm, name, sizeof(name));
		return json_string(name);
	}
	pss = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(RSA_PSS_PARAMS), alg->parameter);
	if (pss != NULL && pss->hashAlgorithm != NULL)
		md = OBJ_nid2sn(OBJ_obj2nid(pss->hashAlgorithm->algorithm));
	s = json_sprintf("rsassaPss with %s", md);
	RSA_PSS_PARAMS_free(pss);
	return s;
}

static json_t *set_spki(json_t *o, X509 *x)
{
	unsigned char *spki = NULL;
	int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &spki);

	o = n > 0 ? show_set_key(o, spki, (size_t)n) : show_set(o, "key", NULL);
	OPENSSL_free(spki);
	return o;
}

static json_t *set_times(json_t *o, const X509 *x)
{
	const ASN1_TIME *from = X509_get0_notBefore(x), *to = X509_get0_notAfter(x);
	int64_t start = 0, end = 0;
	bool known = certview_time(&start, from, NULL) == ACSR_OK && certview_time(&end, to, NULL) == ACSR_OK;

	o = show_set(o, "not_before", show_asn1_time(from));
	o = show_set(o, "not_after", show_asn1_time(to));
	o = show_set(o, "validity_seconds", known ? json_integer(end - start + 1) : json_null());
	return show_set(o, "state", show_state(from, to));
}

/* --- URLs and identifiers, from the extensions --- */

static json_t *uris_of(json_t *list, const GENERAL_NAMES *gens)
{
	for (int i = 0; i < sk_GENERAL_NAME_num(gens); i++) {
		const GENERAL_NAME *g = sk_GENERAL_NAME_value(gens, i);

		if (g->type == GEN_URI)
			list = show_add(list, show_asn1_string(g->d.uniformResourceIdentifier));
	}
	return list;
}

static json_t *access_urls(const AUTHORITY_INFO_ACCESS *info, int method)
{
	json_t *list = json_array();

	for (int i = 0; i < sk_ACCESS_DESCRIPTION_num(info); i++) {
		const ACCESS_DESCRIPTION *d = sk_ACCESS_DESCRIPTION_value(info, i);

		if (OBJ_obj2nid(d->method) == method && d->location->type == GEN_URI)
			list = show_add(list, show_asn1_string(d->location->d.uniformResourceIdentifier));
	}
	return list;
}

static json_t *set_urls(json_t *o, const X509 *x)
{
	AUTHORITY_INFO_ACCESS *info = X509_get_ext_d2i(x, NID_info_access, NULL, NULL);
	CRL_DIST_POINTS *points = X509_get_ext_d2i(x, NID_crl_distribution_points, NULL, NULL);
	json_t *crls = json_array();

	for (int i = 0; i < sk_DIST_POINT_num(points); i++) {
		const DIST_POINT_NAME *d = sk_DIST_POINT_value(points, i)->distpoint;

		if (d != NULL && d->type == 0)
			crls = uris_of(crls, d->name.fullname);
	}
	o = show_set(o, "crl_urls", crls);
	o = show_set(o, "ocsp_urls", access_urls(info, NID_ad_OCSP));
	o = show_set(o, "issuer_urls", access_urls(info, NID_ad_ca_issuers));
	AUTHORITY_INFO_ACCESS_free(info);
	CRL_DIST_POINTS_free(points);
	return o;
}

static json_t *octets(const ASN1_OCTET_STRING *s)
{
	return s == NULL ? json_string("")
			 : show_hex_cut(ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s), MAX_AUX);
}

static json_t *set_ids(json_t *o, const X509 *x)
{
	ASN1_OCTET_STRING *ski = X509_get_ext_d2i(x, NID_subject_key_identifier, NULL, NULL);
	AUTHORITY_KEYID *aki = X509_get_ext_d2i(x, NID_authority_key_identifier, NULL, NULL);

	o = show_set(o, "subject_key_id", octets(ski));
	o = show_set(o, "authority_key_id", octets(aki != NULL ? aki->keyid : NULL));
	ASN1_OCTET_STRING_free(ski);
	AUTHORITY_KEYID_free(aki);
	return o;
}

static json_t *set_lists(json_t *o, const X509 *x)
{
	CERTIFICATEPOLICIES *policies = X509_get_ext_d2i(x, NID_certificate_policies, NULL, NULL);
	STACK_OF(SCT) *scts = X509_get_ext_d2i(x, NID_ct_precert_scts, NULL, NULL);
	json_t *list = json_array();
	int n = scts != NULL ? sk_SCT_num(scts) : 0;

	for (int i = 0; i < sk_POLICYINFO_num(policies); i++)
		list = show_add(list, show_oid(sk_POLICYINFO_value(policies, i)->policyid));
	CERTIFICATEPOLICIES_free(policies);
	SCT_LIST_free(scts);
	o = show_set(o, "policies", list);
	return show_set(o, "scts", json_integer(n));
}

/* Issued by itself, and with a signature that its own key made? */
static bool self_signed(X509 *x)
{
	bool yes = X509_self_signed(x, 1) == 1;

	ERR_clear_error();
	return yes;
}

static json_t *problems(const uint8_t *der, size_t len)
{
	struct acsr_cert_view *v = NULL;
	struct acsr_findings l = { 0 };
	struct acsr_err why = { 0 };
	json_t *list;

	if (acsr_cert_parse(&v, der, len, &why) != ACSR_OK &&
		(err_is(&why, "sys.nomem") ||
			acsr_findings_add_err(&l, &why, "have it issued anew", NULL) != ACSR_OK))
		return NULL;
	acsr_cert_view_free(v);
	list = show_findings(&l);
	acsr_findings_free(&l);
	return list;
}

static json_t *document(X509 *x, const uint8_t *der, size_t len)
{
	struct acsr_findings unused = { 0 };
	const struct reading how = { "cert", &unused };
	const X509_ALGOR *alg;
	json_t *o = json_object();

	o = show_set_name(o, "subject", X509_get_subject_name(x), &how);
	o = show_set_name(o, "issuer", X509_get_issuer_name(x), &how);
	acsr_findings_free(&unused);
	o = show_set_extensions(o, X509_get0_extensions(x));
	o = show_set(o, "serial", show_serial(X509_get0_serialNumber(x)));
	o = set_times(o, x);
	o = set_spki(o, x);
	X509_get0_signature(NULL, &alg, x);
	o = show_set(o, "signature_algorithm", show_signature_alg(alg));
	o = show_set(o, "version", json_integer(X509_get_version(x) + 1));
	o = set_urls(o, x);
	o = set_ids(o, x);
	o = set_lists(o, x);
	o = show_set(o, "self_issued",
		json_boolean(X509_NAME_cmp(X509_get_subject_name(x), X509_get_issuer_name(x)) == 0));
	o = show_set(o, "self_signed", json_boolean(self_signed(x)));
	o = show_set_fingerprints(o, der, len);
	return show_set(o, "problems", problems(der, len));
}

enum acsr_result show_cert(json_t **out, const uint8_t *der, size_t len, struct acsr_err *e)
{
	OSSL_AUTO(ossl_free_x509) X509 *x = NULL;
	const unsigned char *p = der;

	if (len > LIMIT_CERT_DER)
		return err_set(e, "cert.too-large", "the certificate has %zu bytes; at most %d are read", len,
			LIMIT_CERT_DER);
	x = d2i_X509(NULL, &p, (long)len);
	if (x == NULL)
		return ossl_err(e, "cert.parse", "this is not a certificate");
	return show_take(out, document(x, der, len), e);
}
