/* The connection to one remote prober: dialled, watched, dialled again. */
#include "prober/perspective.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "prober/tlsconn.h"

enum { DIAL_MS = 4000, FIRST_PAUSE_MS = 500, LONGEST_PAUSE_MS = 10000, INPUT_MAX = 1024 * 1024 };

struct perspective {
	struct perspective_spec spec;
	size_t index;
	SSL_CTX *ctx;
	struct resolver *dns;
	struct loop *loop;
	const struct perspective_ops *ops;
	void *arg;
	enum perspective_state state;
	struct dns_query *query;
	struct tlsconn *conn;
	struct loop_timer *again;
	int64_t pause;
	unsigned dials; /* the addresses of a name take turns */
	struct buf in;
	bool told_down; /* in the log, once an outage */
};

/* --- the setting --- */

static enum acsr_result bad_setting(struct acsr_err *e, const char *one, const char *why)
{
	return err_set(e, "config.value",
		"perspectives.remotes: \"%.100s\" %s; write NAME=HOST:PORT/REGION, several with commas", one,
		why);
}

static bool is_label(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!isascii((unsigned char)s[i]) || (!isalnum((unsigned char)s[i]) && s[i] != '-'))
			return false;
	return n > 0;
}

static bool is_region(const char *s)
{
	static const char *const regions[] = { "afrinic", "apnic", "arin", "lacnic", "ripe" };

	for (size_t i = 0; i < sizeof(regions) / sizeof(regions[0]); i++)
		if (strcmp(regions[i], s) == 0)
			return true;
	return false;
}

static enum acsr_result parse_one(const char *one, struct perspective_spec *out, struct acsr_err *e)
{
	const char *equals = strchr(one, '='), *slash = strrchr(one, '/');
	char address[300];
	struct netaddr literal;
	struct acsr_err why;

	if (equals == NULL || slash == NULL || slash < equals)
		return bad_setting(e, one, "is not whole");
	if ((size_t)(equals - one) >= sizeof(out->name) || !is_label(one, (size_t)(equals - one)))
		return bad_setting(e, one, "has a name that is not 1 to 32 letters, digits and hyphens");
	if (strlen(slash + 1) >= sizeof(out->region) || !is_region(slash + 1))
		return bad_setting(e, one, "has a region that is not afrinic, apnic, arin, lacnic or ripe");
	snprintf(out->name, sizeof(out->name), "%.*s", (int)(equals - one), one);
	snprintf(out->region, sizeof(out->region), "%s", slash + 1);
	snprintf(address, sizeof(address), "%.*s", (int)(slash - equals - 1), equals + 1);
	if (conf_address(address, out->host, &out->port, &why) != ACSR_OK || out->port == 0 ||
		(!netaddr_parse(out->host, &literal) && !dns_name_valid(out->host)))
		return bad_setting(e, one, "has no HOST:PORT");
	return ACSR_OK;
}

static enum acsr_result check_new(
	const struct perspective_spec *list, size_t n, const struct perspective_spec *one, struct acsr_err *e)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i].name, one->name) == 0)
			return bad_setting(e, one->name, "is there twice");
		else if (list[i].port == one->port && strcmp(list[i].host, one->host) == 0)
			return bad_setting(
				e, one->name, "is at the HOST:PORT of another, so it would count twice");
	if (n == PERSPECTIVES)
		return bad_setting(e, one->name, "is one too many, 16 are the most");
	return ACSR_OK;
}

enum acsr_result perspective_parse(
	const char *text, struct perspective_spec out[PERSPECTIVES], size_t *n, struct acsr_err *e)
{
	*n = 0;
	for (const char *p = text + strspn(text, ", \t"); *p != '\0'; p += strspn(p, ", \t")) {
		size_t len = strcspn(p, ", \t");
		struct perspective_spec one = { 0 };
		char word[400];

		if (len >= sizeof(word))
			return bad_setting(e, p, "is too long");
		snprintf(word, sizeof(word), "%.*s", (int)len, p);
		TRY(parse_one(word, &one, e));
		TRY(check_new(out, *n, &one, e));
		out[(*n)++] = one;
		p += len;
	}
	return ACSR_OK;
}

/* --- the connection --- */

static void connect_now(struct perspective *v);

static void on_again(void *arg)
{
	struct perspective *v = arg;

	v->again = NULL;
	connect_now(v);
}

static void went_down(struct perspective *v, const char *why)
{
	v->state = PERSPECTIVE_DOWN;
	v->conn = NULL;
	buf_reset(&v->in);
	if (!v->told_down)
		log_event(LOG_WARN, "perspective.down", "perspective", v->spec.name, "reason", why, NULL);
	v->told_down = true;
	if (loop_after(v->loop, v->pause, on_again, v, &v->again, NULL) != ACSR_OK)
		log_event(LOG_ERROR, "perspective.lost", "perspective", v->spec.name, NULL);
	v->pause = v->pause * 2 < LONGEST_PAUSE_MS ? v->pause * 2 : LONGEST_PAUSE_MS;
	v->ops->down(v->arg, v->index, why);
}

