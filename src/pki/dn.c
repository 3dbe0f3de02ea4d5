/* Subjects: the list of fields, the rules for each field, and the list to a Name and back. */
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asn1text.h"
#include "base/ascii.h"
#include "base/str.h"
#include "der.h"
#include "dntable.h"
#include "subject_int.h"

static bool is_oid(const char *s)
{
	ASN1_OBJECT *o = asn1text_oid(s);

	ASN1_OBJECT_free(o);
	return o != NULL;
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
		if (!ascii_alnum((unsigned char)*s) && strchr(" '()+,-./:=?", *s) == NULL)
			return false;
	return true;
}

/* All of ISO 3166 alpha-2; which codes are given out is for the rules to say. */
static enum acsr_result check_country(const struct dn_type *t, const char *value, struct acsr_err *e)
{
	bool country = t->max == 2;

	if (country && !(strlen(value) == 2 && ascii_alpha((unsigned char)value[0]) &&
			       ascii_alpha((unsigned char)value[1])))
		return err_rule(e, "subject.country", t->name, "ISO 3166-1",
			"the country must be two letters, such as DE");
	return ACSR_OK;
}

static enum acsr_result check_charset(const struct dn_type *t, const char *value, struct acsr_err *e)
{
	if (t->tag == V_ASN1_PRINTABLESTRING && !is_printable_string(value))
		return err_rule(e, "subject.charset", t->name, "RFC 5280 A.1",
			"this field takes Latin letters, digits and simple punctuation only");
	if (t->tag == V_ASN1_NUMERICSTRING && strspn(value, "0123456789 ") != strlen(value))
		return err_rule(
			e, "subject.charset", t->name, "RFC 5280 A.1", "this field takes digits only");
	for (const char *p = value; t->tag == V_ASN1_IA5STRING && *p != '\0'; p++)
		if ((unsigned char)*p >= 0x80)
			return err_rule(
				e, "subject.charset", t->name, "RFC 5280 A.1", "this field takes ASCII only");
	return ACSR_OK;
}

static enum acsr_result check_known(const struct dn_type *t, const char *value, struct acsr_err *e)
{
	if (t->tag == 0)
		return err_rule(e, "subject.charset", t->name, "RFC 4514 2.4",
			"this field is no text; write its DER as #hex");
	return check_country(t, value, e);
}

static enum acsr_result check_text(const char *name, const char *value, struct acsr_err *e)
{
	const struct dn_type *t = dn_type_find(name);
	size_t max = t != NULL ? t->max : 256;

	if (t == NULL && !is_oid(name))
		return err_rule(e, "subject.field", name, NULL,
			"unknown subject field \"%.40s\"; use CN, O, L, ST, C … or a dotted OID", name);
	if (!str_is_utf8(value, strlen(value)) || str_has_control(value))
		return err_rule(e, "subject.control", name, "RFC 5280 4.1.2.4",
			"the field holds a control character or is not UTF-8");
	if (t != NULL)
		TRY(check_known(t, value, e));
	if (value[0] == '\0' || characters(value) > max)
		return err_rule(e, "subject.length", name, "RFC 5280 A.1",
			"the field must have 1 to %zu characters", max);
	return t != NULL ? check_charset(t, value, e) : ACSR_OK;
}

/* One whole DER element; *der is the caller's. */
static enum acsr_result value_from_hex(struct acsr_blob *der, const char *hex, struct acsr_err *e)
{
	ACSR_CLEANUP_BLOB struct acsr_blob b = { 0 };

	TRY(acsr_blob_copy(&b, hex, strlen(hex), e)); /* twice the room that is needed */
	if (hex_decode(hex, b.p, b.len, &b.len, NULL) != ACSR_OK ||
		der_check((struct bytes){ b.p, b.len }, "subject", NULL) != ACSR_OK)
		return err_rule(e, "subject.syntax", NULL, "RFC 4514 2.4",
			"what stands behind # must be one DER element in hex");
	*der = b;
	b = (struct acsr_blob){ 0 };
	return ACSR_OK;
}

