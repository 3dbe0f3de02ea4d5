/* Subject alternative names to GENERAL_NAMES and back. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asn1text.h"
#include "base/str.h"
#include "subject_int.h"

#define OID_UPN "1.3.6.1.4.1.311.20.2.3"
#define OID_SMTPUTF8 "1.3.6.1.5.5.7.8.9" /* id-on-SmtpUTF8Mailbox */

static int set_string(GENERAL_NAME *g, int gen, int asn1_type, const void *p, size_t n)
{
	ASN1_STRING *s = asn1text_make(asn1_type, p, n);

	if (s == NULL)
		return 0;
	GENERAL_NAME_set0_value(g, gen, s);
	return 1;
}

/* Takes over the value. */
static int set_other(GENERAL_NAME *g, const char *oid, ASN1_TYPE *value)
{
	ASN1_OBJECT *o = asn1text_oid(oid);

	if (o != NULL && value != NULL && GENERAL_NAME_set0_othername(g, o, value) == 1)
		return 1;
	ASN1_OBJECT_free(o);
	ASN1_TYPE_free(value);
	return 0;
}

static ASN1_TYPE *text_value(int tag, const char *text)
{
	ASN1_STRING *s = asn1text_make(tag, text, strlen(text));
	ASN1_TYPE *t = s != NULL ? ASN1_TYPE_new() : NULL;

	if (t != NULL)
		ASN1_TYPE_set(t, tag, s);
	else
		ASN1_STRING_free(s);
	return t;
}

static ASN1_TYPE *der_value(const char *hex)
{
	size_t n = strlen(hex) / 2;
	uint8_t *der = malloc(n + 1);
	const unsigned char *p = der;
	ASN1_TYPE *t = NULL;

	if (der != NULL && hex_decode(hex, der, n, &n, NULL) == ACSR_OK)
		t = d2i_ASN1_TYPE(NULL, &p, (long)n);
	free(der);
	return t;
}

static int set_other_text(GENERAL_NAME *g, const char *value)
{
	struct sans_other o;
	char oid[256];

	if (!sans_split_other(value, oid, sizeof(oid), &o))
		return 0;
	return set_other(g, oid, o.tag != 0 ? text_value(o.tag, o.text) : der_value(o.text));
}

static int set_rid(GENERAL_NAME *g, const char *value)
{
	ASN1_OBJECT *o = asn1text_oid(value);

	if (o == NULL)
		return 0;
	GENERAL_NAME_set0_value(g, GEN_RID, o);
	return 1;
}

static int set_dirname(GENERAL_NAME *g, const char *value)
{
	struct acsr_dn dn = { 0 };
	X509_NAME *name = NULL;
	int ok = acsr_dn_parse(&dn, value, NULL) == ACSR_OK && subject_to_name(&name, &dn, NULL) == ACSR_OK;

	acsr_dn_free(&dn);
	if (ok)
		GENERAL_NAME_set0_value(g, GEN_DIRNAME, name);
	return ok;
}

static int set_general(GENERAL_NAME *g, const struct acsr_san *san)
{
	uint8_t ip[16];
	size_t n;

	switch (san->type) {
	case ACSR_SAN_DNS:
		return set_string(g, GEN_DNS, V_ASN1_IA5STRING, san->value, strlen(san->value));
	case ACSR_SAN_EMAIL:
		return set_string(g, GEN_EMAIL, V_ASN1_IA5STRING, san->value, strlen(san->value));
	case ACSR_SAN_URI:
		return set_string(g, GEN_URI, V_ASN1_IA5STRING, san->value, strlen(san->value));
	case ACSR_SAN_IP:
		return subject_ip_bytes(san->value, ip, &n) &&
		       set_string(g, GEN_IPADD, V_ASN1_OCTET_STRING, ip, n);
	case ACSR_SAN_UPN:
		return set_other(g, OID_UPN, text_value(V_ASN1_UTF8STRING, san->value));
	case ACSR_SAN_SMTPUTF8:
		return set_other(g, OID_SMTPUTF8, text_value(V_ASN1_UTF8STRING, san->value));
	case ACSR_SAN_RID:
		return set_rid(g, san->value);
	case ACSR_SAN_DIRNAME:
		return set_dirname(g, san->value);
	case ACSR_SAN_OTHER:
		return set_other_text(g, san->value);
	default:
		return 0;
	}
}

enum acsr_result subject_to_gens(GENERAL_NAMES **out, const struct acsr_sans *sans, struct acsr_err *e)
{
	OSSL_AUTO(ossl_free_gens) GENERAL_NAMES *gens = GENERAL_NAMES_new();

