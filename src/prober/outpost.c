/* Listening, one queue of probes a connection, and the sandbox of the local prober around it all. */
#include "prober/outpost.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <openssl/x509v3.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "ipc/chan.h"
#include "ipc/sandbox.h"
#include "prober/outpost_options.h"
#include "prober/perspective.h"
#include "prober/probe.h"
#include "prober/tlsconn.h"

enum { CLIENTS = 16, SHAKING = 64, SHAKE_MS = 10000, INPUT_MAX = 256 * 1024 };

struct client {
	struct client *next;
	struct outpost *outpost;
	struct tlsconn *conn;
	struct prober prober;
	struct buf in;
	char from[NETADDR_TEXT];
	bool open; /* it has shown who it is */
};

struct outpost {
	struct prober prober; /* the eyes; its queue is not used */
	struct loop *loop;
	SSL_CTX *tls;
	int listener;
	struct loop_watch *watch;
	struct client *clients;
	size_t n_open, n_shaking;
	const char *client_name;
};

/* --- one service --- */

static void client_free(struct client *c)
{
	for (struct client **at = &c->outpost->clients; *at != NULL; at = &(*at)->next)
		if (*at == c) {
			*at = c->next;
			break;
		}
	*(c->open ? &c->outpost->n_open : &c->outpost->n_shaking) -= 1;
	prober_drop_all(&c->prober);
	tlsconn_free(c->conn);
	buf_free(&c->in);
	free(c);
}

static void send_frame(struct client *c, unsigned type, uint64_t id, const void *body)
{
	CLEANUP_BUF struct buf frame = { 0 };
	struct acsr_err e;

	buf_init(&frame, PERSPECTIVE_FRAME);
	if (msg_encode(msg_desc(type), id, body, &frame, &e) != ACSR_OK ||
		tlsconn_send(c->conn, &frame, &e) != ACSR_OK)
		log_error(LOG_WARN, "answer.lost", &e);
}

static void send_result(void *arg, uint64_t id, const struct msg_probe_result *m)
{
	send_frame(arg, MSG_probe_result, id, m);
}

static void send_failed(void *arg, uint64_t id, const struct acsr_err *why)
{
	struct acsr_err copy = *why;
	const struct msg_failed m = {
		.id = copy.id, .text = copy.text, .field = copy.field, .source = copy.source
	};

	send_frame(arg, MSG_failed, id, &m);
}

static enum acsr_result take_all(struct client *c, struct acsr_err *e)
{
	for (;;) {
		const struct probe_kind *kind;
		struct probe_ask ask;
		struct msg m = { 0 };
		bool have, fits;

		TRY(chan_take_frame(&c->in, ROLE_PROBER, ROLE_CORE, PERSPECTIVE_FRAME, &m, &have, e));
		if (!have)
			break;
		fits = probe_from_message(m.type, m.body, &kind, &ask);
		if (fits)
			probe_submit(&c->prober, m.id, kind, &ask);
		chan_drop_frame(&m);
		if (!fits)
			return err_set(
				e, "ipc.unexpected", "message 0x%02x is no question for a prober", m.type);
	}
	buf_compact(&c->in);
	return ACSR_OK;
}

static void on_data(void *arg, struct tlsconn *t, struct bytes in)
{
	struct client *c = arg;
	struct acsr_err e;

	(void)t;
	if (buf_put(&c->in, in.p, in.len, &e) == ACSR_OK && take_all(c, &e) == ACSR_OK)
		return;
	log_event(LOG_WARN, "client.refused", "from", c->from, "error", e.id, "text", e.text, NULL);
	client_free(c);
}

/* That the CA vouches for it is OpenSSL's word; whom we serve may be narrower. */
static bool is_wanted(const struct client *c, char *subject, size_t cap)
{
	X509 *cert = SSL_get1_peer_certificate(tlsconn_ssl(c->conn));
	const char *name = c->outpost->client_name;
	bool wanted;

	if (cert == NULL)
		return false;
	X509_NAME_oneline(X509_get_subject_name(cert), subject, (int)cap);
	wanted = name == NULL || X509_check_host(cert, name, 0, X509_CHECK_FLAG_NO_WILDCARDS, NULL) == 1;
	X509_free(cert);
	return wanted;
}

static void on_open(void *arg, struct tlsconn *t)
{
	struct client *c = arg;
	bool room = c->outpost->n_open < CLIENTS, wanted;
	char subject[200] = "";

	(void)t;
	wanted = is_wanted(c, subject, sizeof(subject));
	if (wanted && room) {
		c->open = true;
		c->outpost->n_shaking--;
		c->outpost->n_open++;
		log_event(LOG_INFO, "client.connected", "from", c->from, "subject", subject, NULL);
		return;
	}
	log_event(LOG_WARN, "client.refused", "from", c->from, "subject", subject, "text",
		wanted ? "too many connections" : "its certificate is not for the name that is served", NULL);
	client_free(c);
}

static void on_closed(void *arg, struct tlsconn *t, enum tls_end how, const char *why)
{
	struct client *c = arg;

	(void)t;
	c->conn = NULL;
	log_event(how == TLS_ENDED ? LOG_INFO : LOG_WARN, how == TLS_ENDED ? "client.gone" : "client.refused",
		"from", c->from, "text", why, NULL);
	client_free(c);
}

static const struct tlsconn_ops ops = { on_open, on_data, on_closed };

