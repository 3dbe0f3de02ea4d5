/* Subject and SAN lists to OpenSSL's objects and back, for the files of this folder. */
#ifndef PKI_SUBJECT_INT_H
#define PKI_SUBJECT_INT_H

#include "autocsr/subject.h"
#include "ossl.h"
#include "reading.h"

/* dn.c, for dntext.c: append a field; judged and under its usual name, or as it is. */
ACSR_MUST_USE enum acsr_result dn_add(struct acsr_dn *dn, const struct acsr_dn_field *f, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result dn_push(struct acsr_dn *dn, const struct acsr_dn_field *f, struct acsr_err *e);
void dn_cut(struct acsr_dn *dn, size_t n); /* keep the first n fields */
void dn_reverse(struct acsr_dn *dn);       /* the RDNs in reverse order */

/* A list to a Name; an empty list is an empty Name. *out is the caller's. */
ACSR_MUST_USE enum acsr_result subject_to_name(X509_NAME **out, const struct acsr_dn *dn, struct acsr_err *e);
/* A Name to a list. A value with NUL or a control character is AREA.subject.control, one that is no text
 * AREA.subject.type, unless its attribute is no text by nature: that is taken as hex. */
ACSR_MUST_USE enum acsr_result subject_from_name(
	struct acsr_dn *out, const X509_NAME *name, const struct reading *how, struct acsr_err *e);
/* san.c, for gens.c: append as it is. */
ACSR_MUST_USE enum acsr_result sans_push(
	struct acsr_sans *l, enum acsr_san_type type, const char *value, struct acsr_err *e);
/* An otherName's text, taken apart; loans into it. false: not written so. */
struct sans_other {
	const char *word; /* "UTF8:" "IA5:" "DER:" */
	int tag;          /* of the string, 0: DER in hex */
	const char *text;
};
bool sans_split_other(const char *value, char *oid, size_t cap, struct sans_other *out);

ACSR_MUST_USE enum acsr_result subject_to_gens(
	GENERAL_NAMES **out, const struct acsr_sans *sans, struct acsr_err *e);
/* AREA.san.control AREA.san.ascii AREA.san.empty AREA.san.ip; at most `max` (AREA.sans.many). */
ACSR_MUST_USE enum acsr_result subject_from_gens(struct acsr_sans *out, const GENERAL_NAMES *gens, size_t max,
	const struct reading *how, struct acsr_err *e);
/* 4 or 16 bytes from text, and "192.0.2.1" from 4 or 16 bytes; out needs 46 bytes. false: another length. */
bool subject_ip_bytes(const char *s, uint8_t out[16], size_t *n);
bool subject_ip_text(const uint8_t *ip, size_t n, char *out);

#endif
