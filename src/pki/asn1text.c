/* ASN.1 knows a dozen kinds of text; the rest of the library knows UTF-8. */
#include "asn1text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

bool asn1text_is_text(int tag)
{
	switch (tag) {
	case V_ASN1_UTF8STRING:
	case V_ASN1_PRINTABLESTRING:
	case V_ASN1_IA5STRING:
	case V_ASN1_T61STRING:
	case V_ASN1_BMPSTRING:
	case V_ASN1_UNIVERSALSTRING:
	case V_ASN1_NUMERICSTRING:
	case V_ASN1_VISIBLESTRING:
		return true;
	default:
		return false;
	}
}

/* One character; false for what Unicode does not have, and for NUL. */
static bool put_char(char **out, uint32_t c)
{
	char *p = *out;

	if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return false;
	if (c < 0x80) {
		*p++ = (char)c;
	} else if (c < 0x800) {
		*p++ = (char)(0xc0u | c >> 6);
		*p++ = (char)(0x80u | (c & 0x3fu));
	} else if (c < 0x10000) {
		*p++ = (char)(0xe0u | c >> 12);
		*p++ = (char)(0x80u | (c >> 6 & 0x3fu));
		*p++ = (char)(0x80u | (c & 0x3fu));
	} else {
		*p++ = (char)(0xf0u | c >> 18);
		*p++ = (char)(0x80u | (c >> 12 & 0x3fu));
		*p++ = (char)(0x80u | (c >> 6 & 0x3fu));
		*p++ = (char)(0x80u | (c & 0x3fu));
	}
	*out = p;
	return true;
}

static uint32_t unit(const uint8_t *p, size_t width)
{
	uint32_t v = 0;

	for (size_t i = 0; i < width; i++)
		v = v << 8 | p[i];
	return v;
}

/* Characters of `width` octets each, big-endian; those of two may come in surrogate pairs. */
static bool widen(char *out, const uint8_t *p, size_t n, size_t width)
{
	if (n % width != 0)
		return false;
	for (size_t i = 0; i < n; i += width) {
		uint32_t c = unit(p + i, width);

		if (width == 2 && c >= 0xd800 && c <= 0xdbff && i + 4 <= n) {
			uint32_t low = unit(p + i + 2, 2);

			if (low < 0xdc00 || low > 0xdfff)
				return false;
			c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
			i += 2;
		}
		if (!put_char(&out, c))
			return false;
	}
	*out = '\0';
	return true;
}

static bool copy_utf8(char *out, const uint8_t *p, size_t n)
{
	if (memchr(p, 0, n) != NULL || !str_is_utf8((const char *)p, n))
		return false;
	memcpy(out, p, n);
	out[n] = '\0';
	return true;
}

static bool convert(char *out, int tag, const uint8_t *p, size_t n)
{
	if (tag == V_ASN1_UTF8STRING)
		return copy_utf8(out, p, n);
	return widen(out, p, n, tag == V_ASN1_BMPSTRING ? 2 : tag == V_ASN1_UNIVERSALSTRING ? 4 : 1);
}

enum acsr_result asn1text_utf8(char **out, const ASN1_STRING *s, struct acsr_err *e)
{
	const uint8_t *p = ASN1_STRING_get0_data(s);
	size_t n = (size_t)ASN1_STRING_length(s);
	char *text;

	if (!asn1text_is_text(ASN1_STRING_type(s))) {
		*out = NULL;
		return ACSR_OK;
	}
	text = malloc(2 * n + 4); /* an octet becomes at most two, two at most three */
	if (text == NULL)
		return err_nomem(e);
	if (n == 0)
		text[0] = '\0';
	else if (!convert(text, ASN1_STRING_type(s), p, n)) {
		free(text);
		text = NULL;
	}
	*out = text;
	return ACSR_OK;
}

enum acsr_result asn1text_safe(char **out, const ASN1_STRING *s, struct acsr_err *e)
{
	CLEANUP_BUF struct buf b = { 0 };
	CLEANUP_STR char *text = NULL;

	TRY(asn1text_utf8(&text, s, e));
	if (text == NULL || !str_has_control(text)) {
		*out = text;
		text = NULL;
		return ACSR_OK;
	}
	buf_init(&b, 4 * strlen(text) + 1);
	for (const char *p = text; *p != '\0'; p++) {
		unsigned char c = (unsigned char)*p;

		if (c < 0x20 || c >= 0x7f)
			TRY(buf_printf(&b, e, "\\%02X", c));
		else
			TRY(buf_put(&b, p, 1, e));
	}
	return str_dup(out, buf_cstr(&b), e);
}

ASN1_STRING *asn1text_make(int tag, const void *p, size_t n)
{
	ASN1_STRING *s = ASN1_STRING_type_new(tag);

	if (s != NULL && n <= INT32_MAX && ASN1_STRING_set(s, p, (int)n) == 1)
		return s;
	ASN1_STRING_free(s);
	return NULL;
}

ASN1_STRING *asn1text_make_bmp(const char *utf8)
{
	ASN1_STRING *s = NULL;

	if (ASN1_mbstring_copy(
		    &s, (const unsigned char *)utf8, (int)strlen(utf8), MBSTRING_UTF8, B_ASN1_BMPSTRING) > 0)
		return s;
	ASN1_STRING_free(s);
	return NULL;
}

ASN1_OBJECT *asn1text_oid(const char *dotted)
{
	if (strlen(dotted) > 200 || strspn(dotted, "0123456789.") != strlen(dotted) ||
		strchr(dotted, '.') == NULL || strstr(dotted, "..") != NULL || str_ends(dotted, "."))
		return NULL;
	return OBJ_txt2obj(dotted, 1);
}
