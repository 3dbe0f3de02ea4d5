/* What a DER element is, from its outline: tags and a few OIDs, nothing decoded. */
#include "outline.h"

#include <string.h>

#include "der.h"

/* How many octets the header takes and how long the contents are; false when even the header is cut. */
static bool head(struct bytes in, size_t *header, size_t *len)
{
	size_t octets;

	if (in.len < 2)
		return false;
	*header = 2;
	*len = in.p[1];
	if (in.p[1] < 0x80)
		return true;
	octets = in.p[1] & 0x7fu;
	if (octets == 0) { /* indefinite: old PKCS#7 and PKCS#12 files have it */
		*len = in.len - 2;
		return (in.p[0] & 0x20u) != 0;
	}
	if (octets > 4 || in.len < 2 + octets)
		return false;
	*header = 2 + octets;
	*len = 0;
	for (size_t i = 0; i < octets; i++)
		*len = *len << 8 | in.p[2 + i];
	return true;
}

/* The identifier and the contents of the element at the front of `in`. One that is cut short takes the rest,
 * so that the parser of its kind can say so. */
static bool next(struct bytes *in, unsigned *tag, struct bytes *body)
{
	size_t header, len;

	if (!head(*in, &header, &len))
		return false;
	*tag = in->p[0];
	if (len > in->len - header)
		len = in->len - header;
	*body = (struct bytes){ in->p + header, len };
	in->p += header + len;
	in->len -= header + len;
	return true;
}

static unsigned first_tag(struct bytes in)
{
	return in.len > 0 ? in.p[0] : 0;
}

static enum acsr_input_kind is(const char **form, const char *name, enum acsr_input_kind kind)
{
	*form = name;
	return kind;
}

static enum acsr_input_kind unknown(const char **form)
{
	return is(form, "", ACSR_INPUT_UNKNOWN);
}

/* SEQUENCE { INTEGER, INTEGER … }: RSA and DSA private keys have a version and many numbers, RSA public keys
 * two, DH parameters two or three. */
static enum acsr_input_kind numbers(struct bytes first, struct bytes rest, const char **form)
{
	struct bytes body, second = { 0 };
	unsigned tag;
	int n = 1;

	while (rest.len > 0 && n < 9 && next(&rest, &tag, &body) && tag == DER_INTEGER)
		if (++n == 2)
			second = body;
	if (first.len == 1 && n >= 8)
		return is(form, "PKCS#1", ACSR_INPUT_PRIVATE_KEY);
	if (first.len == 1 && n == 6)
		return is(form, "DSA", ACSR_INPUT_PRIVATE_KEY);
	if (first.len == 1)
		return is(form, "", ACSR_INPUT_PRIVATE_KEY); /* cut short; treated as secret all the same */
	if (n == 2 && second.len > 0 && (second.p[second.len - 1] & 1u) != 0)
		return is(form, "PKCS#1", ACSR_INPUT_PUBLIC_KEY);
	return is(form, "DH", ACSR_INPUT_PARAMETERS);
}

static enum acsr_input_kind starts_with_integer(struct bytes number, struct bytes rest, const char **form)
{
	struct bytes in = rest, body;
	unsigned tag;

	if (!next(&in, &tag, &body))
		return unknown(form);
	switch (tag) {
	case DER_INTEGER:
		return numbers(number, rest, form);
	case DER_OCTET_STRING:
		return is(form, "SEC 1", ACSR_INPUT_PRIVATE_KEY);
	case DER_SEQUENCE:
		if (number.len == 1 && number.p[0] == 3 && first_tag(body) == DER_OID)
			return is(form, "PKCS#12", ACSR_INPUT_PKCS12);
		return is(form, "PKCS#8", ACSR_INPUT_PRIVATE_KEY);
	default:
		return unknown(form);
	}
}

/* SEQUENCE { SEQUENCE { OID … } … }: a public key, or an encrypted private one. */
static enum acsr_input_kind starts_with_algorithm(struct bytes rest, const char **form)
{
	if (first_tag(rest) == DER_BIT_STRING)
		return is(form, "SPKI", ACSR_INPUT_PUBLIC_KEY);
	if (first_tag(rest) == DER_OCTET_STRING)
		return is(form, "encrypted PKCS#8", ACSR_INPUT_PRIVATE_KEY);
	return unknown(form);
}

