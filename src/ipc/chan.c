/* Frames over a stream socket pair; descriptors ride on the first byte of their frame. */
#include "ipc/chan.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"

enum {
	READ_CHUNK = 64 * 1024,
	FDS_WAITING = 64,
	QUEUE_MAX = 64 * 1024 * 1024,
	FRAME_MAX = LIMIT_MESSAGE + 512 * 1024
};

struct frame {
	struct frame *next;
	struct buf bytes;
	int fd; /* goes with the first byte; -1 when none or sent */
};

struct chan {
	struct loop *loop;
	struct loop_watch *watch;
	int fd;
	enum role self, peer;
	const struct chan_ops *ops;
	void *arg;
	struct buf in;
	int fds[FDS_WAITING]; /* received, not yet claimed by a frame */
	size_t nfds;
	struct frame *out, **out_tail;
	size_t queued;
	bool busy, dead; /* inside a callback; to be freed when it returns */
};

static void on_event(void *arg, uint32_t events);

enum acsr_result chan_new(struct chan **out, struct loop *l, int fd, enum role self, enum role peer,
	const struct chan_ops *ops, void *arg, struct acsr_err *e)
{
	struct chan *c = calloc(1, sizeof(*c));

	if (c == NULL) {
		close(fd);
		return err_nomem(e);
	}
	*c = (struct chan){ .loop = l, .fd = fd, .self = self, .peer = peer, .ops = ops, .arg = arg };
	c->out_tail = &c->out;
	buf_init(&c->in, FRAME_MAX + READ_CHUNK);
	if (loop_watch(l, fd, EPOLLIN, on_event, c, &c->watch, e) != ACSR_OK) {
		close(fd);
		free(c);
		return ACSR_FAIL;
	}
	*out = c;
	return ACSR_OK;
}

static void frame_free(struct frame *f)
{
	if (f->fd >= 0)
		close(f->fd);
	buf_free(&f->bytes);
	free(f);
}

static void release(struct chan *c)
{
	while (c->out != NULL) {
		struct frame *f = c->out;

		c->out = f->next;
		frame_free(f);
	}
	for (size_t i = 0; i < c->nfds; i++)
		close(c->fds[i]);
	loop_unwatch(c->watch);
	close(c->fd);
	buf_free(&c->in);
	free(c);
}

void chan_free(struct chan *c)
{
	if (c == NULL)
		return;
	c->dead = true;
	if (!c->busy)
		release(c);
}

enum role chan_peer(const struct chan *c)
{
	return c->peer;
}

/* --- sending --- */

