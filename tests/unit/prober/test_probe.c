/* The queue: who may run, who waits, and who has waited too long. The looks themselves do nothing here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "prober/probe.h"

enum { IDS = 2000 };

static struct probe *looking[IDS]; /* what runs, by its id's place in this test */
static char answered[IDS][64];     /* "ok", or the id of why it failed */

static void start(struct probe *p)
{
	looking[p->id] = p;
}

static void abandon(struct probe *p)
{
	looking[p->id] = NULL;
}

static void late(struct probe *p, struct acsr_err *why)
{
	(void)p;
	(void)err_set(why, "dns.timeout", "late");
}

static const struct probe_kind idle = { "idle", start, abandon, late };

static void on_answer(void *arg, uint64_t id, const struct msg_probe_result *m)
{
	(void)arg;
	snprintf(answered[id], sizeof(answered[id]), "%s", m->ok ? "ok" : m->error_id);
}

static void on_failed(void *arg, uint64_t id, const struct acsr_err *why)
{
	(void)arg;
	snprintf(answered[id], sizeof(answered[id]), "%s", why->id);
}

static struct prober *fresh(struct prober *p)
{
	struct acsr_err e;

	memset(looking, 0, sizeof(looking));
	memset(answered, 0, sizeof(answered));
	*p = (struct prober){ .timeout = 600000, .answer = on_answer, .failed = on_failed };
	p->waiting_tail = &p->waiting;
	assert_int_equal(loop_new(&p->loop, &e), ACSR_OK);
	return p;
}

static void end(struct prober *p)
{
	prober_drop_all(p);
	loop_free(p->loop);
}

static void submit(struct prober *p, uint64_t id, const char *name)
{
	const struct probe_ask ask = { .name = name };

	probe_submit(p, id, &idle, &ask);
}

/* n names of one pattern (with one number in it) from id `from` on; how many of them run. */
static size_t submit_many(struct prober *p, uint64_t from, size_t n, const char *before, const char *after)
{
	size_t running = 0;
	char name[100];

	for (size_t i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%s%zu%s", before, i + 1, after);
		submit(p, from + i, name);
		running += looking[from + i] != NULL;
	}
	return running;
}

/* One customer has a part of the places, and the next in the queue is not held up by those before it. */
static void one_customer_leaves_room(
	const char *before, const char *after, const char *other, const char *same)
{
	struct prober p;

	fresh(&p);
	assert_int_equal(submit_many(&p, 0, PROBES_PER_DOMAIN + 4, before, after), PROBES_PER_DOMAIN);
	submit(&p, 100, same);
	submit(&p, 101, other);
	assert_null(looking[100]);
	assert_non_null(looking[101]);
	/* A place of its own gets free: the first that waits takes it. */
	probe_done(looking[3], NULL, 0);
	assert_string_equal(answered[3], "ok");
	assert_non_null(looking[PROBES_PER_DOMAIN]);
	assert_null(looking[PROBES_PER_DOMAIN + 1]);
	/* Somebody else's place is none for it. */
	probe_done(looking[101], NULL, 0);
	assert_null(looking[PROBES_PER_DOMAIN + 1]);
	end(&p);
}

static void names_of_one_domain_share(void **state)
{
	(void)state;
	one_customer_leaves_room("www", ".example.com", "www.example.org", "a.b.Example.COM");
	one_customer_leaves_room("www", ".example.co.uk", "www.other.co.uk", "www.example.co.uk");
}

static void addresses_of_one_network_share(void **state)
{
	(void)state;
	one_customer_leaves_room("192.0.2.", "", "192.0.3.1", "192.0.2.255");
	one_customer_leaves_room("2001:db8:0:1::", "", "2001:db8:0:2::1", "2001:db8:0:1:ffff:ffff:ffff:ffff");
}

static void all_together_are_bounded_too(void **state)
{
	struct prober p;

	(void)state;
	fresh(&p);
	assert_int_equal(submit_many(&p, 0, PROBES_RUNNING + 1, "www.example", ".test"), PROBES_RUNNING);
	assert_int_equal(submit_many(&p, 100, PROBES_WAITING - 1, "www.other", ".test"), 0);
	assert_string_equal(answered[100 + PROBES_WAITING - 2], "");
	submit(&p, 1999, "www.last.test");
	assert_string_equal(answered[1999], "busy.prober");
	end(&p);
}

/* The two that core has given up are told so and never run; who came later takes the place. */
static void what_nobody_waits_for_is_dropped(void **state)
{
	struct prober p;

	(void)state;
	fresh(&p);
	assert_int_equal(submit_many(&p, 0, PROBES_PER_DOMAIN + 4, "www", ".example.com"), PROBES_PER_DOMAIN);
	p.waiting->asked -= PROBE_WAITS_MS + 1;
	p.waiting->next->asked -= PROBE_WAITS_MS + 1;
	p.waiting->next->next->asked -= PROBE_WAITS_MS - 1000;
	probe_done(looking[0], NULL, 0);
	for (size_t i = PROBES_PER_DOMAIN; i < PROBES_PER_DOMAIN + 2; i++) {
		assert_string_equal(answered[i], "busy.prober");
		assert_null(looking[i]);
	}
	assert_non_null(looking[PROBES_PER_DOMAIN + 2]);
	assert_string_equal(answered[PROBES_PER_DOMAIN + 3], "");
	assert_int_equal(p.n_waiting, 1);
	/* All that wait: the queue is whole afterwards. */
	p.waiting->asked -= PROBE_WAITS_MS + 1;
	probe_done(looking[1], NULL, 0);
	assert_string_equal(answered[PROBES_PER_DOMAIN + 3], "busy.prober");
	assert_int_equal(p.n_waiting, 0);
	submit(&p, 200, "www.example.com");
	assert_non_null(looking[200]);
	end(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_one_domain_share),
		cmocka_unit_test(addresses_of_one_network_share),
		cmocka_unit_test(all_together_are_bounded_too),
		cmocka_unit_test(what_nobody_waits_for_is_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
