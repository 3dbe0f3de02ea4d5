/* DNS validation and CAA against a real signed tree, through the real process in its sandbox. */
#include <setjmp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "recursor.h"
#include "world.h"

static struct world w = { .web_port = 80, .tls_port = 443 };

static int up(void **state)
{
	(void)state;
	world_dns_up(&w);
	world_prober(&w, "", "6s");
	return 0;
}

static int down(void **state)
{
	(void)state;
	world_prober_stop(&w);
	world_dns_down(&w);
	return 0;
}

static void dns(const char *record, const char *value, const char *error)
{
	struct answer a;

	ask_dns(&w, record, value, &a);
	expect(&a, error);
}

static void the_record_with_the_value_is_found(void **state)
{
	struct answer a;

	(void)state;
	ask_dns(&w, "one.good.test", "value", &a);
	assert_string_equal(step_text(&a, 0, "dnssec"), "secure");
	expect(&a, NULL);
	ask_dns(&w, "www.unsigned.test", "value", &a);
	assert_string_equal(step_text(&a, 0, "dnssec"), "insecure");
	expect(&a, NULL);
}

static void strings_of_one_record_are_one_text(void **state)
{
	(void)state;
	dns("many.good.test", "value", NULL);
	dns("many.good.test", "val", "validation.dns.absent");
}

static void only_the_exact_value_counts(void **state)
{
	struct answer a;

	(void)state;
	ask_dns(&w, "wrong.good.test", "value", &a);
	assert_non_null(strstr(a.text, "\"Value\""));
	assert_non_null(strstr(a.text, "\\x00\\xc8"));
	expect(&a, "validation.dns.absent");
}

static void forged_answers_are_told_from_failures(void **state)
{
	(void)state;
	dns("www.tampered.test", "changed", "dns.bogus");
	dns("www.wrongds.test", "value", "dns.bogus");
}

static void each_failure_has_its_own_id(void **state)
{
	(void)state;
	dns("nothing.unsigned.test", "value", "dns.nxdomain");
	dns("one.one.good.test", "value", "dns.nxdomain");
	dns("www.good.test", "value", "dns.nodata");
	dns("www.servfail.test", "value", "dns.servfail");
	dns("loop1.good.test", "value", "dns.loop");
	dns("no name", "value", "dns.name");
	dns("a..good.test", "value", "dns.name");
}

/* More than a datagram holds, and more than evidence may be. */
static void many_long_records_are_read_all_the_same(void **state)
{
	struct answer a;

	(void)state;
	ask_dns(&w, "big.good.test", "value", &a);
	assert_non_null(json_string_value(json_object_get(a.evidence, "steps")));
	expect(&a, NULL);
	ask_dns(&w, "big.good.test", "another value", &a);
	expect(&a, "validation.dns.absent");
}

/* More records than one would think: each of them counts, wherever it stands. */
static void of_four_hundred_records_none_is_left_out(void **state)
{
	static const char *const values[] = { "order-0001", "order-0099", "order-0101", "order-0250",
		"order-0400" };
	struct answer a;

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		ask_dns(&w, "crowd.good.test", values[i], &a);
		expect(&a, NULL);
	}
	ask_dns(&w, "crowd.good.test", "order-0401", &a);
	assert_non_null(strstr(a.text, "none of 400 records"));
	expect(&a, "validation.dns.absent");
}

static void update(const char *what)
{
	char command[300];

	snprintf(command, sizeof(command),
		"printf 'server 127.0.0.1 %d\nzone good.test\n%s\nsend\n' | knsupdate >/dev/null", w.dns_port,
		what);
	assert_int_equal(system(command), 0);
}

/* Ask until it is there, for much less time than the record's TTL. */
static void comes_true_soon(const char *record, const char *value)
{
	struct answer a;

	for (int i = 0; i < 30; i++) {
		ask_dns(&w, record, value, &a);
		if (a.ok)
			break;
		answer_free(&a);
		poll(NULL, 0, 500);
	}
	expect(&a, NULL);
}

