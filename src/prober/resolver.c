/* libunbound on the loop. */
#include "prober/resolver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unbound.h>

#include "ipc/conf.h"
#include "ipc/netaddr.h"
#include "prober/show.h"

enum {
	OUTSTANDING = 2000, /* questions inside libunbound, forgotten ones included */
	CHAIN = 12 /* CNAMEs that are followed to tell a circle from a failure; libunbound follows 11 */
};

#define ROOT_ANCHOR "/usr/share/dns/root.key"

struct resolver {
	struct ub_ctx *ctx;
	struct loop *loop;
	struct loop_watch *watch;
	size_t outstanding;
};

/* One question. It lives until libunbound lets go of it; fn is NULL once it is answered or forgotten. */
struct dns_query {
	struct resolver *r;
	char *name;
	int type;
	dns_fn *fn;
	void *arg;
	struct loop_timer *timer;
	bool inside; /* libunbound will call back */
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

/* A file without a key would leave everything unvalidated, in silence. */
static enum acsr_result check_anchor(const char *file, struct acsr_err *e)
{
	CLEANUP_BUF struct buf b = { 0 };
	char *save = NULL;

	buf_init(&b, 65536);
	TRY(buf_read_file(&b, file, e));
	for (char *line = strtok_r((char *)(uintptr_t)buf_cstr(&b), "\n", &save); line != NULL;
		line = strtok_r(NULL, "\n", &save)) {
		line[strcspn(line, ";")] = '\0';
		if (strstr(line, "DNSKEY") != NULL || strstr(line, "DS") != NULL)
			return ACSR_OK;
	}
	return err_set(e, "config.value",
		"validation.trust_anchor_file: %s holds no DS or DNSKEY record; copy the zone's own, one a "
		"line",
		file);
}

static enum acsr_result set_anchor(struct ub_ctx *ctx, const char *file, struct acsr_err *e)
{
	const char *path = *file != '\0' ? file : ROOT_ANCHOR;
	int r;

	TRY(check_anchor(path, e));
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
	int r;

	ub_ctx_debugout(ctx, NULL);
	TRY(SET_OPTIONS(ctx, always, e));
	TRY(set_server(ctx, conf->server, e));
	r = ub_ctx_async(ctx, 1);
	if (r != 0)
		return err_set(e, "sys.resolver", "libunbound has no threads: %s", ub_strerror(r));
	return set_anchor(ctx, conf->anchor_file, e);
}

enum acsr_result resolver_open(struct resolver **out, const struct resolver_conf *conf, struct acsr_err *e)
{
	struct resolver *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return err_nomem(e);
	r->ctx = ub_ctx_create();
	if (r->ctx == NULL || set_up(r->ctx, conf, e) != ACSR_OK) {
		enum acsr_result fail = r->ctx == NULL ? err_nomem(e) : ACSR_FAIL;

		if (r->ctx != NULL)
			ub_ctx_delete(r->ctx);
		free(r);
		return fail;
	}
	*out = r;
	return ACSR_OK;
}

static void on_readable(void *arg, uint32_t events)
{
	struct resolver *r = arg;

	(void)events;
	ub_process(r->ctx);
}

static void ignore_result(void *arg, int err, struct ub_result *res)
{
	(void)arg;
	(void)err;
	ub_resolve_free(res);
}

enum acsr_result resolver_start(struct resolver *r, struct loop *l, struct acsr_err *e)
{
	int err;

