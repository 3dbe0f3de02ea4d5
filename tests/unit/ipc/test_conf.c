/* Configuration values: each type's right and wrong texts, networks, addresses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "ipc/conf.h"

static void assert_check(const char *section, const char *name, const char *value, enum acsr_result want)
{
	const struct conf_key *k = conf_key_find(section, name);
	struct acsr_err e;

	assert_non_null(k);
	if (conf_check(k, value, &e) != want)
		fail_msg("[%s] %s = %s", section, name, value);
	if (want == ACSR_FAIL)
		assert_string_equal(e.id, "config.value");
}

static void values(void **state)
{
	(void)state;
	assert_check("server", "request_timeout", "30s", ACSR_OK);
	assert_check("server", "request_timeout", "15m", ACSR_OK);
	assert_check("orders", "code_window", "7d", ACSR_OK);
	assert_check("orders", "code_window", "7", ACSR_FAIL);
	assert_check("orders", "code_window", "", ACSR_FAIL);
	assert_check("orders", "code_window", "d", ACSR_FAIL);
	assert_check("orders", "code_window", "7 d", ACSR_FAIL);
	assert_check("orders", "code_window", "-7d", ACSR_FAIL);
	assert_check("orders", "code_window", "7dd", ACSR_FAIL);
	assert_check("orders", "code_window", "99999999999999d", ACSR_FAIL);
	assert_check("keymaker", "allow_swap", "true", ACSR_OK);
	assert_check("keymaker", "allow_swap", "yes", ACSR_FAIL);
	assert_check("keymaker", "max_workers", "8", ACSR_OK);
	assert_check("keymaker", "max_workers", "-8", ACSR_FAIL);
	assert_check("mail", "starttls", "off", ACSR_OK);
	assert_check("mail", "starttls", "require", ACSR_FAIL);
	assert_check("mail", "starttls", "", ACSR_FAIL);
	assert_check("mail", "starttls", "required|optional", ACSR_FAIL);
	assert_check("server", "listen", "[::1]:443", ACSR_OK);
	assert_check("server", "listen", "localhost:0", ACSR_FAIL);
	assert_check("server", "listen", ":443", ACSR_FAIL);
	assert_check("server", "listen", "localhost", ACSR_FAIL);
	assert_check("server", "listen", "localhost:65536", ACSR_FAIL);
	assert_check("server", "http_listen", "", ACSR_OK);
}

static void every_default_is_a_good_value(void **state)
{
	(void)state;
	for (const struct conf_key *k = conf_keys(); k->section != NULL; k++) {
		char preset[256];

		conf_preset(k, preset);
		assert_check(k->section, k->name, preset, ACSR_OK);
		assert_true(strlen(k->help) > 10);
	}
}

static void addresses(void **state)
{
	char host[256];
	uint16_t port;

	(void)state;
	assert_int_equal(conf_address("127.0.0.1:8443", host, &port, NULL), ACSR_OK);
	assert_string_equal(host, "127.0.0.1");
	assert_int_equal(port, 8443);
	assert_int_equal(conf_address("[2001:db8::1]:1", host, &port, NULL), ACSR_OK);
	assert_string_equal(host, "2001:db8::1");
	assert_int_equal(conf_address("[]:1", host, &port, NULL), ACSR_FAIL);
}

static bool have(const char *networks, const char *address)
{
	struct networks l;
	uint8_t a[16];

	assert_int_equal(conf_networks(networks, &l, NULL), ACSR_OK);
	assert_true(network_parse_address(address, a));
	return networks_have(&l, a);
}

static void networks(void **state)
{
	struct networks l;

	(void)state;
	assert_true(have("127.0.0.0/8", "127.255.0.1"));
	assert_false(have("127.0.0.0/8", "128.0.0.1"));
	assert_true(have("10.0.0.0/8, 192.0.2.0/25", "192.0.2.127"));
	assert_false(have("10.0.0.0/8, 192.0.2.0/25", "192.0.2.128"));
	assert_true(have("192.0.2.7", "192.0.2.7"));
	assert_false(have("192.0.2.7", "192.0.2.6"));
	assert_true(have("fd00::/8", "fdff::1"));
	assert_false(have("fd00::/8", "fe00::1"));
	assert_true(have("127.0.0.0/8", "::ffff:127.0.0.1"));
	assert_false(have("", "127.0.0.1"));
	assert_false(have("0.0.0.0/0", "::1"));
	assert_true(have("::/0", "127.0.0.1"));
	assert_int_equal(conf_networks("127.0.0.0/33", &l, NULL), ACSR_FAIL);
	assert_int_equal(conf_networks("::/129", &l, NULL), ACSR_FAIL);
	assert_int_equal(conf_networks("127.0.0/8", &l, NULL), ACSR_FAIL);
	assert_int_equal(conf_networks("localhost", &l, NULL), ACSR_FAIL);
	assert_int_equal(conf_networks("10.0.0.0/", &l, NULL), ACSR_FAIL);
}

static void typed_reading(void **state)
{
	struct conf c = { 0 };

	(void)state;
	assert_int_equal(strv_add(&c.pairs, "orders.code_window=7d", NULL), ACSR_OK);
	assert_int_equal(strv_add(&c.pairs, "orders.new_per_hour=12", NULL), ACSR_OK);
	assert_int_equal(strv_add(&c.pairs, "keymaker.allow_swap=true", NULL), ACSR_OK);
	assert_int_equal(strv_add(&c.pairs, "mail.from=a=b", NULL), ACSR_OK);
	assert_int_equal(conf_span(&c, "orders.code_window"), 7 * 86400);
	assert_int_equal(conf_count(&c, "orders.new_per_hour"), 12);
	assert_true(conf_bool(&c, "keymaker.allow_swap"));
	assert_string_equal(conf_str(&c, "mail.from"), "a=b");
	strv_free(&c.pairs);
}

/* Secrets are read from files: no key takes one as its value, and files of secrets go to one role. */
static void secrets_are_given_by_file(void **state)
{
	(void)state;
	for (const struct conf_key *k = conf_keys(); k->section != NULL; k++) {
		const char *p = strstr(k->name, "password");

		if (p != NULL) {
			assert_string_equal(p, "password_file");
			assert_int_equal(k->roles & (k->roles - 1), 0);
		}
	}
}

