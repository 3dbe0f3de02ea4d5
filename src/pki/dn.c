/* Subject fields: the table of the names we know, their string types and bounds, and the two text forms. */
#include <ctype.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "subject_int.h"

struct field {
	const char *name;
	int nid;
	int type;   /* ASN.1 string type that we write (RFC 5280 appendix A) */
	size_t max; /* characters; X.520 upper bounds */
};

static const struct field fields[] = {
	{ "CN", NID_commonName, V_ASN1_UTF8STRING, 64 },
	{ "O", NID_organizationName, V_ASN1_UTF8STRING, 64 },
	{ "OU", NID_organizationalUnitName, V_ASN1_UTF8STRING, 64 },
	{ "C", NID_countryName, V_ASN1_PRINTABLESTRING, 2 },
	{ "ST", NID_stateOrProvinceName, V_ASN1_UTF8STRING, 128 },
	{ "L", NID_localityName, V_ASN1_UTF8STRING, 128 },
	{ "street", NID_streetAddress, V_ASN1_UTF8STRING, 128 },
	{ "postalCode", NID_postalCode, V_ASN1_UTF8STRING, 40 },
	{ "serialNumber", NID_serialNumber, V_ASN1_PRINTABLESTRING, 64 },
	{ "businessCategory", NID_businessCategory, V_ASN1_UTF8STRING, 128 },
	{ "jurisdictionL", NID_jurisdictionLocalityName, V_ASN1_UTF8STRING, 128 },
	{ "jurisdictionST", NID_jurisdictionStateOrProvinceName, V_ASN1_UTF8STRING, 128 },
	{ "jurisdictionC", NID_jurisdictionCountryName, V_ASN1_PRINTABLESTRING, 2 },
	{ "GN", NID_givenName, V_ASN1_UTF8STRING, 64 },
	{ "SN", NID_surname, V_ASN1_UTF8STRING, 64 },
	{ "title", NID_title, V_ASN1_UTF8STRING, 64 },
	{ "DC", NID_domainComponent, V_ASN1_IA5STRING, 63 },
	{ "UID", NID_userId, V_ASN1_UTF8STRING, 256 },
	{ "emailAddress", NID_pkcs9_emailAddress, V_ASN1_IA5STRING, 255 },
	{ "dnQualifier", NID_dnQualifier, V_ASN1_PRINTABLESTRING, 64 },
	{ "organizationIdentifier", NID_organizationIdentifier, V_ASN1_UTF8STRING, 256 },
};
#define N_FIELDS (sizeof(fields) / sizeof(fields[0]))

static const struct field *by_name(const char *name)
{
	for (size_t i = 0; i < N_FIELDS; i++)
		if (strcasecmp(fields[i].name, name) == 0)
			return &fields[i];
	return NULL;
}

static const struct field *by_nid(int nid)
{
	for (size_t i = 0; i < N_FIELDS; i++)
		if (fields[i].nid == nid)
			return &fields[i];
	return NULL;
}

static bool is_oid(const char *s)
{
	if (!isdigit((unsigned char)*s) || strchr(s, '.') == NULL || strlen(s) > 60)
		return false;
	return strspn(s, "0123456789.") == strlen(s) && strstr(s, "..") == NULL && !str_ends(s, ".");
}

static size_t characters(const char *s)
{
	size_t n = 0;

	for (; *s != '\0'; s++)
		n += ((unsigned char)*s & 0xc0u) != 0x80u;
	return n;
}

static bool is_printable_string(const char *s)
{
	for (; *s != '\0'; s++)
		if (!isalnum((unsigned char)*s) && strchr(" '()+,-./:=?", *s) == NULL)
			return false;
	return true;
}

static enum acsr_result check_country(const struct field *f, const char *value, struct acsr_err *e)
{
	if ((f->nid == NID_countryName || f->nid == NID_jurisdictionCountryName) &&
		!(strlen(value) == 2 && isalpha((unsigned char)value[0]) && isalpha((unsigned char)value[1])))
		return err_rule(e, "subject.country", f->name, "ISO 3166-1",
			"the country must be two letters, such as DE");
	return ACSR_OK;
}

