/* The value of one extension as lines of text for people. */
#include <openssl/ct.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/str.h"
#include "pki/der.h"
#include "pki/show_int.h"

#define MAX_LINES 200
#define MAX_LINE 1000
#define MAX_SCTS 50

static json_t *line_hex(const char *before, const ASN1_STRING *s)
{
	json_t *hex = show_hex_cut(ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s), 256);
	json_t *line = hex != NULL ? json_sprintf("%s%s", before, json_string_value(hex)) : NULL;

	json_decref(hex);
	return line;
}

/* "before" and a text; the text is taken over. */
static json_t *line_text(const char *before, json_t *text)
{
	json_t *line = text != NULL ? json_sprintf("%s%s", before, json_string_value(text)) : NULL;

	json_decref(text);
	return line;
}

static json_t *general_lines(json_t *list, const char *before, const GENERAL_NAMES *gens)
{
	for (int i = 0; i < sk_GENERAL_NAME_num(gens); i++)
		list = show_add(list, line_text(before, show_general(sk_GENERAL_NAME_value(gens, i))));
	return list;
}

static json_t *from_names(void *value)
{
	return show_generals(value);
}

static json_t *from_key_usage(void *value)
{
	return show_key_usage(value);
}

static json_t *from_oids(void *value)
{
	return show_oids(value);
}

static json_t *from_key_id(void *value)
{
	return show_add(json_array(), line_hex("", value));
}

static json_t *from_authority(void *value)
{
	const AUTHORITY_KEYID *a = value;
	json_t *list = json_array();

	if (a->keyid != NULL)
		list = show_add(list, line_hex("key id ", a->keyid));
	if (a->issuer != NULL)
		list = general_lines(list, "issuer ", a->issuer);
	if (a->serial != NULL)
		list = show_add(list, line_hex("serial ", a->serial));
	return list;
}

static json_t *from_constraints(void *value)
{
	const BASIC_CONSTRAINTS *bc = value;
	json_t *list = show_add(json_array(), json_string(bc->ca ? "a CA" : "not a CA"));

	if (bc->pathlen != NULL)
		list = show_add(list, line_text("path length ", show_asn1_integer(bc->pathlen)));
	return list;
}

static json_t *notice_line(const USERNOTICE *notice)
{
	if (notice == NULL || notice->exptext == NULL)
		return json_string("  notice");
	return line_text("  notice: ", show_asn1_string(notice->exptext));
}

static json_t *qualifier_lines(json_t *list, const POLICYINFO *info)
{
	for (int i = 0; i < sk_POLICYQUALINFO_num(info->qualifiers); i++) {
		const POLICYQUALINFO *q = sk_POLICYQUALINFO_value(info->qualifiers, i);

		if (OBJ_obj2nid(q->pqualid) == NID_id_qt_cps)
			list = show_add(list, line_text("  CPS: ", show_asn1_string(q->d.cpsuri)));
		else if (OBJ_obj2nid(q->pqualid) == NID_id_qt_unotice)
			list = show_add(list, notice_line(q->d.usernotice));
	}
	return list;
}

static const char *policy_name(const char *oid)
{
	static const char *const known[][2] = { { "2.23.140.1.2.1", "domain validated" },
		{ "2.23.140.1.2.2", "organisation validated" }, { "2.23.140.1.2.3", "individual validated" },
		{ "2.23.140.1.1", "extended validation" }, { "2.23.140.1.3", "EV code signing" },
		{ "2.23.140.1.4.1", "code signing" }, { "2.5.29.32.0", "any policy" } };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i][0], oid) == 0)
			return known[i][1];
	return NULL;
}

static json_t *from_policies(void *value)
{
	const CERTIFICATEPOLICIES *policies = value;
	json_t *list = json_array();

	for (int i = 0; i < sk_POLICYINFO_num(policies); i++) {
		const POLICYINFO *info = sk_POLICYINFO_value(policies, i);
		char oid[128];
		const char *name;

		ossl_oid(info->policyid, oid, sizeof(oid));
		name = policy_name(oid);
		list = show_add(list, name != NULL ? json_sprintf("%s (%s)", oid, name) : json_string(oid));
		list = qualifier_lines(list, info);
	}
	return list;
}

static json_t *subtree_lines(json_t *list, const char *before, const STACK_OF(GENERAL_SUBTREE) * trees)
{
	for (int i = 0; i < sk_GENERAL_SUBTREE_num(trees); i++)
		list = show_add(
			list, line_text(before, show_general(sk_GENERAL_SUBTREE_value(trees, i)->base)));
	return list;
}

static json_t *from_name_constraints(void *value)
{
	const NAME_CONSTRAINTS *nc = value;

	return subtree_lines(subtree_lines(json_array(), "permitted ", nc->permittedSubtrees), "excluded ",
		nc->excludedSubtrees);
}

