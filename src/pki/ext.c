/* Reading and building the extensions that CSRs and certificates share. */
#include "ext.h"

#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "der.h"
#include "subject_int.h"

#define MAX_EXTENSIONS 64

void ext_common_free(struct ext_common *c)
{
	acsr_sans_free(&c->sans);
	strv_free(&c->ekus);
	free(c->exts);
	*c = (struct ext_common){ .path_len = -1 };
}

static enum acsr_result bad(const struct reading *how, struct acsr_err *e, const char *field)
{
	ERR_clear_error();
	return reading_broken(
		how, "extensions.bad", field, "RFC 5280 4.2", e, "the extension %s cannot be read", field);
}

static enum acsr_result read_sans(
	struct ext_common *out, X509_EXTENSION *x, size_t max, const struct reading *how, struct acsr_err *e)
{
	OSSL_AUTO(ossl_free_gens) GENERAL_NAMES *gens = X509V3_EXT_d2i(x);

	if (gens == NULL || sk_GENERAL_NAME_num(gens) == 0)
		return bad(how, e, "subjectAltName");
	return subject_from_gens(&out->sans, gens, max, how, e);
}

static enum acsr_result read_ekus(
	struct ext_common *out, X509_EXTENSION *x, const struct reading *how, struct acsr_err *e)
{
	EXTENDED_KEY_USAGE *ekus = X509V3_EXT_d2i(x);
	enum acsr_result r = ACSR_OK;

	if (ekus == NULL)
		return bad(how, e, "extendedKeyUsage");
	for (int i = 0; r == ACSR_OK && i < sk_ASN1_OBJECT_num(ekus); i++) {
		const ASN1_OBJECT *o = sk_ASN1_OBJECT_value(ekus, i);
		int nid = OBJ_obj2nid(o);
		char oid[80];

		ossl_oid(o, oid, sizeof(oid));
		r = strv_add(&out->ekus, nid != NID_undef ? OBJ_nid2sn(nid) : oid, e);
	}
	EXTENDED_KEY_USAGE_free(ekus);
	return r;
}

static enum acsr_result read_ku(
	struct ext_common *out, X509_EXTENSION *x, const struct reading *how, struct acsr_err *e)
{
	ASN1_BIT_STRING *bits = X509V3_EXT_d2i(x);

	if (bits == NULL)
		return bad(how, e, "keyUsage");
	out->has_ku = true;
	for (int i = 0; i < 9; i++)
		if (ASN1_BIT_STRING_get_bit(bits, i))
			out->ku |= 1u << i;
	ASN1_BIT_STRING_free(bits);
	return ACSR_OK;
}

static enum acsr_result read_constraints(
	struct ext_common *out, X509_EXTENSION *x, const struct reading *how, struct acsr_err *e)
{
	BASIC_CONSTRAINTS *bc = X509V3_EXT_d2i(x);
	int64_t path = -1;
	int ok;

	if (bc == NULL)
		return bad(how, e, "basicConstraints");
	ok = bc->pathlen == NULL ||
	     (ASN1_INTEGER_get_int64(&path, bc->pathlen) == 1 && path >= 0 && path < 1000);
	out->has_basic_constraints = true;
	out->ca = bc->ca != 0;
	out->path_len = (int)path;
	BASIC_CONSTRAINTS_free(bc);
	return ok ? ACSR_OK : bad(how, e, "basicConstraints");
}

static enum acsr_result read_features(
	struct ext_common *out, X509_EXTENSION *x, const struct reading *how, struct acsr_err *e)
{
	TLS_FEATURE *f = X509V3_EXT_d2i(x);

	if (f == NULL)
		return bad(how, e, "tlsfeature");
	for (int i = 0; i < sk_ASN1_INTEGER_num(f); i++)
		if (ASN1_INTEGER_get(sk_ASN1_INTEGER_value(f, i)) == 5)
			out->must_staple = true;
	TLS_FEATURE_free(f);
	return ACSR_OK;
}

