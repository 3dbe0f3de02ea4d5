/* The last check before a connection: even when everything above it has failed, no other address is dialled.
 */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "prober/fetch.h"
#include "web.h"

static struct loop *loop;
static struct networks allowed;
static struct fetcher *fetcher;
static struct web *web;

static int up(void **state)
{
	(void)state;
	web = web_up(false);
	assert_int_equal(loop_new(&loop, NULL), ACSR_OK);
	assert_int_equal(fetcher_open(&fetcher, &allowed, NULL), ACSR_OK);
	assert_int_equal(fetcher_start(fetcher, loop, NULL), ACSR_OK);
	return 0;
}

static int down(void **state)
{
	(void)state;
	web_down(web);
	return 0;
}

static enum fetch_outcome outcome;

static void note(void *arg, const struct fetch_reply *reply)
{
	(void)arg;
	outcome = reply->outcome;
	loop_stop(loop);
}

static enum fetch_outcome get(const char *allow, const char *host, const char *addr)
{
	struct netaddr to;
	struct fetch *t;
	struct url u;

	assert_int_equal(conf_networks(allow, &allowed, NULL), ACSR_OK);
	assert_int_equal(url_make(&u, host, (uint16_t)web_port(web), "/ok", NULL), ACSR_OK);
	assert_true(netaddr_parse(addr, &to));
	assert_int_equal(fetch_start(fetcher, &u, &to, 2000, 5000, note, NULL, &t, NULL), ACSR_OK);
	assert_int_equal(loop_run(loop, NULL), ACSR_OK);
	return outcome;
}

static void only_a_permitted_address_is_dialled(void **state)
{
	(void)state;
	assert_int_equal(get("", "www.example.com", "127.0.0.1"), FETCH_REFUSED);
	assert_int_equal(get("", "127.0.0.1", "127.0.0.1"), FETCH_REFUSED);
	assert_int_equal(get("127.0.0.0/8", "www.example.com", "::ffff:127.0.0.1"), FETCH_REFUSED);
	assert_int_equal(web_connects(web), 0);
	assert_int_equal(get("127.0.0.0/8", "www.example.com", "127.0.0.1"), FETCH_DONE);
	assert_int_equal(web_connects(web), 1);
}

/* The address in the URL is not the one that was checked: the checked one it is. */
static void the_checked_address_wins_over_the_url(void **state)
{
	unsigned before = web_connects(web);

	(void)state;
	assert_int_equal(get("127.0.0.0/8", "10.255.255.1", "127.0.0.1"), FETCH_DONE);
	assert_int_equal(web_connects(web), before + 1);
}

static void the_environment_names_no_proxy(void **state)
{
	(void)state;
	setenv("http_proxy", "http://127.0.0.1:9", 1);
	setenv("all_proxy", "socks5://127.0.0.1:9", 1);
	assert_int_equal(get("127.0.0.0/8", "www.example.com", "127.0.0.1"), FETCH_DONE);
	assert_memory_equal(web_last_host(web), "www.example.com:", 16);
}

static void a_cancelled_fetch_is_silent(void **state)
{
	struct netaddr to;
	struct fetch *t;
	struct url u;

	(void)state;
	assert_int_equal(url_make(&u, "www.example.com", (uint16_t)web_port(web), "/silent", NULL), ACSR_OK);
	assert_true(netaddr_parse("127.0.0.1", &to));
	outcome = FETCH_BROKEN;
	assert_int_equal(fetch_start(fetcher, &u, &to, 2000, 5000, note, NULL, &t, NULL), ACSR_OK);
	fetch_cancel(t);
	fetch_cancel(NULL);
	assert_int_equal(outcome, FETCH_BROKEN);
	assert_int_equal(get("127.0.0.0/8", "www.example.com", "127.0.0.1"), FETCH_DONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_a_permitted_address_is_dialled),
		cmocka_unit_test(the_checked_address_wins_over_the_url),
		cmocka_unit_test(the_environment_names_no_proxy),
		cmocka_unit_test(a_cancelled_fetch_is_silent),
	};

	return cmocka_run_group_tests(tests, up, down);
}
