/* Connect, send, receive; a length of two bytes goes before each message (RFC 1035 4.2.2). */
#include "courier/dns_exchange.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "courier/dns_message.h"
#include "ipc/conf.h"

struct dns_exchange {
	struct loop *loop;
	struct dns_server to;
	dns_exchange_done_fn *done;
	void *arg;
	int fd;
	struct loop_watch *watch;
	struct loop_timer *limit;
	struct buf out, in;
	bool sent; /* some of it, so the server may act */
};

enum acsr_result dns_server_parse(const char *s, struct dns_server *out, struct acsr_err *e)
{
	struct dns_server d = { .len = 0 };
	char host[256];
	uint16_t port;

	TRY(conf_address(s, host, &port, e));
	if (inet_pton(AF_INET, host, &((struct sockaddr_in *)&d.addr)->sin_addr) == 1) {
		struct sockaddr_in *v4 = (struct sockaddr_in *)&d.addr;

		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		d.len = sizeof(*v4);
	} else if (inet_pton(AF_INET6, host, &((struct sockaddr_in6 *)&d.addr)->sin6_addr) == 1) {
		struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&d.addr;

		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(port);
		d.len = sizeof(*v6);
	} else {
		return err_set(e, "config.value",
			"\"%s\" is no address: name the DNS server by its number, such as 192.0.2.1:53",
			host);
	}
	snprintf(d.text, sizeof(d.text), "%.79s", s);
	*out = d;
	return ACSR_OK;
}

void dns_exchange_free(struct dns_exchange *x)
{
	if (x == NULL)
		return;
	loop_unwatch(x->watch);
	loop_cancel(x->limit);
	if (x->fd >= 0)
		close(x->fd);
	buf_free(&x->out);
	buf_free(&x->in);
	free(x);
}

static void finish(struct dns_exchange *x, struct bytes answer, const struct acsr_err *why)
{
	loop_unwatch(x->watch);
	x->watch = NULL;
	x->done(x->arg, answer, why);
	dns_exchange_free(x);
}

static void give_up(struct dns_exchange *x, const char *what)
{
	struct acsr_err why;

	(void)err_set(&why, x->sent ? "publish.unknown" : "publish.dns-unreachable", "the DNS server %s %s",
		x->to.text, what);
	finish(x, (struct bytes){ 0 }, &why);
}

static void give_up_errno(struct dns_exchange *x, int error)
{
	char what[200];

	snprintf(what, sizeof(what), "%s: %s", x->sent ? "broke the connection off" : "cannot be reached",
		strerror(error));
	give_up(x, what);
}

static void on_limit(void *arg)
{
	struct dns_exchange *x = arg;

	x->limit = NULL;
	give_up(x, x->sent ? "did not answer in time" : "cannot be reached in time");
}

/* The answer, when it is whole. */
static bool whole(struct dns_exchange *x, struct bytes *answer)
{
	size_t n;

	if (x->in.len < 2)
		return false;
	n = (size_t)x->in.p[0] << 8 | x->in.p[1];
	*answer = (struct bytes){ x->in.p + 2, n };
	return x->in.len - 2 >= n;
}

static void receive(struct dns_exchange *x)
{
	uint8_t chunk[4096];
	struct bytes answer;
	ssize_t n = recv(x->fd, chunk, sizeof(chunk), 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0)
		give_up_errno(x, errno);
	else if (n == 0)
		give_up(x, "closed the connection without an answer");
	else if (buf_put(&x->in, chunk, (size_t)n, NULL) != ACSR_OK)
		give_up(x, "sent more than an answer");
	else if (whole(x, &answer))
		finish(x, answer, NULL);
}

static void transmit(struct dns_exchange *x)
{
	ssize_t n = send(x->fd, x->out.p + x->out.off, buf_unread(&x->out), MSG_NOSIGNAL);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		give_up_errno(x, errno);
		return;
	}
	x->sent = true;
	x->out.off += (size_t)n;
	if (buf_unread(&x->out) == 0)
		loop_watch_set(x->watch, EPOLLIN);
}

static void on_event(void *arg, uint32_t events)
{
	struct dns_exchange *x = arg;
	int error = 0;
	socklen_t len = sizeof(error);

	if (!x->sent && getsockopt(x->fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error != 0) {
		give_up_errno(x, error);
		return;
	}
	if (buf_unread(&x->out) > 0 && (events & EPOLLOUT) != 0)
		transmit(x);
	else
		receive(x);
}

static enum acsr_result open_connection(struct dns_exchange *x, struct acsr_err *e)
{
	x->fd = socket(x->to.addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (x->fd < 0 || (connect(x->fd, (const struct sockaddr *)&x->to.addr, x->to.len) != 0 &&
				 errno != EINPROGRESS))
		return err_errno(e, "publish.dns-unreachable", errno, "the DNS server %s cannot be reached",
			x->to.text);
	return loop_watch(x->loop, x->fd, EPOLLOUT, on_event, x, &x->watch, e);
}

static enum acsr_result put_message(struct dns_exchange *x, struct bytes message, struct acsr_err *e)
{
	buf_init(&x->out, DNS_MESSAGE_MAX + 2);
	buf_init(&x->in, DNS_MESSAGE_MAX + 2);
	TRY(buf_put_u16(&x->out, (uint16_t)message.len, e));
	return buf_put(&x->out, message.p, message.len, e);
}

enum acsr_result dns_exchange_start(struct dns_exchange **out, struct loop *l, const struct dns_server *to,
	struct bytes message, int64_t limit_ms, dns_exchange_done_fn *done, void *arg, struct acsr_err *e)
{
	struct dns_exchange *x = calloc(1, sizeof(*x));

	if (x == NULL)
		return err_nomem(e);
	*x = (struct dns_exchange){ .loop = l, .to = *to, .done = done, .arg = arg, .fd = -1 };
	if (put_message(x, message, e) == ACSR_OK && open_connection(x, e) == ACSR_OK &&
		loop_after(l, limit_ms, on_limit, x, &x->limit, e) == ACSR_OK) {
		*out = x;
		return ACSR_OK;
	}
	dns_exchange_free(x);
	return ACSR_FAIL;
}