	if (gens == NULL)
		return err_nomem(e);
	for (size_t i = 0; i < sans->n; i++) {
		GENERAL_NAME *g = GENERAL_NAME_new();

		if (g == NULL || !set_general(g, &sans->v[i]) || sk_GENERAL_NAME_push(gens, g) <= 0) {
			GENERAL_NAME_free(g);
			return ossl_err(e, "name.type", "a name that cannot be encoded");
		}
	}
	*out = gens;
	gens = NULL;
	return ACSR_OK;
}

/* Where a name is read: its place, for errors, and whether there shall be any. */
struct place {
	struct acsr_sans *out;
	const GENERAL_NAME *g;
	size_t i;
	const struct reading *how;
};

/* "kind;hex" with the whole GeneralName. */
static enum acsr_result take_unknown(const struct place *at, const char *kind, struct acsr_err *e)
{
	CLEANUP_STR char *hex = NULL, *text = NULL;
	unsigned char *der = NULL;
	int n = i2d_GENERAL_NAME(at->g, &der);

	if (n < 0)
		return ossl_err(e, "sys.openssl", "a name cannot be read");
	hex = malloc(2 * (size_t)n + 1);
	if (hex != NULL)
		hex_encode(der, (size_t)n, hex);
	OPENSSL_free(der);
	if (hex == NULL)
		return err_nomem(e);
	TRY(str_printf(&text, e, "%s;%s", kind, hex));
	return sans_push(at->out, ACSR_SAN_UNKNOWN, text, e);
}

/* The rule AREA.what is broken. A lenient reading keeps the name, spelled out and marked. */
static enum acsr_result broken(const struct place *at, enum acsr_san_type type, const ASN1_STRING *s,
	const char *what, const char *text, struct acsr_err *e)
{
	CLEANUP_STR char *value = NULL;
	char field[32];

	snprintf(field, sizeof(field), "sans[%zu]", at->i);
	TRY(reading_broken(at->how, what, field, "RFC 5280 4.2.1.6", e, "%s", text));
	if (s != NULL)
		TRY(reading_escape(&value, ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s), e));
	TRY(sans_push(at->out, type, value != NULL ? value : "", e));
	at->out->v[at->out->n - 1].broken = true;
	return ACSR_OK;
}

/* The text of an IA5String, judged byte by byte before it becomes a C string. */
static enum acsr_result take_ia5(
	const struct place *at, enum acsr_san_type type, const ASN1_STRING *s, struct acsr_err *e)
{
	const unsigned char *p = ASN1_STRING_get0_data(s);
	int n = ASN1_STRING_length(s);
	CLEANUP_STR char *text = NULL;

	if (n <= 0)
		return broken(at, type, s, "san.empty", "an empty name", e);
	for (int k = 0; k < n; k++) {
		if (p[k] <= 0x20 || p[k] == 0x7f)
			return broken(at, type, s, "san.control",
				"a name with a NUL, a blank, a line break or another control character", e);
		if (p[k] >= 0x80)
			return broken(at, type, s, "san.ascii",
				"a name with characters beyond ASCII; domains go in as xn-- labels", e);
	}
	text = strndup((const char *)p, (size_t)n);
	return text == NULL ? err_nomem(e) : sans_push(at->out, type, text, e);
}

static enum acsr_result take_ip(const struct place *at, const ASN1_STRING *s, struct acsr_err *e)
{
	char text[INET6_ADDRSTRLEN];

	if (!subject_ip_text(ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s), text))
		return broken(
			at, ACSR_SAN_IP, s, "san.ip", "an IP address that has neither 4 nor 16 bytes", e);
	return sans_push(at->out, ACSR_SAN_IP, text, e);
}

static enum acsr_result take_utf8(
	const struct place *at, enum acsr_san_type type, const ASN1_STRING *s, struct acsr_err *e)
{
	CLEANUP_STR char *text = NULL;

	TRY(asn1text_utf8(&text, s, e));
	if (text == NULL || text[0] == '\0' || str_has_control(text))
		return broken(at, type, s, "san.control", "a UPN or mailbox with a control character", e);
	return sans_push(at->out, type, text, e);
}

