/* OpenSSL's state machine, driven by epoll. */
#include "prober/tlsconn.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

enum { READ_CHUNK = 16384, READS_A_TURN = 16, QUEUE_MAX = 8 * 1024 * 1024 };

enum step { CONNECTING, SHAKING, OPEN };

struct tlsconn {
	struct loop *loop;
	struct loop_watch *watch;
	struct loop_timer *timer;
	SSL *ssl;
	int fd, connect_error;
	enum step step;
	int64_t deadline; /* monotonic: the handshake is done by then */
	struct buf out;
	const struct tlsconn_ops *ops;
	void *arg;
	bool busy, dead;
};

static void release(struct tlsconn *t)
{
	loop_unwatch(t->watch);
	loop_cancel(t->timer);
	SSL_free(t->ssl);
	if (t->fd >= 0)
		close(t->fd);
	buf_free(&t->out);
	free(t);
}

void tlsconn_free(struct tlsconn *t)
{
	if (t == NULL)
		return;
	t->dead = true;
	if (!t->busy)
		release(t);
}

SSL *tlsconn_ssl(struct tlsconn *t)
{
	return t->ssl;
}

/* --- the end --- */

static void finish(struct tlsconn *t, enum tls_end how, const char *why)
{
	if (t->dead)
		return;
	t->dead = true;
	t->ops->closed(t->arg, t, how, why);
}

/* What OpenSSL or the system says, in words. */
static void why_not(struct tlsconn *t, int ssl_error, char *out, size_t cap)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = code != 0 ? ERR_reason_error_string(code) : NULL;
	long verdict = SSL_get_verify_result(t->ssl);

	if (verdict != X509_V_OK && (SSL_get_verify_mode(t->ssl) & SSL_VERIFY_PEER) != 0)
		snprintf(out, cap, "its certificate is refused: %s", X509_verify_cert_error_string(verdict));
	else if (reason != NULL)
		snprintf(out, cap, "%s", reason);
	else if (ssl_error == SSL_ERROR_SYSCALL && errno != 0)
		snprintf(out, cap, "%s", strerror(errno));
	else
		snprintf(out, cap, "the connection was closed");
	ERR_clear_error();
}

/* What to wait for after this call; false when it has failed for good. */
static bool wait_more(struct tlsconn *t, int r, enum tls_end how)
{
	int error = SSL_get_error(t->ssl, r);
	char why[160];

	if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
		bool write = error == SSL_ERROR_WANT_WRITE || (t->step == OPEN && buf_unread(&t->out) > 0);

		loop_watch_set(t->watch, write ? EPOLLIN | EPOLLOUT : EPOLLIN);
		return true;
	}
	why_not(t, error, why, sizeof(why));
	finish(t, how, why);
	return false;
}

/* --- data --- */

static void flush(struct tlsconn *t)
{
	while (!t->dead && buf_unread(&t->out) > 0) {
		size_t n = buf_unread(&t->out);
		int r;

		ERR_clear_error();
		errno = 0;
		r = SSL_write(t->ssl, t->out.p + t->out.off, n > INT32_MAX ? INT32_MAX : (int)n);
		if (r <= 0) {
			(void)wait_more(t, r, TLS_ENDED);
			return;
		}
		t->out.off += (size_t)r;
	}
	buf_compact(&t->out);
	if (!t->dead)
		loop_watch_set(t->watch, EPOLLIN);
}

static void read_all(struct tlsconn *t)
{
	uint8_t chunk[READ_CHUNK];

	for (int i = 0; !t->dead && (i < READS_A_TURN || SSL_pending(t->ssl) > 0); i++) {
		int r;

		ERR_clear_error();
		errno = 0;
		r = SSL_read(t->ssl, chunk, sizeof(chunk));
		if (r <= 0) {
			(void)wait_more(t, r, TLS_ENDED);
			return;
		}
		if (t->ops->data != NULL)
			t->ops->data(t->arg, t, (struct bytes){ chunk, (size_t)r });
	}
}

/* The loop sends it: nobody is called back from in here. */
enum acsr_result tlsconn_send(struct tlsconn *t, struct buf *b, struct acsr_err *e)
{
	if (t->dead || buf_unread(&t->out) > QUEUE_MAX)
		return err_set(e, "busy.perspective", "the other side does not read");
	TRY(buf_put(&t->out, b->p + b->off, buf_unread(b), e));
	buf_reset(b);
	if (t->step == OPEN)
		loop_watch_set(t->watch, EPOLLIN | EPOLLOUT);
	return ACSR_OK;
}

/* --- the way to there --- */

static void shake(struct tlsconn *t)
{
	int r;

	ERR_clear_error();
	errno = 0;
	r = SSL_do_handshake(t->ssl);
	if (r != 1) {
		(void)wait_more(t, r, TLS_NO_HANDSHAKE);
		return;
	}
	loop_cancel(t->timer);
	t->timer = NULL;
	t->step = OPEN;
	loop_watch_set(t->watch, EPOLLIN);
	t->ops->open(t->arg, t);
	if (!t->dead && buf_unread(&t->out) > 0)
		flush(t);
}

static void on_slow(void *arg);

