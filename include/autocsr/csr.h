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
#include "autocsr/subject.h"

ACSR_C_BEGIN

/* What to ask for. All pointers are loans and may be NULL or empty. */
struct acsr_csr_request {
	const struct acsr_dn *subject;
	const struct acsr_sans *sans;
	const char *const *ekus; /* "serverAuth" "clientAuth" "emailProtection" … or dotted OIDs */
	size_t n_ekus;
	bool must_staple;   /* RFC 7633 status_request */
	const char *digest; /* "SHA256" "SHA384" "SHA512"; NULL: by the key (EC by curve, RSA SHA-256) */
};

/* DER, signed with `key`. Ed25519, Ed448 and post-quantum keys use their own scheme and no digest. */
ACSR_MUST_USE enum acsr_result acsr_csr_build(const struct acsr_csr_request *req, const struct acsr_key *key,
	struct acsr_blob *der, struct acsr_err *e);

/* A requested extension, as found. */
struct acsr_ext {
	char oid[64];     /* dotted; cut when longer */
	const char *name; /* "subjectAltName", or "" when unknown; static */
	bool critical;
};

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
	bool must_staple;
	bool challenge_password; /* the attribute is there; its value is never shown */
	struct acsr_ext *exts;   /* every requested extension, in order */
	size_t n_exts;
	char **attributes; /* dotted OIDs of the other attributes */
	size_t n_attributes;
	struct acsr_findings broken; /* acsr_csr_read: every rule of form that the CSR breaks; else empty */
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
 * Fails only with csr.too-large (over LIMIT_CSR_DER_SLHDSA), with csr.der and the like when nothing can be
 * decoded, and without memory. In such a view `key` is NULL when the key cannot be read (then `key_name` is
 * its algorithm); sans and subject hold broken entries, marked; there may be more than LIMIT_NAMES names.
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
