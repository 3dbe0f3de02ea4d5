/* BR 3.2.2.4.7: one TXT record at the name must be exactly the random value. */
#include <stdlib.h>
#include <string.h>

#include "prober/probe.h"
#include "prober/show.h"
#include "prober/txt.h"

struct dns_state {
	struct dns_query *query;
};

enum { FOUND_SHOWN = 20 };

static bool is_value(const struct buf *text, const char *value)
{
	return text->len == strlen(value) &&
	       memcmp(buf_cstr((struct buf *)(uintptr_t)text), value, text->len) == 0;
}

static void compare(struct probe *p, const struct dns_answer *a, json_t *step)
{
	CLEANUP_BUF struct buf text = { 0 };
	struct acsr_err e;
	json_t *found = json_array();
	char seen[161] = "", name[161];
	bool ok = false;

	buf_init(&text, TXT_MAX);
	for (size_t i = 0; i < a->n; i++) {
		if (!txt_join(a->rdata[i], &text))
			continue;
		ok = ok || is_value(&text, p->expect);
		if (i < FOUND_SHOWN)
			evidence_bytes(found, text.p, text.len);
		txt_add(seen, sizeof(seen), &text);
	}
	json_object_set_new(step, "found", found);
	json_object_set_new(step, "records", json_integer((json_int_t)a->n));
	show_text(p->name, name, sizeof(name));
	if (!ok)
		(void)err_rule(&e, "validation.dns.absent", NULL, "BR 3.2.2.4.7",
			"asked for TXT of %s; none of %zu records is the value of this order, found %s; "
			"publish "
			"the "
			"value as one TXT record",
			name, a->n, seen);
	probe_done(p, ok ? NULL : &e, a->ttl);
}

static void on_answer(void *arg, const struct dns_answer *a)
{
	struct probe *p = arg;
	struct dns_state *s = p->state;
	struct acsr_err e;
	json_t *step = evidence_step(p);

	s->query = NULL;
	evidence_text(step, "asked", "TXT");
	evidence_answer(step, a);
	if (a->outcome == DNS_DATA) {
		compare(p, a, step);
		return;
	}
	(void)dns_error(&e, a);
	probe_done(p, &e, 0);
}

static void start(struct probe *p)
{
	struct dns_state *s = calloc(1, sizeof(*s));
	struct acsr_err e;

	p->state = s;
	if (s == NULL)
		(void)err_nomem(&e);
	else if (resolver_ask(p->p->dns, p->name, DNS_TXT, probe_left(p), on_answer, p, &s->query, &e) ==
		 ACSR_OK)
		return;
	probe_done(p, &e, 0);
}

static void abandon(struct probe *p)
{
	struct dns_state *s = p->state;

	resolver_forget(s->query);
	free(s);
}

static void late(struct probe *p, struct acsr_err *why)
{
	struct dns_answer a = { .outcome = DNS_TIMEOUT, .name = p->name, .type = DNS_TXT };

	(void)dns_error(why, &a);
}

const struct probe_kind probe_dns_kind = { "dns", start, abandon, late };
