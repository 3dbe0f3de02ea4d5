/* RFC 8659 3: from the name up to the TLD, the first record set that is not empty decides. */
#include <stdlib.h>
#include <string.h>

#include "prober/caa.h"
#include "prober/probe.h"

struct caa_state {
	struct dns_query *query;
	const char *at; /* the part of p->name that is asked for now */
	int64_t ttl;    /* the least of all steps: so long does the whole answer hold */
};

enum { RECORDS_SHOWN = 20, RECORDS_MAX = 100 };

/* No answer is not permission (BR 3.2.2.8): the DNS error keeps its text under an id of its own. */
static void fail_lookup(struct acsr_err *e, const struct dns_answer *a)
{
	struct acsr_err why = { 0 };

	(void)dns_error(&why, a);
	(void)err_rule(e, a->outcome == DNS_INTERNAL ? why.id : "caa.lookup", NULL, "BR 3.2.2.8",
		"without an answer about CAA no certificate may be issued: %.300s", why.text);
}

static void record_step(struct probe *p, const struct dns_answer *a)
{
	json_t *step = evidence_step(p), *records = json_array();
	char text[256];

	evidence_text(step, "asked", "CAA");
	evidence_text(step, "of", a->name);
	evidence_answer(step, a);
	for (size_t i = 0; i < a->n && i < RECORDS_SHOWN; i++) {
		caa_print(a->rdata[i], text, sizeof(text));
		json_array_append_new(records, json_string(text));
	}
	json_object_set_new(step, "records", records);
}

static void decide(struct probe *p, const struct dns_answer *a)
{
	const struct caa_state *s = p->state;
	const struct caa_asker who = { .identity = p->expect,
		.account_uri = p->account_uri,
		.method = p->method,
		.wildcard = p->wildcard };
	struct acsr_err e;

	evidence_text(p->evidence, "decided_at", a->name);
	/* All of them are judged, or none: one that was left out could forbid it. */
	if (a->n > RECORDS_MAX) {
		(void)err_rule(&e, "caa.malformed", NULL, "RFC 8659 3",
			"%s has more than %d CAA records; publish fewer", a->name, (int)RECORDS_MAX);
		probe_done(p, &e, s->ttl);
	} else if (caa_decide(a->rdata, a->n, a->name, &who, &e) == ACSR_OK)
		probe_done(p, NULL, s->ttl);
	else
		probe_done(p, &e, s->ttl);
}

static void ask(struct probe *p);

static void on_answer(void *arg, const struct dns_answer *a)
{
	struct probe *p = arg;
	struct caa_state *s = p->state;
	const char *dot = strchr(s->at, '.');
	struct acsr_err e;

	s->query = NULL;
	record_step(p, a);
	s->ttl = a->ttl < s->ttl ? a->ttl : s->ttl;
	if (a->outcome == DNS_DATA) {
		decide(p, a);
	} else if (a->outcome != DNS_NODATA && a->outcome != DNS_NXDOMAIN) {
		fail_lookup(&e, a);
		probe_done(p, &e, 0);
	} else if (dot == NULL) {
		evidence_text(p->evidence, "decided_at", "");
		probe_done(p, NULL, s->ttl);
	} else {
		s->at = dot + 1;
		ask(p);
	}
}

static void ask(struct probe *p)
{
	struct caa_state *s = p->state;
	struct acsr_err e;

	if (resolver_ask(p->p->dns, s->at, DNS_CAA, probe_left(p), on_answer, p, &s->query, &e) != ACSR_OK)
		probe_done(p, &e, 0);
}

static void start(struct probe *p)
{
	struct caa_state *s = calloc(1, sizeof(*s));
	struct netaddr address;
	struct acsr_err e;

	p->state = s;
	if (s == NULL) {
		(void)err_nomem(&e);
		probe_done(p, &e, 0);
		return;
	}
	*s = (struct caa_state){ .at = p->name, .ttl = INT32_MAX };
	if (netaddr_parse(p->name, &address)) {
		evidence_text(p->evidence, "decided_at", "an IP address has no CAA");
		probe_done(p, NULL, s->ttl);
		return;
	}
	evidence_text(p->evidence, "identity", p->expect);
	evidence_text(p->evidence, "account_uri", p->account_uri);
	evidence_text(p->evidence, "method", p->method);
	json_object_set_new(p->evidence, "wildcard", json_boolean(p->wildcard));
	ask(p);
}

static void abandon(struct probe *p)
{
	struct caa_state *s = p->state;

	resolver_forget(s->query);
	free(s);
}

static void late(struct probe *p, struct acsr_err *why)
{
	const struct caa_state *s = p->state;
	struct dns_answer a = { .outcome = DNS_TIMEOUT, .name = s->at, .type = DNS_CAA };

	fail_lookup(why, &a);
}

const struct probe_kind probe_caa_kind = { "caa", start, abandon, late };
