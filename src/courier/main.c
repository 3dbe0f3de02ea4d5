/*
 * autocsr-courier: what leaves the service on its own account. Sends mail, asks other people's CAs, and publishes proofs of
 * control (DNS updates, files); holds the mail server's password, the TSIG keys and, for moments, the encrypted archive that
 * goes out as an attachment.
 */
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/wipealloc.h"
#include "courier/https.h"
#include "courier/mail_text.h"
#include "courier/outbox.h"
#include "courier/publisher.h"
#include "ipc/role.h"

enum { TICK_MS = 1000, STOP_MS = 6000, ROOTS_MAX = 4 << 20, SECRET_FILE_MAX = 4096 };

struct courier {
	struct proc *proc;
	struct smtp_settings smtp;
	struct tickets tickets;
	struct outbox *box;
	struct https_settings web;
	struct https *https;
	struct publisher *publisher;
	struct loop_timer *tick;
	bool stopping;
};

static struct courier courier;
static struct role_spec spec;

/* Name resolution reads these at any time; everything else is read before the sandbox. */
static struct sandbox_path paths[8];

/* --- before the sandbox --- */

static const char system_roots[] = "/etc/ssl/certs/ca-certificates.crt";

static enum acsr_result read_roots(struct courier *c, struct acsr_err *e)
{
	const char *file = conf_str(&c->proc->conf, "mail.ca_file");

	buf_init(&c->smtp.roots, ROOTS_MAX);
	if (*file == '\0')
		file = system_roots;
	return buf_read_file(&c->smtp.roots, file, e);
}

static enum acsr_result read_password(struct courier *c, struct acsr_err *e)
{
	const char *file = conf_str(&c->proc->conf, "mail.password_file");
	CLEANUP_BUF struct buf b = { 0 };

	buf_init(&b, SECRET_FILE_MAX);
	if (*file == '\0')
		return ACSR_OK;
	TRY(buf_read_file(&b, file, e));
	while (b.len > 0 && (b.p[b.len - 1] == '\n' || b.p[b.len - 1] == '\r'))
		b.len--;
	return acsr_secret_new(&c->smtp.password, b.p, b.len, e);
}

static enum smtp_starttls starttls_of(const char *s)
{
	return strcmp(s, "off") == 0        ? SMTP_TLS_OFF
	       : strcmp(s, "optional") == 0 ? SMTP_TLS_OPTIONAL
					    : SMTP_TLS_REQUIRED;
}

static enum acsr_result check_settings(const struct smtp_settings *s, struct acsr_err *e)
{
	bool implicit_tls = str_starts(s->server, "smtps://");

	if (!implicit_tls && !str_starts(s->server, "smtp://"))
		return err_set(e, "config.mail", "[mail] smtp must start with smtp:// or smtps://");
	if (!mail_is_address(s->from))
		return err_set(
			e, "config.mail", "[mail] from must be a mail address, such as ca@example.com");
	if (*s->user != '\0' && !implicit_tls && s->starttls == SMTP_TLS_OPTIONAL)
		return err_set(e, "config.mail",
			"[mail] user needs starttls = required: with optional, anyone on the way could ask "
			"for "
			"the password without TLS");
	return ACSR_OK;
}

static void allow_path(const char *path)
{
	size_t n = 0;

	while (paths[n].path != NULL)
		n++;
	if (n + 1 < sizeof(paths) / sizeof(paths[0]) && access(path, R_OK | X_OK) == 0)
		paths[n] = (struct sandbox_path){ path, false };
}

/* Loads what the resolver loads once, and lets it read its files later. */
static void prepare_resolver(void)
{
	struct addrinfo *found = NULL;

	allow_path("/etc");
	allow_path("/usr/lib");
	allow_path("/run/systemd/resolve");
	if (getaddrinfo("localhost", "25", NULL, &found) == 0)
		freeaddrinfo(found);
}

static enum acsr_result open_mail(struct courier *c, struct acsr_err *e)
{
	const struct conf *conf = &c->proc->conf;

	TRY(str_dup(&c->smtp.server, conf_str(conf, "mail.smtp"), e));
	TRY(str_dup(&c->smtp.from, conf_str(conf, "mail.from"), e));
	TRY(str_dup(&c->smtp.user, conf_str(conf, "mail.user"), e));
	c->smtp.starttls = starttls_of(conf_str(conf, "mail.starttls"));
	c->smtp.timeout_ms = conf_span(conf, "mail.timeout") * 1000;
	if (*c->smtp.server == '\0')
		return ACSR_OK;
	TRY(check_settings(&c->smtp, e));
	TRY(read_roots(c, e));
	return read_password(c, e);
}

