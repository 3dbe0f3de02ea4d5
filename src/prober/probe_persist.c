/* BR 3.2.2.4.22 (dns-persist-01): one TXT record at _validation-persist.NAME must name this CA and this account. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "prober/persist.h"
#include "prober/probe.h"
#include "prober/show.h"
#include "prober/txt.h"

#define LABEL "_validation-persist."

struct persist_state {
	struct dns_query *query;
	char record[300];
};

enum { FOUND_SHOWN = 20 };

/* The record that came nearest to a yes is the one to tell about. */
static const char *const words[] = { [PERSIST_OTHER_CA] = "none of the records is for this CA",
	[PERSIST_MALFORMED] = "the record for this CA cannot be read, or holds a parameter twice",
	[PERSIST_OTHER_ACCOUNT] = "the record for this CA names another account",
	[PERSIST_NO_WILDCARD] = "the record does not permit wildcards; it needs policy=wildcard",
	[PERSIST_OVER] = "the record's persistUntil has passed" };

static void refuse(struct probe *p, const struct dns_answer *a, enum persist_verdict best, const char *seen)
{
	struct acsr_err e;

	(void)err_rule(&e, "validation.persist.absent", NULL, "BR 3.2.2.4.22",
		"asked for TXT of %.120s; %s; found %s; publish \"%.80s; accounturi=%.150s%s\"", a->name,
		words[best], seen, p->expect, p->account_uri, p->wildcard ? "; policy=wildcard" : "");
	probe_done(p, &e, 0);
}

static void judge(struct probe *p, const struct dns_answer *a, json_t *step)
{
	CLEANUP_BUF struct buf text = { 0 };
	const struct persist_asker who = { .identity = p->expect,
		.account_uri = p->account_uri,
		.wildcard = p->wildcard,
		.now = clock_now() };
	enum persist_verdict best = PERSIST_OTHER_CA, v = best;
	json_t *found = json_array();
	char seen[100] = "";

	buf_init(&text, TXT_MAX);
	for (size_t i = 0; i < a->n && v != PERSIST_YES; i++) {
		if (!txt_join(a->rdata[i], &text))
			continue;
		v = persist_judge((struct bytes){ text.p, text.len }, &who);
		best = v > best ? v : best;
		if (i < FOUND_SHOWN)
			evidence_bytes(found, text.p, text.len);
		txt_add(seen, sizeof(seen), &text);
	}
	json_object_set_new(step, "found", found);
	json_object_set_new(step, "records", json_integer((json_int_t)a->n));
	if (v == PERSIST_YES)
		probe_done(p, NULL, a->ttl);
	else
		refuse(p, a, best, seen);
}

static void on_answer(void *arg, const struct dns_answer *a)
{
	struct probe *p = arg;
	struct persist_state *s = p->state;
	struct acsr_err e;
	json_t *step = evidence_step(p);

	s->query = NULL;
	evidence_text(step, "asked", "TXT");
	evidence_text(step, "of", a->name);
	evidence_answer(step, a);
	if (a->outcome == DNS_DATA) {
		judge(p, a, step);
		return;
	}
	(void)dns_error(&e, a);
	probe_done(p, &e, 0);
}

static enum acsr_result ask(struct probe *p, struct acsr_err *e)
{
	struct persist_state *s = calloc(1, sizeof(*s));

	p->state = s;
	if (s == NULL)
		return err_nomem(e);
	if (p->expect[0] == '\0' || p->account_uri[0] == '\0')
		return err_rule(e, "validation.persist.identity", NULL, "BR 3.2.2.4.22",
			"this CA has no domain of its own that a record could name; set [ca] caa_identity");
	snprintf(s->record, sizeof(s->record), LABEL "%s", p->name);
	evidence_text(p->evidence, "identity", p->expect);
	evidence_text(p->evidence, "account_uri", p->account_uri);
	json_object_set_new(p->evidence, "wildcard", json_boolean(p->wildcard));
	return resolver_ask(p->p->dns, s->record, DNS_TXT, probe_left(p), on_answer, p, &s->query, e);
}

static void start(struct probe *p)
{
	struct acsr_err e;

	if (ask(p, &e) != ACSR_OK)
		probe_done(p, &e, 0);
}

static void abandon(struct probe *p)
{
	struct persist_state *s = p->state;

	resolver_forget(s->query);
	free(s);
}

static void late(struct probe *p, struct acsr_err *why)
{
	const struct persist_state *s = p->state;
	struct dns_answer a = { .outcome = DNS_TIMEOUT, .name = s->record, .type = DNS_TXT };

	(void)dns_error(why, &a);
}

const struct probe_kind probe_persist_kind = { "persist", start, abandon, late };
