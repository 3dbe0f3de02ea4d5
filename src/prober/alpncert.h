/*
 * The certificate that a server shows for tls-alpn-01 (RFC 8737 3, RFC 8738 6): a pure function. It proves something by
 * what it holds, not by who signed it: nothing in it is trusted.
 */
#ifndef PROBER_ALPNCERT_H
#define PROBER_ALPNCERT_H

#include <openssl/x509.h>

#include "base/buf.h"
#include "ipc/netaddr.h"

/* name: an A-label name, or NULL when it is addr that is validated. digest: SHA-256 of the key authorization, 32 bytes.
 * Checked: signed by itself and nobody else; one subjectAltName extension with exactly the one name or address; one
 * acmeIdentifier extension (1.3.6.1.5.5.7.1.31), critical, whose value is exactly an OCTET STRING of the digest. Not
 * checked: its times, key, purpose. Errors, each its own: "validation.tls-alpn." self-signed, san, names, name,
 * extension, critical, value, digest. */
ACSR_MUST_USE enum acsr_result alpncert_check(X509 *cert, const char *name, const struct netaddr *addr,
	const uint8_t digest[32], struct acsr_err *e);

/* What to ask for in SNI: the name, or of an address its name in the reverse tree (RFC 8738 6). */
enum { ALPN_SNI = 256 };
void alpncert_sni(const char *name, const struct netaddr *addr, char out[ALPN_SNI]);

#endif