/* A system without roots can still reach the CAs that are given with theirs. */
static enum acsr_result open_web(struct courier *c, struct acsr_err *e)
{
	const struct conf *conf = &c->proc->conf;
	const char *file = conf_str(conf, "upstream.ca_file");

	buf_init(&c->web.roots, ROOTS_MAX);
	TRY(conf_networks(conf_str(conf, "upstream.allow_networks"), &c->web.allowed, e));
	if (*file != '\0')
		return buf_read_file(&c->web.roots, file, e);
	if (access(system_roots, R_OK) == 0)
		return buf_read_file(&c->web.roots, system_roots, e);
	return ACSR_OK;
}

static enum acsr_result open_publisher(struct courier *c, struct acsr_err *e)
{
	const char *directory = conf_str(&c->proc->conf, "publish.directory");
	size_t n = 0;

	TRY(publisher_open(&c->publisher, &c->proc->conf, e));
	while (paths[n].path != NULL)
		n++;
	if (*directory != '\0')
		paths[n] = (struct sandbox_path){ directory, true };
	return ACSR_OK;
}

static enum acsr_result open_all(struct proc *p, struct acsr_err *e)
{
	struct courier *c = p->own;

	c->proc = p;
	/* Attachments pass through its buffers. */
	if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, wipealloc_free, wipealloc_realloc, strdup,
		    calloc) != CURLE_OK)
		return err_set(e, "sys.curl", "libcurl cannot start");
	prepare_resolver();
	TRY(open_web(c, e));
	TRY(open_publisher(c, e));
	return open_mail(c, e);
}

/* --- answers --- */

static void on_sent(void *arg, uint64_t id, const char *reply)
{
	struct courier *c = arg;
	struct msg_mail_sent m = { .reply = (char *)(uintptr_t)reply };
	struct acsr_err e;

	/* The server's words may not be UTF-8. */
	if (!str_is_utf8(reply, strlen(reply)))
		m.reply = (char *)(uintptr_t) "accepted";
	if (role_send(c->proc, ROLE_CORE, MSG_mail_sent, id, &m, -1, &e) != ACSR_OK)
		log_error(LOG_WARN, "mail.not-told", &e);
}

static void on_failed(void *arg, uint64_t id, const struct acsr_err *why)
{
	struct acsr_err copy = *why;
	struct courier *c = arg;

	/* The server's words may not be UTF-8. */
	for (char *s = copy.text; !str_is_utf8(copy.text, strlen(copy.text)) && *s != '\0'; s++)
		if (*s < 0x20 || *s > 0x7e)
			*s = '?';
	role_send_failed(c->proc, id, &copy);
}

static void on_https(void *arg, uint64_t id, const struct msg_https_response *r, const struct acsr_err *why)
{
	struct courier *c = arg;
	struct acsr_err e;

	if (r == NULL)
		role_send_failed(c->proc, id, why);
	else if (role_send(c->proc, ROLE_CORE, MSG_https_response, id, r, -1, &e) != ACSR_OK)
		log_error(LOG_WARN, "https.not-told", &e);
}

static void on_published(void *arg, uint64_t id, const char *name, const char *detail)
{
	struct courier *c = arg;
	struct msg_published m = { .name = (char *)(uintptr_t)name, .detail = (char *)(uintptr_t)detail };
	struct acsr_err e;

	if (role_send(c->proc, ROLE_CORE, MSG_published, id, &m, -1, &e) != ACSR_OK)
		log_error(LOG_WARN, "publish.not-told", &e);
}

static const struct outbox_ops box_ops = { on_sent, on_failed };
static const struct publisher_ops publisher_ops = { on_published, on_failed };

/* --- from core and keymaker --- */

static enum acsr_result take_mail(struct courier *c, struct msg *m, struct acsr_err *e)
{
	if (*c->smtp.server == '\0')
		return err_set(e, "mail.off", "no mail server is configured ([mail] smtp)");
	if (c->stopping)
		return err_set(e, "busy.courier", "the service is stopping");
	return outbox_put(c->box, m->id, m->body, e);
}

static void on_mail(struct proc *p, struct chan *ch, struct msg *m)
{
	struct acsr_err why;

	(void)ch;
	if (take_mail(p->own, m, &why) != ACSR_OK)
		on_failed(p->own, m->id, &why);
}

static void on_https_request(struct proc *p, struct chan *ch, struct msg *m)
{
	struct courier *c = p->own;
	struct acsr_err why;

	(void)ch;
	if (c->stopping)
		(void)err_set(&why, "busy.courier", "the service is stopping");
	else if (https_ask(c->https, m->id, m->body, &why) == ACSR_OK)
		return;
	on_failed(c, m->id, &why);
}

