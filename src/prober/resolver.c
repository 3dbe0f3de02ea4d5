/* libunbound on the loop. */
#include "prober/resolver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unbound.h>
#include <unbound-event.h>

#include "ipc/anchor.h"
#include "ipc/conf.h"
#include "ipc/netaddr.h"
#include "prober/dnsevents.h"
#include "prober/dnsreply.h"
#include "prober/show.h"

enum {
	MESSAGE_MAX = 65536,
	OUTSTANDING = 2000, /* questions inside libunbound, forgotten ones included */
	CHAIN = 12 /* CNAMEs that are followed to tell a circle from a failure; libunbound follows 11 */
};

#define ROOT_ANCHOR "/usr/share/dns/root.key"

struct resolver {
	struct ub_ctx *ctx;
	struct dns_events *events;
	struct loop *loop;
	size_t outstanding;
	struct dns_query *done, **done_tail; /* answered, nobody told yet */
	struct loop_timer *telling;
};

typedef void then_fn(struct dns_query *q);

/* One question. It lives until libunbound lets go of it; fn is NULL once it is answered or forgotten. */
struct dns_query {
	struct resolver *r;
	char *name;
	int type;
	dns_fn *fn;
	void *arg;
	struct loop_timer *timer;
	bool inside; /* libunbound will call back, or its answer waits to be told */
	then_fn *then;
	struct dns_query *next_done;
	/* Libunbound's answer: its own trouble (an rcode), or a message. */
	int trouble;
	bool bogus, secure;
	struct buf message;
	char *why;
	/* After a SERVFAIL: the chain of CNAMEs is walked to see whether it is a circle. */
	int rcode;
	size_t links;
	char *chain[CHAIN];
};

/* --- opening --- */

struct option {
	const char *name, *value;
};

static enum acsr_result set_options(
	struct ub_ctx *ctx, const struct option *options, size_t n, struct acsr_err *e)
{
	for (size_t i = 0; i < n; i++) {
		int r = ub_ctx_set_option(ctx, options[i].name, options[i].value);

		if (r != 0)
			return err_set(e, "sys.resolver", "libunbound refuses %s %s: %s", options[i].name,
				options[i].value, ub_strerror(r));
	}
	return ACSR_OK;
}

#define SET_OPTIONS(ctx, list, e) set_options(ctx, list, sizeof(list) / sizeof((list)[0]), e)

static const struct option always[] = {
	/* Fresh answers: a customer who has just published a record must not wait for a cache. */
	{ "cache-max-negative-ttl:", "1" },
	{ "val-bogus-ttl:", "1" },
	{ "aggressive-nsec:", "no" },
	/* A server that was down is asked again soon. */
	{ "infra-host-ttl:", "5" },
	{ "infra-keep-probing:", "yes" },
	{ "outgoing-range:", "256" },
	{ "num-queries-per-thread:", "1024" },
	{ "outgoing-num-tcp:", "32" },
	{ "harden-dnssec-stripped:", "yes" },
	{ "harden-glue:", "yes" },
	{ "minimal-responses:", "yes" },
	{ "msg-cache-size:", "2m" },
	{ "rrset-cache-size:", "4m" },
	{ "key-cache-size:", "1m" },
	{ "neg-cache-size:", "256k" },
};

/* One server does the work; it may well be on this machine. */
static const struct option with_server[] = {
	{ "cache-max-ttl:", "5" },
	{ "do-not-query-localhost:", "no" },
};

/* We walk from the root: delegations are kept a minute, and none leads into our own network. */
static const struct option without_server[] = {
	{ "cache-max-ttl:", "60" },
	{ "qname-minimisation:", "yes" },
	{ "do-not-query-localhost:", "yes" },
};

static enum acsr_result refuse_reserved(struct ub_ctx *ctx, struct acsr_err *e)
{
	char range[NETADDR_TEXT + 4];

	for (size_t i = 0; netaddr_reserved_range(i, range); i++) {
		const struct option refused = { "do-not-query-address:", range };

		TRY(set_options(ctx, &refused, 1, e));
	}
	return ACSR_OK;
}

static enum acsr_result set_server(struct ub_ctx *ctx, const char *server, struct acsr_err *e)
{
	char host[256], target[300];
	uint16_t port;
	int r;

	if (*server == '\0') {
		TRY(SET_OPTIONS(ctx, without_server, e));
		return refuse_reserved(ctx, e);
	}
	TRY(SET_OPTIONS(ctx, with_server, e));
	TRY(conf_address(server, host, &port, e));
	snprintf(target, sizeof(target), "%s@%u", host, (unsigned)port);
	r = ub_ctx_set_fwd(ctx, target);
	if (r != 0)
		return err_set(e, "config.value",
			"validation.resolver: \"%s\" cannot be used: %s; write an IP address and a port",
			server, ub_strerror(r));
	return ACSR_OK;
}

static enum acsr_result set_anchor(struct ub_ctx *ctx, const char *file, struct acsr_err *e)
{
	const char *path = *file != '\0' ? file : ROOT_ANCHOR;
	int r;

