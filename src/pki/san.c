/* Subject alternative names: typed list to GENERAL_NAMES and back. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "subject_int.h"

#define OID_UPN "1.3.6.1.4.1.311.20.2.3"

const char *acsr_san_type_name(enum acsr_san_type type)
{
	static const char *const names[] = { "dns", "ip", "email", "uri", "upn", "other" };

	return type >= ACSR_SAN_DNS && type <= ACSR_SAN_UNKNOWN ? names[type] : "?";
}

static bool printable_ascii(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s <= 0x20 || (unsigned char)*s >= 0x7f)
			return false;
	return true;
}

static bool ip_bytes(const char *s, uint8_t out[16], size_t *n)
{
	*n = strchr(s, ':') != NULL ? 16 : 4;
	return inet_pton(*n == 16 ? AF_INET6 : AF_INET, s, out) == 1;
}

bool subject_ip_text(const uint8_t *ip, size_t n, char *out)
{
	if (n != 4 && n != 16)
		return false;
	return inet_ntop(n == 16 ? AF_INET6 : AF_INET, ip, out, INET6_ADDRSTRLEN) != NULL;
}

static enum acsr_result append(
	struct acsr_sans *l, enum acsr_san_type type, const char *value, struct acsr_err *e)
{
	struct acsr_san *v = realloc(l->v, (l->n + 1) * sizeof(*v));
	char *copy = strdup(value);

	if (v != NULL)
		l->v = v;
	if (v == NULL || copy == NULL) {
		free(copy);
		return err_nomem(e);
	}
	v[l->n++] = (struct acsr_san){ .type = type, .value = copy };
	return ACSR_OK;
}

enum acsr_result acsr_sans_add(
	struct acsr_sans *l, enum acsr_san_type type, const char *value, struct acsr_err *e)
{
	char text[INET6_ADDRSTRLEN];
	uint8_t ip[16];
	size_t n;

	if (value[0] == '\0')
		return err_rule(e, "name.empty", NULL, "RFC 5280 4.2.1.6", "an empty name");
	if (str_has_control(value))
		return err_rule(
			e, "name.control", NULL, "RFC 5280 4.2.1.6", "a name with a control character");
	if (type == ACSR_SAN_UPN ? !str_is_utf8(value, strlen(value)) : !printable_ascii(value))
		return err_rule(e, "name.ascii", NULL, "RFC 5280 4.2.1.6",
			"a name with blanks or characters beyond ASCII; domains go in as xn-- labels");
	if (type == ACSR_SAN_UNKNOWN)
		return err_set(e, "name.type", "a name of unknown type");
	if (type != ACSR_SAN_IP)
		return append(l, type, value, e);
	if (!ip_bytes(value, ip, &n) || !subject_ip_text(ip, n, text))
		return err_rule(e, "name.ip", NULL, "RFC 5280 4.2.1.6", "\"%.60s\" is no IP address", value);
	return append(l, type, text, e);
}

bool acsr_sans_has(const struct acsr_sans *l, enum acsr_san_type type, const char *value)
{
	for (size_t i = 0; i < l->n; i++) {
		if (l->v[i].type != type)
			continue;
		if (type == ACSR_SAN_DNS ? strcasecmp(l->v[i].value, value) == 0
					 : strcmp(l->v[i].value, value) == 0)
			return true;
	}
	return false;
}

void acsr_sans_free(struct acsr_sans *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i].value);
	free(l->v);
	*l = (struct acsr_sans){ 0 };
}

static int set_string(GENERAL_NAME *g, int gen, int asn1_type, const void *p, size_t n)
{
	ASN1_STRING *s = ASN1_STRING_type_new(asn1_type);

	if (s == NULL || ASN1_STRING_set(s, p, (int)n) != 1) {
		ASN1_STRING_free(s);
		return 0;
	}
	GENERAL_NAME_set0_value(g, gen, s);
	return 1;
}

static int set_upn(GENERAL_NAME *g, const char *value)
{
	ASN1_OBJECT *oid = OBJ_txt2obj(OID_UPN, 1);
	ASN1_TYPE *t = ASN1_TYPE_new();
	ASN1_UTF8STRING *s = ASN1_UTF8STRING_new();

	if (oid == NULL || t == NULL || s == NULL || ASN1_STRING_set(s, value, -1) != 1) {
		ASN1_OBJECT_free(oid);
		ASN1_TYPE_free(t);
		ASN1_UTF8STRING_free(s);
		return 0;
	}
	ASN1_TYPE_set(t, V_ASN1_UTF8STRING, s);
	if (GENERAL_NAME_set0_othername(g, oid, t) == 1)
		return 1;
	ASN1_OBJECT_free(oid);
	ASN1_TYPE_free(t);
	return 0;
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
		return ip_bytes(san->value, ip, &n) && set_string(g, GEN_IPADD, V_ASN1_OCTET_STRING, ip, n);
	case ACSR_SAN_UPN:
		return set_upn(g, san->value);
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

/* The rule AREA.what is broken by name i. A lenient reading keeps the name, spelled out and marked. */
static enum acsr_result broken(struct acsr_sans *out, enum acsr_san_type type, const ASN1_STRING *s, size_t i,
	const struct reading *how, const char *what, const char *text, struct acsr_err *e)
{
	CLEANUP_STR char *value = NULL;
	char field[32];

	snprintf(field, sizeof(field), "sans[%zu]", i);
	TRY(reading_broken(how, what, field, "RFC 5280 4.2.1.6", e, "%s", text));
	TRY(reading_escape(&value, ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s), e));
	TRY(append(out, type, value, e));
	out->v[out->n - 1].broken = true;
	return ACSR_OK;
}

