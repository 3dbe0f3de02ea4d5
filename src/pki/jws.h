/*
 * JSON Web Signatures (RFC 7515) as ACME has them (RFC 8555 6.2): one signature, flattened JSON, everything in the
 * protected header. The signer signs with it for accounts at other CAs, core reads and verifies what clients of ours
 * send. Needs libcrypto only.
 *
 * Reading is strict: base64url without padding or stray bits (RFC 7515 2), no member twice (RFC 7515 4, 10.12),
 * no unprotected header, no list of signatures, nothing detached, no "crit" (we know no extension, RFC 7515 4.1.11),
 * no "b64" (RFC 7797). Members that are not known are passed over, as RFC 7515 4 asks.
 */
#ifndef PKI_JWS_H
#define PKI_JWS_H

#include "autocsr/key.h"
#include "base/buf.h"

/* RFC 7518 3.1. NONE: one that is not here, "none" included. */
enum jws_alg { JWS_NONE, JWS_RS256, JWS_ES256, JWS_ES384, JWS_ES512, JWS_HS256, JWS_HS384, JWS_HS512 };

const char *jws_alg_name(enum jws_alg alg); /* "" for NONE */
/* What a key signs with here; NONE for keys that ACME does not know. */
enum jws_alg jws_alg_of(const struct acsr_key *key);

/* --- signing --- */

/* What stands in the protected header besides "alg". url is required. */
struct jws_head {
	const char *url;
	const char *nonce; /* NULL or "": none */
	const char *kid;   /* NULL or "": the public key as "jwk" */
};

/* Append the flattened JSON to out, whose max bounds it. key may lie in a token. Keys that ACME does not know: key.jwk. */
ACSR_MUST_USE enum acsr_result jws_sign(const struct acsr_key *key, const struct jws_head *head,
	struct bytes payload, struct buf *out, struct acsr_err *e);
/* The same with HMAC-SHA256 and a kid (RFC 8555 7.3.4); no nonce. */
ACSR_MUST_USE enum acsr_result jws_sign_mac(const struct acsr_secret *mac_key, const char *kid,
	const char *url, struct bytes payload, struct buf *out, struct acsr_err *e);
/* The public key alone, in the form of RFC 7638 3: the members that are required, by name, without white space. It is
 * the same text for the same key. */
ACSR_MUST_USE enum acsr_result jws_jwk(const struct acsr_key *key, struct buf *out, struct acsr_err *e);

/* --- reading --- */

enum { JWS_URL_MAX = 2048, JWS_KID_MAX = 1024, JWS_NONCE_MAX = 128 };

struct jws {
	enum jws_alg alg;
	char alg_name[24]; /* as it was written, cut */
	bool has_url, has_nonce, has_kid, has_jwk;
	char url[JWS_URL_MAX + 1], kid[JWS_KID_MAX + 1], nonce[JWS_NONCE_MAX + 1]; /* printable ASCII */
	struct bytes jwk; /* the JSON object of the key, a loan from header */
	struct buf payload, signature;
	struct buf header, input; /* the octets that are signed: both parts as they came */
};

/*
 * Take a JWS apart; nothing is verified yet. out must be zeroed and is to be freed whatever comes back: the header's
 * nonce is there as soon as it could be read, also when something else is wrong.
 *   jws.malformed   not of this form
 *   jws.crit        an extension is marked critical
 */
ACSR_MUST_USE enum acsr_result jws_read(struct jws *out, struct bytes json, struct acsr_err *e);
void jws_free(struct jws *j);

/* The key in "jwk": public only, one that ACME knows. NOT checked: its strength (acsr_key_check_public).
 *   jws.malformed   there is none      jws.key   it cannot be used (also a private one) */
ACSR_MUST_USE enum acsr_result jws_key(const struct jws *j, struct acsr_key **out, struct acsr_err *e);

/* Is it signed by this key?  jws.alg: "alg" is none that we take, or not of this key · jws.signature: no */
ACSR_MUST_USE enum acsr_result jws_verify(
	const struct jws *j, const struct acsr_key *key, struct acsr_err *e);
/* HS256, HS384, HS512; the same errors. */
ACSR_MUST_USE enum acsr_result jws_verify_mac(
	const struct jws *j, const struct acsr_secret *mac_key, struct acsr_err *e);

#endif