	TRY(anchor_check(path, e)); /* a file without a key would leave everything unvalidated, in silence */
	r = ub_ctx_add_ta_file(ctx, path);
	/* libunbound has "test." as an empty zone of its own (RFC 6303). Taking it out also makes libunbound
	 * read everything now, while files can still be opened. */
	if (r == 0)
		r = ub_ctx_zone_remove(ctx, "test.");
	if (r != 0)
		return err_set(e, "config.value",
			"validation.trust_anchor_file: %s cannot be used as trust anchor: %s", path,
			ub_strerror(r));
	return ACSR_OK;
}

static enum acsr_result set_up(struct ub_ctx *ctx, const struct resolver_conf *conf, struct acsr_err *e)
{
	ub_ctx_debugout(ctx, NULL);
	TRY(SET_OPTIONS(ctx, always, e));
	TRY(set_server(ctx, conf->server, e));
	return set_anchor(ctx, conf->anchor_file, e);
}

static void resolver_free(struct resolver *r)
{
	if (r->ctx != NULL)
		ub_ctx_delete(r->ctx);
	dns_events_free(r->events);
	free(r);
}

static enum acsr_result open_context(struct resolver *r, const struct resolver_conf *conf, struct acsr_err *e)
{
	TRY(dns_events_new(&r->events, e));
	r->ctx = ub_ctx_create_ub_event(dns_events_base(r->events));
	return r->ctx != NULL ? set_up(r->ctx, conf, e) : err_nomem(e);
}

enum acsr_result resolver_open(struct resolver **out, const struct resolver_conf *conf, struct acsr_err *e)
{
	struct resolver *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return err_nomem(e);
	r->done_tail = &r->done;
	if (open_context(r, conf, e) != ACSR_OK) {
		resolver_free(r);
		return ACSR_FAIL;
	}
	*out = r;
	return ACSR_OK;
}

static void ignore_result(
	void *arg, int rcode, void *message, int len, int security, char *why, int was_limited)
{
	(void)arg, (void)rcode, (void)message, (void)len, (void)security, (void)why, (void)was_limited;
}

enum acsr_result resolver_start(struct resolver *r, struct loop *l, struct acsr_err *e)
{
	int err;

	r->loop = l;
	dns_events_start(r->events, l);
	/* Answered from a table, so no packet leaves; it makes libunbound set all up that it needs. */
	err = ub_resolve_event(r->ctx, "localhost", DNS_A, 1, NULL, ignore_result, NULL);
	if (err != 0)
		return err_set(e, "sys.resolver", "the resolver does not start: %s", ub_strerror(err));
	return ACSR_OK;
}

/* --- questions --- */

static void query_free(struct dns_query *q)
{
	for (size_t i = 0; i < q->links; i++)
		free(q->chain[i]);
	buf_free(&q->message);
	free(q->why);
	loop_cancel(q->timer);
	free(q->name);
	free(q);
}

/* Answer, once. The query goes when libunbound is through with it too. */
static void finish(struct dns_query *q, struct dns_answer *a)
{
	dns_fn *fn = q->fn;
	void *arg = q->arg;

	q->fn = NULL;
	loop_cancel(q->timer);
	q->timer = NULL;
	a->name = q->name;
	a->type = q->type;
	if (a->why == NULL)
		a->why = "";
	if (fn != NULL)
		fn(arg, a);
	if (!q->inside)
		query_free(q);
}

static void finish_plain(struct dns_query *q, enum dns_outcome outcome)
{
	struct dns_answer a = { .outcome = outcome, .rcode = q->rcode };

	finish(q, &a);
}

static void on_timeout(void *arg)
{
	struct dns_query *q = arg;

	q->timer = NULL;
	finish_plain(q, DNS_TIMEOUT);
}

void resolver_forget(struct dns_query *q)
{
	if (q == NULL)
		return;
	q->fn = NULL;
	loop_cancel(q->timer);
	q->timer = NULL;
	if (!q->inside)
		query_free(q);
}

/* False where the answer cannot be read. dns_reply_free in any case. */
static bool read_reply(const struct dns_query *q, struct dns_reply *out, int type)
{
	*out = (struct dns_reply){ .rcode = q->trouble };
	return q->trouble != 0 || dns_reply_read(out, (struct bytes){ q->message.p, q->message.len }, type);
}

static enum dns_outcome judge(const struct dns_query *q, const struct dns_reply *r)
{
	if (q->bogus)
		return DNS_BOGUS;
	if (r->rcode == 3)
		return DNS_NXDOMAIN;
	if (r->rcode != 0)
		return DNS_SERVFAIL;
	return r->n > 0 ? DNS_DATA : DNS_NODATA;
}

/* Tell what came. */
static void finish_with(struct dns_query *q, const struct dns_reply *r)
{
	struct dns_answer a = {
		.outcome = judge(q, r), .secure = q->secure, .ttl = r->ttl, .rcode = r->rcode, .why = q->why
	};

	if (a.outcome == DNS_DATA) {
		a.rdata = r->rdata;
		a.n = r->n;
	}
	finish(q, &a);
}