static void serve(struct outpost *o, int fd, const char *from)
{
	struct client *c = calloc(1, sizeof(*c));
	struct acsr_err e;

	if (c == NULL) {
		close(fd);
		return;
	}
	*c = (struct client){ .next = o->clients, .outpost = o };
	snprintf(c->from, sizeof(c->from), "%s", from);
	prober_beside(&c->prober, &o->prober);
	c->prober.answer = send_result;
	c->prober.failed = send_failed;
	c->prober.arg = c;
	buf_init(&c->in, INPUT_MAX);
	o->clients = c;
	o->n_shaking++;
	if (tlsconn_accept(&c->conn, o->loop, SSL_new(o->tls), fd, SHAKE_MS, &ops, c, &e) != ACSR_OK) {
		log_error(LOG_WARN, "client.lost", &e);
		client_free(c);
	}
}

/* Who shows nothing must not keep out who could: the oldest handshake makes room. New ones are first in the list. */
static void drop_oldest(struct outpost *o)
{
	struct client *oldest = NULL;

	for (struct client *c = o->clients; c != NULL; c = c->next)
		if (!c->open)
			oldest = c;
	if (oldest == NULL)
		return;
	log_event(LOG_WARN, "client.refused", "from", oldest->from, "text",
		"too many handshakes are under way", NULL);
	client_free(oldest);
}

static void on_listener(void *arg, uint32_t events)
{
	struct outpost *o = arg;
	struct sockaddr_storage sa;
	socklen_t n = sizeof(sa);
	char from[NETADDR_TEXT] = "?";
	struct netaddr addr;
	uint16_t port;
	int fd = accept4(o->listener, (struct sockaddr *)&sa, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)events;
	if (fd < 0)
		return;
	if (netaddr_from_sockaddr((struct sockaddr *)&sa, &addr, &port))
		netaddr_print(&addr, from);
	if (o->n_shaking >= SHAKING)
		drop_oldest(o);
	serve(o, fd, from);
}

/* --- starting --- */

static enum acsr_result listen_at(struct outpost *o, const char *address, struct acsr_err *e)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct netaddr addr;
	char host[256];
	uint16_t port;
	int one = 1;
	bool six;

	TRY(conf_address(address, host, &port, e));
	if (!netaddr_parse(host, &addr))
		return err_set(e, "config.value", "--listen takes an IP address and a port, not \"%.100s\"",
			address);
	six = addr.family == AF_INET6;
	v6.sin6_port = v4.sin_port = htons(port);
	memcpy(&v6.sin6_addr, addr.b, 16);
	memcpy(&v4.sin_addr, addr.b, 4);
	o->listener = socket(addr.family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (o->listener < 0 || setsockopt(o->listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0 ||
		bind(o->listener, six ? (struct sockaddr *)&v6 : (struct sockaddr *)&v4,
			six ? sizeof(v6) : sizeof(v4)) != 0 ||
		listen(o->listener, 64) != 0)
		return err_errno(e, "sys.listen", errno, "cannot listen on %.100s", address);
	return ACSR_OK;
}

static enum acsr_result become(const char *user, uid_t *uid, gid_t *gid, struct acsr_err *e)
{
	const struct passwd *pw;

	*uid = 0;
	*gid = 0;
	if (geteuid() != 0)
		return ACSR_OK;
	pw = getpwnam(user);
	if (pw == NULL || pw->pw_uid == 0)
		return err_set(e, "config.value", "--user: there is no user \"%.60s\", or it is root", user);
	*uid = pw->pw_uid;
	*gid = pw->pw_gid;
	return ACSR_OK;
}

static enum acsr_result open_all(struct outpost *o, const struct outpost_options *opt, struct acsr_err *e)
{
	o->client_name = opt->client_name;
	TRY(tlsctx_open(&o->tls, true, &opt->tls, e));
	TRY(listen_at(o, opt->listen, e));
	return prober_open(&o->prober, &opt->conf, e);
}

static enum acsr_result run(struct outpost *o, const struct outpost_options *opt, struct acsr_err *e)
{
	static const struct sandbox_needs needs = { .calls = SYS_NET_OUT | SYS_NET_IN, .files = 2048 };
	char facts[256];
	uid_t uid;
	gid_t gid;

	TRY(become(opt->user, &uid, &gid, e));
	TRY(open_all(o, opt, e));
	TRY(loop_new(&o->loop, e));
	TRY(sandbox_enter(&needs, "", uid, gid, facts, sizeof(facts), e));
	TRY(prober_start(&o->prober, o->loop, e));
	TRY(loop_watch(o->loop, o->listener, EPOLLIN, on_listener, o, &o->watch, e));
	log_event(LOG_INFO, "prober.listening", "at", opt->listen, "sandbox", facts, NULL);
	return loop_run(o->loop, e);
}

int outpost_main(int argc, char **argv)
{
	static struct outpost outpost;
	struct outpost_options opt;
	struct acsr_err e = { 0 };

	signal(SIGPIPE, SIG_IGN);
	log_init("prober", LOG_INFO);
	if (outpost_options(&opt, argc, argv, &e) != ACSR_OK) {
		fprintf(stderr, "autocsr-prober: %s; see autocsr-prober --help\n", e.text);
		return 2;
	}
	if (opt.help) {
		fputs(outpost_usage, stdout);
		return 0;
	}
	log_init("prober", log_level_named(conf_str(&opt.conf, "server.log_level")));
	if (run(&outpost, &opt, &e) != ACSR_OK)
		log_error(LOG_ERROR, "role.failed", &e);
	strv_free(&opt.conf.pairs);
	return 5;
}
