/* Ports of addresses, and values of a configuration. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "cli/forensic/target.h"

static void ports(void **state)
{
	(void)state;
	assert_int_equal(target_port("https://a.example"), 443);
	assert_int_equal(target_port("https://a.example:8443"), 8443);
	assert_int_equal(target_port("https://a.example:8443/x"), 8443);
	assert_int_equal(target_port("https://[::1]:99"), 99);
	assert_int_equal(target_port("https://[::1]"), 443);
	assert_int_equal(target_port("http://a.example"), 0);
	assert_int_equal(target_port("https://a.example:99999"), 0);
	assert_int_equal(target_port(""), 0);
}

static void value(const char *text, const char *key, const char *want)
{
	char got[64] = "";

	assert_int_equal(target_ini(text, "server", key, got, sizeof(got)), want != NULL);
	if (want != NULL)
		assert_string_equal(got, want);
}

static void configuration(void **state)
{
	static const char text[] = "; state = /wrong\n"
				   "state = /before\n"
				   "[other]\nstate=/other\n"
				   " [server]  \r\n"
				   "\tstate\t=  /var/lib/x y   ; remark\r\n"
				   "listen=127.0.0.1:8443;not\n"
				   "# portal = /wrong\n"
				   "empty =\n"
				   "[database]\nurl = sqlite:a.db";

	(void)state;
	value(text, "state", "/var/lib/x y");
	value(text, "listen", "127.0.0.1:8443;not");
	value(text, "portal", NULL);
	value(text, "empty", "");
	value(text, "url", NULL);
	value("", "state", NULL);
	value("[server", "state", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ports),
		cmocka_unit_test(configuration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
