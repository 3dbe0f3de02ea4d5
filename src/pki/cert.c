/* Making certificates from typed fields. */
#include "autocsr/cert.h"

#include <stdio.h>
#include <string.h>

#include "asn1text.h"
#include "base/rnd.h"
#include "certby.h"
#include "certview.h"
#include "ext.h"
#include "key_int.h"
#include "pem.h"
#include "spki.h"
#include "subject_int.h"

enum acsr_result acsr_cert_pem(const uint8_t *der, size_t len, struct acsr_blob *pem, struct acsr_err *e)
{
	return pem_encode("CERTIFICATE", der, len, pem, e);
}

enum acsr_result acsr_cert_serial(struct acsr_cert_spec *spec, struct acsr_err *e)
{
	TRY(rnd_fill(spec->serial, 16, e));
	spec->serial[0] = (uint8_t)((spec->serial[0] & 0x3fu) | 0x40u);
	spec->serial_len = 16;
	return ACSR_OK;
}

typedef STACK_OF(X509_EXTENSION) exts_t;

static enum acsr_result push_constraints(exts_t **x, const struct acsr_cert_spec *s, struct acsr_err *e)
{
	BASIC_CONSTRAINTS *bc = BASIC_CONSTRAINTS_new();
	enum acsr_result r = bc != NULL ? ACSR_OK : err_nomem(e);

	if (r == ACSR_OK && s->ca) {
		bc->ca = 0xff;
		if (s->path_len >= 0) {
			bc->pathlen = ASN1_INTEGER_new();
			if (bc->pathlen == NULL || ASN1_INTEGER_set(bc->pathlen, s->path_len) != 1)
				r = err_nomem(e);
		}
	}
	if (r == ACSR_OK)
		r = ext_push(x, NID_basic_constraints, true, bc, e);
	BASIC_CONSTRAINTS_free(bc);
	return r;
}

static enum acsr_result push_ski(exts_t **x, const struct acsr_cert_spec *s, struct acsr_err *e)
{
	ASN1_OCTET_STRING *id = ASN1_OCTET_STRING_new();
	uint8_t hash[20];
	enum acsr_result r = id != NULL ? spki_key_id(s->subject_key->pkey, hash, e) : err_nomem(e);

	if (r == ACSR_OK && ASN1_OCTET_STRING_set(id, hash, sizeof(hash)) != 1)
		r = err_nomem(e);
	if (r == ACSR_OK)
		r = ext_push(x, NID_subject_key_identifier, false, id, e);
	ASN1_OCTET_STRING_free(id);
	return r;
}

/* The issuer's own identifier where it has one, else that of its key. */
static enum acsr_result push_aki(exts_t **x, const struct acsr_cert_view *issuer,
	const struct acsr_key *issuer_key, struct acsr_err *e)
{
	bool own = issuer != NULL && issuer->ski_len > 0;
	AUTHORITY_KEYID *aki = AUTHORITY_KEYID_new();
	uint8_t hash[20];
	enum acsr_result r = aki != NULL ? ACSR_OK : err_nomem(e);

	if (r == ACSR_OK && !own)
		r = spki_key_id(issuer_key->pkey, hash, e);
	if (r == ACSR_OK) {
		aki->keyid = asn1text_make(
			V_ASN1_OCTET_STRING, own ? issuer->ski : hash, own ? issuer->ski_len : sizeof(hash));
		r = aki->keyid != NULL ? ext_push(x, NID_authority_key_identifier, false, aki, e)
				       : err_nomem(e);
	}
	AUTHORITY_KEYID_free(aki);
	return r;
}

static enum acsr_result push_policies(exts_t **x, const struct acsr_cert_spec *s, struct acsr_err *e)
{
	CERTIFICATEPOLICIES *list = sk_POLICYINFO_new_null();
	enum acsr_result r = list != NULL ? ACSR_OK : err_nomem(e);

	for (size_t i = 0; r == ACSR_OK && i < s->n_policies; i++) {
		POLICYINFO *info = POLICYINFO_new();

		if (info != NULL)
			info->policyid = OBJ_txt2obj(s->policies[i], 1);
		if (info == NULL || info->policyid == NULL || sk_POLICYINFO_push(list, info) <= 0) {
			POLICYINFO_free(info);
			r = ossl_err(e, "cert.policy", "a policy OID that is not one");
		}
	}
	if (r == ACSR_OK && s->n_policies > 0)
		r = ext_push(x, NID_certificate_policies, false, list, e);
	CERTIFICATEPOLICIES_free(list);
	return r;
}

