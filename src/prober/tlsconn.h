/*
 * One TLS connection on the event loop, ours or one that we accepted: never blocks, and has deadlines until it is open.
 * Who the other side has to be is the business of the SSL object that it is given.
 */
#ifndef PROBER_TLSCONN_H
#define PROBER_TLSCONN_H

#include <openssl/ssl.h>

#include "ipc/loop.h"
#include "ipc/netaddr.h"

struct tlsconn;

enum tls_end {
	TLS_NO_CONNECTION, /* not even TCP: another address may do */
	TLS_SLOW,          /* connected, but the handshake took too long */
	TLS_NO_HANDSHAKE,
	TLS_ENDED /* it was open; closed or broken */
};

/* Each may free the connection. `closed` is the last call, after it the connection is freed. why: for people. */
struct tlsconn_ops {
	void (*open)(void *arg, struct tlsconn *t);
	void (*data)(void *arg, struct tlsconn *t, struct bytes in); /* NULL: what comes is thrown away */
	void (*closed)(void *arg, struct tlsconn *t, enum tls_end how, const char *why);
};

/* Dial addr; connect_ms until TCP stands, ms until the handshake is done. Takes ssl, also on failure. */
ACSR_MUST_USE enum acsr_result tlsconn_dial(struct tlsconn **out, struct loop *l, SSL *ssl,
	const struct netaddr *addr, uint16_t port, int64_t connect_ms, int64_t ms,
	const struct tlsconn_ops *ops, void *arg, struct acsr_err *e);
/* Serve on an accepted, non-blocking socket. Takes ssl and fd, also on failure. */
ACSR_MUST_USE enum acsr_result tlsconn_accept(struct tlsconn **out, struct loop *l, SSL *ssl, int fd,
	int64_t ms, const struct tlsconn_ops *ops, void *arg, struct acsr_err *e);
void tlsconn_free(struct tlsconn *t); /* NULL is fine; no callback; safe inside one */

/* Send all of *b in time; its bytes are taken. Calls nobody back. Error "busy.perspective" when the other side does not read. */
ACSR_MUST_USE enum acsr_result tlsconn_send(struct tlsconn *t, struct buf *b, struct acsr_err *e);
SSL *tlsconn_ssl(struct tlsconn *t);

#endif
