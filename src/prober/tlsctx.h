/*
 * TLS between this prober and the remote ones: 1.3 only, both sides show a certificate of a CA that the operator names,
 * and no other CA counts. Read before the sandbox.
 */
#ifndef PROBER_TLSCTX_H
#define PROBER_TLSCTX_H

#include <openssl/ssl.h>
#include <stdbool.h>

#include "base/err.h"

struct tls_files {
	const char *certificate, *key, *ca; /* paths of PEM files */
};

/* Errors: "config.value", naming the file and what is wrong with it. The caller frees *out. */
ACSR_MUST_USE enum acsr_result tlsctx_open(
	SSL_CTX **out, bool server, const struct tls_files *files, struct acsr_err *e);

/* A client's connection that accepts a certificate for this host only: a name, or an IP address. NULL without memory. */
SSL *tlsctx_client(SSL_CTX *ctx, const char *host);

#endif