static void on_publish(struct proc *p, struct chan *ch, struct msg *m)
{
	struct courier *c = p->own;
	struct acsr_err why;

	(void)ch;
	if (c->stopping)
		(void)err_set(&why, "busy.courier", "the service is stopping");
	else if (publisher_put(c->publisher, m->id, m->body, &why) == ACSR_OK)
		return;
	on_failed(c, m->id, &why);
}

static void on_archive(struct proc *p, struct chan *ch, struct msg *m)
{
	struct courier *c = p->own;
	const struct msg_archive *a = m->body;
	int64_t window = conf_span(&p->conf, "orders.archive_window") * 1000;
	int fd = m->fd;

	(void)ch;
	m->fd = -1;
	if (!tickets_put(&c->tickets, a->ticket, fd, clock_mono_ms() + window))
		log_event(LOG_WARN, "archive.not-kept", "text",
			"no room for another archive, or its ticket is already there", NULL);
	outbox_archive(c->box);
}

static void on_ticket_drop(struct proc *p, struct chan *ch, struct msg *m)
{
	struct courier *c = p->own;
	const struct msg_ticket_drop *d = m->body;

	(void)ch;
	outbox_drop_ticket(c->box, d->ticket);
}

static void peer_closed(struct proc *p, enum role peer)
{
	struct courier *c = p->own;

	if (peer != ROLE_CORE)
		return;
	outbox_forget(c->box);
	https_forget(c->https);
	publisher_forget(c->publisher);
}

/* --- life --- */

static void tick(void *arg)
{
	struct courier *c = arg;
	struct acsr_err e;

	c->tick = NULL;
	tickets_expire(&c->tickets, clock_mono_ms());
	if (loop_after(c->proc->loop, TICK_MS, tick, c, &c->tick, &e) != ACSR_OK) {
		log_error(LOG_ERROR, "courier.timer", &e);
		role_stop(c->proc);
	}
}

static enum acsr_result start_all(struct proc *p, struct acsr_err *e)
{
	struct courier *c = p->own;

	TRY(outbox_new(&c->box, p->loop, &c->smtp, &c->tickets, &box_ops, c, e));
	TRY(https_new(&c->https, p->loop, &c->web, on_https, c, e));
	publisher_start(c->publisher, p->loop, &publisher_ops, c);
	return loop_after(p->loop, TICK_MS, tick, c, &c->tick, e);
}

static void stop_now(void *arg)
{
	role_stop(((struct courier *)arg)->proc);
}

static void stop_when_idle(void *arg)
{
	struct courier *c = arg;
	struct loop_timer *again;
	struct acsr_err e;

	if ((outbox_idle(c->box) && https_idle(c->https) && publisher_idle(c->publisher)) ||
		loop_after(c->proc->loop, 50, stop_when_idle, c, &again, &e) != ACSR_OK)
		role_stop(c->proc);
}

/* What is with the server now may still end well. */
static void stopping(struct proc *p)
{
	struct courier *c = p->own;
	struct loop_timer *limit;
	struct acsr_err e;

	if (c->stopping)
		return;
	c->stopping = true;
	if (loop_after(p->loop, STOP_MS, stop_now, c, &limit, &e) != ACSR_OK)
		role_stop(p);
	else
		stop_when_idle(c);
}

/* The password and the roots are out of reach in the sandbox: end, and be started again with the new ones. */
static void reload(struct proc *p)
{
	log_event(LOG_INFO, "courier.reload", "text", "starting again to read the mail settings", NULL);
	stopping(p);
}

static void clear(struct courier *c)
{
	outbox_free(c->box);
	https_free(c->https);
	publisher_free(c->publisher);
	buf_free(&c->web.roots);
	tickets_clear(&c->tickets);
	acsr_secret_free(c->smtp.password);
	buf_free(&c->smtp.roots);
	free(c->smtp.server);
	free(c->smtp.from);
	free(c->smtp.user);
	curl_global_cleanup();
}

static const struct role_handler handlers[] = {
	{ ROLE_CORE, MSG_mail, on_mail },
	{ ROLE_CORE, MSG_https_request, on_https_request },
	{ ROLE_CORE, MSG_publish, on_publish },
	{ ROLE_CORE, MSG_ticket_drop, on_ticket_drop },
	{ ROLE_KEYMAKER, MSG_archive, on_archive },
	{ 0 },
};

int main(void)
{
	int status;

	spec = (struct role_spec){ .role = ROLE_COURIER,
		.needs = { .calls = SYS_NET_OUT | SYS_THREADS | SYS_FILES, .paths = paths, .files = 2048 },
		.secure_heap = 1 << 16,
		.open = open_all,
		.start = start_all,
		.reload = reload,
		.peer_closed = peer_closed,
		.stopping = stopping,
		.handlers = handlers };
	status = role_main(&spec, &courier);
	if (courier.proc != NULL && courier.proc->loop != NULL)
		clear(&courier);
	return status;
}
