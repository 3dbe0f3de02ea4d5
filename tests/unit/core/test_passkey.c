/* Passkeys below the API: the name they belong to, client data, and the CBOR walk. The whole is judged in
 * tests/e2e/test_passkeys.py, by an authenticator that somebody else's cryptography signs for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "core/passkey_cbor.h"
#include "core/passkey_verify.h"

#define BYTES(s) ((struct bytes){ (const uint8_t *)(s), sizeof(s) - 1 })

/* --- the name --- */

static void the_site_is_the_public_urls_host(void **state)
{
	static const struct {
		const char *url, *host, *origin;
	} cases[] = {
		{ "https://certs.example.com", "certs.example.com", "https://certs.example.com" },
		{ "https://certs.example.com/", "certs.example.com", "https://certs.example.com" },
		{ "https://Certs.Example.COM:8443/portal", "certs.example.com",
			"https://certs.example.com:8443" },
		{ "https://certs.example.com:443", "certs.example.com", "https://certs.example.com" },
		{ "https://intranet", "intranet", "https://intranet" },
		{ "https://localhost:9", "localhost", "https://localhost:9" },
		{ "https://127.0.0.1:8443", "localhost", "https://localhost:8443" },
		{ "https://127.9.9.9", "localhost", "https://localhost" },
		{ "https://[::1]:8443", "localhost", "https://localhost:8443" },
	};
	struct passkey_site site;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(passkey_site_of(cases[i].url, &site, NULL), ACSR_OK);
		assert_string_equal(site.host, cases[i].host);
		assert_string_equal(site.origin, cases[i].origin);
	}
}

static void addresses_and_other_schemes_have_no_site(void **state)
{
	static const char *const bad[] = { "https://192.0.2.1", "https://192.0.2.1:8443",
		"https://[2001:db8::1]", "https://0.0.0.0:8443", "http://certs.example.com",
		"certs.example.com", "", "https://", "https://[::1", "https://host:123456789" };
	struct passkey_site site = { .host = "untouched" };
	struct acsr_err e;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(passkey_site_of(bad[i], &site, &e), ACSR_FAIL);
		assert_string_equal(e.id, "passkey.host");
		assert_string_equal(site.host, "untouched");
	}
}

/* --- client data --- */

#define CHALLENGE "ERERERERERERERERERERERERERERERERERERERERERE" /* 32 times 0x11 */
#define GOOD "\"type\":\"webauthn.get\",\"challenge\":\"" CHALLENGE "\",\"origin\":\"https://a.test\""

static enum acsr_result client(const char *text, size_t n, uint8_t challenge[32], struct acsr_err *e)
{
	static const struct passkey_site site = { "a.test", "https://a.test" };
	struct buf b;
	enum acsr_result r;

	buf_init(&b, 10000);
	assert_int_equal(buf_put(&b, text, n, NULL), ACSR_OK);
	r = passkey_check_client(&b, "webauthn.get", &site, challenge, e);
	buf_free(&b);
	return r;
}

static void good_client_data_gives_its_challenge(void **state)
{
	static const char *const good[] = { "{" GOOD "}", "{" GOOD ",\"crossOrigin\":false}",
		"{" GOOD ",\"other_keys_can_be_added_here\":\"do not compare\"}" };
	uint8_t challenge[32], want[32];

	(void)state;
	memset(want, 0x11, sizeof(want));
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		memset(challenge, 0, sizeof(challenge));
		assert_int_equal(client(good[i], strlen(good[i]), challenge, NULL), ACSR_OK);
		assert_memory_equal(challenge, want, sizeof(want));
	}
}

