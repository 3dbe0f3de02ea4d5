/*
 * A channel: one end of a socket pair to one peer, on an event loop. Reads frames, checks that the peer
 * may send this message to us, decodes, calls back. Sending never blocks: what does not fit is queued,
 * up to 64 MB, then the peer counts as dead.
 */
#ifndef IPC_CHAN_H
#define IPC_CHAN_H

#include "ipc/loop.h"
#include "ipc/messages.h"

struct chan;

/* A message as received. The body is a struct msg_NAME; it is cleared after the callback returns, so take
 * (copy the pointer and set the field to NULL or zero) what must live on. fd is -1, or yours to close. */
struct msg {
	unsigned type; /* MSG_… */
	uint64_t id;
	void *body;
	int fd;
	enum role from;
};

struct chan_ops {
	void (*message)(void *arg, struct chan *c, struct msg *m);
	/* The peer is gone, or broke the protocol (why is not NULL then). The channel is freed afterwards. */
	void (*closed)(void *arg, struct chan *c, const struct acsr_err *why);
};

/* Takes fd (a non-blocking stream socket, also on failure). */
ACSR_MUST_USE enum acsr_result chan_new(struct chan **out, struct loop *l, int fd, enum role self,
	enum role peer, const struct chan_ops *ops, void *arg, struct acsr_err *e);
void chan_free(struct chan *c); /* NULL is fine; no callback; safe inside a callback */

/* Encode and send; fd is -1, or given away (closed here even on failure). Errors: "ipc.field" (a bound is
 * broken), "ipc.permission" (messages.def does not allow it), "ipc.closed". */
ACSR_MUST_USE enum acsr_result chan_send(
	struct chan *c, unsigned type, uint64_t id, const void *body, int fd, struct acsr_err *e);
/* The same for a frame that msg_encode made before; its bytes are taken out of *frame when it was accepted.
 */
ACSR_MUST_USE enum acsr_result chan_send_encoded(
	struct chan *c, unsigned type, struct buf *frame, struct acsr_err *e);
enum role chan_peer(const struct chan *c);

/* Blocking, for the first messages of a process before it has a loop: read one whole message of `type`. */
ACSR_MUST_USE enum acsr_result chan_read_first(
	int fd, enum role self, enum role peer, unsigned type, void *body, struct acsr_err *e);

/* Decode one frame that stands alone in `in` (a worker's pipe), checking type and permission. */
ACSR_MUST_USE enum acsr_result chan_decode_frame(
	struct buf *in, enum role self, enum role peer, unsigned type, void *body, struct acsr_err *e);

/* The same over other streams than socket pairs, such as TLS: take the next whole frame from `peer` out of `in`. *have
 * false: more bytes are needed. most: bytes of a frame at most; messages with descriptors are refused. On success the
 * body is yours: chan_drop_frame. */
ACSR_MUST_USE enum acsr_result chan_take_frame(struct buf *in, enum role self, enum role peer, size_t most,
	struct msg *m, bool *have, struct acsr_err *e);
void chan_drop_frame(struct msg *m);

#endif
