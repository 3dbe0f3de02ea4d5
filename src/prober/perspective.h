/*
 * A remote perspective (BR 3.2.2.9): a prober elsewhere, reached by mutual TLS, that is asked the same questions as the
 * one here. One connection each, kept up, opened again when it breaks.
 */
#ifndef PROBER_PERSPECTIVE_H
#define PROBER_PERSPECTIVE_H

#include "ipc/chan.h"
#include "prober/resolver.h"
#include "prober/tlsctx.h"

enum { PERSPECTIVES = 16, PERSPECTIVE_FRAME = 64 * 1024 };

struct perspective_spec {
	char name[33];  /* letters, digits, '-' */
	char host[256]; /* an IP address, or a name that our resolver knows */
	char region[9]; /* the address registry: afrinic apnic arin lacnic ripe */
	uint16_t port;
};

/* "NAME=HOST:PORT/REGION, …"; "" is none. Error "config.value". */
ACSR_MUST_USE enum acsr_result perspective_parse(
	const char *text, struct perspective_spec out[PERSPECTIVES], size_t *n, struct acsr_err *e);

struct perspective;

struct perspective_ops {
	/* The connection has come about: what waits for it may be sent. */
	void (*up)(void *arg, size_t index);
	/* It is gone, or did not come about; what was asked there will not be answered. */
	void (*down)(void *arg, size_t index, const char *why);
	/* An answer; exactly one of result and failed is not NULL. */
	void (*answer)(void *arg, size_t index, uint64_t id, const struct msg_probe_result *result,
		const struct msg_failed *failed);
};

/* index: what ops are told. ctx, dns, loop are loans. Starts to connect. */
ACSR_MUST_USE enum acsr_result perspective_start(struct perspective **out,
	const struct perspective_spec *spec, size_t index, SSL_CTX *ctx, struct resolver *dns, struct loop *l,
	const struct perspective_ops *ops, void *arg, struct acsr_err *e);
void perspective_free(struct perspective *v); /* NULL is fine */

const struct perspective_spec *perspective_spec(const struct perspective *v);

enum perspective_state {
	PERSPECTIVE_DOWN,       /* the last attempt failed; the next one is a few seconds away */
	PERSPECTIVE_CONNECTING, /* `up` or `down` will be called */
	PERSPECTIVE_UP
};
enum perspective_state perspective_state(const struct perspective *v);
/* Send a frame of msg_encode; its bytes are copied. Only when it is up. */
ACSR_MUST_USE enum acsr_result perspective_send(
	struct perspective *v, const struct buf *frame, struct acsr_err *e);

#endif
