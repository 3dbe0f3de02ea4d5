/*
 * Subject fields and subject alternative names, as typed lists.
 *
 * Strings are NUL-terminated UTF-8. Zero-initialise the lists; what is added is copied.
 * Building never goes through OpenSSL's configuration mini-language.
 */
#ifndef AUTOCSR_SUBJECT_H
#define AUTOCSR_SUBJECT_H

#include <stdbool.h>
#include <stddef.h>

#include "autocsr/err.h"

ACSR_C_BEGIN

/* name: CN O OU C ST L street postalCode serialNumber businessCategory jurisdictionL jurisdictionST
 * jurisdictionC GN SN title DC UID emailAddress dnQualifier organizationIdentifier, or a dotted OID
 * for anything else. */
struct acsr_dn_field {
	char *name;
	char *value;
	int string_type; /* parsed: the ASN.1 tag of its string (12 UTF8String, 19 PrintableString, 20
			  * TeletexString, 22 IA5String, 28 UniversalString, 30 BMPString …); 0 when it was
			  * typed */
	bool broken;     /* acsr_csr_read only: no clean text; what cannot be shown is written \xNN */
};

struct acsr_dn {
	struct acsr_dn_field *v; /* in encoded order; multi-valued RDNs are flattened */
	size_t n;
};

/* Refuses an unknown name (subject.field), an empty or over-long value (X.520 upper bounds, subject.length),
 * control characters and NUL (subject.control), a country that is not two letters (subject.country). */
ACSR_MUST_USE enum acsr_result acsr_dn_add(
	struct acsr_dn *dn, const char *name, const char *value, struct acsr_err *e);
/* "CN=www.demo.test,O=Demo\, Inc,C=DE" (RFC 4514 escapes, in encoded order); appends. */
ACSR_MUST_USE enum acsr_result acsr_dn_parse(struct acsr_dn *dn, const char *text, struct acsr_err *e);
/* The same form back; *out is the caller's to free(). */
ACSR_MUST_USE enum acsr_result acsr_dn_print(char **out, const struct acsr_dn *dn, struct acsr_err *e);
/* The first value of that name, a loan, or NULL. */
const char *acsr_dn_get(const struct acsr_dn *dn, const char *name);
void acsr_dn_free(struct acsr_dn *dn); /* leaves an empty list */

enum acsr_san_type {
	ACSR_SAN_DNS,   /* A-label form */
	ACSR_SAN_IP,    /* canonical text: "192.0.2.1", "2001:db8::1" */
	ACSR_SAN_EMAIL, /* rfc822Name */
	ACSR_SAN_URI,
	ACSR_SAN_UPN,     /* otherName 1.3.6.1.4.1.311.20.2.3 */
	ACSR_SAN_UNKNOWN, /* parsed only: directoryName, registeredID, another otherName; value is its kind */
};

struct acsr_san {
	enum acsr_san_type type;
	char *value;
	bool broken; /* acsr_csr_read only: not a clean name; what cannot be shown is written \xNN */
};

struct acsr_sans {
	struct acsr_san *v;
	size_t n;
};

/* Copies `value`; refuses control and non-ASCII characters (name.control, name.ascii), text that is no IP
 * address for ACSR_SAN_IP (name.ip), and ACSR_SAN_UNKNOWN. DNS names are not judged here: name.h does that.
 */
ACSR_MUST_USE enum acsr_result acsr_sans_add(
	struct acsr_sans *l, enum acsr_san_type type, const char *value, struct acsr_err *e);
bool acsr_sans_has(const struct acsr_sans *l, enum acsr_san_type type, const char *value); /* DNS: any case */
const char *acsr_san_type_name(enum acsr_san_type type); /* "dns" "ip" "email" "uri" "upn" "other" */
void acsr_sans_free(struct acsr_sans *l);                /* leaves an empty list */

ACSR_C_END

#endif