/* "OID;UTF8:text", "OID;IA5:text", or "OID;DER:hex" for everything else. */
static enum acsr_result take_any_other(
	const struct place *at, const char *oid, const ASN1_TYPE *value, struct acsr_err *e)
{
	CLEANUP_STR char *text = NULL, *out = NULL;
	unsigned char *der = NULL;
	int n;

	if (value->type == V_ASN1_UTF8STRING || value->type == V_ASN1_IA5STRING)
		TRY(asn1text_utf8(&text, value->value.asn1_string, e));
	if (text != NULL && text[0] != '\0' && !str_has_control(text)) {
		TRY(str_printf(
			&out, e, "%s;%s:%s", oid, value->type == V_ASN1_UTF8STRING ? "UTF8" : "IA5", text));
		return sans_push(at->out, ACSR_SAN_OTHER, out, e);
	}
	n = i2d_ASN1_TYPE(value, &der);
	if (n < 0)
		return ossl_err(e, "sys.openssl", "a name cannot be read");
	free(text);
	text = malloc(2 * (size_t)n + 1);
	if (text != NULL)
		hex_encode(der, (size_t)n, text);
	OPENSSL_free(der);
	if (text == NULL)
		return err_nomem(e);
	TRY(str_printf(&out, e, "%s;DER:%s", oid, text));
	return sans_push(at->out, ACSR_SAN_OTHER, out, e);
}

static enum acsr_result take_other(const struct place *at, const OTHERNAME *o, struct acsr_err *e)
{
	char oid[300];

	ossl_oid(o->type_id, oid, sizeof(oid));
	if (o->value->type == V_ASN1_UTF8STRING && strcmp(oid, OID_UPN) == 0)
		return take_utf8(at, ACSR_SAN_UPN, o->value->value.utf8string, e);
	if (o->value->type == V_ASN1_UTF8STRING && strcmp(oid, OID_SMTPUTF8) == 0)
		return take_utf8(at, ACSR_SAN_SMTPUTF8, o->value->value.utf8string, e);
	return take_any_other(at, oid, o->value, e);
}

static enum acsr_result take_rid(const struct place *at, const ASN1_OBJECT *o, struct acsr_err *e)
{
	char oid[300];

	ossl_oid(o, oid, sizeof(oid));
	return sans_push(at->out, ACSR_SAN_RID, oid, e);
}

static enum acsr_result take_dirname(const struct place *at, const X509_NAME *name, struct acsr_err *e)
{
	CLEANUP_STR char *text = NULL;
	struct acsr_dn dn = { 0 };
	enum acsr_result r = subject_from_name(&dn, name, at->how, e);

	if (r == ACSR_OK)
		r = acsr_dn_print(&text, &dn, e);
	acsr_dn_free(&dn);
	if (r == ACSR_OK && text[0] == '\0')
		return broken(at, ACSR_SAN_DIRNAME, NULL, "san.empty", "an empty directory name", e);
	return r == ACSR_OK ? sans_push(at->out, ACSR_SAN_DIRNAME, text, e) : r;
}

static enum acsr_result take_general(const struct place *at, struct acsr_err *e)
{
	const GENERAL_NAME *g = at->g;

	switch (g->type) {
	case GEN_DNS:
		return take_ia5(at, ACSR_SAN_DNS, g->d.dNSName, e);
	case GEN_EMAIL:
		return take_ia5(at, ACSR_SAN_EMAIL, g->d.rfc822Name, e);
	case GEN_URI:
		return take_ia5(at, ACSR_SAN_URI, g->d.uniformResourceIdentifier, e);
	case GEN_IPADD:
		return take_ip(at, g->d.iPAddress, e);
	case GEN_OTHERNAME:
		return take_other(at, g->d.otherName, e);
	case GEN_DIRNAME:
		return take_dirname(at, g->d.directoryName, e);
	case GEN_RID:
		return take_rid(at, g->d.registeredID, e);
	case GEN_X400:
		return take_unknown(at, "x400Address", e);
	case GEN_EDIPARTY:
		return take_unknown(at, "ediPartyName", e);
	default:
		return take_unknown(at, "unknown", e);
	}
}

enum acsr_result subject_from_gens(struct acsr_sans *out, const GENERAL_NAMES *gens, size_t max,
	const struct reading *how, struct acsr_err *e)
{
	int n = sk_GENERAL_NAME_num(gens);

	if (n > 0 && (size_t)n > max)
		TRY(reading_broken(how, "sans.many", "sans", "policy", e,
			"%d names; at most %zu are accepted in one request", n, max));
	for (int i = 0; i < n; i++) {
		const struct place at = { out, sk_GENERAL_NAME_value(gens, i), (size_t)i, how };

		TRY(take_general(&at, e));
	}
	return ACSR_OK;
}
