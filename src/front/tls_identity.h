/*
 * Front's own TLS key and certificate in its state directory: `tls.key` (P-256, made at the first start,
 * mode 0600, never leaves the process) and `tls.pem` (the chain that core sent last, so that a restart can
 * serve at once).
 */
#ifndef FRONT_TLS_IDENTITY_H
#define FRONT_TLS_IDENTITY_H

#include "base/secret.h"
#include "base/str.h"
#include "ipc/messages.h"

/* The PEM key of dir, made when it is not there. Errors: "sys.…", "config.tls". */
ACSR_MUST_USE enum acsr_result tls_identity_key(
	const char *dir, struct acsr_secret **pem, struct acsr_err *e);

/* A DER CSR with these names, signed by the key. */
ACSR_MUST_USE enum acsr_result tls_identity_csr(
	const struct acsr_secret *key, const struct strv *names, struct blob *csr, struct acsr_err *e);

/* Is this chain good now, for all these names? *renew_at: when two thirds of its life are over. Not checked:
 * that it belongs to the key (http_tls_set does), who signed it. Error: "config.tls". */
ACSR_MUST_USE enum acsr_result tls_identity_check(
	const char *fullchain, const struct strv *names, int64_t now, int64_t *renew_at, struct acsr_err *e);

/* The stored chain; error "input.open" when there is none. */
ACSR_MUST_USE enum acsr_result tls_identity_load_chain(const char *dir, char **fullchain, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result tls_identity_store_chain(
	const char *dir, const char *fullchain, struct acsr_err *e);

/* A PEM key from the operator's file. */
ACSR_MUST_USE enum acsr_result tls_identity_read_key(
	const char *path, struct acsr_secret **pem, struct acsr_err *e);

#endif
