/* autocsr-prober: looks at the outside world for core. It holds no secret and may open no file. */
#include "base/log.h"
#include "ipc/role.h"
#include "prober/probe.h"

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

static enum acsr_result read_conf(struct prober *p, const struct conf *c, struct acsr_err *e)
{
	TRY(conf_networks(conf_str(c, "validation.allow_networks"), &p->allowed, e));
	p->http_port = (uint16_t)conf_count(c, "validation.http_port");
	p->https_port = (uint16_t)conf_count(c, "validation.https_port");
	p->alpn_port = (uint16_t)conf_count(c, "validation.tls_alpn_port");
	p->timeout = conf_span(c, "validation.timeout") * 1000;
	return ACSR_OK;
}

static enum acsr_result open_all(struct proc *r, struct acsr_err *e)
{
	struct prober *p = r->own;
	struct resolver_conf dns = { .server = conf_str(&r->conf, "validation.resolver"),
		.anchor_file = conf_str(&r->conf, "validation.trust_anchor_file") };

	prober_init(p);
	p->answer = send_result;
	p->failed = send_failed;
	p->arg = r;
	TRY(read_conf(p, &r->conf, e));
	TRY(resolver_open(&p->dns, &dns, e));
	TRY(fetcher_open(&p->http, &p->allowed, e));
	return alpn_open(&p->alpn, e);
}

static enum acsr_result start_all(struct proc *r, struct acsr_err *e)
{
	struct prober *p = r->own;

	p->loop = r->loop;
	TRY(resolver_start(p->dns, r->loop, e));
	return fetcher_start(p->http, r->loop, e);
}

/* The resolver and its anchor stay as they were at the start: no file can be opened any more. */
static void reload(struct proc *r)
{
	struct prober *p = r->own;
	struct prober fresh = { 0 };
	struct acsr_err e;

	if (read_conf(&fresh, &r->conf, &e) != ACSR_OK) {
		log_error(LOG_WARN, "reload.refused", &e);
		return;
	}
	p->allowed = fresh.allowed;
	p->http_port = fresh.http_port;
	p->https_port = fresh.https_port;
	p->alpn_port = fresh.alpn_port;
	p->timeout = fresh.timeout;
}

/* Nobody waits for the answers any more, and a new core numbers its requests anew. */
static void peer_closed(struct proc *r, enum role peer)
{
	if (peer == ROLE_CORE)
		prober_drop_all(r->own);
}

static void on_question(struct proc *r, struct chan *c, struct msg *m)
{
	const struct probe_kind *kind;
	struct probe_ask ask;

	(void)c;
	if (probe_from_message(m->type, m->body, &kind, &ask))
		probe_submit(r->own, m->id, kind, &ask);
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

int main(void)
{
	static struct prober prober;

	return role_main(&spec, &prober);
}
