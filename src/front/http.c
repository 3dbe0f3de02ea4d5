/* The daemon on our loop, its connections, and their deadlines. */
#include "front/http.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/log.h"
#include "front/http_internal.h"
#include "front/http_tls.h"

enum { SWEEP_MS = 1000, CONNECTION_MEMORY = 64 * 1024 };

/* --- running the library --- */

static void run(struct http_server *s);

static void run_again(void *arg)
{
	struct http_server *s = arg;

	s->again = NULL;
	run(s);
}

static void on_epoll(void *arg, uint32_t events)
{
	(void)events;
	run(arg);
}

/* The library says when it wants to run although no descriptor is ready (data inside the TLS layer). */
static void plan(struct http_server *s)
{
	MHD_UNSIGNED_LONG_LONG ms;
	struct acsr_err e;

	loop_cancel(s->again);
	s->again = NULL;
	if (MHD_get_timeout(s->daemon, &ms) != MHD_YES)
		return;
	if (loop_after(s->loop, ms < 60000 ? (int64_t)ms : 60000, run_again, s, &s->again, &e) != ACSR_OK)
		log_error(LOG_ERROR, "http.timer", &e);
}

static void run(struct http_server *s)
{
	if (MHD_run(s->daemon) != MHD_YES && !s->failed) {
		s->failed = true;
		log_event(LOG_ERROR, "http.run", "text", "the HTTP library cannot go on", NULL);
		loop_stop(s->loop);
		return;
	}
	plan(s);
}

/* Without a thread of its own the library wakes nobody when a connection is resumed. */
void http_server_wake(struct http_server *s)
{
	struct acsr_err e;

	loop_cancel(s->again);
	s->again = NULL;
	if (loop_after(s->loop, 0, run_again, s, &s->again, &e) != ACSR_OK)
		log_error(LOG_ERROR, "http.timer", &e);
}

/* --- connections --- */

static void take_address(const struct sockaddr *sa, uint8_t out[16])
{
	static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

	memset(out, 0, 16);
	if (sa != NULL && sa->sa_family == AF_INET) {
		struct sockaddr_in in;

		memcpy(&in, sa, sizeof(in));
		memcpy(out, mapped, sizeof(mapped));
		memcpy(out + 12, &in.sin_addr, 4);
	} else if (sa != NULL && sa->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;

		memcpy(&in6, sa, sizeof(in6));
		memcpy(out, &in6.sin6_addr, 16);
	}
}

/* Bytes of an address that tell one client from another. */
static size_t client_prefix(const uint8_t addr[16])
{
	static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

	return memcmp(addr, mapped, sizeof(mapped)) == 0 ? 16 : 8;
}

static enum MHD_Result on_accept(void *cls, const struct sockaddr *sa, socklen_t len)
{
	struct http_server *s = cls;
	unsigned same = 0;
	uint8_t addr[16];

	(void)len;
	take_address(sa, addr);
	if (networks_have(&s->config.proxies, addr))
		return MHD_YES;
	for (struct http_conn *c = s->conns; c != NULL; c = c->next)
		same += memcmp(c->addr, addr, client_prefix(addr)) == 0;
	return same < s->config.max_per_address ? MHD_YES : MHD_NO;
}

struct http_conn *http_conn_of(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *i = MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return i != NULL ? i->socket_context : NULL;
}

void http_conn_deadline(struct http_conn *conn, int64_t ms)
{
	conn->deadline = ms != 0 ? clock_mono_ms() + ms : 0;
}

static void expire(struct http_conn *conn)
{
	struct acsr_err why;

	conn->deadline = 0;
	if (conn->x != NULL && conn->x->state <= X_BODY) {
		(void)err_set(&why, "request.timeout", "headers and body must arrive within %lld seconds",
			(long long)conn->server->config.request_ms / 1000);
		http_conn_refuse(conn, &why);
	}
	shutdown(conn->fd, SHUT_RDWR);
}

static void sweep(void *arg);

static void plan_sweep(struct http_server *s)
{
	struct acsr_err e;

	if (s->sweep != NULL || s->conns == NULL)
		return;
	if (loop_after(s->loop, SWEEP_MS, sweep, s, &s->sweep, &e) != ACSR_OK)
		log_error(LOG_ERROR, "http.timer", &e);
}

static void sweep(void *arg)
{
	struct http_server *s = arg;
	int64_t now = clock_mono_ms();

	s->sweep = NULL;
	for (struct http_conn *c = s->conns; c != NULL; c = c->next)
		if (c->deadline != 0 && c->deadline <= now)
			expire(c);
	plan_sweep(s);
}

/* Each answer of the library may overwrite the one before, so they are copied at once. */
static void conn_facts(struct http_conn *conn, struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *i = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);

	conn->fd = i != NULL ? i->connect_fd : -1;
	i = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	take_address(i != NULL ? i->client_addr : NULL, conn->addr);
}