static GENERAL_NAME *uri_name(const char *url)
{
	GENERAL_NAME *g = GENERAL_NAME_new();
	ASN1_IA5STRING *s = ASN1_IA5STRING_new();

	if (g == NULL || s == NULL || ASN1_STRING_set(s, url, -1) != 1) {
		GENERAL_NAME_free(g);
		ASN1_IA5STRING_free(s);
		return NULL;
	}
	GENERAL_NAME_set0_value(g, GEN_URI, s);
	return g;
}

static int add_access(AUTHORITY_INFO_ACCESS *list, int nid, const char *url)
{
	ACCESS_DESCRIPTION *d;

	if (url == NULL)
		return 1;
	d = ACCESS_DESCRIPTION_new();
	if (d == NULL)
		return 0;
	GENERAL_NAME_free(d->location);
	d->method = OBJ_nid2obj(nid);
	d->location = uri_name(url);
	if (d->location != NULL && sk_ACCESS_DESCRIPTION_push(list, d) > 0)
		return 1;
	ACCESS_DESCRIPTION_free(d);
	return 0;
}

static enum acsr_result push_aia(exts_t **x, const struct acsr_cert_spec *s, struct acsr_err *e)
{
	AUTHORITY_INFO_ACCESS *list;
	enum acsr_result r;

	if (s->ocsp_url == NULL && s->issuer_url == NULL)
		return ACSR_OK;
	list = sk_ACCESS_DESCRIPTION_new_null();
	if (list == NULL || !add_access(list, NID_ad_OCSP, s->ocsp_url) ||
		!add_access(list, NID_ad_ca_issuers, s->issuer_url))
		r = err_nomem(e);
	else
		r = ext_push(x, NID_info_access, false, list, e);
	AUTHORITY_INFO_ACCESS_free(list);
	return r;
}

static DIST_POINT *dist_point(const char *url)
{
	DIST_POINT *d = DIST_POINT_new();
	GENERAL_NAME *g = uri_name(url);

	if (d != NULL)
		d->distpoint = DIST_POINT_NAME_new();
	if (d != NULL && d->distpoint != NULL && g != NULL) {
		d->distpoint->type = 0;
		d->distpoint->name.fullname = GENERAL_NAMES_new();
		if (d->distpoint->name.fullname != NULL &&
			sk_GENERAL_NAME_push(d->distpoint->name.fullname, g) > 0)
			return d;
	}
	GENERAL_NAME_free(g);
	DIST_POINT_free(d);
	return NULL;
}

static enum acsr_result push_cdp(exts_t **x, const struct acsr_cert_spec *s, struct acsr_err *e)
{
	CRL_DIST_POINTS *list;
	DIST_POINT *d;
	enum acsr_result r;

	if (s->crl_url == NULL)
		return ACSR_OK;
	list = sk_DIST_POINT_new_null();
	d = dist_point(s->crl_url);
	if (list == NULL || d == NULL || sk_DIST_POINT_push(list, d) <= 0) {
		DIST_POINT_free(d);
		r = err_nomem(e);
	} else {
		r = ext_push(x, NID_crl_distribution_points, false, list, e);
	}
	CRL_DIST_POINTS_free(list);
	return r;
}

static enum acsr_result push_no_check(exts_t **x, struct acsr_err *e)
{
	ASN1_NULL *null = ASN1_NULL_new();
	enum acsr_result r =
		null != NULL ? ext_push(x, NID_id_pkix_OCSP_noCheck, false, null, e) : err_nomem(e);

	ASN1_NULL_free(null);
	return r;
}

static enum acsr_result push_all(exts_t **x, const struct acsr_cert_spec *s,
	const struct acsr_cert_view *issuer, const struct acsr_key *issuer_key, struct acsr_err *e)
{
	bool no_subject = s->subject == NULL || s->subject->n == 0;

	TRY(push_constraints(x, s, e));
	TRY(ext_push_ku(x, s->ku, e));
	TRY(ext_push_ekus(x, s->ekus, s->n_ekus, e));
	TRY(ext_push_sans(x, s->sans, no_subject, e));
	TRY(push_policies(x, s, e));
	TRY(push_ski(x, s, e));
	TRY(push_aki(x, issuer, issuer_key, e));
	TRY(push_aia(x, s, e));
	TRY(push_cdp(x, s, e));
	if (s->must_staple)
		TRY(ext_push_must_staple(x, e));
	return s->ocsp_no_check ? push_no_check(x, e) : ACSR_OK;
}

