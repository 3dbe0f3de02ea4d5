/* A CRL as JSON. */
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "autocsr/crl.h"
#include "pki/show_int.h"

/* RFC 5280's name, or the number of a code that it does not have. */
static json_t *reason(const X509_REVOKED *rev)
{
	ASN1_ENUMERATED *code = X509_REVOKED_get_ext_d2i(rev, NID_crl_reason, NULL, NULL);
	long n = code != NULL ? ASN1_ENUMERATED_get(code) : -1;
	const char *name = n >= 0 && n < 100 ? acsr_reason_name((int)n) : NULL;

	ASN1_ENUMERATED_free(code);
	if (n < 0)
		return json_null();
	return name != NULL ? json_string(name) : json_sprintf("%ld", n);
}

static json_t *invalid_since(const X509_REVOKED *rev)
{
	ASN1_GENERALIZEDTIME *t = X509_REVOKED_get_ext_d2i(rev, NID_invalidity_date, NULL, NULL);
	json_t *o = show_asn1_time(t);

	ASN1_GENERALIZEDTIME_free(t);
	return o;
}

/* Of an indirect CRL: whose certificate it was (RFC 5280 5.3.3). */
static json_t *issuer_of(const X509_REVOKED *rev)
{
	GENERAL_NAMES *gens = X509_REVOKED_get_ext_d2i(rev, NID_certificate_issuer, NULL, NULL);
	json_t *o = gens != NULL && sk_GENERAL_NAME_num(gens) > 0
			    ? show_general(sk_GENERAL_NAME_value(gens, 0))
			    : json_null();

	GENERAL_NAMES_free(gens);
	return o;
}

static json_t *one_entry(const X509_REVOKED *rev)
{
	const ASN1_INTEGER *serial = X509_REVOKED_get0_serialNumber(rev);

	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "serial", show_serial(serial), "revoked_at",
		show_asn1_time(X509_REVOKED_get0_revocationDate(rev)), "reason", reason(rev), "invalid_since",
		invalid_since(rev), "issuer", issuer_of(rev));
}

static json_t *set_entries(json_t *o, X509_CRL *crl, size_t max)
{
	const STACK_OF(X509_REVOKED) *list = X509_CRL_get_REVOKED(crl);
	int n = sk_X509_REVOKED_num(list);
	json_t *shown = json_array();

	for (int i = 0; i < n && (size_t)i < max && shown != NULL; i++)
		shown = show_add(shown, one_entry(sk_X509_REVOKED_value(list, i)));
	ERR_clear_error();
	o = show_set(o, "entries", json_integer(n > 0 ? n : 0));
	return show_set(o, "revoked", shown);
}

static json_t *number(const X509_CRL *crl, int nid)
{
	ASN1_INTEGER *i = X509_CRL_get_ext_d2i(crl, nid, NULL, NULL);
	json_t *o = i != NULL ? show_asn1_integer(i) : json_null();

	ASN1_INTEGER_free(i);
	return o;
}

static json_t *authority(const X509_CRL *crl)
{
	AUTHORITY_KEYID *aki = X509_CRL_get_ext_d2i(crl, NID_authority_key_identifier, NULL, NULL);
	json_t *o = aki != NULL && aki->keyid != NULL ? show_hex_cut(ASN1_STRING_get0_data(aki->keyid),
								(size_t)ASN1_STRING_length(aki->keyid), 64)
						      : json_string("");

	AUTHORITY_KEYID_free(aki);
	return o;
}

static json_t *problems(const uint8_t *der, size_t len)
{
	struct acsr_crl_view *v = NULL;
	struct acsr_findings l = { 0 };
	struct acsr_err why = { 0 };
	json_t *list;

	if (acsr_crl_parse(&v, der, len, NULL, &why) != ACSR_OK &&
		(err_is(&why, "sys.nomem") ||
			acsr_findings_add_err(&l, &why, "have it issued anew", NULL) != ACSR_OK))
		return NULL;
	acsr_crl_view_free(v);
	list = show_findings(&l);
	acsr_findings_free(&l);
	return list;
}

static json_t *document(X509_CRL *crl, const uint8_t *der, size_t len, const struct show_options *opt)
{
	struct acsr_findings unused = { 0 };
	const struct reading how = { "crl", &unused };
	const X509_ALGOR *alg;
	json_t *o = json_object();

	o = show_set_name(o, "issuer", X509_CRL_get_issuer(crl), &how);
	acsr_findings_free(&unused);
	o = show_set(o, "version", json_integer(X509_CRL_get_version(crl) + 1));
	o = show_set(o, "this_update", show_asn1_time(X509_CRL_get0_lastUpdate(crl)));
	o = show_set(o, "next_update", show_asn1_time(X509_CRL_get0_nextUpdate(crl)));
	o = show_set(o, "state", show_state(X509_CRL_get0_lastUpdate(crl), X509_CRL_get0_nextUpdate(crl)));
	o = show_set(o, "number", number(crl, NID_crl_number));
	o = show_set(o, "delta_of", number(crl, NID_delta_crl));
	o = show_set(o, "authority_key_id", authority(crl));
	X509_CRL_get0_signature(crl, NULL, &alg);
	o = show_set(o, "signature_algorithm", show_signature_alg(alg));
	o = show_set(o, "extensions", show_extension_list(X509_CRL_get0_extensions(crl)));
	o = set_entries(o, crl, opt->max_entries);
	o = show_set_fingerprints(o, der, len);
	return show_set(o, "problems", problems(der, len));
}

enum acsr_result show_crl(
	json_t **out, const uint8_t *der, size_t len, const struct show_options *opt, struct acsr_err *e)
{
	OSSL_AUTO(ossl_free_crl) X509_CRL *crl = NULL;
	const unsigned char *p = der;

	crl = d2i_X509_CRL(NULL, &p, (long)len);
	if (crl == NULL)
		return ossl_err(e, "cert.crl.parse", "this is not a CRL");
	return show_take(out, document(crl, der, len, opt), e);
}
