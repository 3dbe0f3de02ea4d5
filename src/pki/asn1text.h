/* ASN.1 strings as UTF-8, for the files of this folder. */
#ifndef PKI_ASN1TEXT_H
#define PKI_ASN1TEXT_H

#include <stdbool.h>

#include "ossl.h"

/* *out is the text, the caller's; NULL when it is none: another type, malformed, or with a NUL inside.
 * Control characters are left in. T61String is read as Latin-1, as all who still write it mean it; BMPString
 * with surrogate pairs, as Windows writes it. sys.nomem */
ACSR_MUST_USE enum acsr_result asn1text_utf8(char **out, const ASN1_STRING *s, struct acsr_err *e);
/* Is this a tag of a text type at all? */
bool asn1text_is_text(int tag);
/* The same with control characters as \XX, for people. */
ACSR_MUST_USE enum acsr_result asn1text_safe(char **out, const ASN1_STRING *s, struct acsr_err *e);
/* A string of this type with these contents, or NULL. */
ASN1_STRING *asn1text_make(int tag, const void *p, size_t n);
/* UTF-8 to a BMPString; NULL for characters beyond it or without memory. */
ASN1_STRING *asn1text_make_bmp(const char *utf8);
/* Dotted to an object, no names; NULL when it is none. The caller's (ASN1_OBJECT_free). */
ASN1_OBJECT *asn1text_oid(const char *dotted);

#endif
