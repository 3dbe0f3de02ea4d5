/*
 * What people give: any bytes, and the objects in them.
 *
 * Taken: PEM (RFC 7468, also with RFC 1421 headers) in any wrapping, any number of blocks and with any text
 * around them; DER, also several one after another; base64 without BEGIN and END lines, or with one of the
 * two lost. Windows line ends, a byte order mark, UTF-16 with or without one, lines quoted with ">", literal
 * "\n", and "=3D" as mail programs leave it are all understood. JSON Web Keys and JWK Sets (jwk.h) become the
 * keys in them, private ones as PKCS#8 DER, each followed by the certificates of its "x5c".
 *
 * A block that is damaged is an object with its own error; the others are still returned. Only the outside is
 * looked at: nothing here says that a certificate can be parsed or that a signature is right. A JWK is the
 * exception: it is decoded, and refused where its members do not fit together.
 *
 * Bounds: ACSR_INPUT_MAX bytes, ACSR_INPUT_MAX_OBJECTS objects; one private key at most 64 KB. The time is
 * linear in the input, the memory that of the input and of one object.
 */
#ifndef AUTOCSR_INPUT_H
#define AUTOCSR_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "autocsr/err.h"
#include "autocsr/secret.h"

ACSR_C_BEGIN

#define ACSR_INPUT_MAX (32 * 1024 * 1024)
#define ACSR_INPUT_MAX_OBJECTS 10000

enum acsr_input_kind {
	ACSR_INPUT_UNKNOWN, /* a PEM block with another label, or bytes that are none of these */
	ACSR_INPUT_CSR,     /* PKCS#10, RFC 2986 */
	ACSR_INPUT_CERT,
	ACSR_INPUT_CRL,
	ACSR_INPUT_PRIVATE_KEY,
	ACSR_INPUT_PUBLIC_KEY,
	ACSR_INPUT_PKCS7, /* RFC 2315, CMS (RFC 5652) */
	ACSR_INPUT_PKCS12,
	/* named, and not looked into any further by this library */
	ACSR_INPUT_OCSP,       /* a request or a response, RFC 6960 */
	ACSR_INPUT_CRMF,       /* certificate request messages, RFC 4211 */
	ACSR_INPUT_SPKAC,      /* the old <keygen> element */
	ACSR_INPUT_PARAMETERS, /* EC, DH or DSA parameters: no key */
	ACSR_INPUT_ATTRIBUTE_CERT,
	ACSR_INPUT_SSH_PUBLIC_KEY, /* one line, "ssh-ed25519 AAAA… comment", or RFC 4716 */
	ACSR_INPUT_PGP,
};

/* "CSR" "certificate" "CRL" "private key" …: for people, static. */
const char *acsr_input_kind_name(enum acsr_input_kind kind);

struct acsr_input_object {
	enum acsr_input_kind kind;
	/* Which of its forms, static, for people and for comparing: "PKCS#8" "encrypted PKCS#8" "PKCS#1"
	 * "encrypted PKCS#1" "SEC 1" "encrypted SEC 1" "DSA" "encrypted DSA" "OpenSSH" "JWK" for private keys,
	 * "SPKI" "PKCS#1" "JWK" for public ones, "trusted certificate", "PKCS#10" …; never NULL. */
	const char *form;
	bool encrypted; /* a private key that needs its passphrase */
	char label[48]; /* of its PEM block, "" without one; a loan like the rest */
	size_t offset;  /* of its BEGIN line or first byte, in bytes; UTF-16: in characters */
	unsigned line;  /* of its BEGIN line, from 1; 0 for DER */
	const uint8_t
		*der; /* DER (BER for some PKCS#7 and PKCS#12); NULL for private keys and when damaged */
	size_t der_len;
	/* Private keys: what acsr_key_load_private takes (DER, or the PEM block where its headers matter). */
	const struct acsr_secret *secret;
	struct acsr_err err; /* err.id[0] != 0: damaged, and why (input.base64 …); kind says what it was meant
				to be */
};

struct acsr_input;

/* Nothing is kept of p (it is copied where it must be changed, else it must live until acsr_input_close).
 *   input.empty  input.too-large  sys.nomem */
ACSR_MUST_USE enum acsr_result acsr_input_open(
	struct acsr_input **out, const uint8_t *p, size_t len, struct acsr_err *e);
/* The next object, a loan until the next call; NULL behind the last one. The order is that of the input.
 * Without memory, or beyond ACSR_INPUT_MAX_OBJECTS, the last object carries the error (sys.nomem,
 * input.several). */
const struct acsr_input_object *acsr_input_next(struct acsr_input *in);
void acsr_input_close(struct acsr_input *in); /* wipes; NULL is fine */

/* What a DER or BER element looks like from its outline; *form as above. */
enum acsr_input_kind acsr_input_kind_of_der(const uint8_t *der, size_t len, const char **form);

/* "this is a private key, not a CSR …" for somebody who gave the wrong thing: input.private-key
 * input.certificate input.csr input.pkcs7 input.public-key input.crl input.pkcs12 input.unknown … Returns
 * ACSR_FAIL. */
enum acsr_result acsr_input_wrong(enum acsr_input_kind kind, const char *wanted, struct acsr_err *e);

ACSR_C_END

#endif
