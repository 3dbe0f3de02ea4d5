/*
 * autocsr-prober: looks at the outside world for core. It may open no file, and holds no secret but the key that shows
 * remote probers who it is. Started by hand with --listen it is such a remote one (outpost.h).
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "ipc/role.h"
#include "prober/outpost.h"
#include "prober/panel.h"

/* What files and libraries were opened for: no file can be opened any more in the sandbox. */
static const char *const fixed[] = { "validation.resolver", "validation.trust_anchor_file",
	"perspectives.remotes", "perspectives.certificate", "perspectives.key", "perspectives.ca_file" };
enum { FIXED = sizeof(fixed) / sizeof(fixed[0]) };

struct here {
	struct prober prober;
	struct panel *panel;
	char *opened[FIXED]; /* the values of `fixed` at the start */
	bool has_remotes;
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
	h->has_remotes = n > 0;
	for (size_t i = 0; i < FIXED; i++)
		TRY(str_dup(&h->opened[i], conf_str(&r->conf, fixed[i]), e));
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

/* Certificates and roots of perspectives may have been renewed behind the same paths. */
static bool must_reopen(const struct here *h, const struct conf *c)
{
	for (size_t i = 0; i < FIXED; i++)
		if (strcmp(h->opened[i], conf_str(c, fixed[i])) != 0)
			return true;
	return h->has_remotes;
}

static enum acsr_result take_settings(struct here *h, const struct conf *c, struct acsr_err *e)
{
	struct perspective_spec spec[PERSPECTIVES];
	size_t n;

	TRY(perspective_parse(conf_str(c, "perspectives.remotes"), spec, &n, e));
	return prober_settings(&h->prober, c, e);
}

/* Where files have to be read again: end, and be started again. Core repeats the looks that this cuts off. */
static void reload(struct proc *r)
{
	struct here *h = r->own;
	struct acsr_err e;

	if (take_settings(h, &r->conf, &e) != ACSR_OK) {
		log_error(LOG_WARN, "reload.refused", &e);
	} else if (must_reopen(h, &r->conf)) {
		log_event(LOG_INFO, "prober.reload", "text", "starting again with the new settings", NULL);
		role_stop(r);
	}
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
	.needs = { .calls = SYS_NET_OUT, .files = 1024 },
	.open = open_all,
	.start = start_all,
	.peer_closed = peer_closed,
	.reload = reload,
	.handlers = handlers };

int main(int argc, char **argv)
{
	static struct here here;
	int status = argc > 1 ? outpost_main(argc, argv) : role_main(&spec, &here);

	for (size_t i = 0; i < FIXED; i++)
		free(here.opened[i]);
	return status;
}