static enum acsr_result check_hex(const char *name, const char *hex, struct acsr_err *e)
{
	ACSR_CLEANUP_BLOB struct acsr_blob der = { 0 };

	if (dn_type_find(name) == NULL && !is_oid(name))
		return err_rule(e, "subject.field", name, NULL, "unknown subject field \"%.40s\"", name);
	return value_from_hex(&der, hex, e);
}

enum acsr_result dn_push(struct acsr_dn *dn, const struct acsr_dn_field *in, struct acsr_err *e)
{
	struct acsr_dn_field f = *in, *v;

	f.name = strdup(in->name);
	f.value = strdup(in->value);
	/* the list last, so that one which was empty stays without memory of its own */
	v = f.name != NULL && f.value != NULL ? realloc(dn->v, (dn->n + 1) * sizeof(*v)) : NULL;
	if (v == NULL) {
		free(f.name);
		free(f.value);
		return err_nomem(e);
	}
	dn->v = v;
	v[dn->n++] = f;
	return ACSR_OK;
}

static enum acsr_result check_joined(const struct acsr_dn *dn, const char *name, struct acsr_err *e)
{
	if (dn->n == 0)
		return err_rule(
			e, "subject.syntax", name, "RFC 4514 2.2", "there is no field before it to join");
	for (size_t i = dn->n; i-- > 0;) {
		if (ascii_casecmp(dn->v[i].name, name) == 0)
			return err_rule(e, "subject.syntax", name, "X.501 9.3",
				"one multi-valued field cannot have %s twice", name);
		if (!dn->v[i].joined)
			break;
	}
	return ACSR_OK;
}

enum acsr_result dn_add(struct acsr_dn *dn, const struct acsr_dn_field *in, struct acsr_err *e)
{
	const struct dn_type *t = dn_type_find(in->name);
	struct acsr_dn_field f = *in;

	TRY(f.hex ? check_hex(f.name, f.value, e) : check_text(f.name, f.value, e));
	if (t != NULL)
		f.name = (char *)(uintptr_t)t->name;
	if (f.joined)
		TRY(check_joined(dn, f.name, e));
	return dn_push(dn, &f, e);
}

static enum acsr_result add(
	struct acsr_dn *dn, const char *name, const char *value, bool joined, struct acsr_err *e)
{
	const struct acsr_dn_field f = {
		.name = (char *)(uintptr_t)name, .value = (char *)(uintptr_t)value, .joined = joined
	};

	return dn_add(dn, &f, e);
}

enum acsr_result acsr_dn_add(struct acsr_dn *dn, const char *name, const char *value, struct acsr_err *e)
{
	return add(dn, name, value, false, e);
}

enum acsr_result acsr_dn_join(struct acsr_dn *dn, const char *name, const char *value, struct acsr_err *e)
{
	return add(dn, name, value, true, e);
}

void dn_cut(struct acsr_dn *dn, size_t n)
{
	while (dn->n > n) {
		dn->n--;
		free(dn->v[dn->n].name);
		free(dn->v[dn->n].value);
	}
}

enum acsr_result acsr_dn_append(struct acsr_dn *dn, const struct acsr_dn *other, struct acsr_err *e)
{
	size_t before = dn->n, n = other->n;

	for (size_t i = 0; i < n; i++) {
		if (dn_push(dn, &other->v[i], e) == ACSR_OK)
			continue;
		dn_cut(dn, before);
		if (before == 0)
			acsr_dn_free(dn);
		return ACSR_FAIL;
	}
	return ACSR_OK;
}

void acsr_dn_free(struct acsr_dn *dn)
{
	dn_cut(dn, 0);
	free(dn->v);
	*dn = (struct acsr_dn){ 0 };
}

const char *acsr_dn_get(const struct acsr_dn *dn, const char *name)
{
	for (size_t i = 0; i < dn->n; i++)
		if (ascii_casecmp(dn->v[i].name, name) == 0)
			return dn->v[i].value;
	return NULL;
}