static enum acsr_result check_charset(const struct field *f, const char *value, struct acsr_err *e)
{
	if (f->type == V_ASN1_PRINTABLESTRING && !is_printable_string(value))
		return err_rule(e, "subject.charset", f->name, "RFC 5280 A.1",
			"this field takes Latin letters, digits and simple punctuation only");
	for (const char *p = value; f->type == V_ASN1_IA5STRING && *p != '\0'; p++)
		if ((unsigned char)*p >= 0x80)
			return err_rule(
				e, "subject.charset", f->name, "RFC 5280 A.1", "this field takes ASCII only");
	return ACSR_OK;
}

static enum acsr_result check_field(const char *name, const char *value, struct acsr_err *e)
{
	const struct field *f = by_name(name);
	size_t max = f != NULL ? f->max : 256;

	if (f == NULL && !is_oid(name))
		return err_rule(e, "subject.field", name, NULL,
			"unknown subject field \"%.40s\"; use CN, O, L, ST, C … or a dotted OID", name);
	if (!str_is_utf8(value, strlen(value)) || str_has_control(value))
		return err_rule(e, "subject.control", name, "RFC 5280 4.1.2.4",
			"the field holds a control character or is not UTF-8");
	if (f != NULL)
		TRY(check_country(f, value, e));
	if (value[0] == '\0' || characters(value) > max)
		return err_rule(e, "subject.length", name, "RFC 5280 A.1",
			"the field must have 1 to %zu characters", max);
	return f != NULL ? check_charset(f, value, e) : ACSR_OK;
}

/* Append without judging. */
static enum acsr_result append(struct acsr_dn *dn, const char *name, const char *value, struct acsr_err *e)
{
	struct acsr_dn_field *v = realloc(dn->v, (dn->n + 1) * sizeof(*v));
	char *n = strdup(name), *w = strdup(value);

	if (v != NULL)
		dn->v = v;
	if (v == NULL || n == NULL || w == NULL) {
		free(n);
		free(w);
		return err_nomem(e);
	}
	v[dn->n++] = (struct acsr_dn_field){ .name = n, .value = w };
	return ACSR_OK;
}

enum acsr_result acsr_dn_add(struct acsr_dn *dn, const char *name, const char *value, struct acsr_err *e)
{
	const struct field *f = by_name(name);

	TRY(check_field(name, value, e));
	return append(dn, f != NULL ? f->name : name, value, e);
}

void acsr_dn_free(struct acsr_dn *dn)
{
	for (size_t i = 0; i < dn->n; i++) {
		free(dn->v[i].name);
		free(dn->v[i].value);
	}
	free(dn->v);
	*dn = (struct acsr_dn){ 0 };
}

const char *acsr_dn_get(const struct acsr_dn *dn, const char *name)
{
	for (size_t i = 0; i < dn->n; i++)
		if (strcasecmp(dn->v[i].name, name) == 0)
			return dn->v[i].value;
	return NULL;
}

/* One "name=value" from *s up to an unescaped comma; the pieces are copied without their escapes. */
static enum acsr_result next_rdn(const char **s, char *name, char *value, size_t cap, struct acsr_err *e)
{
	const char *p = *s + strspn(*s, " ");
	const char *eq = strchr(p, '=');
	size_t n = 0;

	if (eq == NULL || (size_t)(eq - p) >= cap)
		return err_set(
			e, "subject.syntax", "a subject is written like CN=www.example.com,O=Example,C=DE");
	memcpy(name, p, (size_t)(eq - p));
	name[eq - p] = '\0';
	while (n = strlen(name), n > 0 && name[n - 1] == ' ')
		name[n - 1] = '\0';
	n = 0;
	for (p = eq + 1; *p != '\0' && *p != ','; p++) {
		if (*p == '\\' && p[1] != '\0')
			p++;
		if (n + 1 >= cap)
			return err_rule(e, "subject.length", name, NULL, "the field is too long");
		value[n++] = *p;
	}
	value[n] = '\0';
	*s = *p == ',' ? p + 1 : p;
	return ACSR_OK;
}

enum acsr_result acsr_dn_parse(struct acsr_dn *dn, const char *text, struct acsr_err *e)
{
	char name[1024], value[1024];

	while (*text != '\0') {
		TRY(next_rdn(&text, name, value, sizeof(name), e));
		TRY(acsr_dn_add(dn, name, value, e));
	}
	return ACSR_OK;
}

enum acsr_result acsr_dn_print(char **out, const struct acsr_dn *dn, struct acsr_err *e)
{
	CLEANUP_BUF struct buf b = { 0 };

