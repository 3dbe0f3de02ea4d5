/* http validation against a real server, through the real process in its sandbox. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "web.h"
#include "world.h"

static struct world w;
static struct web *plain, *tls;

static int up(void **state)
{
	(void)state;
	world_dns_up(&w);
	plain = web_up(false);
	tls = web_up(true);
	w.web_port = web_port(plain);
	w.tls_port = web_port(tls);
	world_prober(&w, "127.0.0.0/8", "2s");
	return 0;
}

static int down(void **state)
{
	(void)state;
	world_prober_stop(&w);
	web_down(plain);
	web_down(tls);
	world_dns_down(&w);
	return 0;
}

static void http(const char *name, const char *path, const char *error)
{
	struct answer a;

	ask_http(&w, name, path, WEB_CONTENT, &a);
	expect(&a, error);
}

static void follow(const char *location, const char *error)
{
	char path[700];

	snprintf(path, sizeof(path), "/to?%s", location);
	http("www.good.test", path, error);
}

static void the_file_with_the_content_is_found(void **state)
{
	struct answer a;

	(void)state;
	ask_http(&w, "www.good.test", "/ok", WEB_CONTENT, &a);
	assert_string_equal(step_text(&a, 0, "dnssec"), "secure");
	assert_string_equal(step_text(&a, 0, "dialled"), "127.0.0.1");
	expect(&a, NULL);
	assert_true(strncmp(web_last_host(plain), "www.good.test:", 14) == 0);
	ask_http(&w, "www.unsigned.test", "/ok", WEB_CONTENT, &a);
	assert_string_equal(step_text(&a, 0, "dnssec"), "insecure");
	expect(&a, NULL);
	http("far.good.test", "/ok", NULL);
	http("127.0.0.1", "/ok", NULL);
}

static void white_space_around_it_does_not_matter(void **state)
{
	(void)state;
	http("www.good.test", "/padded", NULL);
}

static void anything_else_is_refused(void **state)
{
	struct answer a;

	(void)state;
	http("www.good.test", "/wrong", "validation.http.content");
	http("www.good.test", "/404", "validation.http.status");
	http("www.good.test", "/500", "validation.http.status");
	http("www.good.test", "/206", "validation.http.status");
	http("www.good.test", "/garbage", "validation.http.protocol");
	http("www.good.test", "/short", "validation.http.protocol");
	ask_http(&w, "www.good.test", "/ok", "", &a);
	expect(&a, "validation.http.content");
}

static void what_never_ends_is_cut(void **state)
{
	(void)state;
	http("www.good.test", "/endless", "validation.http.size");
	http("www.good.test", "/headers", "validation.http.size");
	http("www.good.test", "/continue", "validation.http.size");
	http("www.good.test", "/drip", "validation.http.timeout");
	http("www.good.test", "/silent", "validation.http.timeout");
}

static void redirects_are_followed_ten_times(void **state)
{
	struct answer a;

	(void)state;
	http("www.good.test", "/n/9", NULL);
	http("www.good.test", "/n/10", "validation.http.redirects");
	http("www.good.test", "/hop", NULL);
	http("www.good.test", "/twice", NULL);
	ask_http(&w, "www.good.test", "/n/1", WEB_CONTENT, &a);
	assert_int_equal(json_array_size(json_object_get(a.evidence, "steps")), 3);
	assert_string_equal(step_text(&a, 0, "location"), "/n/0");
	expect(&a, NULL);
}

static void only_some_redirects_count(void **state)
{
	(void)state;
	http("www.good.test", "/303", "validation.http.status");
	http("www.good.test", "/300", "validation.http.status");
	http("www.good.test", "/two", "validation.http.redirect");
	http("www.good.test", "/nowhere", "validation.http.redirect");
}

static void a_redirect_may_lead_to_https_with_any_certificate(void **state)
{
	char location[100];

	(void)state;
	snprintf(location, sizeof(location), "https://alias.good.test:%d/ok", w.tls_port);
	follow(location, NULL);
	assert_true(strncmp(web_last_host(tls), "alias.good.test:", 16) == 0);
}

static void a_redirect_leads_to_public_http_and_https_only(void **state)
{
	static const char *const bad[] = { "ftp://www.good.test/ok", "file:///etc/passwd", "gopher://x.y/",
		"//user@www.good.test/ok", "http://a:b@www.good.test/", "http://localhost/ok", "http:///ok",
		"http://2130706433/ok", "http://0x7f.1/ok", "http://0177.0.0.1/ok", "http://127.1/ok",
		"http://[::ffff:127.0.0.1%25lo]/ok", "http://www.good.test:22/ok",
		"http://www.good.test:0/ok", "http://www.good.test:65536/ok", "javascript:alert(1)",
		"http://www.good.test\\@x.y/ok" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		print_message("%s\n", bad[i]);
		follow(bad[i], "validation.http.redirect");
	}
}

static void each_hop_is_checked_anew(void **state)
{
	char location[100];

	(void)state;
	follow("http://private10.good.test/ok", "validation.http.address");
	follow("http://metadata.good.test/latest/meta-data/", "validation.http.address");
	follow("http://169.254.169.254/", "validation.http.address");
	follow("http://[::1]/ok", "validation.http.address");
	follow("http://[::ffff:127.0.0.1]/ok", "validation.http.address");
	follow("http://www.tampered.test/ok", "dns.bogus");
	follow("http://nothing.unsigned.test/ok", "dns.nxdomain");
	snprintf(location, sizeof(location), "http://127.0.0.1:%d/ok", w.web_port);
	follow(location, NULL);
}

static void names_fail_with_the_reason(void **state)
{
	(void)state;
	http("www.tampered.test", "/ok", "dns.bogus");
	http("www.wrongds.test", "/ok", "dns.bogus");
	http("nothing.unsigned.test", "/ok", "dns.nxdomain");
	http("addressless.good.test", "/ok", "dns.nodata");
	http("www.servfail.test", "/ok", "dns.servfail");
	http("loop1.good.test", "/ok", "dns.loop");
	http("localhost", "/ok", "validation.http.name");
	http("0x7f000001", "/ok", "validation.http.name");
	http("www.good.test", "ok", "validation.http.path");
}

static void ipv4_is_tried_when_ipv6_does_not_answer(void **state)
{
	struct world both = w;
	struct answer a;

	(void)state;
	world_prober(&both, "127.0.0.0/8, ::1/128", "4s");
	ask_http(&both, "dual.good.test", "/ok", WEB_CONTENT, &a);
	assert_string_equal(
		json_string_value(json_array_get(
			json_object_get(json_array_get(json_object_get(a.evidence, "steps"), 0), "addresses"),
			0)),
		"::1");
	assert_string_equal(step_text(&a, 0, "dialled"), "127.0.0.1");
	expect(&a, NULL);
	world_prober_stop(&both);
}

static void a_closed_port_is_told(void **state)
{
	struct world closed = w;
	struct answer a;

	(void)state;
	closed.web_port = free_port();
	world_prober(&closed, "127.0.0.0/8", "2s");
	ask_http(&closed, "www.good.test", "/ok", WEB_CONTENT, &a);
	expect(&a, "validation.http.connect");
	world_prober_stop(&closed);
}

static void slow_servers_do_not_hold_up_others(void **state)
{
	struct msg_probe_http slow = {
		.name = (char[]){ "www.good.test" }, .path = (char[]){ "/silent" }, .content = (char[]){ "x" }
	};
	struct msg_probe_http quick = { .name = (char[]){ "www.unsigned.test" },
		.path = (char[]){ "/ok" },
		.content = (char[]){ WEB_CONTENT } };
	struct answer a;
	uint64_t id;

	(void)state;
	for (uint64_t i = 1; i <= 100; i++)
		harness_send(&w.prober, ROLE_CORE, MSG_probe_http, i, &slow, -1);
	harness_send(&w.prober, ROLE_CORE, MSG_probe_http, 101, &quick, -1);
	answer_next(&w, &id, &a);
	assert_int_equal(id, 101);
	expect(&a, NULL);
	/* A new core gets no answers to the questions of the old one. */
	harness_peer_close(&w.prober, ROLE_CORE);
	harness_peer(&w.prober, ROLE_CORE);
	http("www.good.test", "/ok", NULL);
}