static void a_change_is_seen_whatever_the_ttl_was(void **state)
{
	(void)state;
	dns("fresh.good.test", "first", "dns.nodata");
	update("add fresh.good.test 86400 TXT first");
	comes_true_soon("fresh.good.test", "first");
	update("del fresh.good.test TXT\nadd fresh.good.test 86400 TXT second");
	comes_true_soon("fresh.good.test", "second");
}

static void an_alias_into_another_zone_is_followed(void **state)
{
	(void)state;
	dns("far.good.test", "value", NULL);
}

static void a_resolver_that_never_answers_is_a_timeout(void **state)
{
	struct world silent = w;
	char resolver[32];
	struct answer a;
	int fd, port = silent_port(&fd);

	(void)state;
	snprintf(resolver, sizeof(resolver), "127.0.0.1:%d", port);
	world_prober_at(&silent, resolver, "", "1s");
	ask_dns(&silent, "one.good.test", "value", &a);
	expect(&a, "dns.timeout");
	ask_caa(&silent, "allow.caa.test", false, "ca.test", &a);
	expect(&a, "caa.lookup");
	world_prober_stop(&silent);
	close(fd);
}

/* The same verdicts when the resolver is not the authority itself but a plain recursive one in front of it.
 */
static void a_recursive_resolver_will_do(void **state)
{
	static const struct {
		const char *record, *error, *dnssec;
	} cases[] = { { "one.good.test", NULL, "secure" }, { "many.good.test", NULL, "secure" },
		{ "far.good.test", NULL, "insecure" }, { "www.unsigned.test", NULL, "insecure" },
		{ "www.tampered.test", "dns.bogus", "bogus" }, { "www.wrongds.test", "dns.bogus", "bogus" },
		{ "nothing.unsigned.test", "dns.nxdomain", "insecure" },
		{ "one.one.good.test", "dns.nxdomain", "secure" },
		{ "www.good.test", "dns.nodata", "secure" },
		{ "www.servfail.test", "dns.servfail", "insecure" },
		{ "loop1.good.test", "dns.loop", "insecure" } };
	struct world behind = w;
	char resolver[32];
	struct answer a;

	(void)state;
	snprintf(resolver, sizeof(resolver), "127.0.0.1:%d", recursor_up(w.dns_port));
	world_prober_at(&behind, resolver, "", "6s");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		print_message("%s\n", cases[i].record);
		ask_dns(&behind, cases[i].record, "value", &a);
		assert_string_equal(step_text(&a, 0, "dnssec"), cases[i].dnssec);
		expect(&a, cases[i].error);
	}
	ask_caa(&behind, "deep.sub.allow.caa.test", false, "ca.test", &a);
	expect(&a, NULL);
	ask_caa(&behind, "alias.caa.test", false, "ca.test", &a);
	expect(&a, "caa.forbidden");
	ask_caa(&behind, "www.servfail.test", false, "ca.test", &a);
	expect(&a, "caa.lookup");
	world_prober_stop(&behind);
}

/* A signal is on its way for a moment, in which a question could still be answered. */
static void stop_and_wait(pid_t pid)
{
	char path[64], stat[256] = "";

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	kill(pid, SIGSTOP);
	while (strstr(stat, ") T ") == NULL) {
		FILE *f = fopen(path, "r");

		assert_non_null(f);
		assert_non_null(fgets(stat, sizeof(stat), f));
		fclose(f);
		poll(NULL, 0, 5);
	}
}

/* The name servers go away for a while. Whoever asks after they are back gets an answer, without help. */
static void it_recovers_when_dns_comes_back(void **state)
{
	struct world outage = w;
	struct answer a;

	(void)state;
	world_prober(&outage, "", "1s");
	ask_dns(&outage, "one.good.test", "value", &a);
	expect(&a, NULL);
	stop_and_wait(w.dns);
	for (int i = 0; i < 4; i++) {
		ask_dns(&outage, i % 2 == 0 ? "many.good.test" : "www.unsigned.test", "value", &a);
		expect(&a, "dns.timeout");
	}
	kill(w.dns, SIGCONT);
	for (int i = 0; i < 60; i++) {
		poll(NULL, 0, 1000);
		ask_dns(&outage, "many.good.test", "value", &a);
		if (a.ok)
			break;
		answer_free(&a);
	}
	expect(&a, NULL);
	world_prober_stop(&outage);
}

