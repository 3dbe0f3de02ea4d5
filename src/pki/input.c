/* Sorting out what people paste. */
#include "input.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "autocsr/cert.h"
#include "autocsr/csr.h"
#include "base/limits.h"
#include "base/str.h"
#include "der.h"
#include "pem.h"

#define MAX_TEXT (4 * LIMIT_CSR_DER_SLHDSA)
#define MAX_CERTS 32
#define MAX_CERTS_TEXT (4 * 1024 * 1024)

static bool next_is(struct bytes in, unsigned tag, struct der_tlv *t)
{
	return der_expect(&in, tag, t, "input", NULL) == ACSR_OK;
}

static bool skip(struct bytes *in, struct der_tlv *t)
{
	return der_next(in, t, "input", NULL) == ACSR_OK;
}

/* SEQUENCE { INTEGER … }: keys and PKCS#12. */
static enum input_kind starts_with_integer(struct bytes rest)
{
	struct der_tlv t;

	if (!skip(&rest, &t))
		return INPUT_UNKNOWN;
	switch (t.tag) {
	case DER_INTEGER:      /* RSAPrivateKey */
	case DER_OCTET_STRING: /* ECPrivateKey */
	case DER_SEQUENCE:     /* PKCS#8, PKCS#12 */
		return INPUT_PRIVATE_KEY;
	default:
		return INPUT_UNKNOWN;
	}
}

/* SEQUENCE { SEQUENCE { OID … } … }: a public key, or an encrypted private one. */
static enum input_kind starts_with_algorithm(struct bytes rest)
{
	struct der_tlv t;

	if (!skip(&rest, &t))
		return INPUT_UNKNOWN;
	if (t.tag == DER_BIT_STRING)
		return INPUT_PUBLIC_KEY;
	return t.tag == DER_OCTET_STRING ? INPUT_PRIVATE_KEY : INPUT_UNKNOWN;
}

/* SEQUENCE { SEQUENCE { INTEGER 0, Name, key … } … } is a CSR; with a version tag, or with an algorithm after
 * the serial number, it is a certificate. */
static enum input_kind starts_with_body(struct bytes body)
{
	struct der_tlv t;

	if (next_is(body, DER_CONTEXT(0), &t))
		return INPUT_CERT;
	if (!skip(&body, &t) || t.tag != DER_INTEGER || !skip(&body, &t) || t.tag != DER_SEQUENCE)
		return INPUT_UNKNOWN;
	return next_is(t.body, DER_OID, &t) ? INPUT_CERT : INPUT_CSR;
}

enum input_kind input_kind_of_der(struct bytes der)
{
	struct der_tlv outer, first;
	struct bytes rest;

	if (!next_is(der, DER_SEQUENCE, &outer))
		return INPUT_UNKNOWN;
	rest = outer.body;
	if (!skip(&rest, &first))
		return INPUT_UNKNOWN;
	if (first.tag == DER_OID)
		return INPUT_PKCS7;
	if (first.tag == DER_INTEGER)
		return starts_with_integer(rest);
	if (first.tag != DER_SEQUENCE)
		return INPUT_UNKNOWN;
	if (next_is(first.body, DER_OID, &outer))
		return starts_with_algorithm(rest);
	return starts_with_body(first.body);
}

enum input_kind input_kind_of_label(const char *label)
{
	if (str_ends(label, "PRIVATE KEY"))
		return INPUT_PRIVATE_KEY;
	if (strcmp(label, "CERTIFICATE REQUEST") == 0 || strcmp(label, "NEW CERTIFICATE REQUEST") == 0)
		return INPUT_CSR;
	if (strcmp(label, "CERTIFICATE") == 0 || strcmp(label, "X509 CERTIFICATE") == 0 ||
		strcmp(label, "TRUSTED CERTIFICATE") == 0)
		return INPUT_CERT;
	if (str_ends(label, "PUBLIC KEY"))
		return INPUT_PUBLIC_KEY;
	if (strcmp(label, "PKCS7") == 0 || strcmp(label, "CMS") == 0 ||
		strcmp(label, "PKCS #7 SIGNED DATA") == 0)
		return INPUT_PKCS7;
	return INPUT_UNKNOWN;
}

