/*
 * Certificate signing requests (PKCS#10, RFC 2986): made from typed fields, read strictly.
 */
#ifndef AUTOCSR_CSR_H
#define AUTOCSR_CSR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "autocsr/blob.h"
#include "autocsr/err.h"
#include "autocsr/finding.h"
#include "autocsr/key.h"
#include "autocsr/limits.h"
#include "autocsr/secret.h"
#include "autocsr/subject.h"

ACSR_C_BEGIN

/* Key usage bits (RFC 5280 4.2.1.3), bit 0 = digitalSignature. */
#define ACSR_KU_DIGITAL_SIGNATURE 0x001u
#define ACSR_KU_NON_REPUDIATION 0x002u
#define ACSR_KU_KEY_ENCIPHERMENT 0x004u
#define ACSR_KU_DATA_ENCIPHERMENT 0x008u
#define ACSR_KU_KEY_AGREEMENT 0x010u
#define ACSR_KU_KEY_CERT_SIGN 0x020u
#define ACSR_KU_CRL_SIGN 0x040u
#define ACSR_KU_ENCIPHER_ONLY 0x080u
#define ACSR_KU_DECIPHER_ONLY 0x100u
/* "digitalSignature" for bit 0 … "decipherOnly" for bit 8; NULL past the end. Static. */
const char *acsr_ku_name(size_t bit);
/* The bit of a name, any case, "contentCommitment" too; 0 when there is none. */
unsigned acsr_ku_find(const char *name);

/* A purpose of extended key usage that we know by name. Static. */
struct acsr_eku {
	const char *name; /* "serverAuth" */
	const char *oid;
	const char *text; /* what it is for, for people */
};
/* The table (RFC 5280, IANA's registry, Microsoft's and others'); NULL past the end. */
const struct acsr_eku *acsr_eku_at(size_t i);
/* By name (any case) or dotted OID; NULL when it is not in the table. */
const struct acsr_eku *acsr_eku_find(const char *name_or_oid);

/* A certificate policy (RFC 5280 4.2.1.4). */
struct acsr_policy {
	char *oid;
	char *cps; /* URL of the practice statement, or NULL */
};

/* Microsoft's certificate template: by name (1.3.6.1.4.1.311.20.2) or by OID (1.3.6.1.4.1.311.21.7), each
 * with what the CA's administrator says. Empty: all NULL. */
struct acsr_ms_template {
	char *name; /* "WebServer" */
	char *oid;
	bool has_major, has_minor;
	uint32_t major, minor;
};

/* Any extension, as bytes. */
struct acsr_raw_ext {
	char *oid; /* dotted */
	bool critical;
	struct acsr_blob der; /* the contents of extnValue: one DER element */
};

/* What to ask for. All pointers are loans and may be NULL or empty; all zero asks for a key alone. */
struct acsr_csr_request {
	const struct acsr_dn *subject;
	const struct acsr_sans *sans; /* critical when the subject is empty (RFC 5280 4.2.1.6) */
	const char *const *ekus;      /* names of acsr_eku_find, or dotted OIDs */
	size_t n_ekus;
	bool must_staple;   /* RFC 7633 status_request */
	const char *digest; /* "SHA256" "SHA384" "SHA512"; NULL: by the key (EC by curve, RSA SHA-256) */
	unsigned ku;        /* ACSR_KU_…; 0: not asked for */
	bool ca;            /* basic constraints CA:TRUE, critical */
	bool end_entity;    /* basic constraints CA:FALSE, not critical; neither: not asked for */
	int path_len;       /* looked at with ca only; -1: none */
	const struct acsr_policy *policies;
	size_t n_policies;
	const struct acsr_ms_template *ms_template;
	bool ski; /* subject key identifier: the first 160 bits of SHA-256 over the key bits (RFC 7093 2 (1))
		   */
	const struct acsr_raw_ext *exts;
	size_t n_exts;
	const struct acsr_secret *challenge_password; /* RFC 2985 5.4.1, 1 to 255 characters of UTF-8 */
	const char *unstructured_name;                /* RFC 2985 5.4.3, 1 to 255 characters */
};

/*
 * DER, signed with `key`. Ed25519, Ed448 and post-quantum keys use their own scheme and no digest.
 *   csr.digest                 none of the three
 *   csr.new.eku                neither a known name nor an OID; or twice the same
 *   csr.new.ku-ca              keyCertSign without CA:TRUE (RFC 5280 4.2.1.9)
 *   csr.new.ku-only            encipherOnly or decipherOnly without keyAgreement (4.2.1.3)
 *   csr.new.ca                 CA:TRUE and CA:FALSE; or CA:TRUE with a key usage without keyCertSign
 *   csr.new.path-len           below -1 or above 255
 *   csr.new.policy             no OID, an empty or non-ASCII URL, or twice the same
 *   csr.new.template           no OID; a version without OID; a minor without a major version
 *   csr.new.extension          no OID, or not exactly one DER element
 *   csr.new.extension-twice    an extension given as bytes that is there already
 *   csr.new.challenge-password csr.new.unstructured-name   length, or control characters
 * and those of subject.h. NOT checked: whether a CA would accept it (acsr_csr_check).
 */
ACSR_MUST_USE enum acsr_result acsr_csr_build(const struct acsr_csr_request *req, const struct acsr_key *key,
	struct acsr_blob *der, struct acsr_err *e);

/* A requested extension, as found. */
struct acsr_ext {
	char oid[64];     /* dotted; cut when longer */
	const char *name; /* "subjectAltName", or "" when unknown; static */
	bool critical;
	bool bad;             /* acsr_csr_read only: its contents break a rule, or it is a second one */
	struct acsr_blob der; /* the contents of extnValue, whatever they are */
};

