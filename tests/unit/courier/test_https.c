/* The courier's HTTPS against a real server (https_server.py), with core played. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "role_harness.h"

static struct {
	pid_t pid;
	int in;
	FILE *out;
	char dir[64];
	unsigned port;
	struct buf good, stranger; /* PEM */
} server;
static struct harness h;

#define TEXT(s) (char *)(uintptr_t)(s)

/* --- the server --- */

static void server_child(const int in[2], const int out[2])
{
	char *argv[] = { TEXT("/usr/bin/python3"), TEXT("-E"), TEXT(SERVER), server.dir, NULL };

	dup2(in[0], 0);
	dup2(out[1], 1);
	execv(argv[0], argv);
	_exit(127);
}

static void read_pem(const char *name, struct buf *out)
{
	char path[100];

	snprintf(path, sizeof(path), "%s/%s.pem", server.dir, name);
	buf_init(out, 65536);
	assert_int_equal(buf_read_file(out, path, NULL), ACSR_OK);
}

static int begin(void **state)
{
	int in[2], out[2];

	(void)state;
	snprintf(server.dir, sizeof(server.dir), "/tmp/autocsr-https-XXXXXX");
	assert_non_null(mkdtemp(server.dir));
	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	server.pid = fork();
	if (server.pid == 0)
		server_child(in, out);
	close(in[0]);
	close(out[1]);
	server.in = in[1];
	server.out = fdopen(out[0], "r");
	assert_int_equal(fscanf(server.out, " PORT %u", &server.port), 1);
	read_pem("good", &server.good);
	read_pem("stranger", &server.stranger);
	return 0;
}

static int end(void **state)
{
	char command[128];

	(void)state;
	close(server.in);
	fclose(server.out);
	waitpid(server.pid, NULL, 0);
	buf_free(&server.good);
	buf_free(&server.stranger);
	snprintf(command, sizeof(command), "rm -rf %s", server.dir);
	return system(command);
}

/* --- the process --- */

static void start(const char *networks)
{
	char allow[64];
	const char *keys[] = { allow, NULL };

	snprintf(allow, sizeof(allow), "upstream.allow_networks=%s", networks);
	harness_start(&h, COURIER_BINARY, ROLE_COURIER, NULL, keys);
	harness_peer(&h, ROLE_CORE);
}

static void ask(const char *method, const char *host, const char *path, struct buf *roots, uint64_t most)
{
	char url[200];
	struct msg_https_request m = { .method = TEXT(method),
		.url = url,
		.accept = TEXT("application/json"),
		.roots = TEXT(buf_cstr(roots)),
		.most = most,
		.timeout = 3 };

	if (strcmp(method, "POST") == 0) {
		m.content_type = TEXT("application/jose+json");
		m.body = (struct blob){ (uint8_t *)TEXT("{body}"), 6 };
	}
	snprintf(url, sizeof(url), "https://%s:%u%s", host, server.port, path);
	harness_send(&h, ROLE_CORE, MSG_https_request, 7, &m, -1);
}

static void get(const char *path, struct msg_https_response *out)
{
	uint64_t id;

	ask("GET", "127.0.0.1", path, &server.good, 65536);
	harness_recv(&h, ROLE_CORE, MSG_https_response, out, &id, NULL);
	assert_int_equal(id, 7);
}

static void body_is(const struct msg_https_response *r, const char *text)
{
	assert_int_equal(r->body.len, strlen(text));
	assert_memory_equal(r->body.p, text, strlen(text));
}

/* rfc: 8555 6.1#2: each request to a CA names the program and its version */
static void test_what_is_sent_and_what_comes_back(void **state)
{
	struct msg_https_response r;
	struct strv *l = &r.headers;

	(void)state;
	start("127.0.0.0/8");
	ask("POST", "localhost", "/echo", &server.good, 65536);
	harness_recv(&h, ROLE_CORE, MSG_https_response, &r, NULL, NULL);
	assert_int_equal(r.status, 200);
	assert_string_equal(r.content_type, "text/plain");
	body_is(&r, "POST|application/jose+json|application/json|autocsr/" AUTOCSR_VERSION "||{body}");
	assert_int_equal(l->n, 3); /* neither X-Secret nor Set-Cookie */
	assert_true(strv_has(l, "replay-nonce: n0nce") && strv_has(l, "link: <https://x/>;rel=\"a\""));
	harness_clear(MSG_https_response, &r);
	get("/echo", &r); /* and no cookie of before */
	body_is(&r, "GET||application/json|autocsr/" AUTOCSR_VERSION "||");
	harness_clear(MSG_https_response, &r);
	ask("HEAD", "127.0.0.1", "/echo", &server.good, 65536);
	harness_recv(&h, ROLE_CORE, MSG_https_response, &r, NULL, NULL);
	assert_int_equal(r.body.len, 0);
	harness_clear(MSG_https_response, &r);
	harness_stop(&h);
}