static ssize_t send_with_fd(int sock, const void *p, size_t n, int fd)
{
	struct iovec iov = { .iov_base = (void *)(uintptr_t)p, .iov_len = n };
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd >= 0) {
		struct cmsghdr *cm;

		mh.msg_control = control.room;
		mh.msg_controllen = sizeof(control.room);
		cm = CMSG_FIRSTHDR(&mh);
		cm->cmsg_level = SOL_SOCKET;
		cm->cmsg_type = SCM_RIGHTS;
		cm->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(cm), &fd, sizeof(int));
	}
	return sendmsg(sock, &mh, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Send what the socket takes. An error is left to the reading side, which sees the hang-up. */
static void flush(struct chan *c)
{
	while (c->out != NULL) {
		struct frame *f = c->out;
		ssize_t n = send_with_fd(c->fd, f->bytes.p + f->bytes.off, buf_unread(&f->bytes), f->fd);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		if (f->fd >= 0) {
			close(f->fd);
			f->fd = -1;
		}
		f->bytes.off += (size_t)n;
		c->queued -= (size_t)n;
		if (buf_unread(&f->bytes) > 0)
			continue;
		c->out = f->next;
		if (c->out == NULL)
			c->out_tail = &c->out;
		frame_free(f);
	}
	loop_watch_set(c->watch, c->out != NULL ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

static enum acsr_result may_send(
	const struct chan *c, unsigned type, int fd, const struct msg_desc **d, struct acsr_err *e)
{
	*d = msg_desc(type);
	if (*d == NULL || !msg_permitted(*d, c->self, c->peer))
		return err_set(e, "ipc.permission", "message 0x%02x may not go from %s to %s", type,
			role_name(c->self), role_name(c->peer));
	if (msg_fds(*d) != (fd >= 0))
		return err_set(e, "ipc.fd", "message %s carries %d descriptors", msg_name(*d), msg_fds(*d));
	if (c->dead)
		return err_set(e, "ipc.closed", "%s is gone", role_name(c->peer));
	if (c->queued > QUEUE_MAX)
		return err_set(e, "ipc.closed", "%s does not read", role_name(c->peer));
	return ACSR_OK;
}

/* Takes over bytes and fd. */
static enum acsr_result queue(struct chan *c, struct buf *bytes, int fd, struct acsr_err *e)
{
	struct frame *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return err_nomem(e);
	f->fd = fd;
	f->bytes = *bytes;
	*bytes = (struct buf){ .max = bytes->max };
	c->queued += f->bytes.len;
	*c->out_tail = f;
	c->out_tail = &f->next;
	flush(c);
	return ACSR_OK;
}

enum acsr_result chan_send_encoded(struct chan *c, unsigned type, struct buf *frame, struct acsr_err *e)
{
	const struct msg_desc *d;

	TRY(may_send(c, type, -1, &d, e));
	return queue(c, frame, -1, e);
}

enum acsr_result chan_send(
	struct chan *c, unsigned type, uint64_t id, const void *body, int fd, struct acsr_err *e)
{
	const struct msg_desc *d;
	CLEANUP_BUF struct buf bytes = { 0 };

	buf_init(&bytes, FRAME_MAX);
	if (may_send(c, type, fd, &d, e) == ACSR_OK && msg_encode(d, id, body, &bytes, e) == ACSR_OK &&
		queue(c, &bytes, fd, e) == ACSR_OK)
		return ACSR_OK;
	if (fd >= 0)
		close(fd);
	return ACSR_FAIL;
}

/* --- receiving --- */

struct header {
	uint32_t len;
	uint16_t version, type;
	uint64_t id;
};

/* ACSR_OK with *whole false: more bytes are needed. */
static enum acsr_result peek_header(struct buf *in, struct header *h, bool *whole, struct acsr_err *e)
{
	size_t at = in->off;

	*whole = false;
	if (buf_unread(in) < IPC_HEADER)
		return ACSR_OK;
	TRY(buf_get_u32(in, &h->len, e));
	TRY(buf_get_u16(in, &h->version, e));
	TRY(buf_get_u16(in, &h->type, e));
	TRY(buf_get_u64(in, &h->id, e));
	if (h->version != IPC_VERSION)
		return err_set(e, "ipc.version", "version %u, expected %d", h->version, IPC_VERSION);
	if (h->len < IPC_HEADER - 4 || h->len > FRAME_MAX)
		return err_set(e, "ipc.length", "a frame of %u bytes", h->len);
	*whole = buf_unread(in) >= h->len - (IPC_HEADER - 4);
	if (!*whole)
		in->off = at;
	return ACSR_OK;
}

static enum acsr_result check_type(
	uint16_t type, enum role from, enum role to, const struct msg_desc **d, struct acsr_err *e)
{
	*d = msg_desc(type);
	if (*d == NULL)
		return err_set(e, "ipc.unknown", "unknown message 0x%02x from %s", type, role_name(from));
	if (!msg_permitted(*d, from, to))
		return err_set(
			e, "ipc.permission", "message %s is not %s's to send", msg_name(*d), role_name(from));
	return ACSR_OK;
}

static enum acsr_result decode_body(
	const struct msg_desc *d, const struct header *h, struct buf *in, void *body, struct acsr_err *e)
{
	struct bytes b;
	struct buf view;

	TRY(buf_take(in, h->len - (IPC_HEADER - 4), &b, e));
	view = (struct buf){ .p = (uint8_t *)(uintptr_t)b.p, .len = b.len, .cap = b.len, .max = b.len };
	return msg_decode(d, &view, body, e);
}

enum acsr_result chan_decode_frame(
	struct buf *in, enum role self, enum role peer, unsigned type, void *body, struct acsr_err *e)
{
	const struct msg_desc *d;
	struct header h;
	bool whole;

	TRY(peek_header(in, &h, &whole, e));
	if (!whole)
		return err_set(e, "ipc.short", "the frame is not whole");
	TRY(check_type(h.type, peer, self, &d, e));
	if (h.type != type)
		return err_set(e, "ipc.unknown", "message %s in the wrong place", msg_name(d));
	memset(body, 0, msg_size(d));
	return decode_body(d, &h, in, body, e);
}

static enum acsr_result claim_fd(struct chan *c, const struct msg_desc *d, int *fd, struct acsr_err *e)
{
	*fd = -1;
	if (msg_fds(d) == 0)
		return ACSR_OK;
	if (c->nfds == 0)
		return err_set(e, "ipc.fd", "message %s came without its descriptor", msg_name(d));
	*fd = c->fds[0];
	c->nfds--;
	memmove(c->fds, c->fds + 1, c->nfds * sizeof(c->fds[0]));
	return ACSR_OK;
}

static enum acsr_result take_body(
	struct buf *in, const struct header *h, const struct msg_desc *d, struct msg *m, struct acsr_err *e)
{
	m->body = calloc(1, msg_size(d));
	if (m->body == NULL)
		return err_nomem(e);
	if (decode_body(d, h, in, m->body, e) == ACSR_OK)
		return ACSR_OK;
	free(m->body);
	m->body = NULL;
	return ACSR_FAIL;
}

void chan_drop_frame(struct msg *m)
{
	const struct msg_desc *d = msg_desc(m->type);

	if (m->body == NULL)
		return;
	msg_clear(d, m->body);
	free(m->body);
	m->body = NULL;
}

enum acsr_result chan_take_frame(struct buf *in, enum role self, enum role peer, size_t most, struct msg *m,
	bool *have, struct acsr_err *e)
{
	const struct msg_desc *d;
	struct buf copy = *in;
	struct header h;

	*have = false;
	if (buf_unread(in) < IPC_HEADER)
		return ACSR_OK;
	TRY(peek_header(&copy, &h, have, e));
	/* Judged before the frame is whole: nobody is to fill our memory with what we would refuse. */
	if (h.len > most)
		return err_set(e, "ipc.length", "a frame of %u bytes", h.len);
	TRY(check_type(h.type, peer, self, &d, e));
	if (msg_fds(d) != 0)
		return err_set(e, "ipc.fd", "message %s cannot come this way", msg_name(d));
	if (!*have)
		return ACSR_OK;
	in->off = copy.off;
	*m = (struct msg){ .type = h.type, .id = h.id, .fd = -1, .from = peer };
	return take_body(in, &h, d, m, e);
}

static enum acsr_result dispatch(struct chan *c, const struct header *h, struct acsr_err *e)
{
	const struct msg_desc *d;
	struct msg m = { .type = h->type, .id = h->id, .fd = -1, .from = c->peer };
	enum acsr_result r;

	TRY(check_type(h->type, c->peer, c->self, &d, e));
	TRY(take_body(&c->in, h, d, &m, e));
	r = claim_fd(c, d, &m.fd, e);
	if (r == ACSR_OK)
		c->ops->message(c->arg, c, &m);
	chan_drop_frame(&m);
	return r;
}

static enum acsr_result dispatch_all(struct chan *c, struct acsr_err *e)
{
	while (!c->dead) {
		struct header h;
		bool whole;

		TRY(peek_header(&c->in, &h, &whole, e));
		if (!whole)
			break;
		TRY(dispatch(c, &h, e));
	}
	buf_compact(&c->in);
	return ACSR_OK;
}

static enum acsr_result keep_fds(struct chan *c, struct msghdr *mh, struct acsr_err *e)
{
	bool many = false;

	for (struct cmsghdr *cm = CMSG_FIRSTHDR(mh); cm != NULL; cm = CMSG_NXTHDR(mh, cm)) {
		size_t n;

		if (cm->cmsg_level != SOL_SOCKET || cm->cmsg_type != SCM_RIGHTS)
			continue;
		n = (cm->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(cm) + i * sizeof(int), sizeof(int));
			if (c->nfds < FDS_WAITING)
				c->fds[c->nfds++] = fd;
			else {
				close(fd);
				many = true;
			}
		}
	}
	if (many || (mh->msg_flags & MSG_CTRUNC) != 0)
		return err_set(e, "ipc.fd", "%s sent too many descriptors", role_name(c->peer));
	return ACSR_OK;
}

/* One read. *open becomes false at the end of the stream. */
static enum acsr_result read_some(int fd, struct chan *c, bool *open, struct acsr_err *e)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int) * 16)];
	} control;
	struct iovec iov = { .iov_len = READ_CHUNK };
	struct msghdr mh = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof(control.room) };
	ssize_t n;

	TRY(buf_reserve(&c->in, READ_CHUNK, e));
	iov.iov_base = c->in.p + c->in.len;
	n = recvmsg(fd, &mh, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return ACSR_OK;
	if (n <= 0) {
		*open = false;
		return ACSR_OK;
	}
	c->in.len += (size_t)n;
	return keep_fds(c, &mh, e);
}

