/* What reading and showing PKCS#12 files say in the same words, and the certificate beside a key that has none yet. */
#ifndef PKI_PKCS12_INT_H
#define PKI_PKCS12_INT_H

#include <openssl/pkcs12.h>
#include <stdbool.h>

#include "autocsr/blob.h"
#include "autocsr/err.h"
#include "autocsr/key.h"
#include "autocsr/pkcs12.h"

/* Is there a MAC that this OpenSSL cannot compute? Its verification then fails as a wrong passphrase would. The name of
 * its algorithm in any case. */
bool pkcs12_mac_missing(const PKCS12 *p12, OSSL_LIB_CTX *ctx, char name[80]);
/* openssl.unsupported, match.passphrase; return ACSR_FAIL. */
enum acsr_result pkcs12_unsupported(const char *name, struct acsr_err *e);
enum acsr_result pkcs12_wrong(struct acsr_err *e);

/* acsr_pkcs12_write with so many rounds, at least 1: for passphrases that a machine made. */
ACSR_MUST_USE enum acsr_result pkcs12_write(
	const struct acsr_pkcs12_spec *spec, unsigned rounds, struct acsr_blob *der, struct acsr_err *e);

/*
 * A self-signed certificate with the CSR's subject and extensions, valid for a day from `now` (epoch seconds), DER:
 * key stores hold no key without a certificate, and take the CA's in its place. `keytool -genkeypair` makes such a
 * one too. openssl.pkcs12
 */
ACSR_MUST_USE enum acsr_result pkcs12_placeholder(const struct acsr_blob *csr, const struct acsr_key *key,
	int64_t now, struct acsr_blob *der, struct acsr_err *e);

#endif
