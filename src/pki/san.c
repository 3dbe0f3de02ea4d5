/* Subject alternative names: the typed list, and the form of each type. gens.c encodes and decodes it. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asn1text.h"
#include "base/ascii.h"
#include "base/str.h"
#include "der.h"
#include "subject_int.h"

static const struct {
	const char *name, *label;
} types[ACSR_SAN_TYPES] = {
	[ACSR_SAN_DNS] = { "dns", "DNS" },
	[ACSR_SAN_IP] = { "ip", "IP" },
	[ACSR_SAN_EMAIL] = { "email", "email" },
	[ACSR_SAN_URI] = { "uri", "URI" },
	[ACSR_SAN_UPN] = { "upn", "UPN" },
	[ACSR_SAN_SMTPUTF8] = { "smtputf8", "SmtpUTF8" },
	[ACSR_SAN_RID] = { "rid", "RID" },
	[ACSR_SAN_DIRNAME] = { "dirname", "dirName" },
	[ACSR_SAN_OTHER] = { "other", "otherName" },
	[ACSR_SAN_UNKNOWN] = { "unknown", "unknown" },
};

const char *acsr_san_type_name(enum acsr_san_type type)
{
	return (unsigned)type < ACSR_SAN_TYPES ? types[type].name : "?";
}

const char *acsr_san_label(enum acsr_san_type type)
{
	return (unsigned)type < ACSR_SAN_TYPES ? types[type].label : "?";
}

bool acsr_san_type_find(const char *name, enum acsr_san_type *out)
{
	for (enum acsr_san_type t = ACSR_SAN_DNS; t < ACSR_SAN_UNKNOWN; t++) {
		if (ascii_casecmp(types[t].name, name) != 0 && ascii_casecmp(types[t].label, name) != 0)
			continue;
		*out = t;
		return true;
	}
	return false;
}

static bool printable_ascii(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s <= 0x20 || (unsigned char)*s >= 0x7f)
			return false;
	return true;
}

static bool is_ascii(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s >= 0x80)
			return false;
	return true;
}

bool subject_ip_bytes(const char *s, uint8_t out[16], size_t *n)
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

enum acsr_result sans_push(
	struct acsr_sans *l, enum acsr_san_type type, const char *value, struct acsr_err *e)
{
	char *copy = strdup(value);
	struct acsr_san *v = copy != NULL ? realloc(l->v, (l->n + 1) * sizeof(*v)) : NULL;

	if (v == NULL) {
		free(copy);
		return err_nomem(e);
	}
	l->v = v;
	v[l->n++] = (struct acsr_san){ .type = type, .value = copy };
	return ACSR_OK;
}

/* What all types have in common. */
static enum acsr_result check_text(enum acsr_san_type type, const char *value, struct acsr_err *e)
{
	bool ascii = type == ACSR_SAN_DNS || type == ACSR_SAN_EMAIL || type == ACSR_SAN_URI;

	if (value[0] == '\0')
		return err_rule(e, "name.empty", NULL, "RFC 5280 4.2.1.6", "an empty name");
	if (str_has_control(value))
		return err_rule(
			e, "name.control", NULL, "RFC 5280 4.2.1.6", "a name with a control character");
	if (!str_is_utf8(value, strlen(value)) || (ascii && !printable_ascii(value)))
		return err_rule(e, "name.ascii", NULL, "RFC 5280 4.2.1.6",
			"a name with blanks or characters beyond ASCII; domains go in as xn-- labels");
	return ACSR_OK;
}

static enum acsr_result add_ip(struct acsr_sans *l, const char *value, struct acsr_err *e)
{
	char text[INET6_ADDRSTRLEN];
	uint8_t ip[16];
	size_t n;

	if (!subject_ip_bytes(value, ip, &n) || !subject_ip_text(ip, n, text))
		return err_rule(e, "name.ip", NULL, "RFC 5280 4.2.1.6", "\"%.60s\" is no IP address", value);
	return sans_push(l, ACSR_SAN_IP, text, e);
}

static enum acsr_result bad_mailbox(struct acsr_err *e, const char *text)
{
	return err_rule(e, "name.email", NULL, "RFC 9598 3", "%s", text);
}

static enum acsr_result add_mailbox(struct acsr_sans *l, const char *value, struct acsr_err *e)
{
	const char *at = strrchr(value, '@');
	bool wide = false;

	if (at == NULL || at == value || at[1] == '\0')
		return bad_mailbox(e, "a mailbox is written local-part@domain");
	if (str_starts(value, "\xef\xbb\xbf"))
		return bad_mailbox(e, "a mailbox must not start with a byte order mark");
	for (const char *p = value; p < at; p++)
		wide = wide || (unsigned char)*p >= 0x80;
	if (!wide)
		return bad_mailbox(e, "a mailbox whose local part is ASCII goes in as an e-mail name");
	for (const char *p = at + 1; *p != '\0'; p++)
		if ((unsigned char)*p >= 0x80 || (*p >= 'A' && *p <= 'Z') || *p == ' ')
			return bad_mailbox(e, "the domain of a mailbox goes in as lower-case xn-- labels");
	return sans_push(l, ACSR_SAN_SMTPUTF8, value, e);
}

