/*
 * Judging what a browser and its authenticator send (W3C WebAuthn level 2, sections 7.1 and 7.2), without a
 * database: client data, attestation objects, assertions. Signatures are checked, and keys and statements decoded,
 * by libfido2; what reaches it is well-formed CBOR of definite lengths that the input really has.
 *
 * Not checked: who made the authenticator. No attestation is asked for, so a statement (packed, by itself or with
 * certificates) is only verified to be consistent; its certificates are not traced to a root.
 *
 * All errors here are "passkey.…".
 */
#ifndef CORE_PASSKEY_VERIFY_H
#define CORE_PASSKEY_VERIFY_H

#include <jansson.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

/* Passkeys belong to a name: its host (the RP ID), and the one origin that may ask for them. */
struct passkey_site {
	char host[256];
	char origin[300]; /* https://HOST[:PORT], as browsers write it */
};
/* From the public URL: its own host, or localhost when it has a loopback address. Error "passkey.host". */
ACSR_MUST_USE enum acsr_result passkey_site_of(
	const char *public_url, struct passkey_site *out, struct acsr_err *e);

enum {
	PASSKEY_CLIENT_MAX = 4096, /* bytes of clientDataJSON */
	PASSKEY_OBJECT_MAX = 32768,
	PASSKEY_AUTHDATA_MAX = 4096,
	PASSKEY_SIGNATURE_MAX = 1024
};

/* What came, decoded from base64url and bounded; free with passkey_answer_free. */
struct passkey_answer {
	struct buf id, client, object; /* object: of a registration */
	struct buf authdata, signature, handle;
	char transports[128];
};
ACSR_MUST_USE enum acsr_result passkey_read_registration(
	const json_t *response, struct passkey_answer *out, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result passkey_read_assertion(
	const json_t *response, struct passkey_answer *out, struct acsr_err *e);
void passkey_answer_free(struct passkey_answer *a);
#define CLEANUP_ANSWER __attribute__((cleanup(passkey_answer_free)))

/* clientDataJSON: type ("webauthn.create", "webauthn.get"), origin, not from within another site's frame; its
 * challenge (32 bytes), which the caller must still find and use up. */
ACSR_MUST_USE enum acsr_result passkey_check_client(const struct buf *client, const char *type,
	const struct passkey_site *site, uint8_t challenge[32], struct acsr_err *e);

struct passkey_credential {
	struct bytes id; /* a loan of the answer */
	uint8_t key[512];
	size_t key_len;
	int algorithm; /* COSE: -7 ES256, -8 EdDSA, -257 RS256 with 2048 bits */
	uint32_t count;
	bool verified;
};
/* A new credential: host, user present, known algorithm and a usable key, the statement's signature. */
ACSR_MUST_USE enum acsr_result passkey_check_registration(const struct passkey_answer *a,
	const struct passkey_site *site, struct passkey_credential *out, struct acsr_err *e);

/* An assertion by `credential` (its id is not looked at): host, user present, user verified when wanted, the
 * signature over it and the client data. *count: the signature counter, which the caller compares. */
ACSR_MUST_USE enum acsr_result passkey_check_assertion(const struct passkey_answer *a,
	const struct passkey_site *site, const struct passkey_credential *credential, bool verified,
	uint32_t *count, struct acsr_err *e);

#endif
