/* Answering file validations, one poll loop in one thread. */
#include "cli/responder.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"

#define MAX_FILES 128
#define MAX_CONNECTIONS 16
#define REQUEST_MAX 4096
#define CONNECTION_MS 5000

struct connection {
	int fd; /* -1: free */
	int64_t deadline;
	char in[REQUEST_MAX + 1];
	size_t in_len;
	char *out; /* NULL while the request is being read */
	size_t out_len, out_at;
};

struct responder {
	int listener;
	int stop[2]; /* a pipe: closing its end wakes and ends the thread */
	bool running;
	pthread_t thread;
	struct {
		char *path, *content;
	} files[MAX_FILES];
	size_t n_files;
	atomic_uint hits;
	struct connection conns[MAX_CONNECTIONS];
};

/* "host:port" or "[v6]:port" into two strings within `copy`. */
static bool split(char *copy, char **host, char **port)
{
	char *colon = strrchr(copy, ':');
	uint64_t number;

	if (colon == NULL || colon == copy || colon[1] == '\0')
		return false;
	*colon = '\0';
	*port = colon + 1;
	*host = copy;
	if (copy[0] == '[') {
		if (colon[-1] != ']')
			return false;
		colon[-1] = '\0';
		*host = copy + 1;
	}
	return str_u64(*port, 65535, &number, NULL) == ACSR_OK;
}

static enum acsr_result listen_on(
	int *out, const struct addrinfo *ai, const char *address, struct acsr_err *e)
{
	int on = 1, fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return err_errno(e, "net.listen", errno, "cannot listen on %s", address);
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) != 0 || listen(fd, 16) != 0) {
		int errnum = errno;

		close(fd);
		return err_errno(e, "net.listen", errnum, "cannot listen on %s", address);
	}
	*out = fd;
	return ACSR_OK;
}

static enum acsr_result bind_address(int *out, const char *address, struct acsr_err *e)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV };
	CLEANUP_STR char *copy = NULL;
	struct addrinfo *ai = NULL;
	char *host, *port;
	enum acsr_result r;

	TRY(str_dup(&copy, address, e));
	if (!split(copy, &host, &port) || getaddrinfo(host, port, &hints, &ai) != 0)
		return err_set(e, "usage.value",
			"--standalone is an address and a port, 0.0.0.0:80, not %.60s", address);
	r = listen_on(out, ai, address, e);
	freeaddrinfo(ai);
	return r;
}

enum acsr_result responder_open(struct responder **out, const char *address, struct acsr_err *e)
{
	struct responder *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return err_nomem(e);
	r->listener = r->stop[0] = r->stop[1] = -1;
	for (size_t i = 0; i < MAX_CONNECTIONS; i++)
		r->conns[i].fd = -1;
	if (bind_address(&r->listener, address, e) != ACSR_OK) {
		responder_free(r);
		return ACSR_FAIL;
	}
	*out = r;
	return ACSR_OK;
}

enum acsr_result responder_add(struct responder *r, const char *path, const char *content, struct acsr_err *e)
{
	if (path[0] != '/' || r->n_files == MAX_FILES)
		return err_set(e, "net.answer", "the service's validation paths cannot be served");
	TRY(str_dup(&r->files[r->n_files].path, path, e));
	if (str_dup(&r->files[r->n_files].content, content, e) != ACSR_OK) {
		free(r->files[r->n_files].path);
		return ACSR_FAIL;
	}
	r->n_files++;
	return ACSR_OK;
}

static void drop(struct connection *c)
{
	close(c->fd);
	free(c->out);
	c->fd = -1;
	c->out = NULL;
	c->in_len = c->out_len = c->out_at = 0;
}

