/* Building the extensions that CSRs and certificates share. */
#include <openssl/err.h>
#include <string.h>

#include "asn1text.h"
#include "der.h"
#include "ext.h"
#include "spki.h"
#include "subject_int.h"

enum acsr_result ext_push(
	STACK_OF(X509_EXTENSION) * *exts, int nid, bool critical, void *value, struct acsr_err *e)
{
	if (X509V3_add1_i2d(exts, nid, value, critical, X509V3_ADD_APPEND) != 1)
		return ossl_err(e, "sys.openssl", "cannot encode an extension");
	return ACSR_OK;
}

enum acsr_result ext_push_sans(
	STACK_OF(X509_EXTENSION) * *exts, const struct acsr_sans *sans, bool critical, struct acsr_err *e)
{
	OSSL_AUTO(ossl_free_gens) GENERAL_NAMES *gens = NULL;

	if (sans == NULL || sans->n == 0)
		return ACSR_OK;
	TRY(subject_to_gens(&gens, sans, e));
	return ext_push(exts, NID_subject_alt_name, critical, gens, e);
}

/* A name of the table or of OpenSSL's, or a dotted OID. */
static ASN1_OBJECT *eku_object(const char *s)
{
	const struct acsr_eku *known = acsr_eku_find(s);
	int nid = OBJ_sn2nid(s);

	if (known != NULL)
		return asn1text_oid(known->oid);
	return nid != NID_undef ? OBJ_nid2obj(nid) : asn1text_oid(s);
}

static bool has_object(EXTENDED_KEY_USAGE *list, const ASN1_OBJECT *o)
{
	for (int i = 0; i < sk_ASN1_OBJECT_num(list); i++)
		if (OBJ_cmp(sk_ASN1_OBJECT_value(list, i), o) == 0)
			return true;
	return false;
}

static enum acsr_result add_eku(EXTENDED_KEY_USAGE *list, const char *name, struct acsr_err *e)
{
	ASN1_OBJECT *o = eku_object(name);

	if (o == NULL)
		return err_rule(e, "csr.new.eku", NULL, "RFC 5280 4.2.1.12",
			"the extended key usage %.60s is not known; give its OID", name);
	if (has_object(list, o)) {
		ASN1_OBJECT_free(o);
		return err_rule(e, "csr.new.eku", NULL, "RFC 5280 4.2.1.12",
			"the extended key usage %.60s is given twice", name);
	}
	if (sk_ASN1_OBJECT_push(list, o) > 0)
		return ACSR_OK;
	ASN1_OBJECT_free(o);
	return err_nomem(e);
}

enum acsr_result ext_push_ekus(
	STACK_OF(X509_EXTENSION) * *exts, const char *const *ekus, size_t n, struct acsr_err *e)
{
	EXTENDED_KEY_USAGE *list = sk_ASN1_OBJECT_new_null();
	enum acsr_result r = list != NULL ? ACSR_OK : err_nomem(e);

	for (size_t i = 0; r == ACSR_OK && i < n; i++)
		r = add_eku(list, ekus[i], e);
	if (r == ACSR_OK && n > 0)
		r = ext_push(exts, NID_ext_key_usage, false, list, e);
	sk_ASN1_OBJECT_pop_free(list, ASN1_OBJECT_free);
	return r;
}

enum acsr_result ext_push_ku(STACK_OF(X509_EXTENSION) * *exts, unsigned ku, struct acsr_err *e)
{
	ASN1_BIT_STRING *bits;
	enum acsr_result r = ACSR_OK;

	if (ku == 0)
		return ACSR_OK;
	bits = ASN1_BIT_STRING_new();
	if (bits == NULL)
		return err_nomem(e);
	for (int i = 0; r == ACSR_OK && i < 9; i++)
		if ((ku >> i & 1u) != 0 && ASN1_BIT_STRING_set_bit(bits, i, 1) != 1)
			r = err_nomem(e);
	if (r == ACSR_OK)
		r = ext_push(exts, NID_key_usage, true, bits, e);
	ASN1_BIT_STRING_free(bits);
	return r;
}

enum acsr_result ext_push_must_staple(STACK_OF(X509_EXTENSION) * *exts, struct acsr_err *e)
{
	TLS_FEATURE *f = sk_ASN1_INTEGER_new_null();
	ASN1_INTEGER *five = ASN1_INTEGER_new();
	enum acsr_result r;

	if (f == NULL || five == NULL || ASN1_INTEGER_set(five, 5) != 1 ||
		sk_ASN1_INTEGER_push(f, five) <= 0) {
		ASN1_INTEGER_free(five);
		sk_ASN1_INTEGER_free(f);
		return err_nomem(e);
	}
	r = ext_push(exts, NID_tlsfeature, false, f, e);
	sk_ASN1_INTEGER_pop_free(f, ASN1_INTEGER_free);
	return r;
}