static bool is_time(unsigned tag)
{
	return tag == 0x17 || tag == 0x18;
}

/* What follows the signature algorithm and the issuer: a CRL has a time there, a certificate a SEQUENCE. */
static enum acsr_input_kind after_algorithm(struct bytes in, const char **form)
{
	struct bytes body;
	unsigned tag;

	if (next(&in, &tag, &body) && is_time(first_tag(in)))
		return is(form, "X.509", ACSR_INPUT_CRL);
	return is(form, "X.509", ACSR_INPUT_CERT);
}

/* INTEGER, then: an algorithm (certificate without version, CRL with one), a Name (CSR), a template (CRMF),
 * or the holder of an attribute certificate. */
static enum acsr_input_kind body_with_integer(struct bytes in, const char **form)
{
	struct bytes body;
	unsigned tag;

	if (!next(&in, &tag, &body) || tag != DER_SEQUENCE)
		return unknown(form);
	if (first_tag(body) == DER_OID)
		return after_algorithm(in, form);
	if (body.len > 0 && first_tag(body) >= 0x80 && first_tag(in) >= 0x80)
		return is(form, "", ACSR_INPUT_ATTRIBUTE_CERT);
	return is(form, "PKCS#10", ACSR_INPUT_CSR);
}

/* CertReqMsg: SEQUENCE { SEQUENCE { INTEGER, CertTemplate } … } */
static bool is_crmf(struct bytes request)
{
	struct bytes body;
	unsigned tag;

	return next(&request, &tag, &body) && tag == DER_INTEGER && next(&request, &tag, &body) &&
	       tag == DER_SEQUENCE && (body.len == 0 || first_tag(body) >= 0x80);
}

/* Of the list of an OCSPRequest (RFC 6960 4.1.1): Request, CertID, AlgorithmIdentifier, OID. */
static bool is_ocsp_list(struct bytes list)
{
	struct bytes body;
	unsigned tag;

	for (int i = 0; i < 3; i++) {
		if (!next(&list, &tag, &body) || tag != DER_SEQUENCE)
			return false;
		list = body;
	}
	return first_tag(list) == DER_OID;
}

/* SEQUENCE { SEQUENCE { body … } … }: whatever is signed, by how its body begins. */
static enum acsr_input_kind starts_with_body(struct bytes in, const char **form)
{
	struct bytes body;
	unsigned tag;

	if (first_tag(in) == DER_CONTEXT(0))
		return is(form, "X.509", ACSR_INPUT_CERT);
	if (!next(&in, &tag, &body) || (tag == DER_CONTEXT(1) && !next(&in, &tag, &body)))
		return unknown(form);
	if (tag == DER_INTEGER)
		return body_with_integer(in, form);
	if (tag != DER_SEQUENCE)
		return unknown(form);
	if (first_tag(body) == DER_OID)
		return after_algorithm(in, form);
	if (first_tag(body) == DER_SEQUENCE && first_tag(in) == 0x16)
		return is(form, "", ACSR_INPUT_SPKAC);
	if (is_ocsp_list(body))
		return is(form, "request", ACSR_INPUT_OCSP);
	return is_crmf(body) ? is(form, "", ACSR_INPUT_CRMF) : unknown(form);
}

/* ContentInfo of 1.2.840.113549.1.7 (PKCS#7) or 1.2.840.113549.1.9.16.1 (CMS). */
static enum acsr_input_kind starts_with_oid(struct bytes oid, const char **form)
{
	static const uint8_t pkcs7[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07 };
	static const uint8_t cms[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01 };

	if ((oid.len > sizeof(pkcs7) && memcmp(oid.p, pkcs7, sizeof(pkcs7)) == 0) ||
		(oid.len > sizeof(cms) && memcmp(oid.p, cms, sizeof(cms)) == 0))
		return is(form, "PKCS#7", ACSR_INPUT_PKCS7);
	return unknown(form);
}

enum acsr_input_kind outline_kind(struct bytes der, const char **form)
{
	struct bytes in, first;
	unsigned tag;