static void service_names(const char *listen, const char *url, const char *want)
{
	CLEANUP_STRV struct strv l = { 0 };
	CLEANUP_BUF struct buf b = { 0 };
	struct conf c = { 0 };
	struct acsr_err e;
	char pair[2][200];

	snprintf(pair[0], sizeof(pair[0]), "server.listen=%s", listen);
	snprintf(pair[1], sizeof(pair[1]), "server.public_url=%s", url);
	assert_int_equal(strv_add(&c.pairs, pair[0], &e), ACSR_OK);
	assert_int_equal(strv_add(&c.pairs, pair[1], &e), ACSR_OK);
	buf_init(&b, 4096);
	assert_int_equal(conf_service_names(&c, &l, &e), ACSR_OK);
	strv_free(&c.pairs);
	for (size_t i = 0; i < l.n; i++)
		assert_int_equal(buf_printf(&b, &e, "%s%s", i > 0 ? " " : "", l.v[i]), ACSR_OK);
	assert_string_equal(buf_cstr(&b), want);
}

static void service_names_come_from_the_configuration(void **state)
{
	(void)state;
	service_names("127.0.0.1:8443", "", "IP:127.0.0.1 DNS:localhost");
	service_names("0.0.0.0:443", "https://Certs.Example.test",
		"DNS:certs.example.test DNS:localhost IP:127.0.0.1");
	service_names("[::]:443", "https://c.test:8443/x", "DNS:c.test DNS:localhost IP:127.0.0.1");
	service_names("[2001:db8::1]:443", "https://[2001:db8::2]/",
		"IP:2001:db8::2 IP:2001:db8::1 DNS:localhost IP:127.0.0.1");
	service_names("localhost:443", "https://192.0.2.1", "IP:192.0.2.1 DNS:localhost IP:127.0.0.1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values),
		cmocka_unit_test(every_default_is_a_good_value),
		cmocka_unit_test(addresses),
		cmocka_unit_test(networks),
		cmocka_unit_test(typed_reading),
		cmocka_unit_test(service_names_come_from_the_configuration),
		cmocka_unit_test(secrets_are_given_by_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
