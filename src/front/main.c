/*
 * autocsr-front: TLS, HTTP and the portal's files towards the world, typed messages towards core. Holds its
 * own TLS key and, unread in pipes, the encrypted archives that wait to be fetched.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "front/front.h"
#include "front/http_tls.h"

enum { TICK_MS = 1000, STOP_MS = 3000, ANSWER_MS = 300000, CONNECTIONS_MAX = 20000 };

static struct front front;
static struct role_spec spec;

/* --- before the sandbox --- */

static enum acsr_result load_portal(struct front *f, struct acsr_err *e)
{
	const char *dir = conf_str(&f->proc->conf, "server.portal");
	CLEANUP_STR char *found = NULL;

	if (*dir != '\0')
		return portal_files_load(&f->files, dir, e);
	if (portal_files_default_dir(&found))
		return portal_files_load(&f->files, found, e);
	log_event(LOG_WARN, "portal.missing", "text", "the portal was not built; only the API is served",
		"remedy", "set portal in [server], or build with node and npm", NULL);
	return ACSR_OK;
}

static void set_base_url(struct front *f)
{
	const char *url = conf_str(&f->proc->conf, "server.public_url");
	size_t n = strlen(url);

	if (n == 0)
		snprintf(f->base_url, sizeof(f->base_url), "https://%s",
			conf_str(&f->proc->conf, "server.listen"));
	else
		snprintf(f->base_url, sizeof(f->base_url), "%.*s", (int)(url[n - 1] == '/' ? n - 1 : n), url);
}

static unsigned connections(const struct front *f)
{
	uint64_t n = conf_count(&f->proc->conf, "server.max_connections");

	return n == 0 ? 1 : n > CONNECTIONS_MAX ? CONNECTIONS_MAX : (unsigned)n;
}

static enum acsr_result open_all(struct proc *p, struct acsr_err *e)
{
	struct front *f = p->own;

	f->proc = p;
	TRY(conf_networks(conf_str(&p->conf, "server.trusted_proxies"), &f->proxies, e));
	TRY(load_portal(f, e));
	set_base_url(f);
	/* both servers' connections, the waiting archives, and a few of our own */
	spec.needs.files = 2UL * connections(f) + TICKETS_MAX + 64;
	return own_tls_open(f, e);
}

/* --- inside it --- */

static enum acsr_result serve(struct front *f, int fd, bool tls, struct http_server **out, struct acsr_err *e)
{
	uint64_t per_address = conf_count(&f->proc->conf, "server.max_connections_per_address");
	struct http_config c = { .listen_fd = fd,
		.tls = tls,
		.max_connections = connections(f),
		.max_per_address = per_address == 0 ? 1 : (unsigned)per_address,
		.request_ms = conf_span(&f->proc->conf, "server.request_timeout") * 1000,
		.answer_ms = ANSWER_MS,
		.proxies = f->proxies };

	return http_server_new(out, f->proc->loop, &c, &dispatch_ops, f, e);
}

enum acsr_result front_serve_https(struct front *f, struct acsr_err *e)
{
	return serve(f, f->proc->listeners[0], true, &f->https, e);
}

static void give_up(struct front *f, int64_t now, bool all, const char *text)
{
	struct http_exchange *x;
	struct acsr_err why;

	(void)err_set(&why, "busy.core", "%s", text);
	while ((x = relay_take_late(&f->relay, now, all)) != NULL)
		http_answer_problem(x, &why);
}

static void tick(void *arg)
{
	struct front *f = arg;
	struct acsr_err e;

	f->tick = NULL;
	give_up(f, clock_mono_ms(), false, "the service did not answer in time, try again");
	tickets_expire(&f->tickets, clock_mono_ms());
	own_tls_tick(f);
	if (loop_after(f->proc->loop, TICK_MS, tick, f, &f->tick, &e) != ACSR_OK) {
		log_error(LOG_ERROR, "front.timer", &e);
		role_stop(f->proc);
	}
}

static enum acsr_result start_all(struct proc *p, struct acsr_err *e)
{
	struct front *f = p->own;

