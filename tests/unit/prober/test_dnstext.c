/* DNS names out of the wire, and the errors that customers read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "prober/resolver.h"
#include "prober/show.h"

static bool wire(const char *p, size_t n, char out[1024])
{
	return dns_name_from_wire((struct bytes){ (const uint8_t *)p, n }, out);
}

static void names_come_from_the_wire(void **state)
{
	char out[1024];

	(void)state;
	assert_true(wire("\3WWW\7example\3com", 17, out));
	assert_string_equal(out, "www.example.com");
	assert_true(wire("", 1, out));
	assert_string_equal(out, "");
	assert_true(wire("\3a.b\2\x01\xff", 8, out));
	assert_string_equal(out, "a\\046b.\\001\\255");
}

static void broken_wire_is_refused(void **state)
{
	char out[1024], longest[300];

	(void)state;
	assert_false(wire("", 0, out));
	assert_false(wire("\3ww", 3, out));
	assert_false(wire("\3www", 4, out));
	assert_false(wire("\300\14", 3, out));
	assert_false(wire("\100", 70, out));
	memset(longest, 1, sizeof(longest));
	assert_false(wire(longest, sizeof(longest), out));
}

static void names_are_letters_digits_and_few_others(void **state)
{
	static const char *const good[] = { "a", "www.example.com", "_x.1-2.example", "xn--e1afmkfd" };
	static const char *const bad[] = { "", ".", "a.", ".a", "a..b", "a b", "a\\.b", "*.a", "a/b",
		"\xc3\xa9.x", "0123456789012345678901234567890123456789012345678901234567890123.x" };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(dns_name_valid(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(dns_name_valid(bad[i]));
}

static void each_outcome_has_its_id(void **state)
{
	static const struct {
		enum dns_outcome outcome;
		const char *id;
	} ids[] = { { DNS_NODATA, "dns.nodata" }, { DNS_NXDOMAIN, "dns.nxdomain" },
		{ DNS_BOGUS, "dns.bogus" }, { DNS_SERVFAIL, "dns.servfail" }, { DNS_TIMEOUT, "dns.timeout" },
		{ DNS_LOOP, "dns.loop" }, { DNS_INTERNAL, "sys.resolver" } };

	(void)state;
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		struct dns_answer a = {
			.outcome = ids[i].outcome, .name = "a.example", .type = DNS_TXT, .why = "x\n"
		};
		struct acsr_err e;

		assert_int_equal(dns_error(&e, &a), ACSR_FAIL);
		assert_string_equal(e.id, ids[i].id);
		assert_non_null(strstr(e.text, "TXT of a.example"));
	}
}

static void strange_bytes_are_shown_and_cut(void **state)
{
	char out[12];

	(void)state;
	show_text("a\n\xff", out, sizeof(out));
	assert_string_equal(out, "a\\x0a...");
	show_text("abc", out, sizeof(out));
	assert_string_equal(out, "abc");
	show_text("abcdefghijklmnop", out, sizeof(out));
	assert_string_equal(out, "abcde...");
	show_bytes("", 0, out, sizeof(out));
	assert_string_equal(out, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_come_from_the_wire),
		cmocka_unit_test(broken_wire_is_refused),
		cmocka_unit_test(names_are_letters_digits_and_few_others),
		cmocka_unit_test(each_outcome_has_its_id),
		cmocka_unit_test(strange_bytes_are_shown_and_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