static enum acsr_result read_one(struct ext_common *out, X509_EXTENSION *x, size_t max_sans,
	const struct reading *how, struct acsr_err *e)
{
	switch (OBJ_obj2nid(X509_EXTENSION_get_object(x))) {
	case NID_subject_alt_name:
		return read_sans(out, x, max_sans, how, e);
	case NID_ext_key_usage:
		return read_ekus(out, x, how, e);
	case NID_key_usage:
		return read_ku(out, x, how, e);
	case NID_basic_constraints:
		return read_constraints(out, x, how, e);
	case NID_tlsfeature:
		return read_features(out, x, how, e);
	default:
		return ACSR_OK;
	}
}

/* Name it, and refuse a second one of its kind and contents that are not DER where we read them. */
static enum acsr_result list_one(
	struct ext_common *out, X509_EXTENSION *x, bool *again, const struct reading *how, struct acsr_err *e)
{
	const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(x);
	const ASN1_OBJECT *o = X509_EXTENSION_get_object(x);
	struct acsr_ext *it = &out->exts[out->n_exts];
	struct acsr_err found;
	int nid = OBJ_obj2nid(o);

	*again = false;
	ossl_oid(o, it->oid, sizeof(it->oid));
	it->name = nid != NID_undef ? OBJ_nid2sn(nid) : "";
	it->critical = X509_EXTENSION_get_critical(x) != 0;
	for (size_t i = 0; i < out->n_exts && !*again; i++)
		*again = strcmp(out->exts[i].oid, it->oid) == 0;
	out->n_exts++;
	if (*again)
		return reading_broken(how, "extensions.duplicate", it->name[0] != '\0' ? it->name : it->oid,
			"RFC 5280 4.2", e, "the extension %s appears twice",
			it->name[0] != '\0' ? it->name : it->oid);
	if (nid == NID_undef ||
		der_check((struct bytes){ ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value) },
			how->area, &found) == ACSR_OK)
		return ACSR_OK;
	err_at(&found, "%s", it->name);
	return reading_found(how, &found, e);
}

enum acsr_result ext_read(struct ext_common *out, const STACK_OF(X509_EXTENSION) * exts, size_t max_sans,
	const struct reading *how, struct acsr_err *e)
{
	int n = exts != NULL ? sk_X509_EXTENSION_num(exts) : 0;

	out->path_len = -1;
	if (n <= 0)
		return ACSR_OK;
	if (n > MAX_EXTENSIONS) {
		TRY(reading_broken(
			how, "extensions.bad", NULL, "policy", e, "more than %d extensions", MAX_EXTENSIONS));
		n = MAX_EXTENSIONS;
	}
	out->exts = calloc((size_t)n, sizeof(*out->exts));
	if (out->exts == NULL)
		return err_nomem(e);
	for (int i = 0; i < n; i++) {
		X509_EXTENSION *x = sk_X509_EXTENSION_value(exts, i);
		bool again;

		TRY(list_one(out, x, &again, how, e));
		if (!again)
			TRY(read_one(out, x, max_sans, how, e));
	}
	return ACSR_OK;
}

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

/* A short name of OpenSSL's, or a dotted OID. */
static ASN1_OBJECT *eku_object(const char *s)
{
	int nid = OBJ_sn2nid(s);

	return nid != NID_undef ? OBJ_nid2obj(nid) : OBJ_txt2obj(s, 1);
}

enum acsr_result ext_push_ekus(
	STACK_OF(X509_EXTENSION) * *exts, const char *const *ekus, size_t n, struct acsr_err *e)
{
	EXTENDED_KEY_USAGE *list = sk_ASN1_OBJECT_new_null();
	enum acsr_result r = list != NULL ? ACSR_OK : err_nomem(e);

	for (size_t i = 0; r == ACSR_OK && i < n; i++) {
		ASN1_OBJECT *o = eku_object(ekus[i]);

		if (o == NULL || sk_ASN1_OBJECT_push(list, o) <= 0) {
			ASN1_OBJECT_free(o);
			r = ossl_err(e, "request.field.eku", "an extended key usage that is not known");
		}
	}
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