static void each_fault_of_client_data_has_its_rule(void **state)
{
	static const struct {
		const char *text, *rule;
	} cases[] = {
		{ "{\"type\":\"webauthn.create\",\"challenge\":\"" CHALLENGE
		  "\",\"origin\":\"https://a.test\"}",
			"passkey.type" },
		{ "{\"challenge\":\"" CHALLENGE "\",\"origin\":\"https://a.test\"}", "passkey.type" },
		{ "{\"type\":7,\"challenge\":\"" CHALLENGE "\",\"origin\":\"https://a.test\"}",
			"passkey.type" },
		{ "{\"type\":\"webauthn.get\",\"challenge\":\"" CHALLENGE
		  "\",\"origin\":\"https://a.test.evil\"}",
			"passkey.origin" },
		{ "{\"type\":\"webauthn.get\",\"challenge\":\"" CHALLENGE
		  "\",\"origin\":\"https://b.a.test\"}",
			"passkey.origin" },
		{ "{\"type\":\"webauthn.get\",\"challenge\":\"" CHALLENGE
		  "\",\"origin\":[\"https://a.test\"]}",
			"passkey.origin" },
		{ "{\"type\":\"webauthn.get\",\"challenge\":\"" CHALLENGE "\"}", "passkey.origin" },
		{ "{" GOOD ",\"crossOrigin\":true}", "passkey.cross-origin" },
		{ "{" GOOD ",\"crossOrigin\":null}", "passkey.cross-origin" },
		{ "{" GOOD ",\"topOrigin\":\"https://a.test\"}", "passkey.cross-origin" },
		{ "{\"type\":\"webauthn.get\",\"challenge\":\"" CHALLENGE
		  "=\",\"origin\":\"https://a.test\"}",
			"passkey.challenge" },
		{ "{\"type\":\"webauthn.get\",\"challenge\":\"AAAA\",\"origin\":\"https://a.test\"}",
			"passkey.challenge" },
		{ "{\"type\":\"webauthn.get\",\"origin\":\"https://a.test\"}", "passkey.challenge" },
		{ "{" GOOD ",\"type\":\"webauthn.get\"}", "passkey.format" },
		{ "{" GOOD "} x", "passkey.format" },
		{ "[{" GOOD "}]", "passkey.format" },
		{ "", "passkey.format" },
	};
	uint8_t challenge[32];
	struct acsr_err e;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(client(cases[i].text, strlen(cases[i].text), challenge, &e), ACSR_FAIL);
		assert_string_equal(e.id, cases[i].rule);
	}
	/* A NUL inside a text does not end it. */
	assert_int_equal(client("{" GOOD "\0}", sizeof("{" GOOD "\0}") - 1, challenge, &e), ACSR_FAIL);
}

/* --- CBOR --- */

static void whole_items_are_walked(void **state)
{
	struct bytes in = BYTES("\xa2\x01\x82\x00\xf5\x61z\x43"
				"abc\x20");
	struct bytes item;
	uint64_t n;
	int64_t v;

	(void)state;
	assert_true(passkey_cbor_take(&in, &item));
	assert_int_equal(item.len, 11);
	assert_true(passkey_cbor_map_size(item, &n));
	assert_int_equal(n, 2);
	assert_int_equal(in.len, 1);
	assert_true(passkey_cbor_integer(in, &v));
	assert_int_equal(v, -1);
	assert_true(passkey_cbor_member(item, "z", &in));
	assert_true(passkey_cbor_string(in, CBOR_BYTES, &item));
	assert_memory_equal(item.p, "abc", 3);
	assert_false(passkey_cbor_string(in, CBOR_TEXT, &item));
}

static void what_is_cut_off_endless_or_deep_is_refused(void **state)
{
	static const struct bytes bad[] = {
		{ (const uint8_t *)"", 0 }, { (const uint8_t *)"\x18", 1 }, /* the value is missing */
		{ (const uint8_t *)"\x42\x00", 2 },                         /* a byte is missing */
		{ (const uint8_t *)"\x5a\xff\xff\xff\xff", 5 },             /* 4 GB of bytes */
		{ (const uint8_t *)"\x9b\x7f\xff\xff\xff\xff\xff\xff\xff", 9 },
		{ (const uint8_t *)"\xbb\x80\x00\x00\x00\x00\x00\x00\x01\x00\x00",
			11 },                                           /* twice the count wraps */
		{ (const uint8_t *)"\x9f\x00\xff", 3 },                 /* indefinite */
		{ (const uint8_t *)"\x1c", 1 },                         /* reserved */
		{ (const uint8_t *)"\xc0\x00", 2 },                     /* a tag */
		{ (const uint8_t *)"\x81\x81\x81\x81\x81\x81\x00", 7 }, /* too deep */
		{ (const uint8_t *)"\x00\x00", 2 },                     /* two items */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(passkey_cbor_is_one(bad[i]));
	assert_true(passkey_cbor_is_one(BYTES("\x81\x81\x81\x81\x81\x00")));
}

static void a_member_that_is_there_twice_is_not_there(void **state)
{
	struct bytes v;

	(void)state;
	assert_true(passkey_cbor_member(BYTES("\xa1\x61x\x05"), "x", &v));
	assert_false(passkey_cbor_member(BYTES("\xa2\x61x\x05\x61x\x06"), "x", &v));
	assert_false(passkey_cbor_member(BYTES("\xa1\x41x\x05"), "x", &v));
	assert_false(passkey_cbor_member(BYTES("\x81\x61x"), "x", &v));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_site_is_the_public_urls_host),
		cmocka_unit_test(addresses_and_other_schemes_have_no_site),
		cmocka_unit_test(good_client_data_gives_its_challenge),
		cmocka_unit_test(each_fault_of_client_data_has_its_rule),
		cmocka_unit_test(whole_items_are_walked),
		cmocka_unit_test(what_is_cut_off_endless_or_deep_is_refused),
		cmocka_unit_test(a_member_that_is_there_twice_is_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
