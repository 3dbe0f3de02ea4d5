/* Names in the JSON documents: subject and issuer, and general names of every kind. */
#include <arpa/inet.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "autocsr/name.h"
#include "base/ascii.h"
#include "base/str.h"
#include "pki/show_int.h"
#include "pki/subject_int.h"

#define OID_UPN "1.3.6.1.4.1.311.20.2.3"
#define OID_SMTP_UTF8 "1.3.6.1.5.5.7.8.9" /* RFC 9598 */

static const char *string_type(int tag)
{
	switch (tag) {
	case V_ASN1_UTF8STRING:
		return "UTF8String";
	case V_ASN1_PRINTABLESTRING:
		return "PrintableString";
	case V_ASN1_IA5STRING:
		return "IA5String";
	case V_ASN1_BMPSTRING:
		return "BMPString";
	case V_ASN1_T61STRING:
		return "TeletexString";
	case V_ASN1_UNIVERSALSTRING:
		return "UniversalString";
	case V_ASN1_NUMERICSTRING:
		return "NumericString";
	case V_ASN1_VISIBLESTRING:
		return "VisibleString";
	default:
		return "other";
	}
}

/* Fields that occur once are strings, the others arrays. */
static json_t *dn_object(const struct acsr_dn *d)
{
	json_t *o = json_object();

	for (size_t i = 0; i < d->n; i++) {
		json_t *before = json_object_get(o, d->v[i].name);
		json_t *value = show_str(d->v[i].value);

		if (json_is_array(before))
			value = show_add(json_incref(before), value);
		else if (before != NULL)
			value = show_add(show_add(json_array(), json_incref(before)), value);
		o = show_set(o, d->v[i].name, value);
	}
	return o;
}

/* In encoded order, each RDN a list, with the kind of each string. */
static json_t *dn_rdns(const struct acsr_dn *d, const X509_NAME *name)
{
	json_t *list = json_array(), *rdn = NULL;
	int set = -1;

	for (size_t i = 0; i < d->n && list != NULL; i++) {
		const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, (int)i);
		json_t *one = json_pack("{s:s, s:o, s:o, s:s}", "name", d->v[i].name, "oid",
			show_oid(X509_NAME_ENTRY_get_object(entry)), "value", show_str(d->v[i].value),
			"encoding", string_type(ASN1_STRING_type(X509_NAME_ENTRY_get_data(entry))));

		if (X509_NAME_ENTRY_set(entry) != set) {
			rdn = json_array();
			list = show_add(list, rdn);
		}
		set = X509_NAME_ENTRY_set(entry);
		if (list == NULL) {
			json_decref(one);
			return NULL;
		}
		if (one == NULL || json_array_append_new(rdn, one) != 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static json_t *dn_line(const struct acsr_dn *d)
{
	CLEANUP_STR char *s = NULL;

	if (d->n == 0)
		return json_string("");
	return acsr_dn_print(&s, d, NULL) == ACSR_OK ? show_str(s) : NULL;
}

/* The name as it stands, with its control characters: JSON escapes them, and so does a terminal's writer. */
static enum acsr_result read_name(struct acsr_dn *d, const X509_NAME *name, const struct reading *how)
{
	TRY(subject_from_name(d, name, how, NULL));
	for (size_t i = 0; i < d->n; i++) {
		json_t *raw;
		char *value;

		if (!d->v[i].broken)
			continue;
		raw = show_asn1_string(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, (int)i)));
		value = raw != NULL ? strdup(json_string_value(raw)) : NULL;
		json_decref(raw);
		if (value == NULL)
			return ACSR_FAIL;
		free(d->v[i].value);
		d->v[i].value = value;
	}
	return ACSR_OK;
}

json_t *show_set_name(json_t *o, const char *prefix, const X509_NAME *name, const struct reading *how)
{
	CLEANUP_STR char *text = NULL;
	CLEANUP_STR char *rdns = NULL;
	struct acsr_dn d = { 0 };

	if (read_name(&d, name, how) != ACSR_OK || str_printf(&text, NULL, "%s_text", prefix) != ACSR_OK ||
		str_printf(&rdns, NULL, "%s_rdns", prefix) != ACSR_OK) {
		acsr_dn_free(&d);
		return show_set(o, prefix, NULL);
	}
	o = show_set(o, prefix, dn_object(&d));
	o = show_set(o, text, dn_line(&d));
	o = show_set(o, rdns, dn_rdns(&d, name));
	acsr_dn_free(&d);
	return o;
}

json_t *show_name_text(const X509_NAME *name)
{
	struct acsr_findings broken = { 0 };
	const struct reading how = { "name", &broken };
	struct acsr_dn d = { 0 };
	json_t *s = read_name(&d, name, &how) == ACSR_OK ? dn_line(&d) : NULL;

	acsr_dn_free(&d);
	acsr_findings_free(&broken);
	return s;
}

/* --- general names --- */

