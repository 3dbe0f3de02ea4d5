/* See web.h. One thread accepts; each connection has one of its own, detached, that ends with the peer. */
#include "web.h"

#include <arpa/inet.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct web {
	int fd, port;
	SSL_CTX *tls;
	pthread_t thread;
	atomic_uint connects;
	atomic_bool stop;
	char host[256], path[2048];
};

struct conn {
	struct web *w;
	int fd;
	SSL *ssl;
};

static bool put(struct conn *c, const char *s, size_t n)
{
	while (n > 0) {
		ssize_t done =
			c->ssl != NULL ? SSL_write(c->ssl, s, (int)n) : send(c->fd, s, n, MSG_NOSIGNAL);

		if (done <= 0)
			return false;
		s += done;
		n -= (size_t)done;
	}
	return true;
}

static bool say(struct conn *c, const char *s)
{
	return put(c, s, strlen(s));
}

static void reply(struct conn *c, const char *status, const char *headers, const char *body)
{
	char head[4096];

	snprintf(head, sizeof(head), "HTTP/1.1 %s\r\n%sContent-Length: %zu\r\nConnection: close\r\n\r\n",
		status, headers, strlen(body));
	if (say(c, head))
		(void)say(c, body);
}

static void redirect(struct conn *c, const char *status, const char *to)
{
	char header[2200];

	snprintf(header, sizeof(header), "Location: %s\r\n", to);
	reply(c, status, header, "");
}

static void endless(struct conn *c, const char *head, const char *piece, int pause)
{
	if (!say(c, head))
		return;
	while (!c->w->stop && say(c, piece))
		if (pause > 0)
			poll(NULL, 0, pause);
}

static void silent(struct conn *c)
{
	struct pollfd p = { .fd = c->fd, .events = POLLIN };

	while (!c->w->stop && poll(&p, 1, 100) <= 0)
		;
}

static void count_down(struct conn *c, const char *path)
{
	static const char *const kinds[] = { "301 Moved", "302 Found", "307 Temporary", "308 Permanent" };
	int n = atoi(path + 3);
	char to[32];

	snprintf(to, sizeof(to), n > 0 ? "/n/%d" : "/ok", n - 1);
	redirect(c, kinds[n % 4], to);
}

struct page {
	const char *path, *status, *headers, *body;
};

static const struct page pages[] = {
	{ "/ok", "200 OK", "", WEB_CONTENT },
	{ "/padded", "200 OK", "Content-Type: text/html\r\n", "\r\n \t" WEB_CONTENT "\n\n" },
	{ "/wrong", "200 OK", "", "not " WEB_CONTENT },
	{ "/404", "404 Not Found", "", WEB_CONTENT },
	{ "/500", "500 Oops", "", WEB_CONTENT },
	{ "/206", "206 Partial Content", "", WEB_CONTENT },
	{ "/303", "303 See Other", "Location: /ok\r\n", "" },
	{ "/300", "300 Choices", "Location: /ok\r\n", "" },
	{ "/two", "302 Found", "Location: /ok\r\nLocation: /padded\r\n", "" },
	{ "/twice", "302 Found", "Location: /ok\r\nLocation: /ok\r\n", "" },
	{ "/nowhere", "302 Found", "", "" },
};

static void bad_manners(struct conn *c, const char *path)
{
	static char big[8192];

	memset(big, 'x', sizeof(big) - 1);
	if (strcmp(path, "/endless") == 0)
		endless(c, "HTTP/1.1 200 OK\r\n\r\n", big, 0);
	else if (strcmp(path, "/hop") == 0)
		endless(c, "HTTP/1.1 307 Hop\r\nLocation: /ok\r\n\r\n", big, 0);
	else if (strcmp(path, "/drip") == 0)
		endless(c, "HTTP/1.1 200 OK\r\n\r\n", ".", 50);
	else if (strcmp(path, "/headers") == 0)
		endless(c, "HTTP/1.1 200 OK\r\n", "X-More: 0123456789012345678901234567890123456789\r\n", 0);
	else if (strcmp(path, "/continue") == 0)
		endless(c, "", "HTTP/1.1 100 Continue\r\n\r\n", 0);
	else if (strcmp(path, "/silent") == 0)
		silent(c);
	else if (strcmp(path, "/short") == 0)
		(void)say(c, "HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n" WEB_CONTENT);
	else if (strcmp(path, "/garbage") == 0)
		(void)say(c, "SSH-2.0-OpenSSH_9.2\r\n");
	else
		reply(c, "404 Not Found", "", "no such page");
}