enum acsr_result input_wrong(enum input_kind kind, const char *wanted, struct acsr_err *e)
{
	switch (kind) {
	case INPUT_PRIVATE_KEY:
		return err_set(e, "input.private-key",
			"this is a private key, not %s; a private key must never be pasted or sent anywhere: "
			"treat it as compromised and make a new one",
			wanted);
	case INPUT_CERT:
		return err_set(e, "input.certificate", "this is a certificate, not %s", wanted);
	case INPUT_CSR:
		return err_set(e, "input.csr", "this is a CSR, not %s", wanted);
	case INPUT_PKCS7:
		return err_set(e, "input.pkcs7", "this is a PKCS#7 bundle, not %s", wanted);
	case INPUT_PUBLIC_KEY:
		return err_set(e, "input.public-key", "this is a public key alone, not %s", wanted);
	default:
		return err_set(e, "input.unknown", "this is not %s in any form that is known", wanted);
	}
}

enum acsr_result input_plain(
	const uint8_t *p, size_t len, size_t max, const char *too_large, struct buf *out, struct acsr_err *e)
{
	buf_init(out, max + 1);
	if (len > max)
		return err_set(e, too_large, "the input has %zu bytes; at most %zu are read", len, max);
	if (len >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0) {
		p += 3;
		len -= 3;
	}
	if (len >= 2 && ((p[0] == 0xff && p[1] == 0xfe) || (p[0] == 0xfe && p[1] == 0xff))) {
		for (size_t i = 2 + (p[0] == 0xfe); i < len; i += 2)
			TRY(buf_put(out, &p[i], 1, e));
		return ACSR_OK;
	}
	return buf_put(out, p, len, e);
}

static bool is_blank(struct bytes in)
{
	for (size_t i = 0; i < in.len; i++)
		if (!isspace(in.p[i]))
			return false;
	return true;
}

/* Base64 characters, blanks and literal "\n" only? */
static bool looks_base64(struct bytes in)
{
	for (size_t i = 0; i < in.len; i++)
		if (!isalnum(in.p[i]) && !isspace(in.p[i]) && strchr("+/=\\", in.p[i]) == NULL)
			return false;
	return true;
}

/* The one block that is a CSR; anything private in the text is refused, whatever else is there. */
static enum acsr_result pick_block(struct bytes in, struct bytes *text, struct acsr_err *e)
{
	enum input_kind other = INPUT_UNKNOWN;
	struct pem_block b;
	size_t pos = 0;
	int found = 0;

	while (pem_next(in, &pos, &b)) {
		enum input_kind k = input_kind_of_label(b.label);

		if (k == INPUT_PRIVATE_KEY)
			return input_wrong(k, "a CSR", e);
		if (k != INPUT_CSR) {
			other = k;
			continue;
		}
		*text = b.text;
		found++;
	}
	if (found > 1)
		return err_set(e, "input.several", "there are %d CSRs; give one at a time", found);
	return found == 1 ? ACSR_OK : input_wrong(other, "a CSR", e);
}

/* A text that lost its BEGIN line but kept its END line. */
static struct bytes cut_end(struct bytes in)
{
	const uint8_t *end = memmem(in.p, in.len, "-----END ", 9);

	return end == NULL ? in : (struct bytes){ in.p, (size_t)(end - in.p) };
}

static enum acsr_result decode_csr(struct bytes text, struct acsr_blob *der, struct acsr_err *e)
{
	CLEANUP_BUF struct buf raw = { 0 };
	enum input_kind k;

	buf_init(&raw, MAX_TEXT);
	TRY(pem_decode(text, &raw, e));
	k = input_kind_of_der((struct bytes){ raw.p, raw.len });
	if (k != INPUT_CSR && k != INPUT_UNKNOWN)
		return input_wrong(k, "a CSR", e);
	return acsr_blob_copy(der, raw.p, raw.len, e);
}

static enum acsr_result csr_from_text(struct bytes in, struct acsr_blob *der, struct acsr_err *e)
{
	struct bytes text;