static enum acsr_result set_times(X509 *x, const struct acsr_cert_spec *s, struct acsr_err *e)
{
	if (s->not_after < s->not_before)
		return err_rule(e, "cert.validity", NULL, "RFC 5280 4.1.2.5",
			"the certificate would end before it begins");
	if (ASN1_TIME_set(X509_getm_notBefore(x), (time_t)s->not_before) == NULL ||
		ASN1_TIME_set(X509_getm_notAfter(x), (time_t)s->not_after) == NULL)
		return ossl_err(e, "cert.validity", "a time that cannot be encoded");
	return ACSR_OK;
}

static enum acsr_result set_serial(X509 *x, const struct acsr_cert_spec *s, struct acsr_err *e)
{
	OSSL_AUTO(ossl_free_bn) BIGNUM *bn = NULL;

	if (s->serial_len == 0 || s->serial_len > 20 || s->serial[0] == 0 ||
		(s->serial_len == 20 && s->serial[0] >= 0x80))
		return err_rule(e, "cert.serial", NULL, "RFC 5280 4.1.2.2",
			"the serial number must be positive and have at most 20 octets");
	bn = BN_bin2bn(s->serial, (int)s->serial_len, NULL);
	if (bn == NULL || BN_to_ASN1_INTEGER(bn, X509_get_serialNumber(x)) == NULL)
		return err_nomem(e);
	return ACSR_OK;
}

static enum acsr_result check_issuer(const struct acsr_cert_spec *s, const struct acsr_cert_view *issuer,
	const struct acsr_key *issuer_key, struct acsr_err *e)
{
	const struct acsr_key *pub = issuer != NULL ? issuer->key : s->subject_key;

	if (pub == NULL || !acsr_key_same(pub, issuer_key))
		return err_set(
			e, "cert.issuer-key", "the signing key is not that of the issuer's certificate");
	if (issuer == NULL)
		return ACSR_OK;
	if (!issuer->ca || (issuer->has_ku && (issuer->ku & ACSR_KU_KEY_CERT_SIGN) == 0))
		return err_rule(e, "cert.issuer-ca", NULL, "RFC 5280 4.2.1.9",
			"the issuer's certificate is not a CA's");
	if (s->not_after > issuer->not_after || s->not_before < issuer->not_before)
		return err_rule(e, "cert.outlives-issuer", NULL, "RFC 5280 6.1",
			"the certificate would be valid beyond its issuer");
	return ACSR_OK;
}

/* The issuer's name as it stands in its certificate, to the byte. */
static enum acsr_result set_names(
	X509 *x, const struct acsr_cert_spec *s, const struct acsr_cert_view *issuer, struct acsr_err *e)
{
	OSSL_AUTO(ossl_free_name) X509_NAME *subject = NULL;
	OSSL_AUTO(ossl_free_name) X509_NAME *by = NULL;
	const unsigned char *p;

	TRY(subject_to_name(&subject, s->subject, e));
	if (issuer != NULL) {
		p = issuer->subject_der.p;
		by = d2i_X509_NAME(NULL, &p, (long)issuer->subject_der.len);
	}
	if (X509_set_subject_name(x, subject) != 1 ||
		X509_set_issuer_name(x, issuer != NULL ? by : subject) != 1)
		return ossl_err(e, "sys.openssl", "cannot set the names");
	return ACSR_OK;
}

static enum acsr_result add_extensions(X509 *x, const exts_t *exts, struct acsr_err *e)
{
	for (int i = 0; i < sk_X509_EXTENSION_num(exts); i++)
		if (X509_add_ext(x, sk_X509_EXTENSION_value(exts, i), -1) != 1)
			return ossl_err(e, "sys.openssl", "cannot add an extension");
	return ACSR_OK;
}

static void free_view(struct acsr_cert_view **v)
{
	acsr_cert_view_free(*v);
}

/* NULL: self-signed. *out is the caller's. */
static enum acsr_result read_issuer(
	struct acsr_cert_view **out, const struct acsr_cert_spec *s, struct acsr_err *e)
{
	return s->issuer_der != NULL ? acsr_cert_parse(out, s->issuer_der, s->issuer_len, e) : ACSR_OK;
}

