/* Inside of the JWK reader: the members of one key, and the key that their numbers make. */
#ifndef PKI_JWK_INT_H
#define PKI_JWK_INT_H

#include "jscan.h"
#include "key_int.h"

enum member {
	KTY,
	CRV,
	ALG,
	USE,
	KID,
	X5U,
	X5T,
	X5T_256,
	K,
	N,
	E,
	D,
	P,
	Q,
	DP,
	DQ,
	QI,
	X,
	Y,
	OPS,
	X5C,
	OTH, /* arrays; the others are strings */
	MEMBERS,
};

struct jwk {
	struct jscan_value v[MEMBERS];
	bool has[MEMBERS];
};

/* What makes each type of key. */
struct jwk_kind {
	const char *kty, *crv, *type, *alg, *group;
	size_t bytes; /* of each number; 0: RSA */
	const char *source;
};

/* "\"x\" is missing", key.jwk; k NULL: the source is RFC 7517. Returns ACSR_FAIL. */
enum acsr_result jwk_refuse(struct acsr_err *e, enum member m, const struct jwk_kind *k, const char *why);
/* The octets of a member, from strict base64url into the secure heap; width 0: an integer in as few octets as
 * it needs. */
ACSR_MUST_USE enum acsr_result jwk_octets(struct acsr_secret **out, const struct jwk *j, enum member m,
	const struct jwk_kind *k, size_t width, struct acsr_err *e);
/* The key, with its private part when there is a "d", and all numbers fit each other. */
ACSR_MUST_USE enum acsr_result jwk_numbers(
	struct acsr_key **out, const struct jwk *j, const struct jwk_kind *k, struct acsr_err *e);
/* What a thumbprint is made of (RFC 7638 3). key.jwk */
ACSR_MUST_USE enum acsr_result jwk_required(
	const struct acsr_key *key, struct acsr_secret **out, struct acsr_err *e);

#endif
