/* The request adapter: what core gets, and one refusal per rule. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "front/adapter.h"

enum { FIELDS = 8 };

/* Version, method and target of a good request; then fields up to a NULL name. */
struct request {
	const char *version, *method, *target;
	struct request_field f[FIELDS];
};

static const struct networks no_proxies;

static struct request_head head_of(const struct request *r)
{
	struct request_head h = { .version = r->version != NULL ? r->version : "HTTP/1.1",
		.method = r->method != NULL ? r->method : "GET",
		.target = r->target != NULL ? r->target : "/api",
		.fields = r->f };

	while (h.nfields < FIELDS && r->f[h.nfields].name != NULL)
		h.nfields++;
	assert_true(network_parse_address("198.51.100.1", h.peer));
	return h;
}

#define HOST                     \
	{                        \
		"Host", "x.test" \
	}

struct refusal {
	const char *what;
	struct request r;
	const char *id;
};

static const struct refusal refusals[] = {
	{ "HTTP/2", { "HTTP/2.0", NULL, NULL, { HOST } }, "request.version" },
	{ "HTTP/0.9", { "HTTP/0.9", NULL, NULL, { HOST } }, "request.version" },
	{ "HTTP/1.10", { "HTTP/1.10", NULL, NULL, { HOST } }, "request.version" },
	{ "OPTIONS", { NULL, "OPTIONS", NULL, { HOST } }, "request.method" },
	{ "TRACE", { NULL, "TRACE", NULL, { HOST } }, "request.method" },
	{ "CONNECT", { NULL, "CONNECT", "x.test:443", { HOST } }, "request.method" },
	{ "lower case", { NULL, "get", NULL, { HOST } }, "request.method.unknown" },
	{ "unknown", { NULL, "BREW", NULL, { HOST } }, "request.method.unknown" },
	{ "no Host", { NULL, NULL, NULL, { { NULL, NULL } } }, "request.header" },
	{ "empty Host", { NULL, NULL, NULL, { { "Host", "" } } }, "request.header" },
	{ "two Hosts", { NULL, NULL, NULL, { HOST, { "host", "y.test" } } }, "request.header" },
	{ "bad Host", { NULL, NULL, NULL, { { "Host", "x.test/a" } } }, "request.header" },
	{ "user in Host", { NULL, NULL, NULL, { { "Host", "a@x.test" } } }, "request.header" },
	{ "space in a name", { NULL, NULL, NULL, { HOST, { "X-A ", "b" } } }, "request.header" },
	{ "empty name", { NULL, NULL, NULL, { HOST, { "", "b" } } }, "request.header" },
	{ "control in a value", { NULL, NULL, NULL, { HOST, { "X-A", "b\x01" } } }, "request.header" },
	{ "CR in a value", { NULL, NULL, NULL, { HOST, { "X-A", "b\rc" } } }, "request.header" },
	{ "DEL in a value", { NULL, NULL, NULL, { HOST, { "X-A", "b\x7f" } } }, "request.header" },
	{ "both lengths",
		{ NULL, "POST", NULL, { HOST, { "Content-Length", "1" }, { "Content-Length", "1" } } },
		"request.header" },
	{ "list of lengths", { NULL, "POST", NULL, { HOST, { "Content-Length", "1, 1" } } },
		"request.header" },
	{ "negative length", { NULL, "POST", NULL, { HOST, { "Content-Length", "-1" } } }, "request.header" },
	{ "signed length", { NULL, "POST", NULL, { HOST, { "Content-Length", "+1" } } }, "request.header" },
	{ "hex length", { NULL, "POST", NULL, { HOST, { "Content-Length", "0x1" } } }, "request.header" },
	{ "huge length", { NULL, "POST", NULL, { HOST, { "Content-Length", "18446744073709551616" } } },
		"request.header" },
	{ "too long", { NULL, "POST", NULL, { HOST, { "Content-Length", "262145" } } }, "request.too-large" },
	{ "length and coding",
		{ NULL, "POST", NULL,
			{ HOST, { "Content-Length", "1" }, { "Transfer-Encoding", "chunked" } } },
		"request.header" },
	{ "two codings",
		{ NULL, "POST", NULL,
			{ HOST, { "Transfer-Encoding", "chunked" }, { "Transfer-Encoding", "chunked" } } },
		"request.header" },
	{ "gzip, chunked", { NULL, "POST", NULL, { HOST, { "Transfer-Encoding", "gzip, chunked" } } },
		"request.header" },
	{ "identity", { NULL, "POST", NULL, { HOST, { "Transfer-Encoding", "identity" } } },
		"request.header" },
	{ "vertical tab",
		{ NULL, "POST", NULL,
			{ HOST, { "Transfer-Encoding", "\x0b"
						       "chunked" } } },
		"request.header" },
	{ "chunked in 1.0", { "HTTP/1.0", "POST", NULL, { HOST, { "Transfer-Encoding", "chunked" } } },
		"request.header" },
	{ "encoded body", { NULL, "POST", NULL, { HOST, { "Content-Encoding", "gzip" } } },
		"request.header" },
	{ "expectation", { NULL, "POST", NULL, { HOST, { "Expect", "200-ok" } } }, "request.header" },
	{ "bad target", { NULL, NULL, "/a/../b", { HOST } }, "request.target" },
	{ "two origins", { NULL, "POST", NULL, { HOST, { "Origin", "a" }, { "Origin", "b" } } },
		"request.header" },
	{ "origin", { NULL, "POST", NULL, { HOST, { "Origin", "https://gr\xc3\xbcn.test" } } },
		"request.header" },
	{ "two tokens",
		{ NULL, NULL, NULL,
			{ HOST, { "Authorization", "Bearer a" }, { "Authorization", "Bearer b" } } },
		"request.header" },
	{ "token with spaces", { NULL, NULL, NULL, { HOST, { "Authorization", "Bearer a b" } } },
		"request.header" },
	{ "empty token", { NULL, NULL, NULL, { HOST, { "Authorization", "Bearer " } } }, "request.header" },
	{ "session twice", { NULL, NULL, NULL, { HOST, { "Cookie", "__Host-autocsr=a; __Host-autocsr=b" } } },
		"request.header" },
	{ "session in two headers",
		{ NULL, NULL, NULL,
			{ HOST, { "Cookie", "__Host-autocsr=a" }, { "Cookie", "__Host-autocsr=b" } } },
		"request.header" },
	{ "empty session", { NULL, NULL, NULL, { HOST, { "Cookie", "__Host-autocsr=; a=b" } } },
		"request.header" },
};