	r->loop = l;
	TRY(loop_watch(l, ub_fd(r->ctx), EPOLLIN, on_readable, r, &r->watch, e));
	/* Answered from a table, so no packet leaves; it makes libunbound start its thread. */
	err = ub_resolve_async(r->ctx, "localhost", DNS_A, 1, NULL, ignore_result, NULL);
	if (err != 0)
		return err_set(
			e, "sys.resolver", "the resolver's thread does not start: %s", ub_strerror(err));
	return ACSR_OK;
}

/* --- questions --- */

static void query_free(struct dns_query *q)
{
	for (size_t i = 0; i < q->links; i++)
		free(q->chain[i]);
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

static enum dns_outcome judge(const struct ub_result *res)
{
	if (res->bogus)
		return DNS_BOGUS;
	if (res->nxdomain || res->rcode == 3)
		return DNS_NXDOMAIN;
	if (res->rcode != 0)
		return DNS_SERVFAIL;
	return res->havedata && res->data != NULL && res->data[0] != NULL ? DNS_DATA : DNS_NODATA;
}

/* The records are the result's own; the list of them is `list_of`'s. */
static struct bytes *list_of(const struct ub_result *res, size_t *n)
{
	struct bytes *list;

	for (*n = 0; res->data[*n] != NULL;)
		++*n;
	list = calloc(*n, sizeof(*list));
	for (size_t i = 0; list != NULL && i < *n; i++)
		list[i] = (struct bytes){ (const uint8_t *)res->data[i], (size_t)res->len[i] };
	return list;
}

/* Tell what came. */
static void finish_with(struct dns_query *q, const struct ub_result *res)
{
	struct bytes *list = NULL;
	struct dns_answer a = { .outcome = judge(res),
		.secure = res->secure != 0,
		.ttl = res->ttl > 0 ? res->ttl : 0,
		.rcode = res->rcode,
		.why = res->why_bogus };

	if (a.outcome == DNS_DATA) {
		a.rdata = list = list_of(res, &a.n);
		if (list == NULL)
			a = (struct dns_answer){ .outcome = DNS_INTERNAL };
	}
	finish(q, &a);
	free(list);
}

static void on_answer(void *arg, int err, struct ub_result *res);
static void on_link(void *arg, int err, struct ub_result *res);

static enum acsr_result submit(
	struct dns_query *q, const char *name, int type, ub_callback_type fn, struct acsr_err *e)
{
	int err;

	if (q->r->outstanding >= OUTSTANDING)
		return err_set(
			e, "busy.prober", "too many DNS questions are under way, try again in a moment");
	err = ub_resolve_async(q->r->ctx, name, type, 1, q, fn, NULL);
	if (err != 0)
		return err_set(e, "sys.resolver", "libunbound refuses a question: %s", ub_strerror(err));
	q->r->outstanding++;
	q->inside = true;
	return ACSR_OK;
}

/* --- telling a circle of CNAMEs from a failing server --- */

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

/* True when libunbound's callback still has somebody to tell. */
static bool taken_back(struct dns_query *q)
{
	q->inside = false;
	q->r->outstanding--;
	if (q->fn != NULL)
		return true;
	query_free(q);
	return false;
}

static void on_link(void *arg, int err, struct ub_result *res)
{
	struct dns_query *q = arg;
	char target[1024];
	bool more = false;

	if (taken_back(q)) {
		if (err == 0 && judge(res) == DNS_DATA)
			more = dns_name_from_wire(
				(struct bytes){ (const uint8_t *)res->data[0], (size_t)res->len[0] }, target);
		if (more)
			walk(q, target);
		else
			finish_plain(q, DNS_SERVFAIL);
	}
	ub_resolve_free(res);
}

static void on_answer(void *arg, int err, struct ub_result *res)
{
	struct dns_query *q = arg;

	if (taken_back(q)) {
		if (err != 0) {
			finish_plain(q, DNS_INTERNAL);
		} else if (judge(res) == DNS_SERVFAIL) {
			q->rcode = res->rcode;
			walk(q, q->name);
		} else {
			finish_with(q, res);
		}
	}
	ub_resolve_free(res);
}

static enum acsr_result query_new(
	struct dns_query **out, struct resolver *r, const char *name, int type, struct acsr_err *e)
{
	struct dns_query *q = calloc(1, sizeof(*q));

	if (q == NULL)
		return err_nomem(e);
	*q = (struct dns_query){ .r = r, .name = strdup(name), .type = type };
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
