/*
 * The front process from outside: a client on real sockets with TLS on one side, a played core and keymaker
 * on the other. The rules of single headers and targets are tested in test_adapter.c and test_target.c.
 */
#include "front_steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <gnutls/x509.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/secret.h"

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
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