static void too_many_are_refused(void **state)
{
	struct msg_probe_http slow = {
		.name = (char[]){ "www.good.test" }, .path = (char[]){ "/silent" }, .content = (char[]){ "x" }
	};

	(void)state;
	for (uint64_t i = 1; i <= 1017; i++)
		harness_send(&w.prober, ROLE_CORE, MSG_probe_http, i, &slow, -1);
	harness_recv_failed(&w.prober, ROLE_CORE, 1017, "busy.prober");
	harness_peer_close(&w.prober, ROLE_CORE);
	harness_peer(&w.prober, ROLE_CORE);
	http("www.good.test", "/ok", NULL);
}

/* Nothing is allowed here, and a trap listens where every one of these names leads to. */
static void no_name_leads_inside(void **state)
{
	static const char *const names[] = { "www.good.test", "loopback.good.test", "zero.good.test",
		"private10.good.test", "private172.good.test", "private192.good.test", "cgnat.good.test",
		"metadata.good.test", "multicast.good.test", "broadcast.good.test", "documentation.good.test",
		"v6loop.good.test", "v6any.good.test", "v6link.good.test", "v6local.good.test",
		"mapped.good.test", "compatible.good.test", "nat64.good.test", "sixto4.good.test",
		"teredo.good.test", "several.good.test", "dual.good.test", "127.0.0.1", "0.0.0.0", "::1",
		"::", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "169.254.169.254", "10.0.0.1" };
	struct world strict = w;
	static struct web *trap; /* kept: threads of its connections may still look at it */
	struct answer a;

	(void)state;
	trap = web_up(false);
	strict.web_port = web_port(trap);
	world_prober(&strict, "", "2s");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		print_message("%s\n", names[i]);
		ask_http(&strict, names[i], "/ok", WEB_CONTENT, &a);
		expect(&a, "validation.http.address");
	}
	assert_int_equal(web_connects(trap), 0);
	world_prober_stop(&strict);
	web_down(trap);
}

