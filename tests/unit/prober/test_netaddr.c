/* Which addresses may be dialled: every range of the registries at both ends, and the ways to write a number.
 */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "ipc/netaddr.h"

struct verdict {
	const char *text;
	const char *reserved; /* a part of the reason; NULL: public */
};

static const struct verdict verdicts[] = {
	/* IPv4, first and last address of each range, and the neighbours outside */
	{ "0.0.0.0", "unspecified" },
	{ "0.255.255.255", "unspecified" },
	{ "1.0.0.0", NULL },
	{ "9.255.255.255", NULL },
	{ "10.0.0.0", "private" },
	{ "10.255.255.255", "private" },
	{ "11.0.0.0", NULL },
	{ "100.63.255.255", NULL },
	{ "100.64.0.0", "carrier-grade" },
	{ "100.127.255.255", "carrier-grade" },
	{ "100.128.0.0", NULL },
	{ "126.255.255.255", NULL },
	{ "127.0.0.0", "loopback" },
	{ "127.0.0.1", "loopback" },
	{ "127.255.255.255", "loopback" },
	{ "128.0.0.0", NULL },
	{ "168.63.129.15", NULL },
	{ "168.63.129.16", "cloud" },
	{ "168.63.129.17", NULL },
	{ "169.253.255.255", NULL },
	{ "169.254.0.0", "link-local" },
	{ "169.254.169.254", "link-local" },
	{ "169.254.255.255", "link-local" },
	{ "169.255.0.0", NULL },
	{ "172.15.255.255", NULL },
	{ "172.16.0.0", "private" },
	{ "172.31.255.255", "private" },
	{ "172.32.0.0", NULL },
	{ "192.0.0.1", "protocol" },
	{ "192.0.0.170", "protocol" },
	{ "192.0.1.0", NULL },
	{ "192.0.2.0", "documentation" },
	{ "192.0.2.255", "documentation" },
	{ "192.0.3.0", NULL },
	{ "192.88.99.1", "6to4 relay" },
	{ "192.167.255.255", NULL },
	{ "192.168.0.0", "private" },
	{ "192.168.255.255", "private" },
	{ "192.169.0.0", NULL },
	{ "198.17.255.255", NULL },
	{ "198.18.0.0", "benchmarking" },
	{ "198.19.255.255", "benchmarking" },
	{ "198.20.0.0", NULL },
	{ "198.51.100.1", "documentation" },
	{ "203.0.113.1", "documentation" },
	{ "223.255.255.255", NULL },
	{ "224.0.0.0", "multicast" },
	{ "239.255.255.255", "multicast" },
	{ "240.0.0.0", "reserved" },
	{ "255.255.255.255", "broadcast" },
	{ "8.8.8.8", NULL },
	/* IPv6 */
	{ "::", "unspecified" },
	{ "::1", "loopback" },
	{ "::2", "IPv4-compatible" },
	{ "::7f00:1", "IPv4-compatible" },
	{ "::ffff:127.0.0.1", "IPv4-mapped" },
	{ "::ffff:8.8.8.8", "IPv4-mapped" },
	{ "::fffe:8.8.8.8", "not a global" },
	{ "64:ff9b::127.0.0.1", "NAT64" },
	{ "64:ff9b::a9fe:a9fe", "NAT64" },
	{ "64:ff9b::10.0.0.1", "NAT64" },
	{ "64:ff9b::8.8.8.8", NULL },
	{ "64:ff9b:0:0:0:1:808:808", "not a global" },
	{ "64:ff9b:1::8.8.8.8", "local NAT64" },
	{ "100::1", "discard" },
	{ "1fff:ffff::1", "not a global" },
	{ "2000::1", NULL },
	{ "2001::1", "protocol" },
	{ "2001:0:7f00:1::1", "protocol" },
	{ "2001:1ff:ffff::1", "protocol" },
	{ "2001:200::1", NULL },
	{ "2001:db7:ffff::1", NULL },
	{ "2001:db8::1", "documentation" },
	{ "2001:db8:ffff::1", "documentation" },
	{ "2001:db9::1", NULL },
	{ "2001:4860:4860::8888", NULL },
	{ "2002:7f00:1::1", "6to4" },
	{ "2002:a00:1::1", "6to4" },
	{ "2002:c0a8:101::1", "6to4" },
	{ "2002:808:808::1", NULL },
	{ "3ffe::1", NULL },
	{ "3fff::1", "documentation" },
	{ "3fff:fff::1", "documentation" },
	{ "3fff:1000::1", NULL },
	{ "4000::1", "not a global" },
	{ "5f00::1", "segment routing" },
	{ "fbff::1", "not a global" },
	{ "fc00::1", "unique local" },
	{ "fd00:ec2::254", "unique local" },
	{ "fe00::1", "not a global" },
	{ "fe80::1", "link-local" },
	{ "febf::1", "link-local" },
	{ "fec0::1", "site-local" },
	{ "ff02::1", "multicast" },
	{ "ffff::1", "multicast" },
};