static json_t *from_access(void *value)
{
	const AUTHORITY_INFO_ACCESS *info = value;
	json_t *list = json_array();

	for (int i = 0; i < sk_ACCESS_DESCRIPTION_num(info); i++) {
		const ACCESS_DESCRIPTION *d = sk_ACCESS_DESCRIPTION_value(info, i);
		int nid = OBJ_obj2nid(d->method);
		char before[140], oid[128];

		ossl_oid(d->method, oid, sizeof(oid));
		snprintf(before, sizeof(before), "%s ", nid != NID_undef ? OBJ_nid2ln(nid) : oid);
		list = show_add(list, line_text(before, show_general(d->location)));
	}
	return list;
}

static json_t *from_points(void *value)
{
	const CRL_DIST_POINTS *points = value;
	json_t *list = json_array();

	for (int i = 0; i < sk_DIST_POINT_num(points); i++) {
		const DIST_POINT *d = sk_DIST_POINT_value(points, i);

		if (d->distpoint != NULL && d->distpoint->type == 0)
			list = general_lines(list, "", d->distpoint->name.fullname);
		else if (d->distpoint != NULL)
			list = show_add(list, json_string("a name relative to the issuer"));
		list = general_lines(list, "CRL issuer ", d->CRLissuer);
	}
	return list;
}

static json_t *from_features(void *value)
{
	const TLS_FEATURE *f = value;
	json_t *list = json_array();

	for (int i = 0; i < sk_ASN1_INTEGER_num(f); i++) {
		long id = ASN1_INTEGER_get(sk_ASN1_INTEGER_value(f, i));

		if (id == 5 || id == 17)
			list = show_add(list, json_string(id == 5 ? "status_request" : "status_request_v2"));
		else
			list = show_add(list, show_asn1_integer(sk_ASN1_INTEGER_value(f, i)));
	}
	return list;
}

static json_t *from_number(void *value)
{
	return show_add(json_array(), show_asn1_integer(value));
}

static json_t *sct_line(const SCT *sct)
{
	unsigned char *log = NULL;
	size_t n = SCT_get0_log_id(sct, &log);
	json_t *time = show_time((int64_t)(SCT_get_timestamp(sct) / 1000));
	json_t *id = show_hex_cut(log, n, 32);
	json_t *line = time != NULL && id != NULL
			       ? json_sprintf("%s log %s", json_string_value(time), json_string_value(id))
			       : NULL;

	json_decref(time);
	json_decref(id);
	return line;
}

static json_t *from_scts(void *value)
{
	const STACK_OF(SCT) *scts = value;
	int n = sk_SCT_num(scts);
	json_t *list = show_add(json_array(), json_sprintf("%d timestamps", n < 0 ? 0 : n));

	for (int i = 0; i < n && i < MAX_SCTS; i++)
		list = show_add(list, sct_line(sk_SCT_value(scts, i)));
	return list;
}

static const struct {
	int nid;
	json_t *(*lines)(void *value);
} decoded[] = {
	{ NID_subject_alt_name, from_names },
	{ NID_issuer_alt_name, from_names },
	{ NID_certificate_issuer, from_names },
	{ NID_key_usage, from_key_usage },
	{ NID_ext_key_usage, from_oids },
	{ NID_subject_key_identifier, from_key_id },
	{ NID_authority_key_identifier, from_authority },
	{ NID_basic_constraints, from_constraints },
	{ NID_certificate_policies, from_policies },
	{ NID_name_constraints, from_name_constraints },
	{ NID_info_access, from_access },
	{ NID_sinfo_access, from_access },
	{ NID_crl_distribution_points, from_points },
	{ NID_freshest_crl, from_points },
	{ NID_tlsfeature, from_features },
	{ NID_crl_number, from_number },
	{ NID_delta_crl, from_number },
	{ NID_inhibit_any_policy, from_number },
	{ NID_ct_precert_scts, from_scts },
};

/* Lines of at most MAX_LINE bytes, without the blanks around them. */
static json_t *split(const char *p, size_t n)
{
	json_t *list = json_array();

	for (int lines = 0; n > 0 && lines < MAX_LINES; lines++) {
		const char *end = memchr(p, '\n', n);
		size_t len = end != NULL ? (size_t)(end - p) : n, skip = 0, keep = len;

		while (skip < keep && p[skip] == ' ')
			skip++;
		while (keep > skip && ascii_space((unsigned char)p[keep - 1]))
			keep--;
		keep -= skip;
		if (keep > 0)
			list = show_add(list, show_text(p + skip, keep < MAX_LINE ? keep : MAX_LINE));
		len += end != NULL;
		p += len;
		n -= len;
	}
	return list;
}

/* What OpenSSL prints for the rarer ones. */
static json_t *printed(X509_EXTENSION *x)
{
	BIO *bio = BIO_new(BIO_s_mem());
	json_t *list = NULL;
	char *p = NULL;
	long n;

	if (bio != NULL && X509V3_EXT_print(bio, x, X509V3_EXT_DEFAULT, 0) == 1) {
		n = BIO_get_mem_data(bio, &p);
		list = split(p, n > 0 ? (size_t)n : 0);
	} else if (bio != NULL) {
		list = json_array();
	}
	BIO_free(bio);
	return list;
}

/* --- extensions and attributes whose OIDs OpenSSL does not know: whatever can be read in them --- */

