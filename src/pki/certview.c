/* Looking into certificates. */
#include "certview.h"

#include <errno.h>
#include <stdatomic.h>
#include <openssl/err.h>
#include <openssl/provider.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/limits.h"
#include "base/str.h"
#include "der.h"
#include "ext.h"
#include "key_int.h"
#include "subject_int.h"

#define MAX_SANS 10000 /* of certificates that others made */

static const struct reading strict = { "cert", NULL };

static enum acsr_result load(
	X509 **out, OSSL_LIB_CTX *context, const uint8_t *der, size_t len, struct acsr_err *e)
{
	const unsigned char *p = der;
	struct acsr_err why;
	X509 *x, *fresh;

	if (len > LIMIT_CERT_DER)
		return err_set(e, "cert.too-large", "the certificate has %zu bytes; at most %d are read", len,
			LIMIT_CERT_DER);
	if (der_check((struct bytes){ der, len }, "cert", &why) != ACSR_OK)
		return err_rule(e, "cert.der", NULL, why.source, "%s", why.text);
	errno = 0;
	fresh = X509_new_ex(context, NULL);
	x = fresh != NULL ? d2i_X509(&fresh, &p, (long)len) : NULL;
	if (x == NULL)
		X509_free(fresh);
	if (x == NULL && errno == ENOMEM) /* OpenSSL 3.5 may drop what its queue says of it */
		return err_nomem(e);
	if (x == NULL)
		return ossl_err(e, "cert.parse", "this is not a certificate");
	*out = x;
	return ACSR_OK;
}

enum acsr_result certview_load(X509 **out, const uint8_t *der, size_t len, struct acsr_err *e)
{
	return load(out, NULL, der, len, e);
}

/*
 * With each certificate OpenSSL 3.0 goes through all its decoders for the key, which takes ten times as long as all the rest;
 * and the key is then read by spki.h in any case. A library context without any algorithm has no decoder to look through.
 * Made once, by whoever comes first; NULL when that fails: then the long way is gone.
 */
static OSSL_LIB_CTX *_Atomic keyless;

static OSSL_LIB_CTX *keyless_context(void)
{
	OSSL_LIB_CTX *none = NULL, *made = atomic_load(&keyless);

	if (made != NULL)
		return made;
	made = OSSL_LIB_CTX_new();
	if (made == NULL || OSSL_PROVIDER_load(made, "null") == NULL ||
		!atomic_compare_exchange_strong(&keyless, &none, made)) {
		OSSL_LIB_CTX_free(made);
		made = none;
	}
	ERR_clear_error();
	return made;
}

enum acsr_result certview_load_keyless(X509 **out, const uint8_t *der, size_t len, struct acsr_err *e)
{
	return load(out, keyless_context(), der, len, e);
}

enum acsr_result certview_time(int64_t *out, const ASN1_TIME *t, struct acsr_err *e)
{
	struct tm tm;

	if (ASN1_TIME_to_tm(t, &tm) != 1)
		return ossl_err(e, "cert.parse", "a time that cannot be read");
	*out = (int64_t)timegm(&tm);
	return ACSR_OK;
}

enum acsr_result certview_serial(const ASN1_INTEGER *s, uint8_t out[21], size_t *n, struct acsr_err *e)
{
	const uint8_t *p = ASN1_STRING_get0_data(s);
	size_t len = (size_t)ASN1_STRING_length(s);

	while (len > 0 && *p == 0) {
		p++;
		len--;
	}
	if (len > 21)
		return err_rule(e, "cert.parse", "serial", "RFC 5280 4.1.2.2",
			"the serial number has more than 20 octets");
	memcpy(out, p, len);
	*n = len;
	return ACSR_OK;
}

static enum acsr_result name_der(struct acsr_blob *out, const X509_NAME *name, struct acsr_err *e)
{
	unsigned char *p = NULL;
	int n = i2d_X509_NAME(name, &p);

	return ossl_take(out, p, n, "cannot encode a name", e);
}

static enum acsr_result take_names(struct acsr_cert_view *v, const X509 *x, struct acsr_err *e)
{
	const X509_NAME *subject = X509_get_subject_name(x), *issuer = X509_get_issuer_name(x);

	TRY(subject_from_name(&v->subject, subject, &strict, e));
	TRY(subject_from_name(&v->issuer, issuer, &strict, e));
	TRY(name_der(&v->subject_der, subject, e));
	TRY(name_der(&v->issuer_der, issuer, e));
	v->self_issued = v->subject_der.len == v->issuer_der.len &&
			 memcmp(v->subject_der.p, v->issuer_der.p, v->subject_der.len) == 0;
	return ACSR_OK;
}

