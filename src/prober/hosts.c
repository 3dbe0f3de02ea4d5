/* A and AAAA of a host, and which of its addresses may be dialled. */
#include "prober/hosts.h"

#include <stdio.h>

/* Keep what may be dialled, IPv6 first, then in turn; *why is about the last one that may not. */
static void choose(struct host_look *l, char *why, size_t cap)
{
	const struct host_family *families[] = { &l->v6, &l->v4 };
	json_t *all = json_array();

	l->n_dial = l->dialled = 0;
	for (size_t i = 0; i < 2 * HOST_ADDRESSES; i++) {
		const struct host_family *f = families[i % 2];
		char text[NETADDR_TEXT];
		const char *refused;

		if (i / 2 >= f->n)
			continue;
		netaddr_print(&f->addr[i / 2], text);
		json_array_append_new(all, json_string(text));
		refused = netaddr_refused(&f->addr[i / 2], &l->p->p->allowed);
		if (refused != NULL)
			snprintf(why, cap, "%s is %s", text, refused);
		else if (l->n_dial < HOST_DIALS)
			l->dial[l->n_dial++] = f->addr[i / 2];
	}
	json_object_set_new(l->step, "addresses", all);
}

static void choose_and_dial(struct host_look *l)
{
	char why[NETADDR_TEXT + 80] = "";

	choose(l, why, sizeof(why));
	if (l->n_dial > 0)
		l->found(l->p);
	else
		l->refused(l->p, why);
}

const struct netaddr *host_next(struct host_look *l, int64_t *connect_ms)
{
	const struct netaddr *to;
	char text[NETADDR_TEXT];

	if (l->dialled == l->n_dial)
		return NULL;
	to = &l->dial[l->dialled++];
	*connect_ms = probe_left(l->p) / (int64_t)(l->n_dial - l->dialled + 1);
	netaddr_print(to, text);
	evidence_text(l->step, "dialled", text);
	return to;
}

static void say_dns(struct host_look *l, const struct host_family *f)
{
	struct dns_answer a = { .outcome = f->outcome, .name = l->host, .type = f->type, .why = "" };
	struct acsr_err e;

	(void)dns_error(&e, &a);
	probe_done(l->p, &e, 0);
}

/* Both answers are there. One good family is enough, unless the other one is forged. */
static void resolved(struct host_look *l)
{
	const struct host_family *bad = &l->v4;

	if (l->v6.n + l->v4.n > 0) {
		bool secure = (l->v6.n == 0 || l->v6.secure) && (l->v4.n == 0 || l->v4.secure);

		json_object_set_new(l->step, "dnssec", json_string(secure ? "secure" : "insecure"));
		choose_and_dial(l);
		return;
	}
	/* The worse of the two is the one to tell: "no A record" would hide a failing server. */
	if (l->v4.outcome == DNS_NODATA || l->v4.outcome == DNS_NXDOMAIN)
		bad = l->v6.outcome == DNS_NODATA ? &l->v4 : &l->v6;
	say_dns(l, bad);
}

static void on_addresses(void *arg, const struct dns_answer *a)
{
	struct host_family *f = arg;
	struct host_look *l = f->look;
	struct acsr_err e;

	f->query = NULL;
	f->outcome = a->outcome;
	f->secure = a->secure;
	for (size_t i = 0; i < a->n && f->n < HOST_ADDRESSES; i++)
		if (netaddr_from_rdata(a->rdata[i], &f->addr[f->n]))
			f->n++;
	json_object_set_new(l->step, dns_type_name(a->type), json_string(dns_outcome_name(a->outcome)));
	if (a->outcome == DNS_BOGUS) {
		(void)dns_error(&e, a);
		probe_done(l->p, &e, 0);
	} else if (l->v6.query == NULL && l->v4.query == NULL) {
		resolved(l);
	}
}

/* Half of the time that is left: if one of the families never answers, the other can still be dialled. */
static enum acsr_result ask(struct host_look *l, struct host_family *f, int type, struct acsr_err *e)
{
	*f = (struct host_family){ .look = l, .type = type };
	return resolver_ask(
		l->p->p->dns, l->host, type, (probe_left(l->p) + 1) / 2, on_addresses, f, &f->query, e);
}

void host_look_up(struct host_look *l)
{
	struct acsr_err e;

	l->v4 = (struct host_family){ .look = l };
	if (ask(l, &l->v6, DNS_AAAA, &e) != ACSR_OK || ask(l, &l->v4, DNS_A, &e) != ACSR_OK)
		probe_done(l->p, &e, 0);
}

void host_look_at(struct host_look *l, const struct netaddr *addr)
{
	struct host_family *f = addr->family == AF_INET6 ? &l->v6 : &l->v4;

	l->v4 = l->v6 = (struct host_family){ .look = l };
	f->addr[f->n++] = *addr;
	choose_and_dial(l);
}

void host_forget(struct host_look *l)
{
	resolver_forget(l->v6.query);
	resolver_forget(l->v4.query);
	l->v6.query = l->v4.query = NULL;
}