static void take_connection(struct responder *r)
{
	int fd = accept4(r->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	for (size_t i = 0; i < MAX_CONNECTIONS; i++)
		if (r->conns[i].fd < 0) {
			r->conns[i].fd = fd;
			r->conns[i].deadline = clock_mono_ms() + CONNECTION_MS;
			return;
		}
	close(fd);
}

static const char *content_of(const struct responder *r, const char *path)
{
	for (size_t i = 0; i < r->n_files; i++)
		if (strcmp(r->files[i].path, path) == 0)
			return r->files[i].content;
	return NULL;
}

/* "GET /path HTTP/1.1": cuts the line up; NULL when it is not one. */
static char *request_path(char *in, bool *head)
{
	char *path = strchr(in, ' '), *end;

	if (path == NULL)
		return NULL;
	*path++ = '\0';
	*head = strcmp(in, "HEAD") == 0;
	if (!*head && strcmp(in, "GET") != 0)
		return NULL;
	end = strchr(path, ' ');
	if (end == NULL || !str_starts(end + 1, "HTTP/1."))
		return NULL;
	*end = '\0';
	return path;
}

static void answer(struct responder *r, struct connection *c)
{
	bool head = false;
	char *path = request_path(c->in, &head);
	const char *content = path != NULL ? content_of(r, path) : NULL;
	const char *body = content != NULL ? content : "not here\n";
	int n = asprintf(&c->out,
		"HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
		content != NULL ? "200 OK" : "404 Not Found",
		content != NULL ? "application/octet-stream" : "text/plain", strlen(body), head ? "" : body);

	if (n < 0) {
		c->out = NULL;
		drop(c);
		return;
	}
	c->out_len = (size_t)n;
	if (content != NULL)
		atomic_fetch_add(&r->hits, 1U);
}

static void read_some(struct responder *r, struct connection *c)
{
	ssize_t n = read(c->fd, c->in + c->in_len, REQUEST_MAX - c->in_len);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		drop(c);
		return;
	}
	c->in_len += (size_t)n;
	c->in[c->in_len] = '\0';
	if (strstr(c->in, "\r\n\r\n") != NULL)
		answer(r, c);
	else if (c->in_len == REQUEST_MAX || strlen(c->in) != c->in_len)
		drop(c);
}

static void write_some(struct connection *c)
{
	ssize_t n = send(c->fd, c->out + c->out_at, c->out_len - c->out_at, MSG_NOSIGNAL);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		c->out_at += (size_t)n;
	if (n <= 0 || c->out_at == c->out_len) {
		(void)shutdown(c->fd, SHUT_WR);
		drop(c);
	}
}

static void serve(struct responder *r, const struct pollfd *p)
{
	for (size_t i = 0; i < MAX_CONNECTIONS; i++) {
		struct connection *c = &r->conns[i];

		if (c->fd < 0)
			continue;
		if (clock_mono_ms() > c->deadline)
			drop(c);
		else if (p[i].fd == c->fd && p[i].revents != 0 && c->out == NULL)
			read_some(r, c);
		else if (p[i].fd == c->fd && p[i].revents != 0)
			write_some(c);
	}
}

static void *loop(void *user)
{
	struct responder *r = user;
	struct pollfd p[MAX_CONNECTIONS + 2];

	for (;;) {
		for (size_t i = 0; i < MAX_CONNECTIONS; i++)
			p[i] = (struct pollfd){ r->conns[i].fd, r->conns[i].out == NULL ? POLLIN : POLLOUT,
				0 };
		p[MAX_CONNECTIONS] = (struct pollfd){ r->listener, POLLIN, 0 };
		p[MAX_CONNECTIONS + 1] = (struct pollfd){ r->stop[0], POLLIN, 0 };
		if (poll(p, MAX_CONNECTIONS + 2, 500) < 0 && errno != EINTR)
			return NULL;
		if (p[MAX_CONNECTIONS + 1].revents != 0)
			return NULL;
		serve(r, p);
		if (p[MAX_CONNECTIONS].revents != 0)
			take_connection(r);
	}
}

enum acsr_result responder_start(struct responder *r, struct acsr_err *e)
{
	if (pipe2(r->stop, O_CLOEXEC) != 0 || pthread_create(&r->thread, NULL, loop, r) != 0)
		return err_set(e, "sys.thread", "cannot start the responder");
	r->running = true;
	return ACSR_OK;
}

unsigned responder_hits(const struct responder *r)
{
	return atomic_load(&((struct responder *)r)->hits);
}

unsigned responder_port(const struct responder *r)
{
	struct sockaddr_storage ss;
	socklen_t n = sizeof(ss);
	char port[8];

	if (getsockname(r->listener, (struct sockaddr *)&ss, &n) != 0 ||
		getnameinfo((struct sockaddr *)&ss, n, NULL, 0, port, sizeof(port), NI_NUMERICSERV) != 0)
		return 0;
	return (unsigned)strtoul(port, NULL, 10);
}

void responder_free(struct responder *r)
{
	if (r == NULL)
		return;
	if (r->running) {
		close(r->stop[1]);
		r->stop[1] = -1;
		pthread_join(r->thread, NULL);
	}
	for (size_t i = 0; i < MAX_CONNECTIONS; i++)
		if (r->conns[i].fd >= 0)
			drop(&r->conns[i]);
	for (size_t i = 0; i < r->n_files; i++) {
		free(r->files[i].path);
		free(r->files[i].content);
	}
	for (size_t i = 0; i < 2; i++)
		if (r->stop[i] >= 0)
			close(r->stop[i]);
	if (r->listener >= 0)
		close(r->listener);
	free(r);
}
