/*
 * Sealing a secret to somebody's public key, so that no code or passphrase exists: age v1
 * (age-encryption.org/v1) or CMS AuthEnvelopedData with AES-256-GCM (RFC 5083, RFC 5084).
 *
 * A recipient is what its owner pastes:
 *   an age recipient       age1…                    X25519                       opens with age
 *   an SSH public key      ssh-ed25519 AAAA…        as in authorized_keys        opens with age
 *                          ssh-rsa AAAA…            2048 bits or more            opens with age
 *   a certificate          -----BEGIN CERTIFICATE   RSA of 2048 bits or more,    opens with openssl cms
 *                                                   or EC P-256, P-384, P-521
 * The kind decides the format: age for the first three, CMS for a certificate.
 */
#ifndef AUTOCSR_SEAL_H
#define AUTOCSR_SEAL_H

#include <stddef.h>
#include <stdint.h>

#include "autocsr/blob.h"
#include "autocsr/err.h"
#include "autocsr/secret.h"

ACSR_C_BEGIN

#define ACSR_RECIPIENT_MAX 16384            /* bytes of text */
#define ACSR_SEAL_MAX ((size_t)1024 * 1024) /* bytes that can be sealed */

enum acsr_recipient_kind {
	ACSR_RECIPIENT_AGE_X25519,
	ACSR_RECIPIENT_SSH_ED25519,
	ACSR_RECIPIENT_SSH_RSA,
	ACSR_RECIPIENT_CERTIFICATE,
};

enum acsr_seal_format {
	ACSR_SEAL_AGE, /* binary, "NAME.age" */
	ACSR_SEAL_CMS, /* DER, "NAME.p7m" */
};

struct acsr_recipient; /* somebody's public key, checked */

/*
 * Reads what somebody pasted: one recipient; blank lines, and lines that begin with '#', are passed over, as is
 * text around a PEM certificate. `now`: epoch seconds, for a certificate's validity; 0: it is not looked at.
 *   recipient.private-key   a private key or an age identity: whoever pasted it should make a new one
 *   recipient.empty         nothing there
 *   recipient.unknown       nothing that can be sealed to
 *   recipient.many          more than one
 *   recipient.large         more than ACSR_RECIPIENT_MAX bytes
 *   recipient.age           an age recipient that is mistyped or cut off
 *   recipient.age.type      an age recipient of a plugin, or of another kind than X25519
 *   recipient.ssh           an SSH public key that is damaged, or has options in front
 *   recipient.ssh.type      an SSH key that age cannot use: ecdsa, sk-…, ssh-dss
 *   recipient.point         a point of small order, or not on its curve: anybody could open it
 *   recipient.weak          an RSA or EC key that breaks a rule of acsr_key_check_public; the text says which
 *   recipient.certificate   damaged
 *   recipient.key-type      a certificate with another key than RSA, P-256, P-384 or P-521
 *   recipient.usage         a certificate whose key usage forbids it (RFC 5280 4.2.1.3): RSA keys need
 *                           keyEncipherment, EC keys keyAgreement, where there is a key usage at all
 *   recipient.validity      a certificate that has expired or is not valid yet
 * NOT checked: who the recipient is, and whether a certificate is trusted or revoked.
 */
ACSR_MUST_USE enum acsr_result acsr_recipient_parse(
	struct acsr_recipient **out, const char *text, size_t len, int64_t now, struct acsr_err *e);
void acsr_recipient_free(struct acsr_recipient *r); /* NULL is fine */

/* Which of them it is. */
enum acsr_recipient_kind acsr_recipient_kind(const struct acsr_recipient *r);
/* "age-x25519" "ssh-ed25519" "ssh-rsa" "certificate"; static. */
const char *acsr_recipient_kind_name(enum acsr_recipient_kind kind);
/* For people, at most 300 bytes, no control characters: "age1…" whole; "SHA256:…", the fingerprint as ssh-keygen -l
 * shows it; "CN=Ann,O=Example (SHA-256 12ab…)". A loan. */
const char *acsr_recipient_name(const struct acsr_recipient *r);
/* What is sealed to it. */
enum acsr_seal_format acsr_recipient_format(const struct acsr_recipient *r);

/* "age" "cms"; static. */
const char *acsr_seal_format_name(enum acsr_seal_format f);
/* And back: recipient.format for anything else. */
ACSR_MUST_USE enum acsr_result acsr_seal_format_find(
	enum acsr_seal_format *out, const char *name, struct acsr_err *e);
/* Can it be sealed in that format? Else recipient.format. */
ACSR_MUST_USE enum acsr_result acsr_recipient_takes(
	const struct acsr_recipient *r, enum acsr_seal_format f, struct acsr_err *e);

/*
 * Seals `plain`, 1 to ACSR_SEAL_MAX bytes (recipient.size), in the recipient's format, binary. The keys in between
 * live in the secure heap, as far as they are this library's; OpenSSL clears those of its own. Twice the same never
 * gives the same bytes.
 */
ACSR_MUST_USE enum acsr_result acsr_seal(const struct acsr_recipient *r, const struct acsr_secret *plain,
	struct acsr_blob *out, struct acsr_err *e);

ACSR_C_END

#endif