	if (first_tag(der) == DER_OID)
		return is(form, "EC", ACSR_INPUT_PARAMETERS);
	if (!next(&der, &tag, &in) || tag != DER_SEQUENCE || !next(&in, &tag, &first))
		return unknown(form);
	switch (tag) {
	case DER_OID:
		return starts_with_oid(first, form);
	case DER_INTEGER:
		return starts_with_integer(first, in, form);
	case 0x0a:
		return is(form, "response", ACSR_INPUT_OCSP);
	case DER_SEQUENCE:
		if (first_tag(first) == DER_OID)
			return starts_with_algorithm(in, form);
		return starts_with_body(first, form);
	default:
		return unknown(form);
	}
}

enum acsr_input_kind acsr_input_kind_of_der(const uint8_t *der, size_t len, const char **form)
{
	const char *unused;

	return outline_kind((struct bytes){ der, len }, form != NULL ? form : &unused);
}

struct label {
	const char *text;
	enum acsr_input_kind kind;
	const char *form;
};

static const struct label labels[] = {
	{ "CERTIFICATE REQUEST", ACSR_INPUT_CSR, "PKCS#10" },
	{ "NEW CERTIFICATE REQUEST", ACSR_INPUT_CSR, "PKCS#10" },
	{ "CERTIFICATE", ACSR_INPUT_CERT, "X.509" },
	{ "X509 CERTIFICATE", ACSR_INPUT_CERT, "X.509" },
	{ "TRUSTED CERTIFICATE", ACSR_INPUT_CERT, "trusted certificate" },
	{ "X509 CRL", ACSR_INPUT_CRL, "X.509" },
	{ "CRL", ACSR_INPUT_CRL, "X.509" },
	{ "PRIVATE KEY", ACSR_INPUT_PRIVATE_KEY, "PKCS#8" },
	{ "ENCRYPTED PRIVATE KEY", ACSR_INPUT_PRIVATE_KEY, "encrypted PKCS#8" },
	{ "RSA PRIVATE KEY", ACSR_INPUT_PRIVATE_KEY, "PKCS#1" },
	{ "EC PRIVATE KEY", ACSR_INPUT_PRIVATE_KEY, "SEC 1" },
	{ "DSA PRIVATE KEY", ACSR_INPUT_PRIVATE_KEY, "DSA" },
	{ "OPENSSH PRIVATE KEY", ACSR_INPUT_PRIVATE_KEY, "OpenSSH" },
	{ "PUBLIC KEY", ACSR_INPUT_PUBLIC_KEY, "SPKI" },
	{ "RSA PUBLIC KEY", ACSR_INPUT_PUBLIC_KEY, "PKCS#1" },
	{ "PKCS7", ACSR_INPUT_PKCS7, "PKCS#7" },
	{ "PKCS #7 SIGNED DATA", ACSR_INPUT_PKCS7, "PKCS#7" },
	{ "CMS", ACSR_INPUT_PKCS7, "PKCS#7" },
	{ "PKCS12", ACSR_INPUT_PKCS12, "PKCS#12" },
	{ "OCSP RESPONSE", ACSR_INPUT_OCSP, "response" },
	{ "OCSP REQUEST", ACSR_INPUT_OCSP, "request" },
	{ "ATTRIBUTE CERTIFICATE", ACSR_INPUT_ATTRIBUTE_CERT, "" },
	{ "SSH2 PUBLIC KEY", ACSR_INPUT_SSH_PUBLIC_KEY, "RFC 4716" },
};

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && strcmp(s + n - m, end) == 0;
}

/* The families that the table does not spell out. */
static enum acsr_input_kind family(const char *label, const char **form)
{
	if (strncmp(label, "PGP ", 4) == 0)
		return is(form, "", ACSR_INPUT_PGP);
	if (ends_with(label, "PRIVATE KEY"))
		return is(form, "", ACSR_INPUT_PRIVATE_KEY);
	if (ends_with(label, "PUBLIC KEY"))
		return is(form, "", ACSR_INPUT_PUBLIC_KEY);
	return ends_with(label, " PARAMETERS") ? is(form, "", ACSR_INPUT_PARAMETERS) : unknown(form);
}

enum acsr_input_kind outline_kind_of_label(const char *label, const char **form)
{
	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
		if (strcmp(labels[i].text, label) == 0)
			return is(form, labels[i].form, labels[i].kind);
	return family(label, form);
}
