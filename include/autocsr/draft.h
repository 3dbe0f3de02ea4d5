/*
 * A request as data: everything that acsr_csr_build needs, owned; made from single settings (flags, one
 * line of a file), from a request file (INI or JSON), from an OpenSSL configuration, or from an existing
 * certificate or CSR (renewal); and written back as JSON.
 *
 * Never in a file and never written: the challenge password and any key.
 */
#ifndef AUTOCSR_DRAFT_H
#define AUTOCSR_DRAFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "autocsr/blob.h"
#include "autocsr/cert.h"
#include "autocsr/csr.h"
#include "autocsr/err.h"
#include "autocsr/name.h"
#include "autocsr/secret.h"
#include "autocsr/subject.h"

ACSR_C_BEGIN

/* Zero-initialise by acsr_csr_draft_init, free by acsr_csr_draft_free. All members are owned by it. */
struct acsr_csr_draft {
	struct acsr_dn subject;
	struct acsr_sans sans;
	char **ekus;
	size_t n_ekus;
	bool must_staple;
	char *digest; /* NULL: by the key */
	unsigned ku;
	bool ca, end_entity;
	int path_len; /* -1: none */
	struct acsr_policy *policies;
	size_t n_policies;
	struct acsr_ms_template ms_template;
	bool ski;
	struct acsr_raw_ext *exts;
	size_t n_exts;
	struct acsr_secret *challenge_password;
	char *unstructured_name;
	char *key_type; /* "ec:p256" …; NULL: not said */
	char **notes;   /* for people: what was not taken over or not understood, one sentence each */
	size_t n_notes;
};

/* An empty draft: no subject, no names, nothing asked for. */
void acsr_csr_draft_init(struct acsr_csr_draft *d);
void acsr_csr_draft_free(struct acsr_csr_draft *d); /* leaves an empty draft; NULL is fine */
/* The draft as a request, all loans of it. */
void acsr_csr_draft_request(const struct acsr_csr_draft *d, struct acsr_csr_request *out);

/*
 * One setting. The keys are those of request files; a command's flags are the same words.
 *
 *   subject            RFC 4514 text; replaces what was there. Example: CN=www.example.com,O=Example,C=DE
 *   subject.NAME       one subject field (any name of acsr_dn_add), added; call acsr_dn_arrange at the end
 *   host               a DNS name (also with IDN, also a wildcard) or an IP address; several in one value are
 *                      separated by blanks or commas; judged by acsr_name_check with `policy`
 *   dns ip             the same, but of this kind only
 *   email              a mailbox. A domain with IDN becomes A-labels; a local part beyond ASCII makes a
 *                      SmtpUTF8Mailbox (RFC 9598)
 *   uri                an absolute URI in ASCII
 *   upn                user@domain
 *   rid                registeredID, a dotted OID
 *   dirname            directoryName, RFC 4514 text
 *   other              OID;UTF8:text, OID;IA5:text or OID;DER:hex
 *   key_usage          names of acsr_ku_name, separated by blanks or commas
 *   eku                names of acsr_eku_find or dotted OIDs, separated by blanks or commas
 *   must_staple        yes or no
 *   ca                 yes: CA:TRUE; no: CA:FALSE
 *   path_length        0 to 255, or none; needs ca = yes when the CSR is built
 *   policy             OID, or OID and the URL of the practice statement behind a blank
 *   template_name      Microsoft: the template's name
 *   template_oid       Microsoft: OID, OID:MAJOR or OID:MAJOR:MINOR
 *   ski                yes or no
 *   extension          OID:HEX or OID:critical:HEX, where HEX is the DER of the value
 *   unstructured_name  text
 *   key                key type: rsa:2048 … (acsr_key_type_find)
 *   digest             SHA256, SHA384 or SHA512
 *
 * request.key for an unknown key; request.value for a bad one; and those of subject.h, name.h and csr.h. The
 * field of the error is the key.
 */
ACSR_MUST_USE enum acsr_result acsr_csr_draft_set(struct acsr_csr_draft *d, const char *key,
	const char *value, enum acsr_name_policy policy, struct acsr_err *e);
/* The keys above but subject.NAME, for help and completion; NULL past the end. Static. */
const char *acsr_csr_draft_key_at(size_t i);

/*
 * A request file: JSON when its first character is '{', an OpenSSL configuration when it has a section [req]
 * or [ req ], else INI. UTF-8, at most 256 KB. Replaces what the draft
 * held; it is left untouched on failure.
 *
 * INI: "key = value" lines with the keys above, comments behind ';' or '#' at the start of a line, lists by
 * repeating the key. A section [subject] holds subject fields by name ("CN = www.example.com"), in any order.
 * JSON: one object with the same keys; a value is a string, a boolean (yes, no), a number (path_length) or an
 * array of strings. "subject" is a string, or an object of field names with strings or arrays of them.
 *
 *   request.file.syntax   the field says where: "line 3"
 *   request.key           unknown key, with "line 3" or the member in the field
 *   request.value         and all errors of acsr_csr_draft_set, likewise
 *   request.file.large
 *
 * OpenSSL configuration: of [req] default_bits, default_md, distinguished_name, req_extensions, attributes;
 * the name's section ("0.organizationName", "+OU" too; without prompt = no its defaults are taken, with a
 * note); subjectAltName (also @section, dirName:section), keyUsage, extendedKeyUsage, basicConstraints,
 * tlsfeature, certificatePolicies, subjectKeyIdentifier, and any extension as DER:hex or ASN1:…; $variables.
 * All else is a note in the draft, never skipped in silence. No file is included and no environment read:
 * request.file.openssl.
 */
ACSR_MUST_USE enum acsr_result acsr_csr_draft_read(struct acsr_csr_draft *d, const void *p, size_t len,
	enum acsr_name_policy policy, struct acsr_err *e);
/* The JSON form, indented, with a final newline; reading it back gives the same request. */
ACSR_MUST_USE enum acsr_result acsr_csr_draft_json(
	const struct acsr_csr_draft *d, struct acsr_blob *out, struct acsr_err *e);

/*
 * Renewal: the same subject, names and requested extensions, for a new key. From a certificate: key usage,
 * EKU, must-staple, CA flag with path length, Microsoft template; never key identifiers, AIA, CRL points,
 * SCTs, policies (the CA's) or serial. From a CSR: all that it asks for but key identifiers, and its
 * unstructuredName. What is left out is a note. `key_type` is set to the old key's when it can be made.
 * Replaces what the draft held. Those of subject.h when a subject or name cannot be asked for again.
 */
ACSR_MUST_USE enum acsr_result acsr_csr_draft_from_cert(
	struct acsr_csr_draft *d, const struct acsr_cert_view *v, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result acsr_csr_draft_from_csr(
	struct acsr_csr_draft *d, const struct acsr_csr_view *v, struct acsr_err *e);

ACSR_C_END

#endif