enum acsr_result ext_push_constraints(
	STACK_OF(X509_EXTENSION) * *exts, bool ca, int path_len, struct acsr_err *e)
{
	BASIC_CONSTRAINTS *bc = BASIC_CONSTRAINTS_new();
	enum acsr_result r = bc != NULL ? ACSR_OK : err_nomem(e);

	if (r == ACSR_OK && ca) {
		bc->ca = 0xff;
		if (path_len >= 0) {
			bc->pathlen = ASN1_INTEGER_new();
			if (bc->pathlen == NULL || ASN1_INTEGER_set(bc->pathlen, path_len) != 1)
				r = err_nomem(e);
		}
	}
	if (r == ACSR_OK)
		r = ext_push(exts, NID_basic_constraints, ca, bc, e);
	BASIC_CONSTRAINTS_free(bc);
	return r;
}

enum acsr_result ext_push_ski(STACK_OF(X509_EXTENSION) * *exts, EVP_PKEY *key, struct acsr_err *e)
{
	uint8_t hash[20];
	ASN1_STRING *id;
	enum acsr_result r;

	TRY(spki_key_id(key, hash, e));
	id = asn1text_make(V_ASN1_OCTET_STRING, hash, sizeof(hash));
	r = id != NULL ? ext_push(exts, NID_subject_key_identifier, false, id, e)
		       : ossl_err(e, "sys.openssl", "cannot identify a key");
	ASN1_STRING_free(id);
	return r;
}

static enum acsr_result bad_policy(struct acsr_err *e, const char *text)
{
	return err_rule(e, "csr.new.policy", "policies", "RFC 5280 4.2.1.4", "%s", text);
}

static bool is_url(const char *s)
{
	for (const char *p = s; *p != '\0'; p++)
		if ((unsigned char)*p <= 0x20 || (unsigned char)*p >= 0x7f)
			return false;
	return *s != '\0';
}

static enum acsr_result add_cps(POLICYINFO *info, const char *url, struct acsr_err *e)
{
	POLICYQUALINFO *q = POLICYQUALINFO_new();

	if (info->qualifiers == NULL)
		info->qualifiers = sk_POLICYQUALINFO_new_null();
	if (q == NULL || info->qualifiers == NULL || sk_POLICYQUALINFO_push(info->qualifiers, q) <= 0) {
		POLICYQUALINFO_free(q);
		return err_nomem(e);
	}
	ASN1_OBJECT_free(q->pqualid);
	q->pqualid = OBJ_nid2obj(NID_id_qt_cps);
	q->d.cpsuri = asn1text_make(V_ASN1_IA5STRING, url, strlen(url));
	return q->d.cpsuri != NULL ? ACSR_OK : err_nomem(e);
}

static enum acsr_result add_policy(
	CERTIFICATEPOLICIES *list, const struct acsr_policy *in, struct acsr_err *e)
{
	POLICYINFO *info = POLICYINFO_new();

	if (info == NULL || sk_POLICYINFO_push(list, info) <= 0) {
		POLICYINFO_free(info);
		return err_nomem(e);
	}
	ASN1_OBJECT_free(info->policyid);
	info->policyid = asn1text_oid(in->oid);
	if (info->policyid == NULL)
		return bad_policy(e, "a certificate policy is a dotted OID");
	for (int i = 0; i + 1 < sk_POLICYINFO_num(list); i++)
		if (OBJ_cmp(sk_POLICYINFO_value(list, i)->policyid, info->policyid) == 0)
			return bad_policy(e, "a certificate policy is given twice");
	if (in->cps == NULL)
		return ACSR_OK;
	if (!is_url(in->cps))
		return bad_policy(e, "the URL of a practice statement is ASCII without blanks");
	return add_cps(info, in->cps, e);
}

enum acsr_result ext_push_policies(
	STACK_OF(X509_EXTENSION) * *exts, const struct acsr_policy *v, size_t n, struct acsr_err *e)
{
	CERTIFICATEPOLICIES *list = sk_POLICYINFO_new_null();
	enum acsr_result r = list != NULL ? ACSR_OK : err_nomem(e);

	for (size_t i = 0; r == ACSR_OK && i < n; i++)
		r = add_policy(list, &v[i], e);
	if (r == ACSR_OK && n > 0)
		r = ext_push(exts, NID_certificate_policies, false, list, e);
	CERTIFICATEPOLICIES_free(list);
	return r;
}

