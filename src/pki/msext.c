/* Microsoft's template extensions: which template an enterprise CA shall use. [MS-WCCE] 2.2.2.7.7 */
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "asn1text.h"
#include "der.h"
#include "ext.h"

/* Written as BMPString; other kinds of text are seen in the wild and read too. */
bool ext_read_template_name(struct acsr_ms_template *t, const uint8_t *p, size_t n)
{
	const unsigned char *at = p;
	ASN1_TYPE *v = d2i_ASN1_TYPE(NULL, &at, (long)n);
	char *text = NULL;
	bool good = v != NULL && at == p + n && asn1text_is_text(v->type) &&
		    asn1text_safe(&text, v->value.asn1_string, NULL) == ACSR_OK && text != NULL;

	ASN1_TYPE_free(v);
	ERR_clear_error();
	if (!good) {
		free(text);
		return false;
	}
	free(t->name);
	t->name = text;
	return true;
}

static bool read_number(struct bytes *in, uint32_t *out)
{
	struct der_tlv t;

	if (der_expect(in, DER_INTEGER, &t, "csr", NULL) != ACSR_OK || t.body.len == 0 || t.body.p[0] >= 0x80)
		return false;
	if (t.body.len > 5 || (t.body.len == 5 && t.body.p[0] != 0))
		return false;
	*out = 0;
	for (size_t i = 0; i < t.body.len; i++)
		*out = *out << 8 | t.body.p[i];
	return true;
}

static char *read_oid(struct bytes whole)
{
	const unsigned char *p = whole.p;
	ASN1_OBJECT *o = d2i_ASN1_OBJECT(NULL, &p, (long)whole.len);
	char text[300];

	if (o == NULL) {
		ERR_clear_error();
		return NULL;
	}
	ossl_oid(o, text, sizeof(text));
	ASN1_OBJECT_free(o);
	return strdup(text);
}

bool ext_read_template_oid(struct acsr_ms_template *t, const uint8_t *p, size_t n)
{
	struct bytes in = { p, n };
	struct der_tlv seq, oid;
	uint32_t major = 0, minor = 0;
	bool has_major, has_minor;
	char *text;

	if (der_expect(&in, DER_SEQUENCE, &seq, "csr", NULL) != ACSR_OK || in.len != 0 ||
		der_expect(&seq.body, DER_OID, &oid, "csr", NULL) != ACSR_OK)
		return false;
	has_major = seq.body.len > 0;
	if (has_major && !read_number(&seq.body, &major))
		return false;
	has_minor = seq.body.len > 0;
	if ((has_minor && !read_number(&seq.body, &minor)) || seq.body.len > 0)
		return false;
	text = read_oid(oid.whole);
	if (text == NULL)
		return false;
	free(t->oid);
	t->oid = text;
	t->has_major = has_major;
	t->has_minor = has_minor;
	t->major = major;
	t->minor = minor;
	return true;
}
