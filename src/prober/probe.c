/* The queue, the deadline and the answer. */
#include "prober/probe.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum { EVIDENCE = 8192 };

static void probe_free(struct probe *p)
{
	if (p->state != NULL)
		p->kind->abandon(p);
	loop_cancel(p->deadline);
	json_decref(p->evidence);
	free(p->name);
	free(p->path);
	free(p->expect);
	free(p->account_uri);
	free(p->method);
	free(p);
}

void prober_drop_all(struct prober *p)
{
	while (p->waiting != NULL) {
		struct probe *next = p->waiting->next;

		probe_free(p->waiting);
		p->waiting = next;
	}
	while (p->running != NULL) {
		struct probe *next = p->running->next;

		probe_free(p->running);
		p->running = next;
	}
	p->waiting_tail = &p->waiting;
	p->n_waiting = p->n_running = 0;
}

int64_t probe_left(const struct probe *p)
{
	int64_t left = p->started + p->p->timeout - clock_mono_ms();

	return left > 1 ? left : 1;
}

/* --- running --- */

/* The part of name that begins `labels` labels before its end. */
static const char *tail_of(const char *name, unsigned labels)
{
	const char *p = name + strlen(name);

	while (p > name && (p[-1] != '.' || --labels > 0))
		p--;
	return p;
}

/* Near enough to "one customer" for fairness: two labels, or three below something like co.uk. */
static const char *domain_of(const char *name)
{
	const char *two = tail_of(name, 2), *one = tail_of(name, 1);

	return strlen(one) == 2 && one - two <= 4 ? tail_of(name, 3) : two;
}

static void set_customer(struct probe *p)
{
	struct netaddr a;

	p->customer = domain_of(p->name);
	if (!netaddr_parse(p->name, &a))
		return;
	memset(a.b + (a.family == AF_INET ? 3 : 8), 0, a.family == AF_INET ? 1 : 8);
	netaddr_print(&a, p->network);
	p->customer = p->network;
}

static size_t running_for(const struct prober *p, const char *customer)
{
	size_t n = 0;

	for (const struct probe *r = p->running; r != NULL; r = r->next)
		n += strcasecmp(r->customer, customer) == 0;
	return n;
}

/* The first that may run now, taken off the queue; NULL when there is none. */
static struct probe *next_to_run(struct prober *p)
{
	for (struct probe **at = &p->waiting; *at != NULL; at = &(*at)->next) {
		struct probe *found = *at;

		if (running_for(p, found->customer) >= PROBES_PER_DOMAIN)
			continue;
		*at = found->next;
		if (p->waiting_tail == &found->next)
			p->waiting_tail = at;
		p->n_waiting--;
		return found;
	}
	return NULL;
}

static void on_deadline(void *arg)
{
	struct probe *p = arg;
	struct acsr_err why = { 0 };

	p->deadline = NULL;
	p->kind->late(p, &why);
	probe_done(p, &why, 0);
}

static void run(struct probe *p)
{
	struct prober *own = p->p;
	struct acsr_err e = { 0 };
	char now[21];

	p->next = own->running;
	own->running = p;
	own->n_running++;
	p->started = clock_mono_ms();
	if (own->begins != NULL)
		own->begins(own->arg, p->id);
	clock_rfc3339(clock_now(), now);
	p->evidence = json_object();
	p->steps = json_array();
	evidence_text(p->evidence, "probe", p->kind->name);
	evidence_text(p->evidence, "name", p->name);
	evidence_text(p->evidence, "at", now);
	json_object_set_new(p->evidence, "steps", p->steps);
	if (p->evidence == NULL || p->steps == NULL)
		(void)err_nomem(&e);
	else if (loop_after(own->loop, own->timeout, on_deadline, p, &p->deadline, &e) == ACSR_OK) {
		p->kind->start(p);
		return;
	}
	probe_done(p, &e, 0);
}

/* Nobody waits any more for those that have waited so long; the oldest are first. */
static void drop_old(struct prober *p)
{
	int64_t now = clock_mono_ms();

	while (p->waiting != NULL && now - p->waiting->asked > PROBE_WAITS_MS) {
		struct probe *old = p->waiting;
		struct acsr_err e;

		p->waiting = old->next;
		if (p->waiting == NULL)
			p->waiting_tail = &p->waiting;
		p->n_waiting--;
		(void)err_set(&e, "busy.prober", "the check has waited too long for its turn");
		p->failed(p->arg, old->id, &e);
		probe_free(old);
	}
}