/* The text of an IA5String SAN, judged byte by byte before it becomes a C string. */
static enum acsr_result take_ia5(struct acsr_sans *out, enum acsr_san_type type, const ASN1_STRING *s,
	size_t i, const struct reading *how, struct acsr_err *e)
{
	const unsigned char *p = ASN1_STRING_get0_data(s);
	int n = ASN1_STRING_length(s);
	CLEANUP_STR char *text = NULL;

	if (n <= 0)
		return broken(out, type, s, i, how, "san.empty", "an empty name", e);
	for (int k = 0; k < n; k++) {
		if (p[k] <= 0x20 || p[k] == 0x7f)
			return broken(out, type, s, i, how, "san.control",
				"a name with a NUL, a blank, a line break or another control character", e);
		if (p[k] >= 0x80)
			return broken(out, type, s, i, how, "san.ascii",
				"a name with characters beyond ASCII; domains go in as xn-- labels", e);
	}
	text = strndup((const char *)p, (size_t)n);
	return text == NULL ? err_nomem(e) : append(out, type, text, e);
}

static enum acsr_result take_ip(
	struct acsr_sans *out, const ASN1_STRING *s, size_t i, const struct reading *how, struct acsr_err *e)
{
	char text[INET6_ADDRSTRLEN];

	if (!subject_ip_text(ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s), text))
		return broken(out, ACSR_SAN_IP, s, i, how, "san.ip",
			"an IP address that has neither 4 nor 16 bytes", e);
	return append(out, ACSR_SAN_IP, text, e);
}

static enum acsr_result take_other(
	struct acsr_sans *out, const OTHERNAME *o, size_t i, const struct reading *how, struct acsr_err *e)
{
	const ASN1_STRING *s;
	CLEANUP_STR char *text = NULL;
	char oid[64];

	ossl_oid(o->type_id, oid, sizeof(oid));
	if (strcmp(oid, OID_UPN) != 0 || o->value->type != V_ASN1_UTF8STRING)
		return append(out, ACSR_SAN_UNKNOWN, "otherName", e);
	s = o->value->value.utf8string;
	text = strndup((const char *)ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s));
	if (text == NULL)
		return err_nomem(e);
	if (strlen(text) != (size_t)ASN1_STRING_length(s) || !str_is_utf8(text, strlen(text)) ||
		str_has_control(text) || text[0] == '\0')
		return broken(
			out, ACSR_SAN_UPN, s, i, how, "san.control", "a UPN with a control character", e);
	return append(out, ACSR_SAN_UPN, text, e);
}

static enum acsr_result take_general(
	struct acsr_sans *out, const GENERAL_NAME *g, size_t i, const struct reading *how, struct acsr_err *e)
{
	switch (g->type) {
	case GEN_DNS:
		return take_ia5(out, ACSR_SAN_DNS, g->d.dNSName, i, how, e);
	case GEN_EMAIL:
		return take_ia5(out, ACSR_SAN_EMAIL, g->d.rfc822Name, i, how, e);
	case GEN_URI:
		return take_ia5(out, ACSR_SAN_URI, g->d.uniformResourceIdentifier, i, how, e);
	case GEN_IPADD:
		return take_ip(out, g->d.iPAddress, i, how, e);
	case GEN_OTHERNAME:
		return take_other(out, g->d.otherName, i, how, e);
	case GEN_DIRNAME:
		return append(out, ACSR_SAN_UNKNOWN, "directoryName", e);
	case GEN_RID:
		return append(out, ACSR_SAN_UNKNOWN, "registeredID", e);
	default:
		return append(out, ACSR_SAN_UNKNOWN, "unknown", e);
	}
}

enum acsr_result subject_from_gens(struct acsr_sans *out, const GENERAL_NAMES *gens, size_t max,
	const struct reading *how, struct acsr_err *e)
{
	int n = sk_GENERAL_NAME_num(gens);

	if (n > 0 && (size_t)n > max)
		TRY(reading_broken(how, "sans.many", "sans", "policy", e,
			"%d names; at most %zu are accepted in one request", n, max));
	for (int i = 0; i < n; i++)
		TRY(take_general(out, sk_GENERAL_NAME_value(gens, i), (size_t)i, how, e));
	return ACSR_OK;
}
