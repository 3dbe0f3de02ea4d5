/* Attributes of CSRs (RFC 2985 5.4), also those that Windows adds ([MS-WCCE] 2.2.2.7). */
#include "attr.h"

#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asn1text.h"
#include "base/str.h"
#include "der.h"

#define MAX_VALUES 32 /* that are put into words */
#define PKCS9 "1.2.840.113549.1.9."
#define MS "1.3.6.1.4.1.311."

struct kind {
	const char *oid, *name;
	/* Names of the members, for an attribute that is a SEQUENCE; NULL: a plain text. */
	const char *const *members;
};

static const char *const client_info[] = { "client", "machine", "user", "process", NULL };
static const char *const csp[] = { "key spec", "provider", NULL };
static const char *const pair[] = { "name", "value", NULL };

static const struct kind kinds[] = {
	{ PKCS9 "14", "extensionRequest", NULL },
	{ MS "2.1.14", "extensionRequest", NULL },
	{ PKCS9 "7", "challengePassword", NULL },
	{ PKCS9 "2", "unstructuredName", NULL },
	{ PKCS9 "8", "unstructuredAddress", NULL },
	{ PKCS9 "9", "extendedCertificateAttributes", NULL },
	{ PKCS9 "15", "smimeCapabilities", NULL },
	{ PKCS9 "20", "friendlyName", NULL },
	{ PKCS9 "21", "localKeyID", NULL },
	{ MS "13.1", "renewalCertificate", NULL },
	{ MS "13.2.1", "enrollmentNameValuePair", pair },
	{ MS "13.2.2", "enrollmentCSP", csp },
	{ MS "13.2.3", "osVersion", NULL },
	{ MS "17.1", "localMachineKeyset", NULL },
	{ MS "21.13", "archivedKey", NULL },
	{ MS "21.20", "clientInfo", client_info },
	{ MS "21.24", "endorsementKeyHash", NULL },
	{ "1.3.6.1.4.1.22112.2.1", "statementOfPossession", NULL },
};

static const struct kind *find(const char *oid)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].oid, oid) == 0)
			return &kinds[i];
	return NULL;
}

/* One member of a SEQUENCE as text: strings and small numbers; NULL for others. */
static enum acsr_result member_text(char **out, struct bytes whole, struct acsr_err *e)
{
	const unsigned char *p = whole.p;
	ASN1_TYPE *t = d2i_ASN1_TYPE(NULL, &p, (long)whole.len);
	enum acsr_result r = ACSR_OK;

	*out = NULL;
	if (t != NULL && asn1text_is_text(t->type))
		r = asn1text_safe(out, t->value.asn1_string, e);
	else if (t != NULL && t->type == V_ASN1_INTEGER)
		r = str_printf(out, e, "%ld", ASN1_INTEGER_get(t->value.integer));
	ASN1_TYPE_free(t);
	ERR_clear_error();
	return r;
}

/* "machine PC1, user CORP\\admin, process certreq.exe" */
static enum acsr_result put_members(struct buf *b, const struct kind *k, struct bytes der, struct acsr_err *e)
{
	struct der_tlv seq, t;

	if (der_expect(&der, DER_SEQUENCE, &seq, "csr", NULL) != ACSR_OK)
		return ACSR_OK;
	for (size_t i = 0; k->members[i] != NULL && seq.body.len > 0; i++) {
		CLEANUP_STR char *text = NULL;

		if (der_next(&seq.body, &t, "csr", NULL) != ACSR_OK)
			return ACSR_OK;
		TRY(member_text(&text, t.whole, e));
		if (text != NULL)
			TRY(buf_printf(b, e, "%s%s %s", i > 0 ? ", " : "", k->members[i], text));
	}
	return ACSR_OK;
}

static enum acsr_result put_value(struct buf *b, const struct kind *k, const ASN1_TYPE *t, struct acsr_err *e)
{
	CLEANUP_STR char *text = NULL;

	if (t->type == V_ASN1_SEQUENCE && k->members != NULL) {
		const ASN1_STRING *s = t->value.sequence;

		return put_members(
			b, k, (struct bytes){ ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s) }, e);
	}
	if (!asn1text_is_text(t->type))
		return ACSR_OK;
	TRY(asn1text_safe(&text, t->value.asn1_string, e));
	return text != NULL ? buf_putstr(b, text, e) : ACSR_OK;
}

static enum acsr_result take_text(
	struct acsr_attr *out, const struct kind *k, X509_ATTRIBUTE *a, struct acsr_err *e)
{
	CLEANUP_BUF struct buf b = { 0 };

	buf_init(&b, 256 * 1024);
	for (int i = 0; i < X509_ATTRIBUTE_count(a) && i < MAX_VALUES; i++) {
		size_t before;

		if (b.len > 0)
			TRY(buf_putstr(&b, "; ", e));
		before = b.len;
		TRY(put_value(&b, k, X509_ATTRIBUTE_get0_type(a, i), e));
		if (b.len == before && before > 0)
			b.len -= strlen("; ");
	}
	return b.len > 0 ? str_dup(&out->text, buf_cstr(&b), e) : ACSR_OK;
}

static enum acsr_result take_der(struct acsr_attr *out, X509_ATTRIBUTE *a, struct acsr_err *e)
{
	unsigned char *p = NULL;
	int n;

	if (X509_ATTRIBUTE_count(a) == 0)
		return ACSR_OK;
	n = i2d_ASN1_TYPE(X509_ATTRIBUTE_get0_type(a, 0), &p);
	return ossl_take(&out->der, p, n, "cannot read an attribute", e);
}

enum acsr_result attr_take(struct acsr_attr *out, X509_ATTRIBUTE *a, struct acsr_err *e)
{
	static const struct kind unknown = { "", "", NULL };
	struct acsr_attr it = { 0 };
	const struct kind *k;
	enum acsr_result r;

	ossl_oid(X509_ATTRIBUTE_get0_object(a), it.oid, sizeof(it.oid));
	k = find(it.oid);
	if (k == NULL)
		k = &unknown;
	it.name = k->name;
	it.n_values = (size_t)X509_ATTRIBUTE_count(a);
	if (strcmp(k->name, "challengePassword") == 0) {
		*out = it;
		return ACSR_OK;
	}
	r = take_der(&it, a, e);
	if (r == ACSR_OK)
		r = take_text(&it, k, a, e);
	if (r == ACSR_OK) {
		*out = it;
		return ACSR_OK;
	}
	free(it.text);
	acsr_blob_free(&it.der);
	return ACSR_FAIL;
}

void attr_free_list(struct acsr_attr *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(v[i].text);
		acsr_blob_free(&v[i].der);
	}
	free(v);
}
