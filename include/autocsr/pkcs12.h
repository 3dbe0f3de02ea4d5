/*
 * PKCS#12 (RFC 7292, PFX): keys with their certificates under one passphrase, read and written.
 *
 * "Wrong password" on such a file mostly means an algorithm that the reader lacks. Here the two are kept
 * apart: the MAC says whether the passphrase fits, and what cannot be decrypted is named.
 */
#ifndef AUTOCSR_PKCS12_H
#define AUTOCSR_PKCS12_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "autocsr/blob.h"
#include "autocsr/err.h"
#include "autocsr/key.h"
#include "autocsr/secret.h"

ACSR_C_BEGIN

/* What was in it; all owned. */
struct acsr_pkcs12 {
	struct acsr_key **keys;
	size_t n_keys;
	struct acsr_blob *certs; /* DER; the first key's certificate first */
	size_t n_certs;
};

/*
 * DER or BER, at most 1 MB, at most 256 keys and certificates each. `passphrase` (UTF-8) NULL: none; then the
 * empty and the absent passphrase are tried.
 *   input.passphrase      it needs a passphrase
 *   match.passphrase      the passphrase does not fit
 *   openssl.unsupported   the passphrase fits (or that cannot be told), an algorithm is missing: it is named
 *   input.pkcs12          damaged, or not PKCS#12
 *   input.rounds          the passphrase is to be hashed more than 20 million times, in all parts together
 * RC2 and other old ciphers come from OpenSSL's legacy provider, loaded for this call alone.
 * NOT read: CRLs, secret bags, friendly names, files under a public key instead of a passphrase.
 */
ACSR_MUST_USE enum acsr_result acsr_pkcs12_read(struct acsr_pkcs12 **out, const uint8_t *p, size_t len,
	const struct acsr_secret *passphrase, struct acsr_err *e);
void acsr_pkcs12_free(struct acsr_pkcs12 *p); /* NULL is fine */

/* What to put in; all loans. */
struct acsr_pkcs12_spec {
	const struct acsr_key *key;
	const struct acsr_blob *certs; /* the key's own first (match.key), then its chain */
	size_t n_certs;
	const char *name; /* friendly name, UTF-8; NULL: none */
	const struct acsr_secret *passphrase;
	bool legacy; /* 3DES and SHA-1, 2048 iterations: weak, for readers that open nothing else */
};

/* DER. Modern: PBES2 with PBKDF2-HMAC-SHA256 and AES-256-CBC, MAC with SHA-256, 600,000 iterations each. */
ACSR_MUST_USE enum acsr_result acsr_pkcs12_write(
	const struct acsr_pkcs12_spec *spec, struct acsr_blob *der, struct acsr_err *e);

ACSR_C_END

#endif
