/* What reading and showing PKCS#12 files say in the same words. */
#ifndef PKI_PKCS12_INT_H
#define PKI_PKCS12_INT_H

#include <openssl/pkcs12.h>
#include <stdbool.h>

#include "autocsr/err.h"

/* Is there a MAC that this OpenSSL cannot compute? Its verification then fails as a wrong passphrase would. The name of
 * its algorithm in any case. */
bool pkcs12_mac_missing(const PKCS12 *p12, OSSL_LIB_CTX *ctx, char name[80]);
/* openssl.unsupported, match.passphrase; return ACSR_FAIL. */
enum acsr_result pkcs12_unsupported(const char *name, struct acsr_err *e);
enum acsr_result pkcs12_wrong(struct acsr_err *e);

#endif
