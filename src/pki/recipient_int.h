/* Inside of a recipient (autocsr/seal.h): how each kind is read, and what sealing to it needs. */
#ifndef PKI_RECIPIENT_INT_H
#define PKI_RECIPIENT_INT_H

#include "autocsr/seal.h"
#include "base/buf.h"
#include "key_int.h"
#include "ossl.h"

#define RECIPIENT_NAME 304
#define X25519_BYTES 32

struct acsr_recipient {
	enum acsr_recipient_kind kind;
	char name[RECIPIENT_NAME];
	uint8_t point[X25519_BYTES]; /* an age recipient's, or an Ed25519 key's as X25519 knows it */
	struct acsr_blob ssh;        /* an SSH key as it is sent (RFC 4253 6.6) */
	struct acsr_key *key;        /* of ssh-rsa */
	X509 *cert;
};

/* One line each, trimmed. They fill the recipient; what they allocate is freed with it. */
ACSR_MUST_USE enum acsr_result recipient_age(struct acsr_recipient *r, struct bytes line, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result recipient_ssh(struct acsr_recipient *r, struct bytes line, struct acsr_err *e);
/* Does it begin as an SSH public key does, of whatever type? */
bool recipient_is_ssh(struct bytes line);
ACSR_MUST_USE enum acsr_result recipient_cert(
	struct acsr_recipient *r, const uint8_t *der, size_t len, int64_t now, struct acsr_err *e);

/* The gate for public keys, its answers as recipient.weak, or recipient.point. */
ACSR_MUST_USE enum acsr_result recipient_judge(
	const struct acsr_key *k, const struct acsr_key_policy *policy, struct acsr_err *e);

/* X25519 (RFC 7748 5): the u-coordinate of scalar times point. False for a point of small order. The private key
 * object that it makes clears itself; `out` is the caller's to wipe. */
bool x25519(uint8_t out[X25519_BYTES], const uint8_t scalar[X25519_BYTES], const uint8_t point[X25519_BYTES]);

ACSR_MUST_USE enum acsr_result seal_age(const struct acsr_recipient *r, const struct acsr_secret *plain,
	struct acsr_blob *out, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result seal_cms(const struct acsr_recipient *r, const struct acsr_secret *plain,
	struct acsr_blob *out, struct acsr_err *e);

#endif
