/* Reading the extensions that CSRs and certificates share. */
#include "ext.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asn1text.h"
#include "der.h"
#include "subject_int.h"

#define MAX_EXTENSIONS 64

void ext_free_list(struct acsr_ext *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		acsr_blob_free(&v[i].der);
	free(v);
}

void ext_free_policies(struct acsr_policy *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(v[i].oid);
		free(v[i].cps);
	}
	free(v);
}

void ext_free_template(struct acsr_ms_template *t)
{
	free(t->name);
	free(t->oid);
	*t = (struct acsr_ms_template){ 0 };
}

void ext_common_free(struct ext_common *c)
{
	acsr_sans_free(&c->sans);
	strv_free(&c->ekus);
	ext_free_policies(c->policies, c->n_policies);
	ext_free_template(&c->ms_template);
	ext_free_list(c->exts, c->n_exts);
	*c = (struct ext_common){ .path_len = -1 };
}

static enum acsr_result bad(const struct reading *how, struct acsr_err *e, const char *field)
{
	if (ossl_ran_short())
		return err_nomem(e);
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
		const struct acsr_eku *known;
		char oid[80];

		ossl_oid(sk_ASN1_OBJECT_value(ekus, i), oid, sizeof(oid));
		known = acsr_eku_find(oid);
		r = strv_add(&out->ekus, known != NULL ? known->name : oid, e);
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

static enum acsr_result read_ski(
	struct ext_common *out, X509_EXTENSION *x, const struct reading *how, struct acsr_err *e)
{
	ASN1_OCTET_STRING *ski = X509V3_EXT_d2i(x);

	if (ski == NULL)
		return bad(how, e, "subjectKeyIdentifier");
	if (ASN1_STRING_length(ski) <= (int)sizeof(out->ski)) {
		out->ski_len = (size_t)ASN1_STRING_length(ski);
		memcpy(out->ski, ASN1_STRING_get0_data(ski), out->ski_len);
	}
	ASN1_OCTET_STRING_free(ski);
	return ACSR_OK;
}

/* The URL of the first practice statement; one that is no clean text is left out. */
static char *cps_of(const POLICYINFO *info)
{
	for (int i = 0; i < sk_POLICYQUALINFO_num(info->qualifiers); i++) {
		const POLICYQUALINFO *q = sk_POLICYQUALINFO_value(info->qualifiers, i);
		char *text = NULL;

		if (OBJ_obj2nid(q->pqualid) != NID_id_qt_cps || q->d.cpsuri == NULL ||
			asn1text_safe(&text, q->d.cpsuri, NULL) != ACSR_OK || text == NULL)
			continue;
		return text;
	}
	return NULL;
}

static enum acsr_result read_policies(
	struct ext_common *out, X509_EXTENSION *x, const struct reading *how, struct acsr_err *e)
{
	CERTIFICATEPOLICIES *list = X509V3_EXT_d2i(x);
	int n = list != NULL ? sk_POLICYINFO_num(list) : 0;
	enum acsr_result r = ACSR_OK;