const char *acsr_dn_name_at(size_t i, const char **text)
{
	const struct dn_type *t = dn_type_at(i);

	if (t == NULL)
		return NULL;
	if (text != NULL)
		*text = t->text;
	return t->name;
}

static int rank(const struct acsr_dn_field *f)
{
	const struct dn_type *t = dn_type_find(f->name);

	return t != NULL ? t->rank : 99;
}

/* Fields of the RDN that starts at i. */
static size_t rdn_len(const struct acsr_dn *dn, size_t i)
{
	size_t n = 1;

	while (i + n < dn->n && dn->v[i + n].joined)
		n++;
	return n;
}

static void reverse(struct acsr_dn_field *v, size_t n)
{
	for (size_t i = 0; i < n / 2; i++) {
		struct acsr_dn_field t = v[i];

		v[i] = v[n - 1 - i];
		v[n - 1 - i] = t;
	}
}

/* Let the RDN of `n` fields behind `v[before]` stand in front of those. */
static void rotate(struct acsr_dn_field *v, size_t before, size_t n)
{
	reverse(v, before);
	reverse(v + before, n);
	reverse(v, before + n);
}

void acsr_dn_arrange(struct acsr_dn *dn)
{
	size_t n;

	for (size_t i = 0; i < dn->n; i += n) {
		size_t to = 0;

		n = rdn_len(dn, i);
		while (to < i && rank(&dn->v[to]) <= rank(&dn->v[i]))
			to += rdn_len(dn, to);
		rotate(dn->v + to, i - to, n);
	}
}

void dn_reverse(struct acsr_dn *dn)
{
	size_t n;

	/* every field comes to its place, then every RDN's fields stand the wrong way round */
	reverse(dn->v, dn->n);
	for (size_t i = 0; i < dn->n; i += n) {
		n = 1;
		while (dn->v[i + n - 1].joined && i + n < dn->n)
			n++;
		reverse(dn->v + i, n);
	}
}

/* AttributeTypeAndValue with a value that is DER already. */
static enum acsr_result add_der(
	X509_NAME *name, const ASN1_OBJECT *o, const uint8_t *p, size_t n, bool joined, struct acsr_err *e)
{
	CLEANUP_STR char *room = malloc(n + 300);
	const unsigned char *at;
	X509_NAME_ENTRY *entry;
	struct der_out w;
	int ok;

	if (room == NULL)
		return err_nomem(e);
	der_out_init(&w, room, n + 300);
	der_put(&w, p, n);
	der_put_tlv(&w, DER_OID, OBJ_get0_data(o), OBJ_length(o));
	der_wrap(&w, DER_SEQUENCE, w.cap);
	at = w.p + w.pos;
	entry = w.failed ? NULL : d2i_X509_NAME_ENTRY(NULL, &at, (long)(w.cap - w.pos));
	ok = entry != NULL && X509_NAME_add_entry(name, entry, -1, joined ? -1 : 0) == 1;
	X509_NAME_ENTRY_free(entry);
	ERR_clear_error();
	return ok ? ACSR_OK
		  : err_rule(e, "subject.field", NULL, "RFC 4514 2.4",
			    "a subject cannot hold a value of this ASN.1 type here");
}

static enum acsr_result add_entry(X509_NAME *name, const struct acsr_dn_field *in, struct acsr_err *e)
{
	const struct dn_type *t = dn_type_find(in->name);
	ASN1_OBJECT *o = asn1text_oid(t != NULL ? t->oid : in->name);
	ACSR_CLEANUP_BLOB struct acsr_blob der = { 0 };
	enum acsr_result r = ACSR_OK;

	if (o == NULL)
		return err_set(e, "subject.field", "the subject field cannot be encoded");
	if (in->hex) {
		r = value_from_hex(&der, in->value, e);
		if (r == ACSR_OK)
			r = add_der(name, o, der.p, der.len, in->joined, e);
	} else if (X509_NAME_add_entry_by_OBJ(name, o, t != NULL ? t->tag : V_ASN1_UTF8STRING,
			   (const unsigned char *)in->value, (int)strlen(in->value), -1,
			   in->joined ? -1 : 0) != 1) {
		r = ossl_err(e, "subject.field", "the subject field cannot be encoded");
	}
	ASN1_OBJECT_free(o);
	return r;
}

