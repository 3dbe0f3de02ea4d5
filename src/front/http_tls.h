/*
 * The certificate and key that new TLS connections get. One identity a process; it may change while
 * connections are open, which keep what they began with.
 */
#ifndef FRONT_HTTP_TLS_H
#define FRONT_HTTP_TLS_H

#include <gnutls/gnutls.h>
#include <gnutls/abstract.h>

#include "base/secret.h"

/* TLS 1.2 and 1.3, forward secrecy and authenticated encryption only. */
#define HTTP_TLS_PRIORITY                                                                        \
	"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA:-CIPHER-ALL" \
	":+AES-256-GCM:+AES-128-GCM:+CHACHA20-POLY1305:-MAC-ALL:+AEAD:%SERVER_PRECEDENCE:%SAFE_" \
	"RENEGOTIATION"

/* PEM chain, leaf first, and the PEM key that belongs to its leaf. Errors: "config.tls" (cannot be read, or
 * do not belong together); then the identity before stays in use. */
ACSR_MUST_USE enum acsr_result http_tls_set(
	const char *fullchain, const struct acsr_secret *key, struct acsr_err *e);
bool http_tls_ready(void);
void http_tls_clear(void);

/* For MHD_OPTION_HTTPS_CERT_CALLBACK. */
int http_tls_retrieve(gnutls_session_t session, const gnutls_datum_t *req_ca, int nreqs,
	const gnutls_pk_algorithm_t *algos, int nalgos, gnutls_pcert_st **certs, unsigned *ncerts,
	gnutls_privkey_t *key);

#endif
