/* The front process between its clients, core and keymaker: requests, archives, limits, the end. */
#include "front_steps.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/secret.h"

/* --- core --- */

static void requests_reach_core(void **state)
{
	static const char post[] = "POST /api/v1/orders?limit=5&q=a%20b HTTP/1.1\r\n" HOST
				   "Content-Type: application/json\r\nOrigin: https://certs.example.test\r\n"
				   "X-CSRF-Token: tok\r\nIdempotency-Key: key 1\r\nUser-Agent: test/1\r\n"
				   "Cookie: a=b; __Host-autocsr=sess123; c=d\r\n"
				   "Authorization: Bearer acsr_abc\r\nX-Forwarded-For: 192.0.2.7\r\n"
				   "Content-Length: 2\r\n\r\n{}";
	struct msg_http_request m;
	struct client c;
	struct buf b;
	const char *a;
	uint64_t id;

	(void)state;
	client_open(&c, &d, true);
	client_text(&c, post);
	next_request(&m, &id);
	assert_string_equal(m.method, "POST");
	assert_string_equal(m.path, "/api/v1/orders");
	assert_string_equal(m.query, "limit=5&q=a%20b");
	assert_string_equal(m.remote, "127.0.0.1"); /* no proxy is trusted */
	assert_string_equal(m.origin, "https://certs.example.test");
	assert_string_equal(m.content_type, "application/json");
	assert_string_equal(m.csrf, "tok");
	assert_string_equal(m.idempotency_key, "key 1");
	assert_string_equal(m.user_agent, "test/1");
	assert_string_equal((const char *)acsr_secret_bytes(m.cookie), "sess123");
	assert_string_equal((const char *)acsr_secret_bytes(m.bearer), "acsr_abc");
	assert_int_equal(m.plain, 0);
	assert_int_equal(m.body.len, 2);
	assert_memory_equal(m.body.p, "{}", 2);
	assert_int_equal(strncmp(m.request_id, "req_", 4), 0);
	respond(id, 201, "{\"id\":\"ord_1\"}", "");
	a = client_answer(&c, &b);
	assert_int_equal(status_of(a), 201);
	has(a, "Content-Type: application/json\r\n");
	has(a, "Cache-Control: no-store");
	has(a, "\r\n\r\n{\"id\":\"ord_1\"}");
	buf_free(&b);
	harness_clear(MSG_http_request, &m);
	/* the connection is kept */
	client_text(&c, GET("/healthz"));
	assert_int_equal(status_of(client_answer(&c, &b)), 200);
	buf_free(&b);
	client_close(&c);
}

