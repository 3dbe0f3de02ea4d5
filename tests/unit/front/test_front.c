/*
 * The front process from outside: a client on real sockets with TLS on one side, a played core and keymaker
 * on the other. The rules of single headers and targets are tested in test_adapter.c and test_target.c.
 */
#include "front_double.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <gnutls/x509.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/secret.h"

static struct front_double d;
static char portal[96];
static char portal_key[128];

static void write_file(const char *name, const char *text)
{
	char path[160];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", portal, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int setup(void **state)
{
	(void)state;
	front_listen(&d);
	snprintf(portal, sizeof(portal), "%s/portal", d.base);
	mkdir(portal, 0755);
	write_file("index.html", "<!doctype html><title>portal</title>");
	write_file("app-ABCDEFG7.js", "console.log(1)\n");
	snprintf(portal_key, sizeof(portal_key), "server.portal=%s", portal);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	front_remove(&d);
	return 0;
}

static void begin_with(const char *a, const char *b, const char *c)
{
	const char *keys[] = { portal_key, "server.http_listen=127.0.0.1:8080",
		"server.public_url=https://certs.example.test", a, b, c, NULL };
	char stored[160];

	snprintf(stored, sizeof(stored), "%s/tls.pem", d.dir);
	unlink(stored);
	front_start(&d, keys);
}

static int begin(void **state)
{
	(void)state;
	begin_with(NULL, NULL, NULL);
	return 0;
}

static int end(void **state)
{
	(void)state;
	front_stop(&d);
	return 0;
}

#define HOST "Host: certs.example.test\r\n"
#define GET(target) "GET " target " HTTP/1.1\r\n" HOST "\r\n"

static void has(const char *answer, const char *what)
{
	if (strstr(answer, what) == NULL)
		fail_msg("no %s in: %s", what, answer);
}

static void has_not(const char *answer, const char *what)
{
	if (strstr(answer, what) != NULL)
		fail_msg("%s in: %s", what, answer);
}

/* Send bytes on a fresh connection and read until it ends. */
static const char *once(const void *p, size_t n, struct buf *b)
{
	struct client c;

	client_open(&c, &d, true);
	client_send(&c, p, n);
	(void)client_answer(&c, b);
	client_close(&c);
	return buf_cstr(b);
}

static void next_request(struct msg_http_request *m, uint64_t *id)
{
	*m = (struct msg_http_request){ 0 };
	harness_recv(&d.h, ROLE_CORE, MSG_http_request, m, id, NULL);
}

static void respond(uint64_t id, unsigned status, const char *body, const char *ticket)
{
	struct msg_http_response m = { .status = status,
		.content_type = (char *)(uintptr_t) "application/json",
		.ticket = (char *)(uintptr_t)ticket,
		.body = { .p = (uint8_t *)(uintptr_t)body, .len = strlen(body) } };

	harness_send(&d.h, ROLE_CORE, MSG_http_response, id, &m, -1);
}

/* --- starting and TLS --- */

static void move(const char *name, const char *to)
{
	char from[160];

	snprintf(from, sizeof(from), "%s/%s", d.dir, name);
	assert_int_equal(rename(from, to), 0);
}

static void a_restart_serves_at_once(void **state)
{
	const char *keys[] = { portal_key, "server.public_url=https://certs.example.test", NULL };
	struct buf b;
	struct stat st;
	char path[160];

	(void)state;
	begin_with(NULL, NULL, NULL);
	front_stop(&d);
	snprintf(path, sizeof(path), "%s/tls.key", d.dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	harness_start(&d.h, FRONT_BINARY, ROLE_FRONT, d.dir, keys); /* ready without any core */
	assert_int_equal(status_of(once(GET("/healthz"), strlen(GET("/healthz")), &b)), 200);
	buf_free(&b);
	front_stop(&d);
}

/* The operator's own files: no core is asked, and a reload ends the process so that it reads them anew. */
static void operators_files_are_served(void **state)
{
	char chain[160], key[160], key_key[200], chain_key[200];
	const char *keys[] = { portal_key, chain_key, key_key, NULL };
	struct msg_reload again = { 0 };
	struct buf b;

	(void)state;
	begin_with(NULL, NULL, NULL); /* only to have a pair of files */
	front_stop(&d);
	snprintf(chain, sizeof(chain), "%s/own.pem", d.base);
	snprintf(key, sizeof(key), "%s/own.key", d.base);
	move("tls.pem", chain);
	move("tls.key", key);
	snprintf(chain_key, sizeof(chain_key), "server.tls_certificate=%s", chain);
	snprintf(key_key, sizeof(key_key), "server.tls_key=%s", key);
	harness_start(&d.h, FRONT_BINARY, ROLE_FRONT, d.dir, keys);
	assert_int_equal(status_of(once(GET("/healthz"), strlen(GET("/healthz")), &b)), 200);
	buf_free(&b);
	harness_send(&d.h, ROLE_AUTOCSRD, MSG_reload, 0, &again, -1);
	assert_int_equal(harness_wait(&d.h), 0);
	harness_drop(&d.h);
	keys[2] = NULL; /* a certificate without its key */
	harness_launch(&d.h, FRONT_BINARY, ROLE_FRONT, d.dir, keys);
	assert_int_not_equal(harness_wait(&d.h), 0);
	harness_drop(&d.h);
}

/* The key that a client sees, as the fingerprint of the leaf. */
static void leaf_of(struct client *c, uint8_t out[32])
{
	unsigned n = 0;
	const gnutls_datum_t *certs = gnutls_certificate_get_peers(c->tls, &n);
	size_t len = 32;

	assert_true(n > 0);
	assert_int_equal(gnutls_fingerprint(GNUTLS_DIG_SHA256, &certs[0], out, &len), 0);
}

static void a_renewed_certificate_keeps_connections(void **state)
{
	uint8_t first[32], second[32];
	struct client old, fresh;
	struct buf b;

	(void)state;
	begin_with(NULL, NULL, NULL);
	client_open(&old, &d, true);
	leaf_of(&old, first);
	front_sign_late(&d); /* an unasked certificate, to be renewed at once */
	front_sign(&d);      /* so front asks again */
	client_text(&old, GET("/healthz"));
	assert_int_equal(status_of(client_answer(&old, &b)), 200);
	buf_free(&b);
	do { /* until the new one has arrived there */
		client_open(&fresh, &d, true);
		leaf_of(&fresh, second);
		client_close(&fresh);
	} while (memcmp(first, second, 32) == 0);
	client_text(&old, GET("/healthz"));
	assert_int_equal(status_of(client_answer(&old, &b)), 200);
	buf_free(&b);
	client_close(&old);
	front_stop(&d);
}

static void other_names_ask_for_another_certificate(void **state)
{
	const char *keys[] = { portal_key, "server.public_url=https://other.example.test", NULL };

	(void)state;
	begin_with(NULL, NULL, NULL);
	front_stop(&d);
	front_start(&d, keys); /* fails when there is no tls_request */
	front_stop(&d);
}

/* The first byte that comes back to a ClientHello of version 3.minor that offers one suite; 0: none does. */
static uint8_t hello(uint8_t minor, uint8_t suite)
{
	const uint8_t head[] = { 0x16, 3, 1, 0, 74, 1, 0, 0, 70, 3, minor };
	const uint8_t random[32] = { 42 };
	const uint8_t rest[] = { 0, 0, 2, 0xc0, suite, 1, 0, 0, 27, /* supported_groups */ 0, 10, 0, 4, 0, 2,
		0, 23, /* signature_algorithms */ 0, 13, 0, 4, 0, 2, 4, 3, /* ec_point_formats */ 0, 11, 0, 2,
		1, 0, /* renegotiation_info */ 0xff, 1, 0, 1, 0 };
	struct client c;
	uint8_t first = 0;

	client_connect(&c, d.https);
	client_send(&c, head, sizeof(head));
	client_send(&c, random, sizeof(random));
	client_send(&c, rest, sizeof(rest));
	if (recv(c.fd, &first, 1, 0) != 1)
		first = 0;
	client_close(&c);
	return first;
}

static void only_new_tls_is_spoken(void **state)
{
	const uint8_t handshake = 0x16;

	(void)state;
	assert_int_equal(hello(3, 0x2b), handshake);     /* TLS 1.2, AES-128-GCM */
	assert_int_not_equal(hello(3, 0x09), handshake); /* TLS 1.2, AES-128-CBC */
	assert_int_not_equal(hello(2, 0x09), handshake); /* TLS 1.1 */
}

/* --- answers of front itself --- */

static void every_answer_has_the_security_headers(void **state)
{
	struct buf b;
	const char *a = once(GET("/healthz"), strlen(GET("/healthz")), &b);

	(void)state;
	assert_int_equal(status_of(a), 200);
	has(a, "\r\nX-Content-Type-Options: nosniff\r\n");
	has(a, "\r\nReferrer-Policy: no-referrer\r\n");
	has(a, "\r\nCross-Origin-Opener-Policy: same-origin\r\n");
	has(a, "\r\nCross-Origin-Resource-Policy: same-origin\r\n");
	has(a, "\r\nPermissions-Policy: ");
	has(a, "\r\nStrict-Transport-Security: max-age=");
	has(a, "\r\nContent-Security-Policy: default-src 'none'; script-src 'self';");
	has(a, "\r\nCache-Control: no-store\r\n");
	has_not(a, "\r\nServer:");
	has(a, "\r\n\r\nok\n");
	buf_free(&b);
}

static void portal_files_are_served(void **state)
{
	char again[256], etag[64];
	const char *a, *at;
	struct buf b;

	(void)state;
	a = once(GET("/"), strlen(GET("/")), &b);
	assert_int_equal(status_of(a), 200);
	has(a, "<title>portal</title>");
	has(a, "Content-Type: text/html; charset=utf-8");
	has(a, "Cache-Control: no-cache");
	at = strstr(a, "ETag: ");
	assert_non_null(at);
	snprintf(etag, sizeof(etag), "%.*s", (int)strcspn(at + 6, "\r"), at + 6);
	buf_free(&b);
	snprintf(again, sizeof(again), "GET / HTTP/1.1\r\n" HOST "If-None-Match: %s\r\n\r\n", etag);
	a = once(again, strlen(again), &b);
	assert_int_equal(status_of(a), 304);
	has_not(a, "portal</title>");
	buf_free(&b);
	a = once(GET("/app-ABCDEFG7.js"), strlen(GET("/app-ABCDEFG7.js")), &b);
	has(a, "Cache-Control: public, max-age=31536000, immutable");
	buf_free(&b);
}

static void portal_files_are_only_read(void **state)
{
	static const char post[] = "POST / HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n";
	struct buf b;
	const char *a = once(post, strlen(post), &b);

	(void)state;
	assert_int_equal(status_of(a), 405);
	has(a, "\"type\":\"urn:autocsr:error:request.method\"");
	has(a, "\r\nAllow: ");
	buf_free(&b);
}

/* --- refusals --- */

struct bad {
	const char *what;
	const char *bytes;
	size_t len;
	int status;
};
#define BAD(what, bytes, status)                       \
	{                                              \
		what, bytes, sizeof(bytes) - 1, status \
	}

static const struct bad bads[] = {
	BAD("no Host", "GET / HTTP/1.1\r\n\r\n", 400),
	BAD("two Hosts", "GET / HTTP/1.1\r\n" HOST HOST "\r\n", 400),
	BAD("two lengths", "POST /api HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
		400),
	BAD("length and chunked",
		"POST /api HTTP/1.1\r\n" HOST
		"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		400),
	BAD("another coding",
		"POST /api HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400),
	BAD("NUL in a header", "GET / HTTP/1.1\r\n" HOST "X-A: b\0c\r\n\r\n", 400),
	BAD("NUL behind the length", "POST /api HTTP/1.1\r\n" HOST "Content-Length: 1\0\r\nX: y\r\n\r\na",
		400),
	BAD("NUL starts a line", "GET / HTTP/1.1\r\n" HOST "\0X: y\r\n\r\n", 400),
	BAD("NUL in the target", "GET /healthz\0x HTTP/1.1\r\n" HOST "\r\n", 400),
	BAD("folded header", "GET / HTTP/1.1\r\n" HOST "X-A: b\r\n  folded: c\r\n\r\n", 400),
	BAD("folded framing", "POST /api HTTP/1.1\r\n" HOST "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
		400),
	BAD("space before the colon", "GET / HTTP/1.1\r\n" HOST "X-A : b\r\n\r\n", 400),
	BAD("control character", "GET / HTTP/1.1\r\n" HOST "X-A: b\x01\r\n\r\n", 400),
	BAD("two spaces", "GET  / HTTP/1.1\r\n" HOST "\r\n", 400),
	BAD("space in the target", "GET /a b HTTP/1.1\r\n" HOST "\r\n", 400),
	BAD("absolute form", "GET http://certs.example.test/ HTTP/1.1\r\n" HOST "\r\n", 400),
	BAD("encoded slash", "GET /api%2fv1 HTTP/1.1\r\n" HOST "\r\n", 400),
	BAD("dot segments", "GET /api/../etc/passwd HTTP/1.1\r\n" HOST "\r\n", 400),
	BAD("OPTIONS", "OPTIONS / HTTP/1.1\r\n" HOST "\r\n", 405),
	BAD("TRACE", "TRACE / HTTP/1.1\r\n" HOST "\r\n", 405),
	BAD("unknown method", "BREW / HTTP/1.1\r\n" HOST "\r\n", 501),
	BAD("large length", "POST /api HTTP/1.1\r\n" HOST "Content-Length: 262145\r\n\r\n", 413),
};

static void bad_requests_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bads) / sizeof(bads[0]); i++) {
		struct client c;
		struct buf b;
		const char *a;

		client_open(&c, &d, true);
		client_send(&c, bads[i].bytes, bads[i].len);
		a = client_rest(&c, &b); /* the connection must end, too */
		/* From 1.0 on the library refuses some by itself, with a page of its own or none. */
		if (!LIBRARY_REFUSES || (*a != '\0' && strstr(a, "<html>") == NULL)) {
			has(a, "application/problem+json");
			has(a, "\"instance\":\"req_");
			has(a, "X-Content-Type-Options: nosniff");
		}
		if (status_of(a) != bads[i].status && !(LIBRARY_REFUSES && *a == '\0'))
			fail_msg("%s: %s", bads[i].what, a);
		client_close(&c);
		buf_free(&b);
	}
}

static void large_headers_are_refused(void **state)
{
	char *big = malloc(40000);
	struct buf b;

	(void)state;
	snprintf(big, 40000, "GET / HTTP/1.1\r\n" HOST "X-Big: %017000d\r\n\r\n", 7);
	assert_int_equal(status_of(once(big, strlen(big), &b)), 431);
	buf_free(&b);
	snprintf(big, 40000, "GET /%03000d HTTP/1.1\r\n" HOST "\r\n", 7);
	assert_int_equal(status_of(once(big, strlen(big), &b)), 414);
	buf_free(&b);
	free(big);
}

/* The body never ends and says nothing of its size: the answer must come all the same. */
static void endless_bodies_are_refused_while_they_arrive(void **state)
{
	struct client c;
	struct buf b;
	const char *a;
	char chunk[4200];

	(void)state;
	client_open(&c, &d, true);
	client_text(&c, "POST /api/v1/orders HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n");
	snprintf(chunk, sizeof(chunk), "1000\r\n%04096d\r\n", 7);
	for (int i = 0; i < 65; i++)
		client_text(&c, chunk);
	a = client_answer(&c, &b);
	assert_int_equal(status_of(a), 413);
	has(a, "request.too-large");
	client_close(&c);
	buf_free(&b);
}

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
	assert_string_equal((const char *)secret_bytes(m.cookie), "sess123");
	assert_string_equal((const char *)secret_bytes(m.bearer), "acsr_abc");
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

#define IN_FRONT(t) cmocka_unit_test_setup_teardown(t, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_restart_serves_at_once),
		cmocka_unit_test(other_names_ask_for_another_certificate),
		cmocka_unit_test(operators_files_are_served),
		cmocka_unit_test(a_renewed_certificate_keeps_connections),
		IN_FRONT(only_new_tls_is_spoken),
		IN_FRONT(every_answer_has_the_security_headers),
		IN_FRONT(portal_files_are_served),
		IN_FRONT(portal_files_are_only_read),
		IN_FRONT(bad_requests_are_refused),
		IN_FRONT(large_headers_are_refused),
		IN_FRONT(endless_bodies_are_refused_while_they_arrive),
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
