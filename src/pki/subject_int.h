/* Subject and SAN lists to OpenSSL's objects and back, for the files of this folder. */
#ifndef PKI_SUBJECT_INT_H
#define PKI_SUBJECT_INT_H

#include "autocsr/subject.h"
#include "ossl.h"
#include "reading.h"

/* A list to a Name; an empty list is an empty Name. *out is the caller's. */
ACSR_MUST_USE enum acsr_result subject_to_name(X509_NAME **out, const struct acsr_dn *dn, struct acsr_err *e);
/* A Name to a list. A value with NUL or a control character is AREA.subject.control, one that is no text
 * AREA.subject.type. */
ACSR_MUST_USE enum acsr_result subject_from_name(
	struct acsr_dn *out, const X509_NAME *name, const struct reading *how, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result subject_to_gens(
	GENERAL_NAMES **out, const struct acsr_sans *sans, struct acsr_err *e);
/* AREA.san.control AREA.san.ascii AREA.san.empty AREA.san.ip; at most `max` (AREA.sans.many). */
ACSR_MUST_USE enum acsr_result subject_from_gens(struct acsr_sans *out, const GENERAL_NAMES *gens, size_t max,
	const struct reading *how, struct acsr_err *e);
/* "192.0.2.1" from 4 or 16 bytes; out needs 46 bytes. false: another length. */
bool subject_ip_text(const uint8_t *ip, size_t n, char *out);

#endif