/* A peer that has vanished without a word is noticed: idle connections ask, and unanswered data is not waited for. */
static void set_habits(int fd)
{
	static const struct {
		int level, name, value;
	} habits[] = { { IPPROTO_TCP, TCP_NODELAY, 1 }, { SOL_SOCKET, SO_KEEPALIVE, 1 },
		{ IPPROTO_TCP, TCP_KEEPIDLE, 15 }, { IPPROTO_TCP, TCP_KEEPINTVL, 5 },
		{ IPPROTO_TCP, TCP_KEEPCNT, 3 }, { IPPROTO_TCP, TCP_USER_TIMEOUT, 15000 } };

	for (size_t i = 0; i < sizeof(habits) / sizeof(habits[0]); i++)
		(void)setsockopt(fd, habits[i].level, habits[i].name, &habits[i].value, sizeof(int));
}

static void connected(struct tlsconn *t)
{
	int error = 0;
	socklen_t n = sizeof(error);
	int64_t left = t->deadline - clock_mono_ms();

	if (t->connect_error != 0)
		error = t->connect_error;
	else if (getsockopt(t->fd, SOL_SOCKET, SO_ERROR, &error, &n) != 0)
		error = errno;
	if (error != 0) {
		finish(t, TLS_NO_CONNECTION, strerror(error));
		return;
	}
	loop_cancel(t->timer);
	t->timer = NULL;
	t->step = SHAKING;
	if (loop_after(t->loop, left > 1 ? left : 1, on_slow, t, &t->timer, NULL) != ACSR_OK)
		finish(t, TLS_NO_HANDSHAKE, "out of memory");
	else
		shake(t);
}

static void on_event(void *arg, uint32_t events)
{
	struct tlsconn *t = arg;

	t->busy = true;
	if (t->step == CONNECTING)
		connected(t);
	else if (t->step == SHAKING)
		shake(t);
	else {
		if ((events & EPOLLOUT) != 0)
			flush(t);
		if (!t->dead)
			read_all(t);
	}
	t->busy = false;
	if (t->dead)
		release(t);
}

static void on_slow(void *arg)
{
	struct tlsconn *t = arg;

	t->timer = NULL;
	t->busy = true;
	if (t->step == CONNECTING)
		finish(t, TLS_NO_CONNECTION, "no connection in time");
	else
		finish(t, TLS_SLOW, "the TLS handshake took too long");
	t->busy = false;
	release(t);
}

static enum acsr_result conn_new(struct tlsconn **out, struct loop *l, SSL *ssl, int fd, int64_t ms,
	const struct tlsconn_ops *ops, void *arg, struct acsr_err *e)
{
	struct tlsconn *t = ssl != NULL ? calloc(1, sizeof(*t)) : NULL;

	if (t == NULL || fd < 0) {
		free(t);
		SSL_free(ssl);
		if (fd >= 0)
			close(fd);
		return err_set(e, "sys.socket", "no socket or no memory for a TLS connection");
	}
	*t = (struct tlsconn){ .loop = l, .ssl = ssl, .fd = fd, .ops = ops, .arg = arg };
	t->deadline = clock_mono_ms() + ms;
	buf_init(&t->out, QUEUE_MAX + 1024 * 1024);
	SSL_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	if (SSL_set_fd(ssl, fd) != 1) {
		release(t);
		return err_nomem(e);
	}
	set_habits(fd);
	*out = t;
	return ACSR_OK;
}

/* Errors of connect itself are told by the first event, so that there is one way for all of them. */
static enum acsr_result begin(struct tlsconn *t, enum step step, uint32_t events, int64_t ms,
	struct tlsconn **out, struct acsr_err *e)
{
	t->step = step;
	if (loop_watch(t->loop, t->fd, events, on_event, t, &t->watch, e) != ACSR_OK ||
		loop_after(t->loop, ms > 0 ? ms : 1, on_slow, t, &t->timer, e) != ACSR_OK) {
		release(t);
		return ACSR_FAIL;
	}
	*out = t;
	return ACSR_OK;
}

enum acsr_result tlsconn_dial(struct tlsconn **out, struct loop *l, SSL *ssl, const struct netaddr *addr,
	uint16_t port, int64_t connect_ms, int64_t ms, const struct tlsconn_ops *ops, void *arg,
	struct acsr_err *e)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(port) };
	bool six = addr->family == AF_INET6;
	struct tlsconn *t = NULL;

	memcpy(&v6.sin6_addr, addr->b, 16);
	memcpy(&v4.sin_addr, addr->b, 4);
	TRY(conn_new(&t, l, ssl, socket(addr->family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), ms, ops,
		arg, e));
	SSL_set_connect_state(ssl);
	if (connect(t->fd, six ? (struct sockaddr *)&v6 : (struct sockaddr *)&v4,
		    six ? sizeof(v6) : sizeof(v4)) != 0 &&
		errno != EINPROGRESS)
		t->connect_error = errno; /* no route, no IPv6 here: such a socket polls as hung up at once */
	return begin(t, CONNECTING, EPOLLOUT, connect_ms, out, e);
}

enum acsr_result tlsconn_accept(struct tlsconn **out, struct loop *l, SSL *ssl, int fd, int64_t ms,
	const struct tlsconn_ops *ops, void *arg, struct acsr_err *e)
{
	struct tlsconn *t = NULL;

	TRY(conn_new(&t, l, ssl, fd, ms, ops, arg, e));
	SSL_set_accept_state(ssl);
	return begin(t, SHAKING, EPOLLIN, ms, out, e);
}