/* An IPv4 network that is allowed opens no IPv6 address that carries one of its addresses inside. */
static void an_allowed_network_opens_nothing_else(void **state)
{
	static const char *const names[] = { "mapped.good.test", "nat64.good.test", "sixto4.good.test",
		"compatible.good.test", "v6loop.good.test", "zero.good.test", "::ffff:127.0.0.1" };
	unsigned before = web_connects(plain);

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		http(names[i], "/ok", "validation.http.address");
	assert_int_equal(web_connects(plain), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_file_with_the_content_is_found),
		cmocka_unit_test(white_space_around_it_does_not_matter),
		cmocka_unit_test(anything_else_is_refused),
		cmocka_unit_test(what_never_ends_is_cut),
		cmocka_unit_test(redirects_are_followed_ten_times),
		cmocka_unit_test(only_some_redirects_count),
		cmocka_unit_test(a_redirect_may_lead_to_https_with_any_certificate),
		cmocka_unit_test(a_redirect_leads_to_public_http_and_https_only),
		cmocka_unit_test(each_hop_is_checked_anew),
		cmocka_unit_test(names_fail_with_the_reason),
		cmocka_unit_test(ipv4_is_tried_when_ipv6_does_not_answer),
		cmocka_unit_test(a_closed_port_is_told),
		cmocka_unit_test(slow_servers_do_not_hold_up_others),
		cmocka_unit_test(too_many_are_refused),
		cmocka_unit_test(no_name_leads_inside),
		cmocka_unit_test(an_allowed_network_opens_nothing_else),
	};

	return cmocka_run_group_tests(tests, up, down);
}
