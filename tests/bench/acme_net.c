/* Two servers of a few lines: one answers every GET for a challenge, one every question about a name. */
#include "acme_net.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/str.h"

char net_thumbprints[NET_ACCOUNTS][44];

static int bound(int type, int port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int one = 1, fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0 ||
		bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0)
		return -1;
	return fd;
}

static int run(void *(*work)(void *fd), int fd)
{
	pthread_t thread;

	return pthread_create(&thread, NULL, work, (void *)(intptr_t)fd) == 0 ? 0 : -1;
}

/* --- http-01 --- */

static size_t answer(const char *request, char *out, size_t cap)
{
	static const char path[] = "GET /.well-known/acme-challenge/";
	const char *host = strcasestr(request, "\r\nhost:"), *token = request + sizeof(path) - 1;
	unsigned long account;
	int n;

	if (host == NULL || strncmp(request, path, sizeof(path) - 1) != 0)
		return 0;
	account = strtoul(host + 7 + strspn(host + 7, " "), NULL, 10);
	if (account >= NET_ACCOUNTS)
		return 0;
	n = snprintf(out, cap,
		"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: %zu\r\n"
		"Connection: close\r\n\r\n%.*s.%s",
		strcspn(token, " ") + 1 + strlen(net_thumbprints[account]), (int)strcspn(token, " "), token,
		net_thumbprints[account]);
	return n > 0 && (size_t)n < cap ? (size_t)n : 0;
}

struct visitor {
	int fd;
	size_t have;
	char in[4096];
};

/* Some connect and say nothing for a while (a client that has found another connection meanwhile): nobody waits
 * for them. */
static bool read_on(struct visitor *v)
{
	char out[1024];
	size_t n;
	ssize_t got = read(v->fd, v->in + v->have, sizeof(v->in) - 1 - v->have);

	if (got <= 0)
		return false;
	v->have += (size_t)got;
	v->in[v->have] = '\0';
	if (strstr(v->in, "\r\n\r\n") == NULL)
		return v->have < sizeof(v->in) - 1;
	n = answer(v->in, out, sizeof(out));
	if (write(v->fd, out, n) != (ssize_t)n)
		perror("http");
	return false;
}

static void welcome(int set, int listener)
{
	struct visitor *v = malloc(sizeof(*v));
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = v };
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0 || v == NULL) {
		free(v);
		return;
	}
	v->fd = fd;
	v->have = 0;
	if (epoll_ctl(set, EPOLL_CTL_ADD, fd, &ev) != 0)
		perror("epoll");
}

static void *http_thread(void *arg)
{
	int listener = (int)(intptr_t)arg, set = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = NULL };

	if (set < 0 || epoll_ctl(set, EPOLL_CTL_ADD, listener, &ev) != 0)
		return NULL;
	while (epoll_wait(set, &ev, 1, -1) >= 0) {
		struct visitor *v = ev.data.ptr;

		if (v == NULL) {
			welcome(set, listener);
		} else if (!read_on(v)) {
			close(v->fd);
			free(v);
		}
	}
	return NULL;
}

int net_http(int port)
{
	int fd = bound(SOCK_STREAM, port);

	return fd < 0 || listen(fd, 512) != 0 ? -1 : run(http_thread, fd);
}

/* --- DNS (RFC 1035): A is 127.0.0.1, all else is "no such data", with the SOA that makes it last (RFC 2308) --- */

static const uint8_t a_record[] = { 0xc0, 12, 0, 1, 0, 1, 0, 0, 1, 0x2c, 0, 4, 127, 0, 0, 1 };
/* of the root: any negative answer may carry it here, where nobody validates */
static const uint8_t soa_record[] = { 0, 0, 6, 0, 1, 0, 0, 1, 0x2c, 0, 22, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0x2c, 0,
	0, 1, 0x2c, 0, 0, 1, 0x2c, 0, 0, 1, 0x2c };

/* The length of the answer that replaces the question in m; 0: none. */
static size_t dns_answer(uint8_t *m, size_t n, size_t cap)
{
	size_t at = 12, end;
	bool a;

	while (at < n && m[at] != 0)
		at += m[at] + 1u;
	end = at + 5;
	if (n < 17 || end > n || end + sizeof(soa_record) > cap)
		return 0;
	a = m[at + 1] == 0 && m[at + 2] == 1;
	m[2] = (uint8_t)(0x84 | (m[2] & 1)); /* an answer, authoritative */
	m[3] = 0x80;
	memset(m + 6, 0, 6);
	m[a ? 7 : 9] = 1;
	memcpy(m + end, a ? a_record : soa_record, a ? sizeof(a_record) : sizeof(soa_record));
	return end + (a ? sizeof(a_record) : sizeof(soa_record));
}

static void *dns_thread(void *arg)
{
	int fd = (int)(intptr_t)arg;

	for (;;) {
		struct sockaddr_storage from;
		socklen_t len = sizeof(from);
		uint8_t m[1024];
		ssize_t n = recvfrom(fd, m, 512, 0, (struct sockaddr *)&from, &len);
		size_t out = n > 0 ? dns_answer(m, (size_t)n, sizeof(m)) : 0;

		if (out > 0 && sendto(fd, m, out, 0, (struct sockaddr *)&from, len) < 0)
			perror("dns");
	}
	return NULL;
}

int net_dns(int port)
{
	int fd = bound(SOCK_DGRAM, port);

	return fd < 0 ? -1 : run(dns_thread, fd);
}