static void answer(struct conn *c, const char *path)
{
	if (strncmp(path, "/to?", 4) == 0) {
		redirect(c, "302 Found", path + 4);
		return;
	}
	if (strncmp(path, "/n/", 3) == 0) {
		count_down(c, path);
		return;
	}
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
		if (strcmp(path, pages[i].path) == 0) {
			reply(c, pages[i].status, pages[i].headers, pages[i].body);
			return;
		}
	bad_manners(c, path);
}

/* One read is enough for a client that sends its request at once. */
static void serve(struct conn *c)
{
	char request[8192], path[2048] = "";
	ssize_t n = c->ssl != NULL ? SSL_read(c->ssl, request, sizeof(request) - 1)
				   : recv(c->fd, request, sizeof(request) - 1, 0);
	const char *host;

	if (n <= 0)
		return;
	request[n] = '\0';
	sscanf(request, "GET %2047s", path);
	host = strstr(request, "\r\nHost: ");
	c->w->host[0] = '\0';
	if (host != NULL)
		sscanf(host, "\r\nHost: %255s", c->w->host);
	snprintf(c->w->path, sizeof(c->w->path), "%s", path);
	answer(c, path);
}

static void *run_conn(void *arg)
{
	struct conn *c = arg;

	if (c->w->tls != NULL) {
		c->ssl = SSL_new(c->w->tls);
		SSL_set_fd(c->ssl, c->fd);
	}
	if (c->ssl == NULL || SSL_accept(c->ssl) == 1)
		serve(c);
	if (c->ssl != NULL)
		SSL_shutdown(c->ssl);
	SSL_free(c->ssl);
	shutdown(c->fd, SHUT_WR);
	close(c->fd);
	free(c);
	return NULL;
}

static void *run(void *arg)
{
	struct web *w = arg;

	while (!w->stop) {
		struct pollfd p = { .fd = w->fd, .events = POLLIN };
		struct conn *c;
		pthread_t t;
		int fd;

		if (poll(&p, 1, 100) <= 0 || (fd = accept4(w->fd, NULL, NULL, SOCK_CLOEXEC)) < 0)
			continue;
		w->connects++;
		c = calloc(1, sizeof(*c));
		if (c == NULL)
			abort();
		*c = (struct conn){ .w = w, .fd = fd };
		if (pthread_create(&t, NULL, run_conn, c) != 0)
			abort();
		pthread_detach(t);
	}
	return NULL;
}

/* A throw-away certificate for a name that nobody asks for: validation must not mind. */
static SSL_CTX *make_tls(void)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();

	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), -7200);
	X509_gmtime_adj(X509_getm_notAfter(cert), -3600);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
		(const unsigned char *)"expired.invalid", -1, -1, 0);
	X509_set_issuer_name(cert, X509_get_subject_name(cert));
	X509_set_pubkey(cert, key);
	if (X509_sign(cert, key, EVP_sha256()) == 0 || SSL_CTX_use_certificate(ctx, cert) != 1 ||
		SSL_CTX_use_PrivateKey(ctx, key) != 1)
		abort();
	X509_free(cert);
	EVP_PKEY_free(key);
	return ctx;
}

struct web *web_up(bool tls)
{
	struct web *w = calloc(1, sizeof(*w));
	struct sockaddr_in sa = { .sin_family = AF_INET };
	socklen_t n = sizeof(sa);

	if (w == NULL)
		abort();
	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	w->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(w->fd, (struct sockaddr *)&sa, n) != 0 || listen(w->fd, 128) != 0 ||
		getsockname(w->fd, (struct sockaddr *)&sa, &n) != 0)
		abort();
	w->port = ntohs(sa.sin_port);
	w->tls = tls ? make_tls() : NULL;
	if (pthread_create(&w->thread, NULL, run, w) != 0)
		abort();
	return w;
}

int web_port(const struct web *w)
{
	return w->port;
}

unsigned web_connects(const struct web *w)
{
	return w->connects;
}

const char *web_last_host(const struct web *w)
{
	return w->host;
}

const char *web_last_path(const struct web *w)
{
	return w->path;
}

/* Threads of connections end by themselves; their memory is left to the end of the test. */
void web_down(struct web *w)
{
	w->stop = true;
	pthread_join(w->thread, NULL);
	close(w->fd);
}