static void chunked_bodies_reach_core(void **state)
{
	struct msg_http_request m;
	struct client c;
	struct buf b;
	uint64_t id;

	(void)state;
	client_open(&c, &d, true);
	client_text(&c, "POST /api HTTP/1.1\r\n" HOST
			"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
	next_request(&m, &id);
	assert_int_equal(m.body.len, 5);
	assert_memory_equal(m.body.p, "abcde", 5);
	respond(id, 204, "", "");
	assert_int_equal(status_of(client_answer(&c, &b)), 204);
	buf_free(&b);
	harness_clear(MSG_http_request, &m);
	client_close(&c);
}

/* Two requests in one packet are two requests, answered in their order. */
static void pipelined_requests_stay_apart(void **state)
{
	struct msg_http_request m;
	struct client c;
	struct buf b;
	uint64_t id;

	(void)state;
	client_open(&c, &d, true);
	client_text(&c, "POST /api/one HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc" GET("/api/two"));
	next_request(&m, &id);
	assert_string_equal(m.path, "/api/one");
	assert_memory_equal(m.body.p, "abc", 3);
	harness_clear(MSG_http_request, &m);
	respond(id, 200, "1", "");
	next_request(&m, &id);
	assert_string_equal(m.path, "/api/two");
	assert_int_equal(m.body.len, 0);
	harness_clear(MSG_http_request, &m);
	respond(id, 200, "2", "");
	has(client_answer(&c, &b), "\r\n\r\n1");
	buf_free(&b);
	client_close(&c);
}

static void without_core_the_answer_is_503(void **state)
{
	struct msg_http_request m;
	struct client c;
	struct buf b;
	const char *a;
	uint64_t id;

	(void)state;
	client_open(&c, &d, true);
	client_text(&c, GET("/api/v1/orders"));
	next_request(&m, &id);
	harness_clear(MSG_http_request, &m);
	harness_peer_close(&d.h, ROLE_CORE);
	a = client_answer(&c, &b); /* it was under way */
	assert_int_equal(status_of(a), 503);
	has(a, "\r\nRetry-After: ");
	has(a, "urn:autocsr:error:busy.core");
	buf_free(&b);
	client_text(&c, GET("/api/v1/orders"));
	assert_int_equal(status_of(client_answer(&c, &b)), 503);
	buf_free(&b);
	client_text(&c, GET("/healthz"));
	assert_int_equal(status_of(client_answer(&c, &b)), 200);
	buf_free(&b);
	client_close(&c);
	harness_peer(&d.h, ROLE_CORE); /* and it comes back */
	client_open(&c, &d, true);
	client_text(&c, GET("/api/v1/orders"));
	next_request(&m, &id);
	respond(id, 200, "{}", "");
	assert_int_equal(status_of(client_answer(&c, &b)), 200);
	harness_clear(MSG_http_request, &m);
	buf_free(&b);
	client_close(&c);
}

/* --- archives --- */

static void give_archive(const char *ticket, const char *bytes, size_t n)
{
	struct msg_archive m = { .ticket = (char *)(uintptr_t)ticket };
	int p[2];

	assert_int_equal(pipe(p), 0);
	assert_int_equal(write(p[1], bytes, n), n);
	close(p[1]);
	harness_send(&d.h, ROLE_KEYMAKER, MSG_archive, 0, &m, p[0]);
}

/* Ask for an archive, let core answer with this ticket, and read what comes. */
static const char *fetch(const char *method, const char *ticket, struct buf *b)
{
	struct msg_http_request m;
	struct client c;
	char line[256];
	uint64_t id;

	client_open(&c, &d, true);
	snprintf(line, sizeof(line), "%s /api/v1/archives/%s HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n",
		method, ticket);
	client_text(&c, line);
	next_request(&m, &id);
	harness_clear(MSG_http_request, &m);
	respond(id, 200, "", ticket);
	(void)client_rest(&c, b);
	client_close(&c);
	return buf_cstr(b);
}

static void told(const char *ticket, bool complete, uint64_t size)
{
	struct msg_archive_sent m = { 0 };

	harness_recv(&d.h, ROLE_CORE, MSG_archive_sent, &m, NULL, NULL);
	assert_string_equal(m.ticket, ticket);
	assert_int_equal(m.complete, complete);
	assert_int_equal(m.size, size);
	harness_clear(MSG_archive_sent, &m);
}

static void an_archive_is_streamed_once(void **state)
{
	char *big = malloc(60000);
	struct buf b;
	const char *a;

	(void)state;
	memset(big, 'z', 60000);
	harness_peer(&d.h, ROLE_KEYMAKER);
	give_archive("t1", big, 60000);
	assert_int_equal(status_of(fetch("HEAD", "t1", &b)), 200); /* does not consume it */
	buf_free(&b);
	a = fetch("GET", "t1", &b);
	assert_int_equal(status_of(a), 200);
	assert_memory_equal(strstr(a, "\r\n\r\n") + 4, big, 60000);
	buf_free(&b);
	told("t1", true, 60000);
	a = fetch("GET", "t1", &b);
	assert_int_equal(status_of(a), 410);
	has(a, "archive.gone");
	buf_free(&b);
	told("t1", false, 0);
	free(big);
}

static void a_dropped_ticket_is_gone(void **state)
{
	struct msg_ticket_drop m = { .ticket = (char *)(uintptr_t) "t2" };
	struct buf b;

	(void)state;
	harness_peer(&d.h, ROLE_KEYMAKER);
	give_archive("t2", "zip", 3);
	give_archive("t3", "zip", 3);
	assert_int_equal(status_of(fetch("GET", "t3", &b)), 200); /* so t2 has arrived, too */
	buf_free(&b);
	told("t3", true, 3);
	harness_send(&d.h, ROLE_CORE, MSG_ticket_drop, 0, &m, -1);
	assert_int_equal(status_of(fetch("GET", "t2", &b)), 410);
	buf_free(&b);
	told("t2", false, 0);
}

/* --- without TLS --- */

static const char *plainly(const char *request, struct buf *b)
{
	struct client c;

	client_open(&c, &d, false);
	client_text(&c, request);
	(void)client_answer(&c, b);
	client_close(&c);
	return buf_cstr(b);
}

static void plain_http_redirects(void **state)
{
	struct msg_http_request m;
	struct client c;
	struct buf b;
	const char *a;
	uint64_t id;

	(void)state;
	a = plainly(GET("/api/v1/orders?x=1"), &b);
	assert_int_equal(status_of(a), 308);
	has(a, "\r\nLocation: https://certs.example.test/api/v1/orders?x=1\r\n");
	has_not(a, "Strict-Transport-Security");
	buf_free(&b);
	a = plainly(GET("/"), &b);
	assert_int_equal(status_of(a), 308);
	buf_free(&b);
	assert_int_equal(status_of(plainly(GET("/healthz"), &b)), 200);
	buf_free(&b);
	client_open(&c, &d, false);
	client_text(&c, GET("/crl/issuing-1.crl"));
	next_request(&m, &id);
	assert_int_equal(m.plain, 1);
	harness_clear(MSG_http_request, &m);
	respond(id, 200, "crl", "");
	has(client_answer(&c, &b), "\r\n\r\ncrl");
	buf_free(&b);
	client_close(&c);
}

/* --- limits --- */

static void connections_per_address_are_limited(void **state)
{
	struct client c[3];
	struct client one_more;
	struct buf b;

	(void)state;
	begin_with("server.max_connections_per_address=3", NULL, NULL);
	for (int i = 0; i < 3; i++)
		client_open(&c[i], &d, true);
	assert_false(client_try_open(&one_more, &d, true));
	client_text(&c[0], GET("/healthz"));
	assert_int_equal(status_of(client_answer(&c[0], &b)), 200);
	buf_free(&b);
	for (int i = 0; i < 3; i++)
		client_close(&c[i]);
	while (!client_try_open(&one_more, &d, true)) /* until the server has seen them close */
		poll(NULL, 0, 10);
	client_close(&one_more);
	front_stop(&d);
}

/* A byte now and then keeps the connection active; only a total deadline ends it. */
static void drip(struct client *c, struct buf *b)
{
	struct pollfd p = { .fd = c->fd, .events = POLLIN };

	for (int i = 0; i < 300 && poll(&p, 1, 100) == 0; i++)
		client_text(c, "x");
	(void)client_rest(c, b);
}

static void slow_requests_end(void **state)
{
	struct client c;
	struct buf b;

	(void)state;
	begin_with("server.request_timeout=1s", NULL, NULL);
	client_open(&c, &d, true);
	client_text(&c, "POST /api HTTP/1.1\r\n" HOST "X-Slow: ");
	drip(&c, &b);
	assert_int_equal(status_of(buf_cstr(&b)), 408);
	buf_free(&b);
	client_close(&c);
	client_open(&c, &d, true);
	client_text(&c, "POST /api HTTP/1.1\r\n" HOST "Content-Length: 100000\r\n\r\n");
	drip(&c, &b);
	assert_int_equal(status_of(buf_cstr(&b)), 408);
	buf_free(&b);
	client_close(&c);
	front_stop(&d);
}

static void forwarded_addresses_count_from_proxies(void **state)
{
	struct msg_http_request m;
	struct client c;
	struct buf b;
	uint64_t id;

	(void)state;
	begin_with("server.trusted_proxies=127.0.0.0/8", NULL, NULL);
	client_open(&c, &d, true);
	client_text(&c, "GET /api HTTP/1.1\r\n" HOST "X-Forwarded-For: 203.0.113.9, 192.0.2.7\r\n\r\n");
	next_request(&m, &id);
	assert_string_equal(m.remote, "192.0.2.7");
	harness_clear(MSG_http_request, &m);
	respond(id, 200, "{}", "");
	(void)client_answer(&c, &b);
	buf_free(&b);
	client_close(&c);
	front_stop(&d);
}

/* Stopping with a request under way answers it. */
static void stopping_answers_what_waits(void **state)
{
	struct msg_http_request m;
	struct msg_stop stop = { 0 };
	struct client c;
	struct buf b;
	uint64_t id;

	(void)state;
	begin_with(NULL, NULL, NULL);
	client_open(&c, &d, true);
	client_text(&c, GET("/api/v1/orders"));
	next_request(&m, &id);
	harness_clear(MSG_http_request, &m);
	harness_send(&d.h, ROLE_AUTOCSRD, MSG_stop, 0, &stop, -1);
	assert_int_equal(status_of(client_answer(&c, &b)), 503);
	buf_free(&b);
	client_close(&c);
	assert_int_equal(harness_wait(&d.h), 0);
	harness_drop(&d.h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FRONT(requests_reach_core),
		IN_FRONT(chunked_bodies_reach_core),
		IN_FRONT(pipelined_requests_stay_apart),
		IN_FRONT(without_core_the_answer_is_503),
		IN_FRONT(an_archive_is_streamed_once),
		IN_FRONT(a_dropped_ticket_is_gone),
		IN_FRONT(plain_http_redirects),
		cmocka_unit_test(connections_per_address_are_limited),
		cmocka_unit_test(slow_requests_end),
		cmocka_unit_test(forwarded_addresses_count_from_proxies),
		cmocka_unit_test(stopping_answers_what_waits),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