/* Everything but the signature. */
static enum acsr_result build(X509 **out, const struct acsr_cert_spec *s, const struct acsr_cert_view *issuer,
	const struct acsr_key *issuer_key, struct acsr_err *e)
{
	OSSL_AUTO(ossl_free_x509) X509 *x = X509_new();
	__attribute__((cleanup(ext_free_stack))) exts_t *exts = NULL;

	if (x == NULL)
		return err_nomem(e);
	TRY(check_issuer(s, issuer, issuer_key, e));
	TRY(set_serial(x, s, e));
	TRY(set_times(x, s, e));
	TRY(set_names(x, s, issuer, e));
	if (X509_set_version(x, 2) != 1 || (!spki_put(X509_get_X509_PUBKEY(x), s->subject_key->pkey) &&
						   X509_set_pubkey(x, s->subject_key->pkey) != 1))
		return ossl_err(e, "sys.openssl", "cannot make a certificate");
	TRY(push_all(&exts, s, issuer, issuer_key, e));
	TRY(add_extensions(x, exts, e));
	*out = x;
	x = NULL;
	return ACSR_OK;
}

static enum acsr_result view_of(struct acsr_cert_view **out, const X509 *x, const struct acsr_key *issuer_key,
	const EVP_MD *md, struct acsr_err *e)
{
	int nid = NID_undef;

	TRY(certview_make(out, x, e));
	OBJ_find_sigid_by_algs(
		&nid, md != NULL ? EVP_MD_get_type(md) : NID_undef, EVP_PKEY_get_base_id(issuer_key->pkey));
	snprintf((*out)->signature_alg, sizeof((*out)->signature_alg), "%s",
		nid != NID_undef ? OBJ_nid2ln(nid) : EVP_PKEY_get0_type_name(issuer_key->pkey));
	return ACSR_OK;
}

enum acsr_result acsr_cert_preview(struct acsr_cert_view **out, const struct acsr_cert_spec *spec,
	const struct acsr_key *issuer_key, struct acsr_err *e)
{
	OSSL_AUTO(free_view) struct acsr_cert_view *issuer = NULL;
	OSSL_AUTO(ossl_free_x509) X509 *x = NULL;
	const EVP_MD *md;

	TRY(key_digest(&md, issuer_key, NULL, e));
	TRY(read_issuer(&issuer, spec, e));
	TRY(build(&x, spec, issuer, issuer_key, e));
	return view_of(out, x, issuer_key, md, e);
}

enum acsr_result certby_sign(const struct acsr_cert_spec *spec, const struct acsr_cert_view *issuer,
	const struct acsr_key *issuer_key, acsr_cert_judge_fn *judge, void *arg, struct acsr_blob *der,
	struct acsr_err *e)
{
	OSSL_AUTO(ossl_free_x509) X509 *x = NULL;
	struct acsr_cert_view *v = NULL;
	const EVP_MD *md;
	unsigned char *p = NULL;
	enum acsr_result r;
	int n;

	TRY(key_digest(&md, issuer_key, NULL, e));
	TRY(build(&x, spec, issuer, issuer_key, e));
	if (judge != NULL) {
		TRY(view_of(&v, x, issuer_key, md, e));
		r = judge(arg, v, e);
		acsr_cert_view_free(v);
		TRY(r);
	}
	if (X509_sign(x, issuer_key->pkey, md) <= 0)
		return ossl_err(e, "sys.openssl", "cannot sign the certificate");
	n = i2d_X509(x, &p);
	return ossl_take(der, p, n, "cannot encode the certificate", e);
}

enum acsr_result acsr_cert_sign_judged(const struct acsr_cert_spec *spec, const struct acsr_key *issuer_key,
	acsr_cert_judge_fn *judge, void *arg, struct acsr_blob *der, struct acsr_err *e)
{
	OSSL_AUTO(free_view) struct acsr_cert_view *issuer = NULL;

	TRY(read_issuer(&issuer, spec, e));
	return certby_sign(spec, issuer, issuer_key, judge, arg, der, e);
}

enum acsr_result acsr_cert_sign(const struct acsr_cert_spec *spec, const struct acsr_key *issuer_key,
	struct acsr_blob *der, struct acsr_err *e)
{
	return acsr_cert_sign_judged(spec, issuer_key, NULL, NULL, der, e);
}