/* A probe that ends at once comes back in here through probe_done: the outer call goes on instead. */
static void pump(struct prober *p)
{
	struct probe *next;

	if (p->pumping)
		return;
	p->pumping = true;
	drop_old(p);
	while (p->n_running < PROBES_RUNNING && (next = next_to_run(p)) != NULL)
		run(next);
	p->pumping = false;
}

/* --- the answer --- */

/* The whole evidence, or without its steps when a server has managed to make it too long. */
static char *dump_evidence(struct probe *p)
{
	char *text = json_dumps(p->evidence, JSON_COMPACT | JSON_ENSURE_ASCII);

	if (text != NULL && strlen(text) <= EVIDENCE)
		return text;
	free(text);
	json_object_set_new(p->evidence, "steps", json_string("too long to keep"));
	return json_dumps(p->evidence, JSON_COMPACT | JSON_ENSURE_ASCII);
}

static void send_answer(struct probe *p, const struct acsr_err *why, int64_t ttl)
{
	struct acsr_err copy = why != NULL ? *why : (struct acsr_err){ 0 };
	struct msg_probe_result m = { .ok = why == NULL,
		.error_id = copy.id,
		.error_text = copy.text,
		.ttl = (uint64_t)(ttl < 0           ? 0
				  : ttl > INT32_MAX ? INT32_MAX
						    : ttl) };

	json_object_set_new(p->evidence, "ms", json_integer(clock_mono_ms() - p->started));
	json_object_set_new(p->evidence, "result", json_string(why == NULL ? "ok" : why->id));
	m.evidence = dump_evidence(p);
	p->p->answer(p->p->arg, p->id, &m);
	free(m.evidence);
}

static void unlink_running(struct probe *p)
{
	for (struct probe **at = &p->p->running; *at != NULL; at = &(*at)->next)
		if (*at == p) {
			*at = p->next;
			p->p->n_running--;
			return;
		}
}

void probe_done(struct probe *p, const struct acsr_err *why, int64_t ttl)
{
	struct prober *own = p->p;

	unlink_running(p);
	if (why != NULL && (err_is(why, "sys.") || err_is(why, "busy.")))
		own->failed(own->arg, p->id, why);
	else
		send_answer(p, why, ttl);
	probe_free(p);
	pump(own);
}

static char *copy(const char *s)
{
	return strdup(s != NULL ? s : "");
}

static struct probe *probe_new(const struct probe_ask *ask)
{
	struct probe *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->name = copy(ask->name);
	p->path = copy(ask->path);
	p->expect = copy(ask->expect);
	p->account_uri = copy(ask->account_uri);
	p->method = copy(ask->method);
	p->wildcard = ask->wildcard;
	p->has_digest = ask->digest.len == sizeof(p->digest);
	if (p->has_digest)
		memcpy(p->digest, ask->digest.p, sizeof(p->digest));
	if (p->name != NULL && p->path != NULL && p->expect != NULL && p->account_uri != NULL &&
		p->method != NULL) {
		set_customer(p);
		return p;
	}
	probe_free(p);
	return NULL;
}

void probe_submit(struct prober *p, uint64_t id, const struct probe_kind *kind, const struct probe_ask *ask)
{
	struct acsr_err e;
	struct probe *new;

	if (p->n_waiting >= PROBES_WAITING) {
		(void)err_set(&e, "busy.prober", "%zu checks are waiting already, try again in a moment",
			p->n_waiting);
		p->failed(p->arg, id, &e);
		return;
	}
	new = probe_new(ask);
	if (new == NULL) {
		(void)err_nomem(&e);
		p->failed(p->arg, id, &e);
		return;
	}
	new->p = p;
	new->id = id;
	new->asked = clock_mono_ms();
	new->kind = kind;
	*p->waiting_tail = new;
	p->waiting_tail = &new->next;
	p->n_waiting++;
	pump(p);
}