static enum acsr_result take_basics(struct acsr_cert_view *v, const X509 *x, struct acsr_err *e)
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(x);
	const X509_ALGOR *alg;

	v->version = (int)X509_get_version(x) + 1;
	TRY(certview_serial(serial, v->serial, &v->serial_len, e));
	hex_encode(v->serial, v->serial_len, v->serial_hex);
	v->serial_negative = (ASN1_STRING_type(serial) & V_ASN1_NEG) != 0;
	TRY(certview_time(&v->not_before, X509_get0_notBefore(x), e));
	TRY(certview_time(&v->not_after, X509_get0_notAfter(x), e));
	X509_get0_signature(NULL, &alg, x);
	key_alg_name(alg->algorithm, v->signature_alg, sizeof(v->signature_alg));
	return ACSR_OK;
}

static enum acsr_result take_key(struct acsr_cert_view *v, const X509 *x, struct acsr_err *e)
{
	struct acsr_err why = { 0 };
	unsigned char *p = NULL;
	int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &p);

	TRY(ossl_take(&v->spki, p, n, "cannot encode the public key", e));
	SHA256(v->spki.p, v->spki.len, v->spki_sha256);
	if (acsr_key_load_spki(&v->key, v->spki.p, v->spki.len, &why) != ACSR_OK) {
		if (err_is(&why, "sys.nomem"))
			return err_nomem(e);
		v->key = NULL;
	}
	key_describe_spki(v->key, v->spki.p, v->spki.len, v->key_name);
	return ACSR_OK;
}

static enum acsr_result take_common(struct acsr_cert_view *v, const X509 *x, struct acsr_err *e)
{
	struct ext_common c = { .path_len = -1 };
	struct acsr_err why;
	enum acsr_result r = ext_read(&c, X509_get0_extensions(x), MAX_SANS, &strict, &why);

	v->sans = c.sans;
	v->ekus = c.ekus.v;
	v->n_ekus = c.ekus.n;
	v->has_ku = c.has_ku;
	v->ku = c.ku;
	v->has_basic_constraints = c.has_basic_constraints;
	v->ca = c.ca;
	v->path_len = c.path_len;
	v->must_staple = c.must_staple;
	v->policies = c.policies;
	v->n_policies = c.n_policies;
	v->ms_template = c.ms_template;
	v->ski_len = c.ski_len;
	memcpy(v->ski, c.ski, sizeof(v->ski));
	v->exts = c.exts;
	v->n_exts = c.n_exts;
	if (r != ACSR_OK && err_is(&why, "sys.nomem"))
		return err_nomem(e);
	return r == ACSR_OK ? r : err_rule(e, "cert.extension", why.field, why.source, "%s", why.text);
}

static enum acsr_result no_extension(struct acsr_err *e, const char *name)
{
	if (ossl_ran_short())
		return err_nomem(e);
	ERR_clear_error();
	return err_rule(e, "cert.extension", name, "RFC 5280 4.2", "an extension cannot be read");
}

/* d2i of one extension; *bad when it is there but cannot be read. */
static void *get_ext(const X509 *x, int nid, bool *bad)
{
	int crit;
	void *value;

	errno = 0;
	value = X509_get_ext_d2i(x, nid, &crit, NULL);

	*bad = value == NULL && crit != -1;
	return value;
}

static enum acsr_result take_aki(struct acsr_cert_view *v, const X509 *x, struct acsr_err *e)
{
	bool bad;
	AUTHORITY_KEYID *aki = get_ext(x, NID_authority_key_identifier, &bad);

	if (aki != NULL && aki->keyid != NULL && ASN1_STRING_length(aki->keyid) <= (int)sizeof(v->aki)) {
		v->aki_len = (size_t)ASN1_STRING_length(aki->keyid);
		memcpy(v->aki, ASN1_STRING_get0_data(aki->keyid), v->aki_len);
	}
	AUTHORITY_KEYID_free(aki);
	return bad ? no_extension(e, "keyIdentifier") : ACSR_OK;
}

/* A URI without control characters, or nothing. */
static enum acsr_result add_uri(struct strv *out, const GENERAL_NAME *g, struct acsr_err *e)
{
	CLEANUP_STR char *text = NULL;
	const ASN1_STRING *s;

	if (g->type != GEN_URI)
		return ACSR_OK;
	s = g->d.uniformResourceIdentifier;
	text = strndup((const char *)ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s));
	if (text == NULL)
		return err_nomem(e);
	if (strlen(text) != (size_t)ASN1_STRING_length(s) || str_has_control(text))
		return err_rule(
			e, "cert.extension", "uri", "RFC 5280 4.2.1.6", "a URL with a control character");
	return strv_add(out, text, e);
}