static void every_range_has_its_verdict(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++) {
		const struct verdict *v = &verdicts[i];
		struct netaddr a;
		const char *why;

		assert_true(netaddr_parse(v->text, &a));
		why = netaddr_reserved(&a);
		if ((why == NULL) != (v->reserved == NULL) ||
			(why != NULL && strstr(why, v->reserved) == NULL))
			fail_msg("%s: expected %s, got %s", v->text,
				v->reserved != NULL ? v->reserved : "public", why != NULL ? why : "public");
	}
}

/* What inet_aton, browsers or curl take for an address and a strict reader does not. */
static void only_plain_addresses_are_addresses(void **state)
{
	static const char *const no[] = { "", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.0.0.1",
		"0177.0.0.1", "127.0.0.01", "127.0.0.256", "127.0.0.1.", "127.0.0.1.1", " 127.0.0.1",
		"127.0.0.1 ", "+127.0.0.1", "127.0.0.-1", "127.0.0.1/8", "127.0.0.1:80", "[::1]", "::1%lo",
		"fe80::1%1", ":::1", "::1::", "12345::1", "::127.1", "::0x7f.0.0.1", "1:2:3:4:5:6:7:8:9",
		"1:2:3:4:5:6:7", "::ffff:0177.0.0.1", "localhost", "\xef\xbc\x91.1.1.1" };
	struct netaddr a;

	(void)state;
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		if (netaddr_parse(no[i], &a))
			fail_msg("\"%s\" passes for an address", no[i]);
}

static void numbers_are_never_names(void **state)
{
	static const char *const yes[] = { "127.0.0.1", "127.1", "1", "2130706433", "0x7f000001", "0X7F.1",
		"a.0x", "www.example.0x1f", "www.example.123", "0177.1", "1.2.3.4.", "256.256.256.256" };
	static const char *const no[] = { "", ".", "www.example.com", "1.example.com", "0x7f.example", "0xg",
		"a.0x1g", "1a", "x0", "example.1a." };

	(void)state;
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		if (!netaddr_is_numeric_host(yes[i]))
			fail_msg("\"%s\" passes for a name", yes[i]);
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		if (netaddr_is_numeric_host(no[i]))
			fail_msg("\"%s\" passes for a number", no[i]);
}

static bool refused(const char *text, const char *allow)
{
	struct networks nets;
	struct netaddr a;

	assert_int_equal(conf_networks(allow, &nets, NULL), ACSR_OK);
	assert_true(netaddr_parse(text, &a));
	return netaddr_refused(&a, &nets) != NULL;
}

static void an_allowed_network_is_let_through(void **state)
{
	(void)state;
	assert_true(refused("127.0.0.1", ""));
	assert_false(refused("127.0.0.1", "127.0.0.0/8"));
	assert_false(refused("10.1.2.3", "127.0.0.0/8, 10.1.0.0/16"));
	assert_true(refused("10.2.2.3", "127.0.0.0/8, 10.1.0.0/16"));
	assert_true(refused("::1", "127.0.0.0/8"));
	assert_false(refused("::1", "::1/128"));
	assert_false(refused("8.8.8.8", ""));
}

static void an_address_inside_an_address_is_not(void **state)
{
	(void)state;
	assert_true(refused("::ffff:127.0.0.1", "127.0.0.0/8"));
	assert_true(refused("::127.0.0.1", "127.0.0.0/8"));
	assert_true(refused("64:ff9b::127.0.0.1", "127.0.0.0/8"));
	assert_true(refused("2002:7f00:1::1", "127.0.0.0/8"));
}

static void addresses_come_from_records_and_sockets(void **state)
{
	const uint8_t v4[] = { 192, 0, 2, 1 }, v6[16] = { 0x20, 1, 0x0d, 0xb8, [15] = 1 };
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_port = htons(80) };
	struct sockaddr other = { .sa_family = AF_UNIX };
	struct netaddr a, b;
	char text[NETADDR_TEXT];
	uint16_t port;

	(void)state;
	assert_true(netaddr_from_rdata((struct bytes){ v4, 4 }, &a));
	netaddr_print(&a, text);
	assert_string_equal(text, "192.0.2.1");
	memcpy(&sa.sin_addr, v4, 4);
	assert_true(netaddr_from_sockaddr((struct sockaddr *)&sa, &b, &port));
	assert_true(netaddr_equal(&a, &b));
	assert_int_equal(port, 80);
	assert_true(netaddr_from_rdata((struct bytes){ v6, 16 }, &b));
	assert_false(netaddr_equal(&a, &b));
	netaddr_print(&b, text);
	assert_string_equal(text, "2001:db8::1");
	assert_false(netaddr_from_rdata((struct bytes){ v6, 5 }, &a));
	assert_false(netaddr_from_sockaddr(&other, &a, &port));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_range_has_its_verdict),
		cmocka_unit_test(only_plain_addresses_are_addresses),
		cmocka_unit_test(numbers_are_never_names),
		cmocka_unit_test(an_allowed_network_is_let_through),
		cmocka_unit_test(an_address_inside_an_address_is_not),
		cmocka_unit_test(addresses_come_from_records_and_sockets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