static void caa(const char *name, bool wildcard, const char *identity, const char *error)
{
	struct answer a;

	ask_caa(&w, name, wildcard, identity, &a);
	expect(&a, error);
}

static void caa_is_looked_for_up_the_tree(void **state)
{
	struct answer a;

	(void)state;
	ask_caa(&w, "deep.sub.allow.caa.test", false, "ca.test", &a);
	assert_string_equal(json_string_value(json_object_get(a.evidence, "decided_at")), "allow.caa.test");
	assert_string_equal(step_text(&a, 0, "of"), "deep.sub.allow.caa.test");
	assert_true(a.ttl <= 5);
	expect(&a, NULL);
	caa("deep.sub.allow.caa.test", false, "other.test", "caa.forbidden");
	caa("www.good.test", false, "ca.test", NULL);
	caa("www.good.test", false, "", NULL);
	caa("www.unsigned.test", true, "ca.test", NULL);
}

static void caa_decides(void **state)
{
	(void)state;
	caa("allow.caa.test", false, "ca.test", NULL);
	caa("allow.caa.test", true, "ca.test", NULL);
	caa("allow.caa.test", false, "", "caa.forbidden");
	caa("forbid.caa.test", false, "ca.test", "caa.forbidden");
	caa("x.forbid.caa.test", false, "ca.test", "caa.forbidden");
	caa("alias.caa.test", false, "ca.test", "caa.forbidden");
	caa("wild.caa.test", false, "ca.test", "caa.forbidden");
	caa("wild.caa.test", true, "ca.test", NULL);
	caa("nowild.caa.test", true, "ca.test", "caa.forbidden");
	caa("nowild.caa.test", false, "ca.test", NULL);
	caa("critical.caa.test", false, "ca.test", "caa.critical");
	caa("short.caa.test", false, "ca.test", "caa.malformed");
}

static void no_answer_is_no_permission(void **state)
{
	(void)state;
	caa("www.servfail.test", false, "ca.test", "caa.lookup");
	caa("www.tampered.test", false, "ca.test", NULL);
	caa("www.wrongds.test", false, "ca.test", "caa.lookup");
	caa("loop.caa.test", false, "ca.test", "caa.lookup");
}

static void an_address_has_no_caa(void **state)
{
	(void)state;
	caa("192.0.2.1", false, "ca.test", NULL);
	caa("2001:db8::1", false, "", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_record_with_the_value_is_found),
		cmocka_unit_test(strings_of_one_record_are_one_text),
		cmocka_unit_test(only_the_exact_value_counts),
		cmocka_unit_test(forged_answers_are_told_from_failures),
		cmocka_unit_test(each_failure_has_its_own_id),
		cmocka_unit_test(many_long_records_are_read_all_the_same),
		cmocka_unit_test(of_four_hundred_records_none_is_left_out),
		cmocka_unit_test(a_change_is_seen_whatever_the_ttl_was),
		cmocka_unit_test(an_alias_into_another_zone_is_followed),
		cmocka_unit_test(a_resolver_that_never_answers_is_a_timeout),
		cmocka_unit_test(a_recursive_resolver_will_do),
		cmocka_unit_test(it_recovers_when_dns_comes_back),
		cmocka_unit_test(caa_is_looked_for_up_the_tree),
		cmocka_unit_test(caa_decides),
		cmocka_unit_test(no_answer_is_no_permission),
		cmocka_unit_test(an_address_has_no_caa),
	};

	return cmocka_run_group_tests(tests, up, down);
}
