/* The setting that names the remote perspectives. What they do together is tested from outside, with real ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "prober/alpncert.h"
#include "prober/perspective.h"

static void good_ones_are_read(void **state)
{
	struct perspective_spec v[PERSPECTIVES];
	struct acsr_err e;
	size_t n = 9;

	(void)state;
	assert_int_equal(perspective_parse("", v, &n, &e), ACSR_OK);
	assert_int_equal(n, 0);
	assert_int_equal(perspective_parse(" eu-1=192.0.2.1:8053/ripe "
					   ",us-1=[2001:db8::1]:443/arin,\tap=probe.example.com:1/apnic",
				 v, &n, &e),
		ACSR_OK);
	assert_int_equal(n, 3);
	assert_string_equal(v[0].name, "eu-1");
	assert_string_equal(v[0].host, "192.0.2.1");
	assert_int_equal(v[0].port, 8053);
	assert_string_equal(v[0].region, "ripe");
	assert_string_equal(v[1].host, "2001:db8::1");
	assert_int_equal(v[1].port, 443);
	assert_string_equal(v[2].host, "probe.example.com");
}

static void bad_ones_are_refused_with_what_to_write(void **state)
{
	static const char *const bad[] = { "eu-1", "eu-1=192.0.2.1:8053", "192.0.2.1:8053/ripe",
		"=192.0.2.1:8053/ripe", "eu-1=/ripe", "eu-1=192.0.2.1/ripe", "eu-1=192.0.2.1:/ripe",
		"eu-1=192.0.2.1:0/ripe", "eu-1=192.0.2.1:99999/ripe", "eu-1=192.0.2.1:8053/",
		"eu-1=192.0.2.1:8053/europe", "eu-1=192.0.2.1:8053/RIPE", "eu 1=192.0.2.1:8053/ripe",
		"eu_1=192.0.2.1:8053/ripe", "a=192.0.2.1:1/ripe,a=192.0.2.2:1/ripe",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa=192.0.2.1:1/ripe", "a=192.0.2.1:1/ripe,b=192.0.2.1:1/arin",
		"a=192.0.2.1:1/ripe;b=192.0.2.1:1/ripe" };
	struct perspective_spec v[PERSPECTIVES];
	struct acsr_err e;
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (perspective_parse(bad[i], v, &n, &e) == ACSR_OK)
			fail_msg("accepted: %s", bad[i]);
		assert_string_equal(e.id, "config.value");
		assert_non_null(strstr(e.text, "NAME=HOST:PORT/REGION"));
	}
}

static void seventeen_are_one_too_many(void **state)
{
	struct perspective_spec v[PERSPECTIVES];
	char text[1000] = "";
	struct acsr_err e;
	size_t n, at = 0;

	(void)state;
	for (int i = 0; i < 16; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "p%d=192.0.2.%d:1/ripe,", i, i + 1);
	assert_int_equal(perspective_parse(text, v, &n, &e), ACSR_OK);
	assert_int_equal(n, 16);
	snprintf(text + at, sizeof(text) - at, "p16=192.0.2.17:1/ripe");
	assert_int_equal(perspective_parse(text, v, &n, &e), ACSR_FAIL);
}

/* rfc: 8738 6#2: the SNI for an address is its name below in-addr.arpa or ip6.arpa */
static void addresses_have_names_in_the_reverse_tree(void **state)
{
	struct netaddr a;
	char sni[ALPN_SNI];

	(void)state;
	assert_true(netaddr_parse("192.0.2.16", &a));
	alpncert_sni(NULL, &a, sni);
	assert_string_equal(sni, "16.2.0.192.in-addr.arpa");
	assert_true(netaddr_parse("2001:db8::c0ff:ee", &a));
	alpncert_sni(NULL, &a, sni);
	assert_string_equal(sni, "e.e.0.0.f.f.0.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
	alpncert_sni("www.example.com", &a, sni);
	assert_string_equal(sni, "www.example.com");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_ones_are_read),
		cmocka_unit_test(bad_ones_are_refused_with_what_to_write),
		cmocka_unit_test(seventeen_are_one_too_many),
		cmocka_unit_test(addresses_have_names_in_the_reverse_tree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