	if (list == NULL)
		return bad(how, e, "certificatePolicies");
	out->policies = calloc((size_t)n + 1, sizeof(*out->policies));
	if (out->policies == NULL)
		r = err_nomem(e);
	for (int i = 0; r == ACSR_OK && i < n; i++) {
		const POLICYINFO *info = sk_POLICYINFO_value(list, i);
		char oid[80];

		ossl_oid(info->policyid, oid, sizeof(oid));
		r = str_dup(&out->policies[i].oid, oid, e);
		if (r != ACSR_OK)
			break;
		out->policies[i].cps = cps_of(info);
		out->n_policies++;
	}
	CERTIFICATEPOLICIES_free(list);
	return r;
}

static enum acsr_result read_template(struct ext_common *out, X509_EXTENSION *x, const char *oid,
	const struct reading *how, struct acsr_err *e)
{
	const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(x);
	const uint8_t *p = ASN1_STRING_get0_data(value);
	size_t n = (size_t)ASN1_STRING_length(value);
	bool by_name = strcmp(oid, OID_MS_TEMPLATE_NAME) == 0;

	if (by_name ? ext_read_template_name(&out->ms_template, p, n)
		    : ext_read_template_oid(&out->ms_template, p, n))
		return ACSR_OK;
	return bad(how, e, by_name ? "certificateTemplateName" : "certificateTemplate");
}

static enum acsr_result read_one(struct ext_common *out, X509_EXTENSION *x, const char *oid, size_t max_sans,
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
	case NID_subject_key_identifier:
		return read_ski(out, x, how, e);
	case NID_certificate_policies:
		return read_policies(out, x, how, e);
	default:
		break;
	}
	if (strcmp(oid, OID_MS_TEMPLATE_NAME) == 0 || strcmp(oid, OID_MS_TEMPLATE_OID) == 0)
		return read_template(out, x, oid, how, e);
	return ACSR_OK;
}

static const char *ext_name(const ASN1_OBJECT *o, const char *oid)
{
	int nid = OBJ_obj2nid(o);

	if (strcmp(oid, OID_MS_TEMPLATE_NAME) == 0)
		return "certificateTemplateName";
	if (strcmp(oid, OID_MS_TEMPLATE_OID) == 0)
		return "certificateTemplate";
	return nid != NID_undef ? OBJ_nid2sn(nid) : "";
}

static bool seen(const struct ext_common *out, const char *oid)
{
	for (size_t i = 0; i < out->n_exts; i++)
		if (strcmp(out->exts[i].oid, oid) == 0)
			return true;
	return false;
}

/* Its contents must be DER where the extension is one that we know; a second one of its kind is not read. */
static enum acsr_result check_one(
	const struct acsr_ext *it, bool again, const struct reading *how, struct acsr_err *e)
{
	const char *name = it->name[0] != '\0' ? it->name : it->oid;
	struct acsr_err found;

	if (again)
		return reading_broken(how, "extensions.duplicate", name, "RFC 5280 4.2", e,
			"the extension %s appears twice", name);
	if (it->name[0] == '\0' ||
		der_check((struct bytes){ it->der.p, it->der.len }, how->area, &found) == ACSR_OK)
		return ACSR_OK;
	err_at(&found, "%s", it->name);
	return reading_found(how, &found, e);
}

static enum acsr_result list_one(
	struct ext_common *out, X509_EXTENSION *x, bool *again, const struct reading *how, struct acsr_err *e)
{
	const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(x);
	const ASN1_OBJECT *o = X509_EXTENSION_get_object(x);
	struct acsr_ext *it = &out->exts[out->n_exts];

	ossl_oid(o, it->oid, sizeof(it->oid));
	it->name = ext_name(o, it->oid);
	it->critical = X509_EXTENSION_get_critical(x) != 0;
	*again = seen(out, it->oid);
	TRY(acsr_blob_copy(&it->der, ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value), e));
	out->n_exts++;
	return check_one(it, *again, how, e);
}

static enum acsr_result take_one(struct ext_common *out, X509_EXTENSION *x, size_t max_sans,
	const struct reading *how, struct acsr_err *e)
{
	size_t before = how->broken != NULL ? how->broken->n : 0;
	bool again;

	TRY(list_one(out, x, &again, how, e));
	if (!again)
		TRY(read_one(out, x, out->exts[out->n_exts - 1].oid, max_sans, how, e));
	out->exts[out->n_exts - 1].bad = how->broken != NULL && how->broken->n > before;
	return ACSR_OK;
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
	errno = 0; /* for bad() */
	for (int i = 0; i < n; i++)
		TRY(take_one(out, sk_X509_EXTENSION_value(exts, i), max_sans, how, e));
	return ACSR_OK;
}