	buf_init(&b, 256 * 1024);
	for (size_t i = 0; i < dn->n; i++) {
		TRY(buf_printf(&b, e, "%s%s=", i > 0 ? "," : "", dn->v[i].name));
		for (const char *p = dn->v[i].value; *p != '\0'; p++) {
			if (strchr(",\\+\"<>;", *p) != NULL)
				TRY(buf_putstr(&b, "\\", e));
			TRY(buf_put(&b, p, 1, e));
		}
	}
	return str_dup(out, buf_cstr(&b), e);
}

static enum acsr_result add_entry(X509_NAME *name, const struct acsr_dn_field *in, struct acsr_err *e)
{
	const struct field *f = by_name(in->name);
	ASN1_OBJECT *o = f != NULL ? OBJ_nid2obj(f->nid) : OBJ_txt2obj(in->name, 1);
	int type = f != NULL ? f->type : V_ASN1_UTF8STRING;
	int ok = o != NULL && X509_NAME_add_entry_by_OBJ(name, o, type, (const unsigned char *)in->value,
				      (int)strlen(in->value), -1, 0) == 1;

	ASN1_OBJECT_free(o); /* a no-op for OpenSSL's static ones */
	return ok ? ACSR_OK : ossl_err(e, "subject.field", "the subject field cannot be encoded");
}

enum acsr_result subject_to_name(X509_NAME **out, const struct acsr_dn *dn, struct acsr_err *e)
{
	OSSL_AUTO(ossl_free_name) X509_NAME *name = X509_NAME_new();

	if (name == NULL)
		return err_nomem(e);
	for (size_t i = 0; dn != NULL && i < dn->n; i++) {
		TRY(check_field(dn->v[i].name, dn->v[i].value, e));
		TRY(add_entry(name, &dn->v[i], e));
	}
	*out = name;
	name = NULL;
	return ACSR_OK;
}

/* A value as text; NULL when it is not one: then it breaks a rule. */
static const char *text_problem(const unsigned char *text, int n)
{
	if (strlen((const char *)text) != (size_t)n || !str_is_utf8((const char *)text, (size_t)n) ||
		str_has_control((const char *)text))
		return "the subject field holds a NUL, a line break or another control character";
	return NULL;
}

/* AREA.subject.what is broken. A lenient reading keeps the field, spelled out and marked. */
static enum acsr_result broken_entry(struct acsr_dn *out, const char *name, const ASN1_STRING *s,
	const struct reading *how, const char *what, const char *text, struct acsr_err *e)
{
	CLEANUP_STR char *value = NULL;

	TRY(reading_broken(how, what, name, "RFC 5280 4.1.2.4", e, "%s", text));
	TRY(reading_escape(&value, ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s), e));
	TRY(append(out, name, value, e));
	out->v[out->n - 1].broken = true;
	return ACSR_OK;
}

static enum acsr_result take_text(struct acsr_dn *out, const char *name, const ASN1_STRING *s,
	const struct reading *how, struct acsr_err *e)
{
	unsigned char *text = NULL;
	int n = ASN1_STRING_to_UTF8(&text, s);
	const char *problem = n >= 0 ? text_problem(text, n) : NULL;
	enum acsr_result r;

	if (n < 0) {
		ERR_clear_error();
		return broken_entry(out, name, s, how, "subject.type", "the subject field is not a text", e);
	}
	r = problem != NULL ? broken_entry(out, name, s, how, "subject.control", problem, e)
			    : append(out, name, (char *)text, e);
	OPENSSL_free(text);
	return r;
}

static enum acsr_result take_entry(
	struct acsr_dn *out, const X509_NAME_ENTRY *entry, const struct reading *how, struct acsr_err *e)
{
	const ASN1_OBJECT *o = X509_NAME_ENTRY_get_object(entry);
	const ASN1_STRING *s = X509_NAME_ENTRY_get_data(entry);
	const struct field *f = by_nid(OBJ_obj2nid(o));
	char name[80];

	ossl_oid(o, name, sizeof(name));
	if (f != NULL)
		snprintf(name, sizeof(name), "%s", f->name);
	TRY(take_text(out, name, s, how, e));
	out->v[out->n - 1].string_type = ASN1_STRING_type(s);
	return ACSR_OK;
}

enum acsr_result subject_from_name(
	struct acsr_dn *out, const X509_NAME *name, const struct reading *how, struct acsr_err *e)
{
	int n = X509_NAME_entry_count(name);

	for (int i = 0; i < n; i++)
		TRY(take_entry(out, X509_NAME_get_entry(name, i), how, e));
	return ACSR_OK;
}