static enum acsr_result take_aia(struct acsr_cert_view *v, const X509 *x, struct acsr_err *e)
{
	bool bad;
	AUTHORITY_INFO_ACCESS *list = get_ext(x, NID_info_access, &bad);
	struct strv ocsp = { 0 }, issuers = { 0 };
	enum acsr_result r = bad ? no_extension(e, "authorityInfoAccess") : ACSR_OK;

	for (int i = 0; r == ACSR_OK && i < sk_ACCESS_DESCRIPTION_num(list); i++) {
		const ACCESS_DESCRIPTION *d = sk_ACCESS_DESCRIPTION_value(list, i);
		int nid = OBJ_obj2nid(d->method);

		if (nid == NID_ad_OCSP || nid == NID_ad_ca_issuers)
			r = add_uri(nid == NID_ad_OCSP ? &ocsp : &issuers, d->location, e);
	}
	AUTHORITY_INFO_ACCESS_free(list);
	v->ocsp_urls = ocsp.v;
	v->n_ocsp_urls = ocsp.n;
	v->issuer_urls = issuers.v;
	v->n_issuer_urls = issuers.n;
	return r;
}

static enum acsr_result take_crls(struct acsr_cert_view *v, const X509 *x, struct acsr_err *e)
{
	bool bad;
	CRL_DIST_POINTS *list = get_ext(x, NID_crl_distribution_points, &bad);
	struct strv out = { 0 };
	enum acsr_result r = bad ? no_extension(e, "cRLDistributionPoints") : ACSR_OK;

	for (int i = 0; r == ACSR_OK && i < sk_DIST_POINT_num(list); i++) {
		const DIST_POINT_NAME *d = sk_DIST_POINT_value(list, i)->distpoint;

		if (d == NULL || d->type != 0)
			continue;
		for (int k = 0; r == ACSR_OK && k < sk_GENERAL_NAME_num(d->name.fullname); k++)
			r = add_uri(&out, sk_GENERAL_NAME_value(d->name.fullname, k), e);
	}
	CRL_DIST_POINTS_free(list);
	v->crl_urls = out.v;
	v->n_crl_urls = out.n;
	return r;
}

static enum acsr_result fill(struct acsr_cert_view *v, const X509 *x, struct acsr_err *e)
{
	TRY(take_basics(v, x, e));
	TRY(take_names(v, x, e));
	TRY(take_key(v, x, e));
	TRY(take_common(v, x, e));
	TRY(take_aki(v, x, e));
	TRY(take_aia(v, x, e));
	return take_crls(v, x, e);
}

void acsr_cert_view_free(struct acsr_cert_view *v)
{
	if (v == NULL)
		return;
	acsr_dn_free(&v->subject);
	acsr_dn_free(&v->issuer);
	acsr_blob_free(&v->subject_der);
	acsr_blob_free(&v->issuer_der);
	acsr_sans_free(&v->sans);
	acsr_key_free(v->key);
	acsr_blob_free(&v->spki);
	strv_free(&(struct strv){ v->ekus, v->n_ekus });
	ext_free_policies(v->policies, v->n_policies);
	strv_free(&(struct strv){ v->ocsp_urls, v->n_ocsp_urls });
	strv_free(&(struct strv){ v->issuer_urls, v->n_issuer_urls });
	strv_free(&(struct strv){ v->crl_urls, v->n_crl_urls });
	ext_free_template(&v->ms_template);
	ext_free_list(v->exts, v->n_exts);
	free(v);
}

/* One that is not signed yet has none. */
static void take_fingerprint(struct acsr_cert_view *v, const X509 *x)
{
	const ASN1_BIT_STRING *signature = NULL;

	X509_get0_signature(&signature, NULL, x);
	if (signature == NULL || ASN1_STRING_length(signature) == 0 ||
		X509_digest(x, EVP_sha256(), v->sha256, NULL) != 1)
		memset(v->sha256, 0, sizeof(v->sha256));
}

enum acsr_result certview_make(struct acsr_cert_view **out, const X509 *x, struct acsr_err *e)
{
	struct acsr_cert_view *v = calloc(1, sizeof(*v));

	if (v == NULL)
		return err_nomem(e);
	v->path_len = -1;
	if (fill(v, x, e) != ACSR_OK) {
		acsr_cert_view_free(v);
		return ACSR_FAIL;
	}
	take_fingerprint(v, x);
	ERR_clear_error();
	*out = v;
	return ACSR_OK;
}

enum acsr_result acsr_cert_parse(
	struct acsr_cert_view **out, const uint8_t *der, size_t len, struct acsr_err *e)
{
	OSSL_AUTO(ossl_free_x509) X509 *x = NULL;

	TRY(certview_load_keyless(&x, der, len, e));
	TRY(certview_make(out, x, e));
	SHA256(der, len, (*out)->sha256);
	return ACSR_OK;
}