static void test_redirects_are_answers(void **state)
{
	struct msg_https_response r;

	(void)state;
	start("127.0.0.0/8");
	get("/redirect", &r);
	assert_int_equal(r.status, 302);
	assert_true(strv_has(&r.headers, "location: /echo"));
	harness_clear(MSG_https_response, &r);
	harness_stop(&h);
}

static void test_headers_that_are_no_text_are_as_good_as_absent(void **state)
{
	struct msg_https_response r;

	(void)state;
	start("127.0.0.0/8");
	get("/odd", &r);
	assert_int_equal(r.status, 200);
	assert_string_equal(r.content_type, "");
	assert_int_equal(r.headers.n, 1);
	assert_string_equal(r.headers.v[0], "location: https://ok/");
	harness_clear(MSG_https_response, &r);
	harness_stop(&h);
}

static void fails(const char *host, const char *path, struct buf *roots, uint64_t most, const char *id)
{
	ask("GET", host, path, roots, most);
	harness_recv_failed(&h, ROLE_CORE, 7, id);
}

static void test_what_does_not_work(void **state)
{
	struct buf none = { 0 };

	(void)state;
	start("127.0.0.0/8");
	fails("127.0.0.1", "/large", &server.good, 100000, "net.too-large");
	fails("127.0.0.1", "/headers", &server.good, 100000, "net.too-large");
	fails("127.0.0.1", "/cut", &server.good, 100000, "net.broken");
	fails("127.0.0.1", "/slow", &server.good, 100000, "net.timeout");
	fails("127.0.0.1", "/echo", &server.stranger, 100000, "net.tls"); /* another root */
	fails("127.0.0.1", "/echo", &none, 100000, "net.tls");            /* the system's do not have it */
	fails("127.0.0.2", "/echo", &server.good, 100000, "net.connect");
	fails("no.such.host.invalid", "/echo", &server.good, 100000, "net.resolve");
	harness_stop(&h);
}

static void test_private_addresses_are_not_dialled(void **state)
{
	static const char *const hosts[] = { "127.0.0.1", "localhost", "10.1.2.3", "169.254.169.254", "[::1]",
		"[::ffff:127.0.0.1]", "2130706433", "0x7f000001", "192.168.0.1" };

	(void)state;
	start("");
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
		fails(hosts[i], "/echo", &server.good, 1000, "net.address");
	harness_stop(&h);
}

static void url_fails(const char *method, const char *url, const char *id)
{
	struct msg_https_request m = { .method = TEXT(method), .url = TEXT(url), .most = 100, .timeout = 1 };

	m.roots = TEXT(buf_cstr(&server.good));
	harness_send(&h, ROLE_CORE, MSG_https_request, 8, &m, -1);
	harness_recv_failed(&h, ROLE_CORE, 8, id);
}

static void test_only_plain_https_urls(void **state)
{
	(void)state;
	start("127.0.0.0/8");
	url_fails("GET", "http://127.0.0.1/", "net.url");
	url_fails("GET", "file:///etc/passwd", "net.url");
	url_fails("GET", "https://user@127.0.0.1/", "net.url");
	url_fails("GET", "https://127.0.0.1/a b", "net.url");
	url_fails("GET", "", "net.url");
	url_fails("PUT", "https://127.0.0.1/", "ipc.field");
	harness_stop(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_what_is_sent_and_what_comes_back),
		cmocka_unit_test(test_redirects_are_answers),
		cmocka_unit_test(test_headers_that_are_no_text_are_as_good_as_absent),
		cmocka_unit_test(test_what_does_not_work),
		cmocka_unit_test(test_private_addresses_are_not_dialled),
		cmocka_unit_test(test_only_plain_https_urls) };

	return cmocka_run_group_tests(tests, begin, end);
}
