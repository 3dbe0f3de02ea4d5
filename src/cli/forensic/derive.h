/*
 * From what a customer was handed to what is searched for: every form in which a key, a code or what opens the
 * archive is likely to lie in memory or on a disk.
 *
 *   RSA       p q d dp dq qi          big-endian (as in DER) and little-endian (as OpenSSL's limbs), and base64
 *   EC        the scalar              the same
 *   Ed25519   the seed, and the two halves of its SHA-512 (the scalar is clamped)
 *   others    the private octets and the seed, as OpenSSL names them
 *   code      as typed and as shown with dashes
 *   archive   AES key, MAC key and AES-256 round keys (from the code and the archive's salt); its bytes
 *
 * base64 is taken at all three alignments, so that it does not matter in which PEM, DER or JSON around it the number
 * stood. NOT derived: blinded or otherwise transformed values; Montgomery forms; bit-sliced round keys.
 */
#ifndef CLI_FORENSIC_DERIVE_H
#define CLI_FORENSIC_DERIVE_H

#include "autocsr/key.h"
#include "cli/forensic/needles.h"

/* The public half first, so that none of its windows is a needle: SPKI, and its numbers little-endian. */
ACSR_MUST_USE enum acsr_result derive_public(struct needles *n, const struct acsr_key *k, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result derive_key(
	struct needles *n, unsigned order, const struct acsr_key *k, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result derive_code(
	struct needles *n, unsigned order, const struct acsr_secret *code, struct acsr_err *e);
/* The archive's bytes; with a code and a ZIP also what the code becomes. */
ACSR_MUST_USE enum acsr_result derive_archive(struct needles *n, unsigned order, const uint8_t *p, size_t len,
	const struct acsr_secret *code, struct acsr_err *e);

/* The 240 bytes of AES-256's key schedule (FIPS 197 5.2). */
void derive_round_keys(const uint8_t key[32], uint8_t out[240]);

#endif