/* "1.2.3" in its one form; *out is the caller's. */
static enum acsr_result canonical_oid(char **out, const char *dotted, struct acsr_err *e)
{
	ASN1_OBJECT *o = asn1text_oid(dotted);
	char text[300];

	if (o == NULL)
		return err_rule(e, "name.oid", NULL, "X.660", "\"%.60s\" is no object identifier", dotted);
	ossl_oid(o, text, sizeof(text));
	ASN1_OBJECT_free(o);
	return str_dup(out, text, e);
}

static enum acsr_result add_rid(struct acsr_sans *l, const char *value, struct acsr_err *e)
{
	CLEANUP_STR char *oid = NULL;

	TRY(canonical_oid(&oid, value, e));
	return sans_push(l, ACSR_SAN_RID, oid, e);
}

static enum acsr_result add_dirname(struct acsr_sans *l, const char *value, struct acsr_err *e)
{
	CLEANUP_STR char *text = NULL;
	struct acsr_dn dn = { 0 };
	enum acsr_result r = acsr_dn_parse(&dn, value, e);

	if (r == ACSR_OK && dn.n == 0)
		r = err_rule(e, "name.empty", NULL, "RFC 5280 4.2.1.6", "an empty directory name");
	if (r == ACSR_OK)
		r = acsr_dn_print(&text, &dn, e);
	acsr_dn_free(&dn);
	return r == ACSR_OK ? sans_push(l, ACSR_SAN_DIRNAME, text, e) : r;
}

static enum acsr_result bad_other(struct acsr_err *e)
{
	return err_rule(e, "name.other", NULL, "RFC 5280 4.2.1.6",
		"another name is written OID;UTF8:text, OID;IA5:text or OID;DER:hex");
}

bool sans_split_other(const char *value, char *oid, size_t cap, struct sans_other *out)
{
	static const struct {
		const char *word;
		int tag;
	} kinds[] = { { "UTF8:", V_ASN1_UTF8STRING }, { "IA5:", V_ASN1_IA5STRING }, { "DER:", 0 } };
	const char *semi = strchr(value, ';');

	if (semi == NULL || (size_t)(semi - value) >= cap)
		return false;
	memcpy(oid, value, (size_t)(semi - value));
	oid[semi - value] = '\0';
	for (size_t i = 0; i < 3; i++) {
		if (ascii_ncasecmp(semi + 1, kinds[i].word, strlen(kinds[i].word)) != 0)
			continue;
		*out = (struct sans_other){ kinds[i].word, kinds[i].tag, semi + 1 + strlen(kinds[i].word) };
		return out->text[0] != '\0';
	}
	return false;
}

static bool is_der_hex(const char *hex)
{
	size_t n = strlen(hex);
	uint8_t *der = malloc(n / 2 + 1);
	bool good = der != NULL && hex_decode(hex, der, n / 2, &n, NULL) == ACSR_OK &&
		    der_check((struct bytes){ der, n }, "name", NULL) == ACSR_OK;

	free(der);
	return good;
}

static enum acsr_result add_other(struct acsr_sans *l, const char *value, struct acsr_err *e)
{
	CLEANUP_STR char *oid = NULL, *text = NULL;
	struct sans_other o;
	char dotted[256];

	if (!sans_split_other(value, dotted, sizeof(dotted), &o))
		return bad_other(e);
	TRY(canonical_oid(&oid, dotted, e));
	if ((o.tag == 0 && !is_der_hex(o.text)) || (o.tag == V_ASN1_IA5STRING && !is_ascii(o.text)))
		return bad_other(e);
	TRY(str_printf(&text, e, "%s;%s%s", oid, o.word, o.text));
	if (o.tag == 0)
		str_lower(strstr(text, "DER:") + 4);
	return sans_push(l, ACSR_SAN_OTHER, text, e);
}

enum acsr_result acsr_sans_add(
	struct acsr_sans *l, enum acsr_san_type type, const char *value, struct acsr_err *e)
{
	TRY(check_text(type, value, e));
	switch (type) {
	case ACSR_SAN_DNS:
	case ACSR_SAN_EMAIL:
	case ACSR_SAN_URI:
	case ACSR_SAN_UPN:
		return sans_push(l, type, value, e);
	case ACSR_SAN_IP:
		return add_ip(l, value, e);
	case ACSR_SAN_SMTPUTF8:
		return add_mailbox(l, value, e);
	case ACSR_SAN_RID:
		return add_rid(l, value, e);
	case ACSR_SAN_DIRNAME:
		return add_dirname(l, value, e);
	case ACSR_SAN_OTHER:
		return add_other(l, value, e);
	default:
		return err_set(e, "name.type", "a name of unknown type");
	}
}

bool acsr_sans_has(const struct acsr_sans *l, enum acsr_san_type type, const char *value)
{
	for (size_t i = 0; i < l->n; i++) {
		if (l->v[i].type != type)
			continue;
		if (type == ACSR_SAN_DNS ? ascii_casecmp(l->v[i].value, value) == 0
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
