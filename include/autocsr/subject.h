/*
 * Subject fields and subject alternative names, as typed lists.
 *
 * Strings are NUL-terminated UTF-8. Zero-initialise the lists; what is added is copied. A list is left as it
 * was when adding to it fails. Building never goes through OpenSSL's configuration mini-language.
 */
#ifndef AUTOCSR_SUBJECT_H
#define AUTOCSR_SUBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "autocsr/err.h"

ACSR_C_BEGIN

/*
 * One attribute of a subject.
 *
 * name   CN O OU C ST L street postalCode serialNumber businessCategory jurisdictionL jurisdictionST
 *        jurisdictionC GN SN title DC UID emailAddress dnQualifier organizationIdentifier and the rest of
 *        acsr_dn_name_at; a dotted OID for anything else
 * value  the text; with `hex` the whole DER of the value in lower-case hex digits, for what is no text
 * joined it stands in one RDN with the field before it (multi-valued, "CN=a+OU=b")
 * string_type  as it was read, the ASN.1 tag of its string (12 UTF8String, 19 PrintableString, 20 T61String,
 *        22 IA5String, 28 UniversalString, 30 BMPString …); 0 when it was typed. Building never looks at it:
 *        it writes the type of RFC 5280 appendix A (PrintableString for C, serialNumber, dnQualifier,
 *        telephoneNumber, destinationIndicator and the like; IA5String for DC and emailAddress; else
 *        UTF8String).
 * broken acsr_csr_read only: no clean text; what cannot be shown is written \xNN
 */
struct acsr_dn_field {
	char *name;
	char *value;
	bool joined;
	bool hex;
	int string_type;
	bool broken;
};

struct acsr_dn {
	struct acsr_dn_field *v; /* in encoded order */
	size_t n;
};

/*
 * Append one field, as an RDN of its own. The name in any case, also long names ("commonName") and aliases
 * (S, E, G); stored under its usual name.
 *   subject.field    unknown name: neither in the table nor a dotted OID
 *   subject.length   empty, or longer than the X.520 upper bound (characters; others 256)
 *   subject.control  a control character, or not UTF-8
 *   subject.country  not two letters
 *   subject.charset  beyond PrintableString or IA5String where the field has that type
 */
ACSR_MUST_USE enum acsr_result acsr_dn_add(
	struct acsr_dn *dn, const char *name, const char *value, struct acsr_err *e);
/* The same, into the RDN of the field before it; subject.syntax when there is none. */
ACSR_MUST_USE enum acsr_result acsr_dn_join(
	struct acsr_dn *dn, const char *name, const char *value, struct acsr_err *e);
/*
 * "CN=www.demo.test,O=Demo\, Inc,C=DE" (RFC 4514): the text starts with the most specific field, which is
 * encoded last. Escapes (\, and \C3\BC), "quoted values", '+' for multi-valued RDNs, ';' as separator,
 * "#hex" values (DER; kept as they are) and "OID.1.2.3". Appends; on failure nothing is added.
 * subject.syntax, and those of acsr_dn_add.
 */
ACSR_MUST_USE enum acsr_result acsr_dn_parse(struct acsr_dn *dn, const char *text, struct acsr_err *e);
/* The same form back, so that parsing and encoding it gives the same bytes for what this library wrote;
 * control characters are \XX. *out is the caller's to free(). */
ACSR_MUST_USE enum acsr_result acsr_dn_print(char **out, const struct acsr_dn *dn, struct acsr_err *e);
/* Bring fields that came in any order (from flags) into the usual one: DC C jurisdiction… ST L street O OU …
 * CN serialNumber emailAddress UID. Stable; multi-valued RDNs stay together and go by their first field. */
void acsr_dn_arrange(struct acsr_dn *dn);
/* Append all fields of another one, unjudged. sys.nomem */
ACSR_MUST_USE enum acsr_result acsr_dn_append(
	struct acsr_dn *dn, const struct acsr_dn *other, struct acsr_err *e);
/* The first value of that name, a loan, or NULL. */
const char *acsr_dn_get(const struct acsr_dn *dn, const char *name);
void acsr_dn_free(struct acsr_dn *dn); /* leaves an empty list */
/* The names of the table, for help and completion; NULL past the end; static. `text` (may be NULL): what it
 * means, for people. */
const char *acsr_dn_name_at(size_t i, const char **text);

enum acsr_san_type {
	ACSR_SAN_DNS,   /* A-label form */
	ACSR_SAN_IP,    /* canonical text: "192.0.2.1", "2001:db8::1" */
	ACSR_SAN_EMAIL, /* rfc822Name, ASCII */
	ACSR_SAN_URI,
	ACSR_SAN_UPN,      /* otherName 1.3.6.1.4.1.311.20.2.3 */
	ACSR_SAN_SMTPUTF8, /* otherName 1.3.6.1.5.5.7.8.9 (RFC 9598): a mailbox whose local part is not ASCII
			    */
	ACSR_SAN_RID,      /* registeredID: "1.2.3.4" */
	ACSR_SAN_DIRNAME,  /* directoryName: RFC 4514 text */
	ACSR_SAN_OTHER, /* another otherName: "1.2.3.4;UTF8:text", "1.2.3.4;IA5:text" or "1.2.3.4;DER:0c0161"
			 */
	ACSR_SAN_UNKNOWN, /* read only: "ediPartyName;hex", "x400Address;hex" with the whole GeneralName */
};
#define ACSR_SAN_TYPES 10 /* how many there are */

struct acsr_san {
	enum acsr_san_type type;
	char *value;
	bool broken; /* acsr_csr_read only: not a clean name; what cannot be shown is written \xNN */
};

struct acsr_sans {
	struct acsr_san *v;
	size_t n;
};

/*
 * Copies `value`, in canonical form for IP, RID, DIRNAME and OTHER. DNS names, mailboxes and URIs are judged
 * here only as far as their encoding goes; name.h judges DNS names, acsr_csr_draft_set knows IDN.
 *   name.empty   name.control
 *   name.ascii   a blank, or beyond ASCII in DNS, EMAIL, URI
 *   name.ip      no IP address
 *   name.oid     no OID where one belongs
 *   name.email   SMTPUTF8 without an '@', with an ASCII local part (that is ACSR_SAN_EMAIL), with a byte
 *                order mark, or with a domain that is not in lower-case A-labels (RFC 9598 3)
 *   name.other   not written OID;UTF8:text, OID;IA5:text or OID;DER:hex
 *   name.type    ACSR_SAN_UNKNOWN
 *   subject.…    a directoryName that is none
 */
ACSR_MUST_USE enum acsr_result acsr_sans_add(
	struct acsr_sans *l, enum acsr_san_type type, const char *value, struct acsr_err *e);
bool acsr_sans_has(const struct acsr_sans *l, enum acsr_san_type type, const char *value); /* DNS: any case */
/* "dns" "ip" "email" "uri" "upn" "smtputf8" "rid" "dirname" "other" "unknown". */
const char *acsr_san_type_name(enum acsr_san_type type);
/* As written before a value: "DNS" "IP" "email" "URI" "UPN" "SmtpUTF8" "RID" "dirName" "otherName" "unknown".
 */
const char *acsr_san_label(enum acsr_san_type type);
/* Back from either, in any case; false when there is none; "unknown" cannot be asked for. */
bool acsr_san_type_find(const char *name, enum acsr_san_type *out);
void acsr_sans_free(struct acsr_sans *l); /* leaves an empty list */

ACSR_C_END

#endif