static void refused(const char *what, const struct request_head *h, const char *id)
{
	struct msg_http_request out;
	struct request_facts facts;
	struct acsr_err e;

	if (adapter_read(h, &no_proxies, &out, &facts, &e) == ACSR_OK)
		fail_msg("accepted: %s", what);
	if (strcmp(e.id, id) != 0)
		fail_msg("%s: %s (%s)", what, e.id, e.text);
	assert_null(out.method); /* nothing is left behind */
	assert_null(out.cookie);
}

static void each_rule_refuses(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		struct request_head h = head_of(&refusals[i].r);

		refused(refusals[i].what, &h, refusals[i].id);
	}
}

static void sizes_are_limited(void **state)
{
	static const struct request good = { .f = { HOST } };
	struct request_field many[REQUEST_FIELDS_MAX + 1];
	struct request_head h = head_of(&good);
	char token[300] = "Bearer ";
	struct request_field with_token[] = { HOST, { "Authorization", token } };

	(void)state;
	h.size = 16385;
	refused("head size", &h, "request.headers");
	h = head_of(&good);
	for (size_t i = 0; i < REQUEST_FIELDS_MAX + 1; i++)
		many[i] = (struct request_field){ i == 0 ? "Host" : "X", "x" };
	h.fields = many;
	h.nfields = REQUEST_FIELDS_MAX + 1;
	refused("number of fields", &h, "request.headers");
	memset(token + 7, 'a', 257);
	h.fields = with_token;
	h.nfields = 2;
	refused("token size", &h, "request.header");
}

static void taken(const struct request *r, const struct networks *proxies, struct msg_http_request *out,
	struct request_facts *facts)
{
	struct request_head h = head_of(r);
	struct acsr_err e;

	if (adapter_read(&h, proxies, out, facts, &e) != ACSR_OK)
		fail_msg("%s: %s", e.id, e.text);
}

static void clear(struct msg_http_request *m)
{
	msg_clear(msg_desc(MSG_http_request), m);
}

static void the_least_request(void **state)
{
	static const struct request r = { .version = "HTTP/1.0", .f = { HOST } };
	struct msg_http_request m;
	struct request_facts facts;

	(void)state;
	taken(&r, &no_proxies, &m, &facts);
	assert_string_equal(m.method, "GET");
	assert_string_equal(m.path, "/api");
	assert_string_equal(m.remote, "198.51.100.1");
	assert_string_equal(m.origin, "");
	assert_null(m.cookie);
	assert_null(m.bearer);
	assert_int_equal(facts.length, 0);
	assert_false(facts.chunked);
	clear(&m);
}

static void credentials_are_taken(void **state)
{
	static const struct request r = { .f = { HOST,
						  { "cookie", "a=__Host-autocsr=x;  __Host-autocsr=s1;b=2" },
						  { "AUTHORIZATION", "bearer   acsr_T-._~+/=" } } };
	static const struct request other = { .f = { HOST,
						      { "Cookie", "x__Host-autocsr=a; __host-autocsr=b" },
						      { "Authorization", "Basic YTpi" } } };
	struct msg_http_request m;
	struct request_facts facts;

	(void)state;
	taken(&r, &no_proxies, &m, &facts);
	assert_string_equal((const char *)acsr_secret_bytes(m.cookie), "s1");
	assert_string_equal((const char *)acsr_secret_bytes(m.bearer), "acsr_T-._~+/=");
	clear(&m);
	taken(&other, &no_proxies, &m, &facts);
	assert_null(m.cookie);
	assert_null(m.bearer);
	clear(&m);
}

