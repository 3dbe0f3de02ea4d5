/* Redirects: what is followed, as which URL; what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "prober/url.h"

static void base_url(struct url *u)
{
	assert_int_equal(url_make(u, "www.example.com", 80, "/a/b/c?q=1", NULL), ACSR_OK);
}

static const char *const good[][2] = {
	{ "http://other.example/x", "http://other.example/x" },
	{ "HTTP://Other.EXAMPLE/X", "http://other.example/X" },
	{ "https://other.example/x?y=z", "https://other.example/x?y=z" },
	{ "https://other.example", "https://other.example/" },
	{ "https://other.example?x", "https://other.example/?x" },
	{ "https://other.example#x", "https://other.example/" },
	{ "http://other.example./x", "http://other.example/x" },
	{ "http://other.example:8080/x", "http://other.example:8080/x" },
	{ "http://other.example:80/x", "http://other.example/x" },
	{ "https://other.example:443/x", "https://other.example/x" },
	{ "http://other.example:443/x", "http://other.example:443/x" },
	{ "http://other.example:/x", "http://other.example/x" },
	{ "http://other.example:00080/x", "http://other.example/x" },
	{ "http://_x.other.example/", "http://_x.other.example/" },
	{ "http://192.0.2.1/x", "http://192.0.2.1/x" },
	{ "http://192.0.2.1./x", "http://192.0.2.1/x" },
	{ "http://[2001:DB8:0::1]:8080/x", "http://[2001:db8::1]:8080/x" },
	{ "//other.example/x", "http://other.example/x" },
	{ "/x", "http://www.example.com/x" },
	{ "/x:y//z", "http://www.example.com/x:y//z" },
	{ "x", "http://www.example.com/a/b/x" },
	{ "./x", "http://www.example.com/a/b/./x" },
	{ "?x", "http://www.example.com/a/b/c?x" },
	{ "#x", "http://www.example.com/a/b/c?q=1" },
	{ "", "http://www.example.com/a/b/c?q=1" },
	{ "/x#y", "http://www.example.com/x" },
	{ "/x@y", "http://www.example.com/x@y" },
	{ "http://other.example/@y", "http://other.example/@y" },
	{ "http://other.example/?u=http://user@x.y/", "http://other.example/?u=http://user@x.y/" },
};

static void good_redirects_become_plain_urls(void **state)
{
	struct url base, u;
	struct acsr_err e;
	char text[URL_TEXT];

	(void)state;
	base_url(&base);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		if (url_follow(&u, &base, good[i][0], &e) != ACSR_OK)
			fail_msg("%s: %s", good[i][0], e.text);
		url_print(&u, text);
		assert_string_equal(text, good[i][1]);
	}
}

static const char *const bad[] = {
	/* schemes */
	"ftp://other.example/",
	"file:///etc/passwd",
	"javascript:alert(1)",
	"mailto:a@b.example",
	"data:,x",
	"gopher://other.example/",
	"httpss://other.example/",
	"http:other.example",
	"http:/other.example/",
	"http:",
	"https:///x",
	"http:\\\\other.example\\x",
	"www.example.com:80/x",
	/* authority */
	"http://",
	"http:///x",
	"http://user@other.example/",
	"http://user:pw@other.example/",
	"http://@other.example/",
	"http://other.example@127.0.0.1/",
	"//user@other.example/",
	"http://:80/",
	"http://other.example:0/",
	"http://other.example:65536/",
	"http://other.example:999999/",
	"http://other.example:80a/",
	"http://other.example:-1/",
	"http://other.example:+80/",
	"http://other.example:8 0/",
	"http://a.b:80:80/",
	/* names */
	"http://localhost/",
	"http://intranet/",
	"http://other..example/",
	"http://.other.example/",
	"http://other.example../",
	"http://-a.example/",
	"http://a-.example/",
	"http://a%2eb.example/",
	"http://a,b.example/",
	"http://a*.example/",
	"http://\xc3\xa9.example/",
	"http://a\\.example/",
	"http://ex ample.com/",
	"http://a;b.example/",
	"http://a.example\x01/",
	"http://a.example/\t",
	"http://0123456789012345678901234567890123456789012345678901234567890123.example/",
	/* numbers that are no plain address */
	"http://2130706433/",
	"http://0x7f000001/",
	"http://0x7f.0.0.1/",
	"http://0177.0.0.1/",
	"http://127.1/",
	"http://127.0.1/",
	"http://127.0.0.01/",
	"http://127.0.0.256/",
	"http://1/",
	"http://0/",
	"http://0x/",
	"http://www.0x7f/",
	"http://www.127/",
	"http://127.0.0.1.1/",
	"http://00000000000000000000000177.1/",
	"http://0x7F.1/",
	"http://1e2.1/",
	/* IPv6 */
	"http://[::1/",
	"http://::1/",
	"http://[::1]x/",
	"http://[fe80::1%25eth0]/",
	"http://[fe80::1%eth0]/",
	"http://[127.0.0.1]/",
	"http://[]/",
	"http://[v1.x]/",
	"http://[::1]]/",
	"http://[::12345]/",
	"http://2001:db8::1/",
	"http://[::ffff:0x7f.1]/",
};