/* An attribute of a CSR, as found. */
struct acsr_attr {
	char oid[64];     /* dotted; cut when longer */
	const char *name; /* "challengePassword" "osVersion" …, or "" when unknown; static */
	char *text;       /* what it says where we can read it, UTF-8, control characters escaped; or NULL */
	struct acsr_blob der; /* its first value; empty for challengePassword, which is never kept */
	size_t n_values;
};

enum acsr_signature {
	ACSR_SIGNATURE_GOOD,
	ACSR_SIGNATURE_BAD,
	ACSR_SIGNATURE_UNCHECKED, /* there is no key to check it with */
};

struct acsr_csr_view {
	struct acsr_dn subject;
	struct acsr_sans sans;
	struct acsr_key *key; /* public; owned by the view */
	char key_name[48]; /* as acsr_key_name; without a key by its algorithm: "ml-dsa-65", or a dotted OID
			    */
	enum acsr_signature signature; /* acsr_csr_parse: GOOD */
	struct acsr_blob spki;
	uint8_t spki_sha256[32];
	uint8_t sha256[32];     /* of the whole DER */
	char signature_alg[64]; /* "sha256WithRSAEncryption" "ecdsa-with-SHA256" "ED25519" */
	char digest[16];        /* "SHA256" "SHA1" "MD5"; "" when the scheme has none of its own */
	char **ekus;            /* "serverAuth", or dotted OIDs */
	size_t n_ekus;
	bool has_ku;
	unsigned ku; /* ACSR_KU_… */
	bool has_basic_constraints;
	bool ca;
	int path_len; /* -1: none */
	bool must_staple;
	struct acsr_policy *policies;
	size_t n_policies;
	struct acsr_ms_template ms_template;
	uint8_t ski[64];
	size_t ski_len;
	bool challenge_password; /* the attribute is there; its value is never shown */
	struct acsr_ext *exts;   /* every requested extension, in order */
	size_t n_exts;
	char **attributes; /* dotted OIDs of the attributes beside extension request and challengePassword */
	size_t n_attributes;
	struct acsr_findings broken; /* acsr_csr_read: every rule of form that the CSR breaks; else empty */
	struct acsr_attr *attrs;     /* every attribute, in order */
	size_t n_attrs;
};

/*
 * Strict, in this order: size and structure before OpenSSL sees a byte, key and signature, contents.
 *   csr.too-large             over ACSR_CSR_DER_MAX bytes (ACSR_CSR_DER_MAX_SLHDSA for an SLH-DSA key)
 *   csr.der  csr.trailing     not DER, or bytes after it
 *   csr.der.indefinite  csr.der.length  csr.der.depth  csr.der.integer (padded, negative, huge)
 *   csr.version               not 0
 *   csr.key                   an algorithm that is not accepted, or an unreadable key
 *   openssl.unsupported       a post-quantum key, and this OpenSSL has none
 *   csr.digest                not SHA-256, SHA-384 or SHA-512
 *   csr.signature             does not verify with the CSR's own key
 *   csr.subject.control  csr.subject.type
 *   csr.extensions.several    more than one extension request
 *   csr.extensions.duplicate  csr.extensions.bad
 *   csr.sans.many             more than ACSR_SANS_MAX
 *   csr.san.empty  csr.san.control (NUL, blank, CR, LF …)  csr.san.ascii  csr.san.ip
 * NOT checked: the key's strength (acsr_key_check_public), the names' verdict (acsr_name_check), who
 * may have them.
 */
ACSR_MUST_USE enum acsr_result acsr_csr_parse(
	struct acsr_csr_view **out, const uint8_t *der, size_t len, struct acsr_err *e);

/*
 * Lenient, for looking at what somebody else made: reads on as long as the bytes can be decoded at all, and
 * leaves every broken rule of the list above in (*out)->broken, in the order in which they were found.
 * Fails only with csr.too-large (over ACSR_CSR_DER_MAX_SLHDSA), with csr.der and the like when nothing can be
 * decoded, and without memory. In such a view `key` is NULL when the key cannot be read (then `key_name` is
 * its algorithm); sans and subject hold broken entries, marked; there may be more than ACSR_SANS_MAX names.
 * What it shows was not proven: never issue from it.
 */
ACSR_MUST_USE enum acsr_result acsr_csr_read(
	struct acsr_csr_view **out, const uint8_t *der, size_t len, struct acsr_err *e);
void acsr_csr_view_free(struct acsr_csr_view *v); /* NULL is fine */

/*
 * What people paste, to DER: PEM (also NEW CERTIFICATE REQUEST) in any wrapping, with CRLF, BOM, UTF-16,
 * literal "\n" or text around it; bare base64 without BEGIN and END lines; DER. Only the outside is
 * looked at: call acsr_csr_parse on the result.
 *   input.empty  input.base64 (damaged)  input.several  input.unknown  csr.too-large
 *   input.private-key   anywhere in the text: never paste one, treat it as compromised
 *   input.certificate  input.public-key  input.pkcs7   the wrong thing, and which
 */
ACSR_MUST_USE enum acsr_result acsr_input_csr(
	const uint8_t *p, size_t len, struct acsr_blob *der, struct acsr_err *e);

/* "-----BEGIN CERTIFICATE REQUEST-----", 64 columns. */
ACSR_MUST_USE enum acsr_result acsr_csr_pem(
	const uint8_t *der, size_t len, struct acsr_blob *pem, struct acsr_err *e);

ACSR_C_END

#endif
