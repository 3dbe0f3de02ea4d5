/*
 * The text forms in which subject fields and SANs pass between processes, taken apart:
 * "CN=www.example.com" and "DNS:www.example.com", "IP:192.0.2.1".
 */
#ifndef PKI_FIELDS_H
#define PKI_FIELDS_H

#include "autocsr/subject.h"
#include "base/str.h"

/* The value is everything behind the first '=', without escapes. The list has the most significant field
 * last (CN first), the encoded name has it first. Errors: subject.* with the field "subject[i]". */
ACSR_MUST_USE enum acsr_result fields_dn(struct acsr_dn *out, const struct strv *list, struct acsr_err *e);
/* Errors: request.field.sans (no such type), name.* with the field "names[i]". */
ACSR_MUST_USE enum acsr_result fields_sans(
	struct acsr_sans *out, const struct strv *list, struct acsr_err *e);

#endif
