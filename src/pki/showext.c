/* Extensions in the JSON documents: those that CSRs, certificates and CRLs share, and all of them as a list.
 */
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "pki/der.h"
#include "pki/show_int.h"

#define MAX_SHOWN 256 /* bytes of one value as hex */

/* The first of its kind that can be read. */
static void *find(const STACK_OF(X509_EXTENSION) * exts, int nid)
{
	for (int i = 0; i < sk_X509_EXTENSION_num(exts); i++) {
		X509_EXTENSION *x = sk_X509_EXTENSION_value(exts, i);
		void *value;

		if (OBJ_obj2nid(X509_EXTENSION_get_object(x)) != nid)
			continue;
		value = X509V3_EXT_d2i(x);
		if (value != NULL)
			return value;
	}
	return NULL;
}

static json_t *set_sans(json_t *o, const STACK_OF(X509_EXTENSION) * exts)
{
	GENERAL_NAMES *gens = find(exts, NID_subject_alt_name);

	o = show_set(o, "sans", show_generals(gens));
	o = show_set(o, "names", show_typed_generals(gens));
	GENERAL_NAMES_free(gens);
	return o;
}

json_t *show_key_usage(const ASN1_BIT_STRING *bits)
{
	static const char *const names[] = { "digitalSignature", "nonRepudiation", "keyEncipherment",
		"dataEncipherment", "keyAgreement", "keyCertSign", "cRLSign", "encipherOnly",
		"decipherOnly" };
	json_t *a = json_array();

	for (int i = 0; bits != NULL && i < 9; i++)
		if (ASN1_BIT_STRING_get_bit(bits, i))
			a = show_add(a, json_string(names[i]));
	return a;
}

json_t *show_oids(const STACK_OF(ASN1_OBJECT) * list)
{
	json_t *a = json_array();

	for (int i = 0; i < sk_ASN1_OBJECT_num(list); i++)
		a = show_add(a, show_object_name(sk_ASN1_OBJECT_value(list, i)));
	return a;
}

static json_t *set_usages(json_t *o, const STACK_OF(X509_EXTENSION) * exts)
{
	ASN1_BIT_STRING *ku = find(exts, NID_key_usage);
	EXTENDED_KEY_USAGE *eku = find(exts, NID_ext_key_usage);

	o = show_set(o, "key_usage", show_key_usage(ku));
	o = show_set(o, "extended_key_usage", show_oids(eku));
	ASN1_BIT_STRING_free(ku);
	EXTENDED_KEY_USAGE_free(eku);
	return o;
}

static json_t *set_constraints(json_t *o, const STACK_OF(X509_EXTENSION) * exts)
{
	BASIC_CONSTRAINTS *bc = find(exts, NID_basic_constraints);
	int64_t path = -1;

	if (bc != NULL && (bc->pathlen == NULL || ASN1_INTEGER_get_int64(&path, bc->pathlen) != 1))
		path = -1;
	o = show_set(o, "ca", json_boolean(bc != NULL && bc->ca != 0));
	o = show_set(o, "path_length", path >= 0 ? json_integer(path) : json_null());
	BASIC_CONSTRAINTS_free(bc);
	return o;
}

static json_t *set_staple(json_t *o, const STACK_OF(X509_EXTENSION) * exts)
{
	TLS_FEATURE *f = find(exts, NID_tlsfeature);
	bool staple = false;

	for (int i = 0; i < sk_ASN1_INTEGER_num(f); i++)
		staple |= ASN1_INTEGER_get(sk_ASN1_INTEGER_value(f, i)) == 5;
	TLS_FEATURE_free(f);
	return show_set(o, "must_staple", json_boolean(staple));
}

static json_t *one_extension(X509_EXTENSION *x)
{
	const ASN1_OBJECT *oid = X509_EXTENSION_get_object(x);
	const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(x);
	const uint8_t *p = ASN1_STRING_get0_data(value);
	size_t n = (size_t)ASN1_STRING_length(value);
	int nid = OBJ_obj2nid(oid);
	char dotted[128];

	ossl_oid(oid, dotted, sizeof(dotted));
	return json_pack("{s:s, s:s, s:b, s:o, s:o, s:I}", "oid", dotted, "name",
		show_extension_name(dotted, nid), "critical", X509_EXTENSION_get_critical(x) != 0, "values",
		show_extension_values(x), "hex", show_hex_cut(p, n, MAX_SHOWN), "length", (json_int_t)n);
}

json_t *show_extension_list(const STACK_OF(X509_EXTENSION) * exts)
{
	json_t *list = json_array();

	for (int i = 0; i < sk_X509_EXTENSION_num(exts); i++)
		list = show_add(list, one_extension(sk_X509_EXTENSION_value(exts, i)));
	ERR_clear_error();
	return list;
}

json_t *show_set_extensions(json_t *o, const STACK_OF(X509_EXTENSION) * exts)
{
	o = set_sans(o, exts);
	o = set_usages(o, exts);
	o = set_constraints(o, exts);
	o = set_staple(o, exts);
	return show_set(o, "extensions", show_extension_list(exts));
}