/* An address, or the address and mask of a name constraint. */
static json_t *ip_value(const ASN1_STRING *s)
{
	const uint8_t *p = ASN1_STRING_get0_data(s);
	size_t n = (size_t)ASN1_STRING_length(s);
	char address[INET6_ADDRSTRLEN], mask[INET6_ADDRSTRLEN];

	if (subject_ip_text(p, n, address))
		return json_string(address);
	if ((n == 8 || n == 32) && subject_ip_text(p, n / 2, address) &&
		subject_ip_text(p + n / 2, n / 2, mask))
		return json_sprintf("%s/%s", address, mask);
	return show_hex_cut(p, n, 64);
}

static json_t *any_value(const ASN1_TYPE *t)
{
	unsigned char *der = NULL;
	json_t *s;
	int n;

	if (t->type == V_ASN1_UTF8STRING || t->type == V_ASN1_IA5STRING ||
		t->type == V_ASN1_PRINTABLESTRING || t->type == V_ASN1_BMPSTRING)
		return show_asn1_string(t->value.asn1_string);
	n = i2d_ASN1_TYPE(t, &der);
	s = n > 0 ? show_hex_cut(der, (size_t)n, 256) : json_string("");
	OPENSSL_free(der);
	return s;
}

/* "OID;value" */
static json_t *other_value(const OTHERNAME *other)
{
	json_t *value = any_value(other->value), *out;
	char oid[128];

	ossl_oid(other->type_id, oid, sizeof(oid));
	out = value != NULL ? json_sprintf("%s;%s", oid, json_string_value(value)) : NULL;
	json_decref(value);
	return out;
}

struct general {
	const char *type;   /* for programs */
	const char *prefix; /* for people */
	json_t *value;
};

static struct general general_other(const OTHERNAME *other)
{
	char oid[128];

	ossl_oid(other->type_id, oid, sizeof(oid));
	if (strcmp(oid, OID_UPN) == 0)
		return (struct general){ "upn", "UPN", any_value(other->value) };
	if (strcmp(oid, OID_SMTP_UTF8) == 0)
		return (struct general){ "smtp-utf8", "SmtpUTF8", any_value(other->value) };
	return (struct general){ "other", "otherName", other_value(other) };
}

static struct general general_of(const GENERAL_NAME *g)
{
	switch (g->type) {
	case GEN_DNS:
		return (struct general){ "dns", "DNS", show_asn1_string(g->d.dNSName) };
	case GEN_EMAIL:
		return (struct general){ "email", "email", show_asn1_string(g->d.rfc822Name) };
	case GEN_URI:
		return (struct general){ "uri", "URI", show_asn1_string(g->d.uniformResourceIdentifier) };
	case GEN_IPADD:
		return (struct general){ "ip", "IP", ip_value(g->d.iPAddress) };
	case GEN_DIRNAME:
		return (struct general){ "directory", "dirName", show_name_text(g->d.directoryName) };
	case GEN_RID:
		return (struct general){ "rid", "RID", show_oid(g->d.registeredID) };
	case GEN_OTHERNAME:
		return general_other(g->d.otherName);
	case GEN_X400:
		return (struct general){ "x400", "X400", json_string("(not shown)") };
	default:
		return (struct general){ "edi", "EDI", json_string("(not shown)") };
	}
}

/* The text of a value may hold a NUL no more: show_text spelled it out. */
static json_t *with_prefix(const struct general *g)
{
	return g->value != NULL ? json_sprintf("%s:%s", g->prefix, json_string_value(g->value)) : NULL;
}

json_t *show_general(const GENERAL_NAME *name)
{
	struct general g = general_of(name);
	json_t *s = with_prefix(&g);

	json_decref(g.value);
	return s;
}

json_t *show_generals(const GENERAL_NAMES *gens)
{
	json_t *list = json_array();

	for (int i = 0; i < sk_GENERAL_NAME_num(gens); i++)
		list = show_add(list, show_general(sk_GENERAL_NAME_value(gens, i)));
	return list;
}

/* What a DNS name with xn-- labels reads like. */
static json_t *unicode_of(const char *dns)
{
	struct acsr_name name;

	if (ascii_casestr(dns, "xn--") == NULL ||
		acsr_name_check(dns, strlen(dns), ACSR_NAMES_PRIVATE, &name, NULL) != ACSR_OK)
		return json_null();
	return json_string(name.unicode);
}

json_t *show_typed_generals(const GENERAL_NAMES *gens)
{
	json_t *list = json_array();

	for (int i = 0; i < sk_GENERAL_NAME_num(gens); i++) {
		struct general g = general_of(sk_GENERAL_NAME_value(gens, i));
		bool dns = g.value != NULL && strcmp(g.type, "dns") == 0;
		json_t *u = dns ? unicode_of(json_string_value(g.value)) : json_null();

		list = show_add(
			list, json_pack("{s:s, s:o, s:o}", "type", g.type, "value", g.value, "unicode", u));
	}
	return list;
}