/* Octets that are a text in truth, as Microsoft's security identifiers. */
static bool is_printable(const ASN1_STRING *s)
{
	const uint8_t *p = ASN1_STRING_get0_data(s);
	int n = ASN1_STRING_length(s);

	for (int i = 0; i < n; i++)
		if (p[i] < 0x20 || p[i] >= 0x7f)
			return false;
	return n >= 4;
}

static json_t *take_primitive(json_t *list, const struct der_tlv *t)
{
	const unsigned char *p = t->whole.p;
	ASN1_TYPE *any = d2i_ASN1_TYPE(NULL, &p, (long)t->whole.len);

	if (any == NULL)
		return list;
	switch (any->type) {
	case V_ASN1_INTEGER:
		list = show_add(list, show_asn1_integer(any->value.integer));
		break;
	case V_ASN1_OBJECT:
		list = show_add(list, show_object_name(any->value.object));
		break;
	case V_ASN1_BOOLEAN:
		list = show_add(list, json_string(any->value.boolean ? "true" : "false"));
		break;
	case V_ASN1_UTF8STRING:
	case V_ASN1_PRINTABLESTRING:
	case V_ASN1_IA5STRING:
	case V_ASN1_BMPSTRING:
	case V_ASN1_T61STRING:
	case V_ASN1_VISIBLESTRING:
	case V_ASN1_UNIVERSALSTRING:
		list = show_add(list, show_asn1_string(any->value.asn1_string));
		break;
	case V_ASN1_OCTET_STRING:
		if (is_printable(any->value.octet_string))
			list = show_add(list, show_text(ASN1_STRING_get0_data(any->value.octet_string),
						      (size_t)ASN1_STRING_length(any->value.octet_string)));
		break;
	default:
		break;
	}
	ASN1_TYPE_free(any);
	return list;
}

json_t *show_der_values(const uint8_t *der, size_t len)
{
	struct bytes in = { der, len };
	json_t *list = json_array();
	struct der_tlv t;

	if (der_check(in, "value", NULL) != ACSR_OK)
		return list;
	for (int i = 0; in.len > 0 && i < MAX_LINES && der_next(&in, &t, "value", NULL) == ACSR_OK; i++) {
		if ((t.tag & 0x20u) != 0) /* in.p stands behind it; step into it instead */
			in = (struct bytes){ t.body.p, in.len + t.body.len };
		else
			list = take_primitive(list, &t);
	}
	return list;
}

#define MICROSOFT "1.3.6.1.4.1.311."

const char *show_extension_name(const char *oid, int nid)
{
	static const char *const known[][2] = { { "1.3.6.1.4.1.311.20.2", "msCertificateTemplateName" },
		{ "1.3.6.1.4.1.311.21.7", "msCertificateTemplate" },
		{ "1.3.6.1.4.1.311.21.10", "msApplicationPolicies" },
		{ "1.3.6.1.4.1.311.21.1", "msCaVersion" }, { "1.3.6.1.4.1.311.21.2", "msPreviousCertHash" },
		{ "1.3.6.1.4.1.311.25.2", "msSecurityIdentifier" },
		{ "1.3.6.1.4.1.311.13.2.1", "msEnrollmentNameValuePair" },
		{ "1.3.6.1.4.1.311.13.2.2", "msEnrollmentCsp" }, { "1.3.6.1.4.1.311.13.2.3", "msOsVersion" },
		{ "1.3.6.1.4.1.311.21.20", "msRequestClientInfo" },
		{ "2.16.840.1.113730.1.13", "nsComment" } };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i][0], oid) == 0)
			return known[i][1];
	return nid != NID_undef ? OBJ_nid2sn(nid) : "";
}

/* The decoder's own way to free what it made. */
static void free_value(X509_EXTENSION *x, void *value)
{
	const X509V3_EXT_METHOD *m = X509V3_EXT_get(x);

	if (m->it != NULL)
		ASN1_item_free(value, ASN1_ITEM_ptr(m->it));
	else
		m->ext_free(value);
}

json_t *show_extension_values(X509_EXTENSION *x)
{
	const ASN1_OCTET_STRING *data = X509_EXTENSION_get_data(x);
	int nid = OBJ_obj2nid(X509_EXTENSION_get_object(x));
	char dotted[128];
	void *value;
	json_t *list;

	for (size_t i = 0; i < sizeof(decoded) / sizeof(decoded[0]); i++) {
		if (decoded[i].nid != nid)
			continue;
		value = X509V3_EXT_d2i(x);
		if (value == NULL)
			return json_array();
		list = decoded[i].lines(value);
		free_value(x, value);
		return list;
	}
	/* Newer OpenSSLs print some of Microsoft's in words of their own. */
	ossl_oid(X509_EXTENSION_get_object(x), dotted, sizeof(dotted));
	if (X509V3_EXT_get(x) != NULL && !str_starts(dotted, MICROSOFT))
		return printed(x);
	return show_der_values(ASN1_STRING_get0_data(data), (size_t)ASN1_STRING_length(data));
}