static void bad_redirects_are_refused(void **state)
{
	struct url base, u, before;
	struct acsr_err e;

	(void)state;
	base_url(&base);
	memset(&u, 0x5a, sizeof(u));
	before = u;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (url_follow(&u, &base, bad[i], &e) == ACSR_OK)
			fail_msg("%s is followed", bad[i]);
		assert_string_equal(e.id, "validation.http.redirect");
	}
	assert_memory_equal(&u, &before, sizeof(u));
}

static void long_ones_are_refused(void **state)
{
	static char text[5000];
	struct url base, u;

	(void)state;
	base_url(&base);
	memset(text, 'a', sizeof(text) - 1);
	memcpy(text, "http://x.example/", 17);
	assert_int_equal(url_follow(&u, &base, text, NULL), ACSR_FAIL);
	text[0] = '/';
	assert_int_equal(url_follow(&u, &base, text, NULL), ACSR_FAIL);
	text[0] = 'a';
	text[4] = 'a';
	assert_int_equal(url_follow(&u, &base, text, NULL), ACSR_FAIL);
	/* A host one longer than a DNS name may be. */
	memset(text, 'a', sizeof(text) - 1);
	memcpy(text, "http://", 7);
	for (size_t i = 7; i < 7 + 254; i += 2)
		text[i + 1] = '.';
	text[7 + 254] = '/';
	text[7 + 255] = '\0';
	assert_int_equal(url_follow(&u, &base, text, NULL), ACSR_OK);
	text[7 + 254] = 'a';
	text[7 + 255] = '/';
	text[7 + 256] = '\0';
	assert_int_equal(url_follow(&u, &base, text, NULL), ACSR_FAIL);
}

static void https_stays_https(void **state)
{
	struct url base, u, v;
	char text[URL_TEXT];

	(void)state;
	base_url(&base);
	assert_int_equal(url_follow(&u, &base, "https://a.example:8443/x", NULL), ACSR_OK);
	assert_int_equal(url_follow(&v, &u, "//b.example/", NULL), ACSR_OK);
	url_print(&v, text);
	assert_string_equal(text, "https://b.example/");
	assert_int_equal(url_follow(&v, &u, "y", NULL), ACSR_OK);
	url_print(&v, text);
	assert_string_equal(text, "https://a.example:8443/y");
}

static void names_and_addresses_make_urls(void **state)
{
	static const char *const no[] = { "", "localhost", "a..b", "127.1", "0x7f.1", "::1::", "a.b/c",
		"a.b:80", "a b.c", "[::1]", "*.example.com" };
	struct url u;
	char text[URL_TEXT];

	(void)state;
	assert_int_equal(url_make(&u, "Www.Example.com", 5002, "/x", NULL), ACSR_OK);
	url_print(&u, text);
	assert_string_equal(text, "http://www.example.com:5002/x");
	assert_false(u.literal);
	assert_int_equal(url_make(&u, "2001:db8::1", 80, "/x", NULL), ACSR_OK);
	url_print(&u, text);
	assert_string_equal(text, "http://[2001:db8::1]/x");
	assert_true(u.literal);
	assert_int_equal(url_make(&u, "192.0.2.1", 80, "/x", NULL), ACSR_OK);
	assert_true(u.literal);
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		if (url_make(&u, no[i], 80, "/x", NULL) == ACSR_OK)
			fail_msg("\"%s\" makes a URL", no[i]);
	assert_int_equal(url_make(&u, "a.example", 80, "x", NULL), ACSR_FAIL);
	assert_int_equal(url_make(&u, "a.example", 80, "/x y", NULL), ACSR_FAIL);
	assert_int_equal(url_make(&u, "a.example", 80, "/x\r\nX: y", NULL), ACSR_FAIL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_redirects_become_plain_urls),
		cmocka_unit_test(bad_redirects_are_refused),
		cmocka_unit_test(long_ones_are_refused),
		cmocka_unit_test(https_stays_https),
		cmocka_unit_test(names_and_addresses_make_urls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