enum acsr_result subject_to_name(X509_NAME **out, const struct acsr_dn *dn, struct acsr_err *e)
{
	OSSL_AUTO(ossl_free_name) X509_NAME *name = X509_NAME_new();

	if (name == NULL)
		return err_nomem(e);
	for (size_t i = 0; dn != NULL && i < dn->n; i++) {
		const struct acsr_dn_field *f = &dn->v[i];

		TRY(f->hex ? check_hex(f->name, f->value, e) : check_text(f->name, f->value, e));
		TRY(add_entry(name, f, e));
	}
	*out = name;
	name = NULL;
	return ACSR_OK;
}

/* AREA.subject.what is broken. A lenient reading keeps the field, spelled out and marked. */
static enum acsr_result broken_value(struct acsr_dn_field *f, const ASN1_STRING *s, const struct reading *how,
	const char *what, const char *text, struct acsr_err *e)
{
	TRY(reading_broken(how, what, f->name, "RFC 5280 4.1.2.4", e, "%s", text));
	f->broken = true;
	free(f->value);
	f->value = NULL;
	return reading_escape(&f->value, ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s), e);
}

/* What is no text, as the hex of its DER. */
static enum acsr_result value_to_hex(char **out, const ASN1_STRING *value, struct acsr_err *e)
{
	ASN1_TYPE t = { .type = ASN1_STRING_type(value) };
	unsigned char *der = NULL;
	int n;

	t.value.asn1_string = (ASN1_STRING *)(uintptr_t)value;
	n = i2d_ASN1_TYPE(&t, &der);
	if (n < 0)
		return ossl_err(e, "sys.openssl", "a subject field cannot be read");
	*out = malloc(2 * (size_t)n + 1);
	if (*out != NULL)
		hex_encode(der, (size_t)n, *out);
	OPENSSL_free(der);
	return *out != NULL ? ACSR_OK : err_nomem(e);
}

static enum acsr_result take_value(struct acsr_dn_field *f, const struct dn_type *t, const ASN1_STRING *value,
	const struct reading *how, struct acsr_err *e)
{
	bool text = asn1text_is_text(ASN1_STRING_type(value));

	TRY(asn1text_utf8(&f->value, value, e));
	f->string_type = ASN1_STRING_type(value);
	if (f->value != NULL && !str_has_control(f->value))
		return ACSR_OK;
	if (text)
		return broken_value(f, value, how, "subject.control",
			"the subject field holds a NUL, a line break or another control character", e);
	if (t != NULL && t->tag != 0)
		return broken_value(f, value, how, "subject.type", "the subject field is not a text", e);
	f->hex = true;
	return value_to_hex(&f->value, value, e);
}

static enum acsr_result take_entry(struct acsr_dn *out, const X509_NAME_ENTRY *entry, bool joined,
	const struct reading *how, struct acsr_err *e)
{
	struct acsr_dn_field f = { .joined = joined };
	const struct dn_type *t;
	enum acsr_result r;
	char name[80];

	ossl_oid(X509_NAME_ENTRY_get_object(entry), name, sizeof(name));
	t = dn_type_find(name);
	f.name = t != NULL ? (char *)(uintptr_t)t->name : name;
	r = take_value(&f, t, X509_NAME_ENTRY_get_data(entry), how, e);
	if (r == ACSR_OK)
		r = dn_push(out, &f, e);
	free(f.value);
	return r;
}

enum acsr_result subject_from_name(
	struct acsr_dn *out, const X509_NAME *name, const struct reading *how, struct acsr_err *e)
{
	int n = X509_NAME_entry_count(name), rdn = -1;

	for (int i = 0; i < n; i++) {
		const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, i);
		bool joined = X509_NAME_ENTRY_set(entry) == rdn;

		rdn = X509_NAME_ENTRY_set(entry);
		TRY(take_entry(out, entry, joined, how, e));
	}
	return ACSR_OK;
}
