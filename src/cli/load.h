/* Files that the toolkit's commands read: CSRs, certificates, keys, in any usual form. */
#ifndef CLI_LOAD_H
#define CLI_LOAD_H

#include "autocsr/cert.h"
#include "autocsr/csr.h"
#include "autocsr/key.h"
#include "autocsr/match.h"
#include "base/secret.h"

#define LOAD_MAX (1024 * 1024) /* more than any file of these kinds */

/* A list of certificates as DER. Zero-initialise it. */
struct load_certs {
	struct acsr_blob *v;
	size_t n;
};
void load_certs_free(struct load_certs *l);
#define CLEANUP_CERTS __attribute__((cleanup(load_certs_free)))

/* PEM, base64 or DER, strictly parsed; *der may be NULL. */
ACSR_MUST_USE enum acsr_result load_csr(
	const char *path, struct acsr_csr_view **view, struct acsr_blob *der, struct acsr_err *e);

/* Every certificate in any form that contents.h knows, appended to l. At least one, else what it is instead.
 */
ACSR_MUST_USE enum acsr_result load_certs(struct load_certs *l, const char *path, struct acsr_err *e);

/* A copy of one more. */
ACSR_MUST_USE enum acsr_result load_certs_add(
	struct load_certs *l, const uint8_t *der, size_t n, struct acsr_err *e);
/* The many roots that a system trusts, in one PEM file; what cannot be read there is left out. */
ACSR_MUST_USE enum acsr_result load_system_roots(struct load_certs *l, const char *path, struct acsr_err *e);
/* The same for CRLs, up to ACSR_INPUT_MAX bytes. */
ACSR_MUST_USE enum acsr_result load_crls(struct load_certs *l, const char *path, struct acsr_err *e);

/* A private key; an encrypted one is opened with passphrase_file, or by asking on the terminal. */
ACSR_MUST_USE enum acsr_result load_private_key(
	struct acsr_key **key, const char *path, const char *passphrase_file, struct acsr_err *e);

#endif
