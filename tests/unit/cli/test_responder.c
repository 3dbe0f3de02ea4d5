/* The responder answers its paths and nothing else, whatever a peer sends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/responder.h"

static struct responder *r;
static struct acsr_err e;

static int set_up(void **state)
{
	(void)state;
	r = NULL;
	if (responder_open(&r, "127.0.0.1:0", &e) != ACSR_OK ||
		responder_add(r, "/.well-known/pki-validation/a.txt", "content-a", &e) != ACSR_OK ||
		responder_add(r, "/.well-known/pki-validation/b.txt", "content-b", &e) != ACSR_OK)
		return -1;
	return responder_start(r, &e) == ACSR_OK ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	responder_free(r);
	return 0;
}

static int dial(void)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_port = htons((uint16_t)responder_port(r)) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	return fd;
}

/* Send and read to the end. */
static void talk(const char *request, size_t n, char *answer, size_t cap)
{
	int fd = dial();
	size_t at = 0;
	ssize_t got;

	assert_int_equal(send(fd, request, n, MSG_NOSIGNAL), (ssize_t)n);
	while (at + 1 < cap && (got = recv(fd, answer + at, cap - 1 - at, 0)) > 0)
		at += (size_t)got;
	answer[at] = '\0';
	close(fd);
}

static void expect(const char *request, const char *status, const char *body)
{
	char answer[1024];
	const char *end;

	talk(request, strlen(request), answer, sizeof(answer));
	assert_memory_equal(answer, status, strlen(status));
	end = strstr(answer, "\r\n\r\n");
	assert_non_null(end);
	assert_string_equal(end + 4, body);
}

static void its_paths(void **state)
{
	(void)state;
	expect("GET /.well-known/pki-validation/a.txt HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200",
		"content-a");
	expect("GET /.well-known/pki-validation/b.txt HTTP/1.0\r\n\r\n", "HTTP/1.1 200", "content-b");
	expect("HEAD /.well-known/pki-validation/a.txt HTTP/1.1\r\n\r\n", "HTTP/1.1 200", "");
	assert_int_equal(responder_hits(r), 3);
}

static void nothing_else(void **state)
{
	(void)state;
	expect("GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 404", "not here\n");
	expect("GET /.well-known/pki-validation/ HTTP/1.1\r\n\r\n", "HTTP/1.1 404", "not here\n");
	expect("GET /.well-known/pki-validation/a.txt?x HTTP/1.1\r\n\r\n", "HTTP/1.1 404", "not here\n");
	expect("GET /../etc/passwd HTTP/1.1\r\n\r\n", "HTTP/1.1 404", "not here\n");
	expect("POST /.well-known/pki-validation/a.txt HTTP/1.1\r\n\r\n", "HTTP/1.1 404", "not here\n");
	expect("rubbish\r\n\r\n", "HTTP/1.1 404", "not here\n");
	assert_int_equal(responder_hits(r), 0);
}

static void hostile_requests_are_dropped(void **state)
{
	static char big[8000];
	char answer[64];
	int idle[40];

	(void)state;
	memset(big, 'a', sizeof(big));
	talk("GET /\0 HTTP/1.1\r\n\r\n", 19, answer, sizeof(answer));
	assert_string_equal(answer, "");
	{
		int fd = dial();

		(void)send(fd, big, sizeof(big), MSG_NOSIGNAL);
		assert_true(recv(fd, answer, sizeof(answer), 0) <= 0);
		close(fd);
	}
	for (size_t i = 0; i < 40; i++)
		idle[i] = dial();
	for (size_t i = 0; i < 40; i++)
		close(idle[i]);
	expect("GET /.well-known/pki-validation/a.txt HTTP/1.1\r\n\r\n", "HTTP/1.1 200", "content-a");
}

static void bad_addresses(void **state)
{
	static const char *const bad[] = { "", "80", ":80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:http",
		"localhost:80", "[::1:80", "1.2.3.4:99999999", NULL };
	struct responder *none = NULL;

	(void)state;
	for (size_t i = 0; bad[i] != NULL; i++) {
		assert_int_equal(responder_open(&none, bad[i], &e), ACSR_FAIL);
		assert_string_equal(e.id, "usage.value");
	}
	assert_int_equal(responder_open(&none, "192.0.2.1:8080", &e), ACSR_FAIL);
	assert_string_equal(e.id, "net.listen");
	assert_null(none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(its_paths, set_up, tear_down),
		cmocka_unit_test_setup_teardown(nothing_else, set_up, tear_down),
		cmocka_unit_test_setup_teardown(hostile_requests_are_dropped, set_up, tear_down),
		cmocka_unit_test(bad_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