static void on_event(void *arg, uint32_t events)
{
	struct chan *c = arg;
	struct acsr_err e = { 0 };
	bool open = true;
	enum acsr_result r = ACSR_OK;

	c->busy = true;
	if ((events & EPOLLOUT) != 0)
		flush(c);
	if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0)
		r = read_some(c->fd, c, &open, &e);
	if (r == ACSR_OK)
		r = dispatch_all(c, &e);
	if (!c->dead && (r != ACSR_OK || !open)) {
		c->ops->closed(c->arg, c, r != ACSR_OK ? &e : NULL);
		c->dead = true;
	}
	c->busy = false;
	if (c->dead)
		release(c);
}

/* --- before there is a loop --- */

static enum acsr_result read_exact(int fd, struct buf *in, size_t n, struct acsr_err *e)
{
	TRY(buf_reserve(in, n, e));
	while (n > 0) {
		struct pollfd pfd = { .fd = fd, .events = POLLIN };
		ssize_t got;

		if (poll(&pfd, 1, -1) < 0 && errno != EINTR)
			return err_errno(e, "sys.poll", errno, "cannot wait for the first message");
		got = recv(fd, in->p + in->len, n, MSG_DONTWAIT);
		if (got < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (got <= 0)
			return err_set(e, "ipc.closed", "autocsrd went away before the first message");
		in->len += (size_t)got;
		n -= (size_t)got;
	}
	return ACSR_OK;
}

enum acsr_result chan_read_first(
	int fd, enum role self, enum role peer, unsigned type, void *body, struct acsr_err *e)
{
	CLEANUP_BUF struct buf in = { 0 };
	uint32_t len;

	buf_init(&in, FRAME_MAX);
	TRY(read_exact(fd, &in, 4, e));
	TRY(buf_get_u32(&in, &len, e));
	if (len < IPC_HEADER - 4 || len > FRAME_MAX - 4)
		return err_set(e, "ipc.length", "a first frame of %u bytes", len);
	TRY(read_exact(fd, &in, len, e));
	in.off = 0;
	return chan_decode_frame(&in, self, peer, type, body, e);
}