static void conn_open(struct http_server *s, struct MHD_Connection *c, void **context)
{
	struct http_conn *conn = calloc(1, sizeof(*conn));
	int on = 1;

	if (conn == NULL)
		return; /* its requests will be refused */
	conn->server = s;
	conn->mhd = c;
	conn_facts(conn, c);
	/* A handshake is several small writes: without this each waits for an acknowledgement, 40 ms. */
	(void)setsockopt(conn->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	conn->next = s->conns;
	conn->prev = &s->conns;
	if (conn->next != NULL)
		conn->next->prev = &conn->next;
	s->conns = conn;
	http_conn_deadline(conn, s->config.request_ms);
	plan_sweep(s);
	*context = conn;
}

static void conn_close(struct http_conn *conn)
{
	if (conn == NULL)
		return;
	*conn->prev = conn->next;
	if (conn->next != NULL)
		conn->next->prev = conn->prev;
	free(conn);
}

static void on_connection(
	void *cls, struct MHD_Connection *c, void **context, enum MHD_ConnectionNotificationCode what)
{
	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		conn_open(cls, c, context);
	} else {
		conn_close(*context);
		*context = NULL;
	}
}

/* --- the daemon --- */

/* What the library says of broken clients and handshakes. */
static void on_library_log(void *cls, const char *fmt, va_list ap)
{
	char text[512];

	(void)cls;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	vsnprintf(text, sizeof(text), fmt, ap);
#pragma GCC diagnostic pop
	log_event(LOG_DEBUG, "http.library", "text", text, NULL);
}

/* Targets are decoded in target.c, strictly; the library must leave them alone. */
static size_t keep_escapes(void *cls, struct MHD_Connection *c, char *s)
{
	(void)cls, (void)c;
	return strlen(s);
}

static unsigned flags_of(const struct http_config *c)
{
	return MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG | (c->tls ? MHD_USE_TLS : 0U);
}

static struct MHD_Daemon *start_daemon(struct http_server *s)
{
	struct MHD_OptionItem common[] = {
		{ MHD_OPTION_LISTEN_SOCKET, s->config.listen_fd, NULL },
		{ MHD_OPTION_CONNECTION_LIMIT, (intptr_t)s->config.max_connections, NULL },
		{ MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY, NULL },
		{ MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)http_on_completed, s },
		{ MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)on_connection, s },
		{ MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)http_on_target, s },
		{ MHD_OPTION_UNESCAPE_CALLBACK, (intptr_t)keep_escapes, NULL },
#if MHD_VERSION >= 0x01000000
		/* In 0.9.75 this would only answer a missing Host with a page of its own. */
		{ MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL },
#endif
		{ MHD_OPTION_END, 0, NULL },
	};
	struct MHD_OptionItem tls[] = {
		{ MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)HTTP_TLS_PRIORITY },
		{ MHD_OPTION_END, 0, NULL },
	};

	if (!s->config.tls)
		return MHD_start_daemon(flags_of(&s->config), 0, on_accept, s, http_on_call, s,
			MHD_OPTION_EXTERNAL_LOGGER, on_library_log, NULL, MHD_OPTION_ARRAY, common,
			MHD_OPTION_END);
	return MHD_start_daemon(flags_of(&s->config), 0, on_accept, s, http_on_call, s,
		MHD_OPTION_EXTERNAL_LOGGER, on_library_log, NULL, MHD_OPTION_ARRAY, common, MHD_OPTION_ARRAY,
		tls, MHD_OPTION_HTTPS_CERT_CALLBACK, http_tls_retrieve, MHD_OPTION_END);
}

static enum acsr_result start(struct http_server *s, struct acsr_err *e)
{
	const union MHD_DaemonInfo *epoll;

	s->daemon = start_daemon(s);
	if (s->daemon == NULL)
		return err_set(e, "sys.http", "the HTTP library cannot start");
	epoll = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	if (epoll == NULL)
		return err_set(e, "sys.http", "the HTTP library has no epoll descriptor");
	TRY(loop_watch(s->loop, epoll->epoll_fd, EPOLLIN, on_epoll, s, &s->watch, e));
	plan(s);
	return ACSR_OK;
}

enum acsr_result http_server_new(struct http_server **out, struct loop *l, const struct http_config *config,
	const struct http_ops *ops, void *arg, struct acsr_err *e)
{
	struct http_server *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return err_nomem(e);
	*s = (struct http_server){ .loop = l, .config = *config, .ops = ops, .arg = arg };
	if (start(s, e) != ACSR_OK) {
		http_server_free(s);
		return ACSR_FAIL;
	}
	*out = s;
	return ACSR_OK;
}

void http_server_quiesce(struct http_server *s)
{
	if (s->config.listen_fd >= 0)
		(void)MHD_quiesce_daemon(s->daemon);
	s->config.listen_fd = -1;
}

void http_server_free(struct http_server *s)
{
	if (s == NULL)
		return;
	loop_cancel(s->again);
	loop_cancel(s->sweep);
	loop_unwatch(s->watch);
	if (s->daemon != NULL) {
		http_server_quiesce(s);
		MHD_run(s->daemon); /* what was answered last is resumed, else stopping would panic */
		MHD_stop_daemon(s->daemon);
	}
	free(s);
}