	if (memmem(in.p, in.len, "-----BEGIN ", 11) != NULL) {
		TRY(pick_block(in, &text, e));
		return decode_csr(text, der, e);
	}
	text = cut_end(in);
	if (!looks_base64(text))
		return input_wrong(INPUT_UNKNOWN, "a CSR", e);
	return decode_csr(text, der, e);
}

enum acsr_result acsr_input_csr(const uint8_t *p, size_t len, struct acsr_blob *der, struct acsr_err *e)
{
	CLEANUP_BUF struct buf plain = { 0 };
	struct bytes in;
	enum input_kind k;

	TRY(input_plain(p, len, MAX_TEXT, "csr.too-large", &plain, e));
	in = (struct bytes){ plain.p, plain.len };
	if (is_blank(in))
		return err_set(e, "input.empty", "there is nothing here; paste a CSR");
	if (in.p[0] != DER_SEQUENCE || looks_base64(in))
		return csr_from_text(in, der, e);
	k = input_kind_of_der(in);
	if (k != INPUT_CSR && k != INPUT_UNKNOWN)
		return input_wrong(k, "a CSR", e);
	return acsr_blob_copy(der, in.p, in.len, e);
}

void acsr_certs_free(struct acsr_blob *v, size_t n)
{
	for (size_t i = 0; v != NULL && i < n; i++)
		acsr_blob_free(&v[i]);
	free(v);
}

/* Append one certificate's DER to a list with room for MAX_CERTS. */
static enum acsr_result add_cert(struct acsr_blob *v, size_t *n, struct bytes der, struct acsr_err *e)
{
	enum input_kind k = input_kind_of_der(der);

	if (k != INPUT_CERT)
		return input_wrong(k, "a certificate", e);
	if (*n == MAX_CERTS)
		return err_set(e, "input.several", "there are more than %d certificates", MAX_CERTS);
	TRY(acsr_blob_copy(&v[*n], der.p, der.len, e));
	(*n)++;
	return ACSR_OK;
}

static enum acsr_result certs_from_text(struct bytes in, struct acsr_blob *v, size_t *n, struct acsr_err *e)
{
	enum input_kind other = INPUT_UNKNOWN;
	struct pem_block b;
	size_t pos = 0;

	while (pem_next(in, &pos, &b)) {
		CLEANUP_BUF struct buf raw = { 0 };
		enum input_kind k = input_kind_of_label(b.label);

		buf_init(&raw, MAX_CERTS_TEXT);
		if (k == INPUT_PRIVATE_KEY)
			return input_wrong(k, "a certificate", e);
		if (k != INPUT_CERT) {
			other = k;
			continue;
		}
		TRY(pem_decode(b.text, &raw, e));
		TRY(add_cert(v, n, (struct bytes){ raw.p, raw.len }, e));
	}
	return *n > 0 ? ACSR_OK : input_wrong(other, "a certificate", e);
}

static enum acsr_result certs_from(struct bytes in, struct acsr_blob *v, size_t *n, struct acsr_err *e)
{
	if (is_blank(in))
		return err_set(e, "input.empty", "there is nothing here; give a certificate");
	if (in.p[0] == DER_SEQUENCE && memmem(in.p, in.len, "-----BEGIN ", 11) == NULL)
		return add_cert(v, n, in, e);
	return certs_from_text(in, v, n, e);
}

enum acsr_result acsr_input_certs(
	const uint8_t *p, size_t len, struct acsr_blob **out, size_t *n, struct acsr_err *e)
{
	CLEANUP_BUF struct buf plain = { 0 };
	struct acsr_blob *v;
	size_t count = 0;

	TRY(input_plain(p, len, MAX_CERTS_TEXT, "cert.too-large", &plain, e));
	v = calloc(MAX_CERTS, sizeof(*v));
	if (v == NULL)
		return err_nomem(e);
	if (certs_from((struct bytes){ plain.p, plain.len }, v, &count, e) != ACSR_OK) {
		acsr_certs_free(v, count);
		return ACSR_FAIL;
	}
	*out = v;
	*n = count;
	return ACSR_OK;
}