	TRY(own_tls_start(f, e));
	if (p->listeners[1] >= 0)
		TRY(serve(f, p->listeners[1], false, &f->http, e));
	return loop_after(p->loop, TICK_MS, tick, f, &f->tick, e);
}

/* --- peers --- */

static void on_archive_pipe(struct proc *p, struct chan *c, struct msg *m)
{
	struct front *f = p->own;
	const struct msg_archive *a = m->body;
	int64_t window = conf_span(&p->conf, "orders.archive_window") * 1000;
	int fd = m->fd;

	(void)c;
	m->fd = -1;
	if (!tickets_put(&f->tickets, a->ticket, fd, clock_mono_ms() + window))
		log_event(LOG_WARN, "archive.not-kept", "text",
			"no room for another archive, or its ticket is already there", NULL);
}

static void on_ticket_drop(struct proc *p, struct chan *c, struct msg *m)
{
	struct front *f = p->own;
	const struct msg_ticket_drop *d = m->body;

	(void)c;
	tickets_drop(&f->tickets, d->ticket);
}

static void peer_opened(struct proc *p, enum role peer)
{
	struct front *f = p->own;

	if (peer != ROLE_CORE)
		return;
	f->next_ask = 0;
	own_tls_tick(f);
}

static void peer_closed(struct proc *p, enum role peer)
{
	if (peer == ROLE_CORE)
		give_up(p->own, 0, true,
			"the service was interrupted; look whether it was done, then try again");
}

/* --- the end --- */

static void stop_now(void *arg)
{
	role_stop(((struct front *)arg)->proc);
}

static void stop_when_idle(void *arg)
{
	struct front *f = arg;
	struct acsr_err e;
	struct loop_timer *t;

	if ((f->relay.busy == 0 && f->archives == NULL) ||
		loop_after(f->proc->loop, 50, stop_when_idle, f, &t, &e) != ACSR_OK)
		role_stop(f->proc);
}

/* No new connections; what waits for core may still be answered. */
static void stopping(struct proc *p)
{
	struct front *f = p->own;
	struct loop_timer *limit, *soon;
	struct acsr_err e;

	f->stopping = true;
	if (f->https != NULL)
		http_server_quiesce(f->https);
	if (f->http != NULL)
		http_server_quiesce(f->http);
	if (loop_after(p->loop, STOP_MS, stop_now, f, &limit, &e) != ACSR_OK ||
		loop_after(p->loop, 50, stop_when_idle, f, &soon, &e) != ACSR_OK)
		role_stop(p);
}

/* The operator's TLS files are out of reach in the sandbox: end, and be started again with the new ones. */
static void reload(struct proc *p)
{
	const struct front *f = p->own;

	if (!f->operators)
		return;
	log_event(LOG_INFO, "tls.reload", "text", "starting again to read the TLS files", NULL);
	stopping(p);
}

static void clear(struct front *f)
{
	give_up(f, 0, true, "the service is stopping");
	dispatch_drop_archives(f);
	http_server_free(f->https);
	http_server_free(f->http);
	http_tls_clear();
	tickets_clear(&f->tickets);
	portal_files_free(&f->files);
	acsr_secret_free(f->key);
	strv_free(&f->names);
}

static const struct role_handler handlers[] = {
	{ ROLE_CORE, MSG_http_response, dispatch_on_response },
	{ ROLE_CORE, MSG_tls_certificate, own_tls_on_certificate },
	{ ROLE_CORE, MSG_ticket_drop, on_ticket_drop },
	{ ROLE_KEYMAKER, MSG_archive, on_archive_pipe },
	{ 0 },
};

int main(void)
{
	int status;

	spec = (struct role_spec){ .role = ROLE_FRONT,
		.needs = { .calls = SYS_NET_IN | SYS_FILES },
		.secure_heap = 1 << 20,
		.open = open_all,
		.start = start_all,
		.reload = reload,
		.peer_opened = peer_opened,
		.peer_closed = peer_closed,
		.stopping = stopping,
		.handlers = handlers };
	status = role_main(&spec, &front);
	if (front.proc != NULL && front.proc->loop != NULL)
		clear(&front);
	return status;
}
