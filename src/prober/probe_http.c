/*
 * BR 3.2.2.4.18 and .19: the file at the name must hold exactly the content.
 *
 * Every hop is resolved anew, its addresses are checked, and one of them is dialled; redirects are followed
 * here and nowhere else.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "prober/hosts.h"
#include "prober/show.h"

enum { REDIRECTS = 10 };

struct http_state {
	struct url url;
	unsigned redirects;
	struct host_look look;
	struct fetch *fetch;
	json_t *step;
};

static void begin_hop(struct probe *p);

static void shown_url(const struct http_state *s, char *out, size_t cap)
{
	char text[URL_TEXT];

	url_print(&s->url, text);
	show_text(text, out, cap);
}

static void fail(struct probe *p, const char *id, const char *what, const char *detail)
{
	struct acsr_err e;
	char url[161], shown[121];

	shown_url(p->state, url, sizeof(url));
	show_text(detail, shown, sizeof(shown));
	(void)err_rule(&e, id, NULL, "BR 3.2.2.4.18", "asked for %s; %s%s", url, what, shown);
	probe_done(p, &e, 0);
}

/* --- the answer of the server --- */

static struct bytes trim(struct bytes b)
{
	static const char blank[] = " \t\r\n\v\f";

	while (b.len > 0 && b.p[0] != 0 && strchr(blank, b.p[0]) != NULL) {
		b.p++;
		b.len--;
	}
	while (b.len > 0 && b.p[b.len - 1] != 0 && strchr(blank, b.p[b.len - 1]) != NULL)
		b.len--;
	return b;
}

static void judge_body(struct probe *p, struct bytes body)
{
	struct bytes got = trim(body), want = trim((struct bytes){ (uint8_t *)p->expect, strlen(p->expect) });
	char shown[81];

	if (want.len > 0 && got.len == want.len && memcmp(got.p, want.p, want.len) == 0) {
		probe_done(p, NULL, 0);
		return;
	}
	show_bytes(got.p, got.len, shown, sizeof(shown));
	fail(p, "validation.http.content",
		"the file does not hold the content of this order; publish exactly that content. found: ",
		shown);
}

static bool port_allowed(const struct prober *own, uint16_t port)
{
	return port == 80 || port == 443 || port == own->http_port || port == own->https_port;
}

static void follow(struct probe *p, const char *location)
{
	struct http_state *s = p->state;
	struct acsr_err e;
	struct url next;
	char port[8];

	if (location == NULL || *location == '\0') {
		fail(p, "validation.http.redirect", "the redirect has no single Location; send one", "");
		return;
	}
	evidence_text(s->step, "location", location);
	if (s->redirects == REDIRECTS) {
		fail(p, "validation.http.redirects",
			"more than 10 redirects; let the first lead to the file. next would be: ", location);
		return;
	}
	if (url_follow(&next, &s->url, location, &e) != ACSR_OK) {
		probe_done(p, &e, 0);
		return;
	}
	if (!port_allowed(p->p, next.port)) {
		snprintf(port, sizeof(port), "%u", (unsigned)next.port);
		fail(p, "validation.http.redirect",
			"redirects may lead to the ports 80 and 443 only (BR 1.6.1), not to ", port);
		return;
	}
	s->redirects++;
	s->url = next;
	begin_hop(p);
}

static void judge_reply(struct probe *p, const struct fetch_reply *r)
{
	char status[16];

	switch (r->status) {
	case 200:
		judge_body(p, r->body);
		return;
	case 301:
	case 302:
	case 307:
	case 308:
		follow(p, r->location);
		return;
	default:
		snprintf(status, sizeof(status), "%ld", r->status);
		fail(p, "validation.http.status",
			"the status must be 200, or a redirect by 301, 302, 307 or 308, but it is ", status);
	}
}

/* --- dialling --- */

static void dial(struct probe *p);

static void on_reply(void *arg, const struct fetch_reply *r)
{
	struct probe *p = arg;
	struct http_state *s = p->state;

	s->fetch = NULL;
	json_object_set_new(s->step, "ms", json_integer(r->ms));
	if (r->status != 0)
		json_object_set_new(s->step, "status", json_integer(r->status));
	switch (r->outcome) {
	case FETCH_DONE:
		judge_reply(p, r);
		break;
	case FETCH_NO_CONNECTION:
		if (s->look.dialled < s->look.n_dial)
			dial(p);
		else
			fail(p, "validation.http.connect",
				"no connection; let the server listen there, and open the firewall. ",
				r->why);
		break;
	case FETCH_TIMEOUT:
		fail(p, "validation.http.timeout", "the answer took too long; let it come in time", "");
		break;
	case FETCH_TOO_LARGE:
		fail(p, "validation.http.size", "the answer is larger than 64 KB; serve the small file only",
			"");
		break;
	case FETCH_REFUSED:
		fail(p, "validation.http.address", "the connection would have gone to another address", "");
		break;
	case FETCH_BROKEN:
		fail(p, "validation.http.protocol", "the answer is not whole or no HTTP; mend the server. ",
			r->why);
		break;
	}
}

static void dial(struct probe *p)
{
	struct http_state *s = p->state;
	int64_t connect_ms = 0;
	const struct netaddr *to = host_next(&s->look, &connect_ms);
	struct acsr_err e;

	if (fetch_start(p->p->http, &s->url, to, connect_ms, probe_left(p), on_reply, p, &s->fetch, &e) !=
		ACSR_OK)
		probe_done(p, &e, 0);
}

static void refused(struct probe *p, const char *why)
{
	fail(p, "validation.http.address",
		"its address is not one of the public Internet, and is not asked; publish a public "
		"address. ",
		why);
}

static void begin_hop(struct probe *p)
{
	struct http_state *s = p->state;
	char url[161];

	s->step = evidence_step(p);
	shown_url(s, url, sizeof(url));
	evidence_text(s->step, "url", url);
	s->look = (struct host_look){
		.p = p, .host = s->url.host, .step = s->step, .found = dial, .refused = refused
	};
	if (s->url.literal)
		host_look_at(&s->look, &s->url.addr);
	else
		host_look_up(&s->look);
}

static void start(struct probe *p)
{
	struct http_state *s = calloc(1, sizeof(*s));
	struct acsr_err e;

	p->state = s;
	if (s == NULL)
		(void)err_nomem(&e);
	else if (url_make(&s->url, p->name, p->p->http_port, p->path, &e) == ACSR_OK) {
		evidence_text(p->evidence, "method", "http");
		begin_hop(p);
		return;
	}
	probe_done(p, &e, 0);
}

static void abandon(struct probe *p)
{
	struct http_state *s = p->state;

	host_forget(&s->look);
	fetch_cancel(s->fetch);
	free(s);
}

static void late(struct probe *p, struct acsr_err *why)
{
	const struct http_state *s = p->state;
	struct dns_answer a = { .outcome = DNS_TIMEOUT, .name = s->url.host, .type = DNS_A };
	char url[161];

	shown_url(s, url, sizeof(url));
	if (s->fetch == NULL)
		(void)dns_error(why, &a);
	else
		(void)err_rule(why, "validation.http.timeout", NULL, "BR 3.2.2.4.18",
			"asked for %s; the answer took too long; let it come in time", url);
}

const struct probe_kind probe_http_kind = { "http", start, abandon, late };