static void on_open(void *arg, struct tlsconn *t)
{
	struct perspective *v = arg;

	(void)t;
	v->state = PERSPECTIVE_UP;
	v->pause = FIRST_PAUSE_MS;
	v->told_down = false;
	log_event(LOG_INFO, "perspective.up", "perspective", v->spec.name, "region", v->spec.region, NULL);
	v->ops->up(v->arg, v->index);
}

/* What came, by its type. false: it is nothing that a prober may say. */
static bool take(struct perspective *v, const struct msg *m)
{
	if (m->type == MSG_probe_result)
		v->ops->answer(v->arg, v->index, m->id, m->body, NULL);
	else if (m->type == MSG_failed)
		v->ops->answer(v->arg, v->index, m->id, NULL, m->body);
	else
		return false;
	return true;
}

static enum acsr_result take_all(struct perspective *v, struct acsr_err *e)
{
	for (;;) {
		struct msg m = { 0 };
		bool have, fits;

		TRY(chan_take_frame(&v->in, ROLE_CORE, ROLE_PROBER, PERSPECTIVE_FRAME, &m, &have, e));
		if (!have)
			break;
		fits = take(v, &m);
		chan_drop_frame(&m);
		if (!fits)
			return err_set(e, "ipc.unexpected", "a message that no prober sends");
	}
	buf_compact(&v->in);
	return ACSR_OK;
}

static void on_data(void *arg, struct tlsconn *t, struct bytes in)
{
	struct perspective *v = arg;
	struct acsr_err e;

	if (buf_put(&v->in, in.p, in.len, &e) == ACSR_OK && take_all(v, &e) == ACSR_OK)
		return;
	tlsconn_free(t);
	went_down(v, e.text);
}

static void on_closed(void *arg, struct tlsconn *t, enum tls_end how, const char *why)
{
	(void)t;
	(void)how;
	went_down(arg, why);
}

static const struct tlsconn_ops conn_ops = { on_open, on_data, on_closed };

static void dial(struct perspective *v, const struct netaddr *to)
{
	SSL *ssl = tlsctx_client(v->ctx, v->spec.host);
	struct acsr_err e;

	if (ssl == NULL)
		(void)err_nomem(&e);
	else if (tlsconn_dial(&v->conn, v->loop, ssl, to, v->spec.port, DIAL_MS, DIAL_MS, &conn_ops, v, &e) ==
		 ACSR_OK)
		return;
	went_down(v, e.text);
}

static void on_address(void *arg, const struct dns_answer *a)
{
	struct perspective *v = arg;
	struct netaddr to;
	struct acsr_err e;

	v->query = NULL;
	if (a->outcome == DNS_DATA && netaddr_from_rdata(a->rdata[v->dials++ % a->n], &to))
		dial(v, &to);
	else if (a->type == DNS_A && (a->outcome == DNS_NODATA) &&
		 resolver_ask(v->dns, v->spec.host, DNS_AAAA, DIAL_MS, on_address, v, &v->query, &e) ==
			 ACSR_OK)
		return;
	else {
		(void)dns_error(&e, a);
		went_down(v, e.text);
	}
}

static void connect_now(struct perspective *v)
{
	struct netaddr to;
	struct acsr_err e;

	v->state = PERSPECTIVE_CONNECTING;
	if (netaddr_parse(v->spec.host, &to))
		dial(v, &to);
	else if (resolver_ask(v->dns, v->spec.host, DNS_A, DIAL_MS, on_address, v, &v->query, &e) != ACSR_OK)
		went_down(v, e.text);
}

enum acsr_result perspective_start(struct perspective **out, const struct perspective_spec *spec,
	size_t index, SSL_CTX *ctx, struct resolver *dns, struct loop *l, const struct perspective_ops *ops,
	void *arg, struct acsr_err *e)
{
	struct perspective *v = calloc(1, sizeof(*v));

	if (v == NULL)
		return err_nomem(e);
	*v = (struct perspective){ .spec = *spec,
		.index = index,
		.ctx = ctx,
		.dns = dns,
		.loop = l,
		.ops = ops,
		.arg = arg,
		.state = PERSPECTIVE_CONNECTING,
		.pause = FIRST_PAUSE_MS };
	buf_init(&v->in, INPUT_MAX);
	/* From the loop, so that nobody is called back before it knows of us. */
	if (loop_after(l, 0, on_again, v, &v->again, e) != ACSR_OK) {
		free(v);
		return ACSR_FAIL;
	}
	*out = v;
	return ACSR_OK;
}

void perspective_free(struct perspective *v)
{
	if (v == NULL)
		return;
	loop_cancel(v->again);
	resolver_forget(v->query);
	tlsconn_free(v->conn);
	buf_free(&v->in);
	free(v);
}

const struct perspective_spec *perspective_spec(const struct perspective *v)
{
	return &v->spec;
}

enum perspective_state perspective_state(const struct perspective *v)
{
	return v->state;
}

enum acsr_result perspective_send(struct perspective *v, const struct buf *frame, struct acsr_err *e)
{
	CLEANUP_BUF struct buf copy = { 0 };

	if (v->state != PERSPECTIVE_UP)
		return err_set(e, "busy.perspective", "%s cannot be reached", v->spec.name);
	buf_init(&copy, PERSPECTIVE_FRAME);
	TRY(buf_put(&copy, frame->p, frame->len, e));
	return tlsconn_send(v->conn, &copy, e);
}
