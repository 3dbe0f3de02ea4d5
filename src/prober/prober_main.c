/*
 * autocsr-prober: looks at the outside world for core. It may open no file, and holds no secret but the key that shows
 * remote probers who it is. Started by hand with --listen it is such a remote one (outpost.h).
 */
#include "base/log.h"
#include "ipc/role.h"
#include "prober/outpost.h"
#include "prober/panel.h"

struct here {
	struct prober prober;
	struct panel *panel;
};

static void send_result(void *arg, uint64_t id, const struct msg_probe_result *m)
{
	struct acsr_err e;

	if (role_send(arg, ROLE_CORE, MSG_probe_result, id, m, -1, &e) != ACSR_OK)
		log_error(LOG_WARN, "answer.lost", &e);
}

static void send_failed(void *arg, uint64_t id, const struct acsr_err *why)
{
	role_send_failed(arg, id, why);
}

static enum acsr_result open_panel(struct proc *r, struct acsr_err *e)
{
	struct here *h = r->own;
	struct perspective_spec spec[PERSPECTIVES];
	const struct tls_files files = { .certificate = conf_str(&r->conf, "perspectives.certificate"),
		.key = conf_str(&r->conf, "perspectives.key"),
		.ca = conf_str(&r->conf, "perspectives.ca_file") };
	size_t n;

	TRY(perspective_parse(conf_str(&r->conf, "perspectives.remotes"), spec, &n, e));
	return panel_open(&h->panel, &h->prober, spec, n, &files, e);
}

static enum acsr_result open_all(struct proc *r, struct acsr_err *e)
{
	struct here *h = r->own;

	h->prober.answer = send_result;
	h->prober.failed = send_failed;
	h->prober.arg = r;
	TRY(prober_open(&h->prober, &r->conf, e));
	return open_panel(r, e);
}

static enum acsr_result start_all(struct proc *r, struct acsr_err *e)
{
	struct here *h = r->own;

	TRY(prober_start(&h->prober, r->loop, e));
	return panel_start(h->panel, e);
}

/* The resolver, its anchor and the remote perspectives stay as they were at the start: no file can be opened any more. */
static void reload(struct proc *r)
{
	struct here *h = r->own;
	struct acsr_err e;

	if (prober_settings(&h->prober, &r->conf, &e) != ACSR_OK)
		log_error(LOG_WARN, "reload.refused", &e);
}

/* Nobody waits for the answers any more, and a new core numbers its requests anew. */
static void peer_closed(struct proc *r, enum role peer)
{
	struct here *h = r->own;

	if (peer == ROLE_CORE)
		panel_drop_all(h->panel);
}

static void on_question(struct proc *r, struct chan *c, struct msg *m)
{
	struct here *h = r->own;

	(void)c;
	panel_ask(h->panel, m->id, m->type, m->body);
}

static const struct role_handler handlers[] = { { ROLE_CORE, MSG_probe_http, on_question },
	{ ROLE_CORE, MSG_probe_dns, on_question }, { ROLE_CORE, MSG_probe_tls_alpn, on_question },
	{ ROLE_CORE, MSG_probe_persist, on_question }, { ROLE_CORE, MSG_probe_caa, on_question }, { 0 } };

static const struct role_spec spec = { .role = ROLE_PROBER,
	.needs = { .calls = SYS_NET_OUT | SYS_THREADS, .files = 1024 },
	.open = open_all,
	.start = start_all,
	.peer_closed = peer_closed,
	.reload = reload,
	.handlers = handlers };

int main(int argc, char **argv)
{
	static struct here here;

	return argc > 1 ? outpost_main(argc, argv) : role_main(&spec, &here);
}