static bool has_ext(STACK_OF(X509_EXTENSION) * exts, const ASN1_OBJECT *o)
{
	return exts != NULL && X509v3_get_ext_by_OBJ(exts, o, -1) >= 0;
}

/* Takes over the object. */
static enum acsr_result push_bytes(STACK_OF(X509_EXTENSION) * *exts, ASN1_OBJECT *o, bool critical,
	const uint8_t *p, size_t n, struct acsr_err *e)
{
	ASN1_STRING *value = asn1text_make(V_ASN1_OCTET_STRING, p, n);
	X509_EXTENSION *x = value != NULL ? X509_EXTENSION_create_by_OBJ(NULL, o, critical, value) : NULL;
	int ok = x != NULL && X509v3_add_ext(exts, x, -1) != NULL;

	X509_EXTENSION_free(x);
	ASN1_STRING_free(value);
	ASN1_OBJECT_free(o);
	return ok ? ACSR_OK : ossl_err(e, "sys.openssl", "cannot encode an extension");
}

enum acsr_result ext_push_raw(
	STACK_OF(X509_EXTENSION) * *exts, const struct acsr_raw_ext *v, struct acsr_err *e)
{
	ASN1_OBJECT *o = asn1text_oid(v->oid);

	if (o == NULL)
		return err_rule(e, "csr.new.extension", v->oid, "RFC 5280 4.2",
			"an extension is named by a dotted OID");
	if (has_ext(*exts, o)) {
		ASN1_OBJECT_free(o);
		return err_rule(e, "csr.new.extension-twice", v->oid, "RFC 5280 4.2",
			"the extension %.60s is asked for twice", v->oid);
	}
	if (der_check((struct bytes){ v->der.p, v->der.len }, "csr", NULL) != ACSR_OK) {
		ASN1_OBJECT_free(o);
		return err_rule(e, "csr.new.extension", v->oid, "RFC 5280 4.2",
			"the contents of an extension must be one DER element");
	}
	return push_bytes(exts, o, v->critical, v->der.p, v->der.len, e);
}

static enum acsr_result bad_template(struct acsr_err *e, const char *text)
{
	return err_rule(e, "csr.new.template", "template", "MS-WCCE 2.2.2.7.7", "%s", text);
}

static enum acsr_result push_template_name(
	STACK_OF(X509_EXTENSION) * *exts, const char *name, struct acsr_err *e)
{
	ASN1_STRING *s = asn1text_make_bmp(name);
	unsigned char *der = NULL;
	enum acsr_result r;
	int n;

	if (s == NULL || ASN1_STRING_length(s) == 0) {
		ASN1_STRING_free(s);
		ERR_clear_error();
		return bad_template(e, "the name of a template is a text");
	}
	n = i2d_ASN1_BMPSTRING(s, &der);
	ASN1_STRING_free(s);
	if (n < 0)
		return err_nomem(e);
	r = push_bytes(exts, asn1text_oid(OID_MS_TEMPLATE_NAME), false, der, (size_t)n, e);
	OPENSSL_free(der);
	return r;
}

/* CertificateTemplateOID ::= SEQUENCE { templateID, major INTEGER OPTIONAL, minor INTEGER OPTIONAL } */
static enum acsr_result push_template_oid(
	STACK_OF(X509_EXTENSION) * *exts, const struct acsr_ms_template *t, struct acsr_err *e)
{
	ASN1_OBJECT *o = asn1text_oid(t->oid);
	uint8_t room[300];
	struct der_out w;

	if (o == NULL)
		return bad_template(e, "the template's OID is not one");
	der_out_init(&w, room, sizeof(room));
	if (t->has_minor)
		der_put_small(&w, t->minor);
	if (t->has_major)
		der_put_small(&w, t->major);
	der_put_tlv(&w, DER_OID, OBJ_get0_data(o), OBJ_length(o));
	der_wrap(&w, DER_SEQUENCE, w.cap);
	ASN1_OBJECT_free(o);
	if (w.failed)
		return bad_template(e, "the template's OID is too long");
	return push_bytes(exts, asn1text_oid(OID_MS_TEMPLATE_OID), false, w.p + w.pos, w.cap - w.pos, e);
}

enum acsr_result ext_push_template(
	STACK_OF(X509_EXTENSION) * *exts, const struct acsr_ms_template *t, struct acsr_err *e)
{
	if ((t->has_major || t->has_minor) && t->oid == NULL)
		return bad_template(e, "a template's version belongs to its OID, and there is none");
	if (t->has_minor && !t->has_major)
		return bad_template(e, "a template's minor version needs its major one");
	if (t->name != NULL)
		TRY(push_template_name(exts, t->name, e));
	return t->oid != NULL ? push_template_oid(exts, t, e) : ACSR_OK;
}