/* Outside of libunbound, so that whoever is told may ask the next thing. */
static void tell_all(void *arg)
{
	struct resolver *r = arg;
	struct dns_query *list = r->done;

	r->telling = NULL;
	r->done = NULL;
	r->done_tail = &r->done;
	while (list != NULL) {
		struct dns_query *q = list;

		list = q->next_done;
		q->inside = false;
		r->outstanding--;
		if (q->fn != NULL)
			q->then(q);
		else
			query_free(q);
	}
}

/* Without memory the answer is libunbound's own trouble, or is told with the next one. */
static void on_result(void *arg, int rcode, void *message, int len, int security, char *why, int was_limited)
{
	struct dns_query *q = arg;
	struct resolver *r = q->r;

	(void)was_limited;
	q->trouble = rcode;
	q->bogus = security == 1;
	q->secure = security == 2;
	q->why = why != NULL ? strdup(why) : NULL;
	if (rcode == 0 && (message == NULL || buf_put(&q->message, message, (size_t)len, NULL) != ACSR_OK))
		q->trouble = 2; /* SERVFAIL */
	q->next_done = NULL;
	*r->done_tail = q;
	r->done_tail = &q->next_done;
	if (r->telling == NULL && loop_after(r->loop, 0, tell_all, r, &r->telling, NULL) != ACSR_OK)
		r->telling = NULL;
}

static enum acsr_result submit(
	struct dns_query *q, const char *name, int type, then_fn *then, struct acsr_err *e)
{
	int err;

	if (q->r->outstanding >= OUTSTANDING)
		return err_set(
			e, "busy.prober", "too many DNS questions are under way, try again in a moment");
	buf_reset(&q->message);
	free(q->why);
	q->why = NULL;
	q->then = then;
	err = ub_resolve_event(q->r->ctx, name, type, 1, q, on_result, NULL);
	if (err != 0)
		return err_set(e, "sys.resolver", "libunbound refuses a question: %s", ub_strerror(err));
	q->r->outstanding++;
	q->inside = true;
	return ACSR_OK;
}

/* --- telling a circle of CNAMEs from a failing server --- */

static void on_link(struct dns_query *q);

/* Go on to `name`, or end: it was met before, or the chain is longer than anybody follows. */
static void walk(struct dns_query *q, const char *name)
{
	for (size_t i = 0; i < q->links; i++)
		if (strcasecmp(q->chain[i], name) == 0) {
			finish_plain(q, DNS_LOOP);
			return;
		}
	if (q->links == CHAIN) {
		finish_plain(q, DNS_LOOP);
		return;
	}
	q->chain[q->links] = strdup(name);
	if (q->chain[q->links] == NULL) {
		finish_plain(q, DNS_INTERNAL);
		return;
	}
	q->links++;
	if (submit(q, name, DNS_CNAME, on_link, NULL) != ACSR_OK)
		finish_plain(q, DNS_SERVFAIL);
}

static void on_link(struct dns_query *q)
{
	struct dns_reply r;
	char target[1024];
	bool more = read_reply(q, &r, DNS_CNAME) && judge(q, &r) == DNS_DATA &&
		    dns_name_from_wire(r.rdata[0], target);

	dns_reply_free(&r);
	if (more)
		walk(q, target);
	else
		finish_plain(q, DNS_SERVFAIL);
}

static void on_answer(struct dns_query *q)
{
	struct dns_reply r;

	if (!read_reply(q, &r, q->type)) {
		finish_plain(q, DNS_INTERNAL);
	} else if (judge(q, &r) == DNS_SERVFAIL) {
		q->rcode = r.rcode;
		walk(q, q->name);
	} else {
		finish_with(q, &r);
	}
	dns_reply_free(&r);
}

static enum acsr_result query_new(
	struct dns_query **out, struct resolver *r, const char *name, int type, struct acsr_err *e)
{
	struct dns_query *q = calloc(1, sizeof(*q));

	if (q == NULL)
		return err_nomem(e);
	*q = (struct dns_query){ .r = r, .name = strdup(name), .type = type };
	buf_init(&q->message, MESSAGE_MAX);
	if (q->name == NULL) {
		free(q);
		return err_nomem(e);
	}
	*out = q;
	return ACSR_OK;
}

enum acsr_result resolver_ask(struct resolver *r, const char *name, int type, int64_t ms, dns_fn *fn,
	void *arg, struct dns_query **out, struct acsr_err *e)
{
	struct dns_query *q = NULL;
	char shown[161];

	show_text(name, shown, sizeof(shown));
	if (!dns_name_valid(name))
		return err_set(e, "dns.name", "\"%s\" is not a DNS name that can be asked for", shown);
	TRY(query_new(&q, r, name, type, e));
	if (loop_after(r->loop, ms, on_timeout, q, &q->timer, e) != ACSR_OK ||
		submit(q, name, type, on_answer, e) != ACSR_OK) {
		query_free(q);
		return ACSR_FAIL;
	}
	q->fn = fn;
	q->arg = arg;
	*out = q;
	return ACSR_OK;
}