/* It only helps: a bad one, or a second one, must not keep anybody out. */
static void a_device_cookie_is_taken_or_left(void **state)
{
	static const struct request r = { .f = { HOST,
						  { "Cookie", "__Host-autocsr-device=d1; __Host-autocsr=s1; "
							      "__Host-autocsr-device=d2" } } };
	char bad[200] = "__Host-autocsr-device=; __Host-autocsr-device=";
	struct request other = { .f = { HOST, { "Cookie", bad } } };
	struct msg_http_request m;
	struct request_facts facts;

	(void)state;
	taken(&r, &no_proxies, &m, &facts);
	assert_string_equal((const char *)acsr_secret_bytes(m.device), "d1");
	assert_string_equal((const char *)acsr_secret_bytes(m.cookie), "s1");
	clear(&m);
	memset(bad + strlen(bad), 'x', 65);
	taken(&other, &no_proxies, &m, &facts);
	assert_null(m.device);
	assert_null(m.cookie);
	clear(&m);
}

static void user_agents_are_cut(void **state)
{
	char agent[700];
	struct request r = { .f = { HOST, { "User-Agent", agent } } };
	struct msg_http_request m;
	struct request_facts facts;

	(void)state;
	memset(agent, 'a', sizeof(agent) - 1);
	agent[sizeof(agent) - 1] = '\0';
	memcpy(agent, "\xe9\xff", 2);
	taken(&r, &no_proxies, &m, &facts);
	assert_int_equal(strlen(m.user_agent), 512);
	assert_memory_equal(m.user_agent, "??a", 3);
	clear(&m);
}

struct forwarded {
	const char *first, *second, *remote;
};

static const struct forwarded forwards[] = {
	{ "192.0.2.1", NULL, "192.0.2.1" },
	{ "203.0.113.9, 192.0.2.1", NULL, "192.0.2.1" },
	{ "192.0.2.1,198.51.100.7", NULL, "192.0.2.1" }, /* the last is a proxy, too */
	{ "203.0.113.9", "192.0.2.1", "192.0.2.1" },
	{ "192.0.2.1", "198.51.100.7", "192.0.2.1" },
	{ "2001:db8::1", NULL, "2001:db8::1" },
	{ "198.51.100.9, 198.51.100.7", NULL, "198.51.100.9" }, /* only proxies: the farthest */
	{ "192.0.2.1, junk", NULL, "198.51.100.1" },
	{ "junk, 192.0.2.1", NULL, "192.0.2.1" },
	{ "192.0.2.1, ", NULL, "198.51.100.1" },
	{ "", NULL, "198.51.100.1" },
	{ NULL, NULL, "198.51.100.1" },
};

static void only_proxies_may_forward(void **state)
{
	struct networks proxies;
	struct acsr_err e;

	(void)state;
	assert_int_equal(conf_networks("198.51.100.0/24", &proxies, &e), ACSR_OK);
	for (size_t i = 0; i < sizeof(forwards) / sizeof(forwards[0]); i++) {
		struct request r = { .f = { HOST } };
		struct msg_http_request m;
		struct request_facts facts;
		size_t n = 1;

		if (forwards[i].first != NULL)
			r.f[n++] = (struct request_field){ "X-Forwarded-For", forwards[i].first };
		if (forwards[i].second != NULL)
			r.f[n++] = (struct request_field){ "x-forwarded-for", forwards[i].second };
		taken(&r, &proxies, &m, &facts);
		if (strcmp(m.remote, forwards[i].remote) != 0)
			fail_msg("%s: %s", forwards[i].first, m.remote);
		clear(&m);
		taken(&r, &no_proxies, &m, &facts);
		assert_string_equal(m.remote, "198.51.100.1");
		clear(&m);
	}
}

static void framing_is_known(void **state)
{
	static const struct request length = { .method = "PUT",
		.f = { HOST, { "Content-Length", "262144" } } };
	static const struct request chunked = { .method = "PATCH",
		.f = { HOST, { "transfer-encoding", "Chunked" }, { "Expect", "100-Continue" } } };
	struct msg_http_request m;
	struct request_facts facts;

	(void)state;
	taken(&length, &no_proxies, &m, &facts);
	assert_int_equal(facts.length, 262144);
	clear(&m);
	taken(&chunked, &no_proxies, &m, &facts);
	assert_true(facts.chunked);
	clear(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_rule_refuses),
		cmocka_unit_test(sizes_are_limited),
		cmocka_unit_test(the_least_request),
		cmocka_unit_test(credentials_are_taken),
		cmocka_unit_test(a_device_cookie_is_taken_or_left),
		cmocka_unit_test(user_agents_are_cut),
		cmocka_unit_test(only_proxies_may_forward),
		cmocka_unit_test(framing_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
