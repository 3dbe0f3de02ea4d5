/* Requests and answers over OpenSSL. */
#include "acme_https.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SECONDS = 20, HEAD_MAX = 16384, READ_AT_LEAST = 4096, BODY_MAX = 1 << 20 };

struct https {
	SSL_CTX *ctx;
	SSL *ssl;
	int fd;
	struct buf in; /* what was read and not used yet */
	struct buf out;
};

struct target {
	char host[256], port[8];
	const char *path;
};

/* "https://host:port/path" */
static bool split(const char *url, struct target *out)
{
	const char *host = url + strlen("https://"), *colon, *slash;

	if (strncmp(url, "https://", strlen("https://")) != 0)
		return false;
	slash = strchr(host, '/');
	colon = strchr(host, ':');
	if (slash == NULL || (size_t)(slash - host) >= sizeof(out->host))
		return false;
	if (colon == NULL || colon > slash)
		colon = slash;
	snprintf(out->host, sizeof(out->host), "%.*s", (int)(colon - host), host);
	snprintf(out->port, sizeof(out->port), "%.*s", colon < slash ? (int)(slash - colon - 1) : 3,
		colon < slash ? colon + 1 : "443");
	out->path = slash;
	return true;
}

struct https *https_new(const char *ca_file)
{
	struct https *h = calloc(1, sizeof(*h));

	if (h == NULL)
		return NULL;
	h->fd = -1;
	buf_init(&h->in, BODY_MAX + HEAD_MAX);
	buf_init(&h->out, BODY_MAX + HEAD_MAX);
	h->ctx = SSL_CTX_new(TLS_client_method());
	if (h->ctx == NULL || SSL_CTX_load_verify_file(h->ctx, ca_file) != 1) {
		https_free(h);
		return NULL;
	}
	SSL_CTX_set_verify(h->ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_read_ahead(h->ctx, 1);
	return h;
}

static void hang_up(struct https *h)
{
	SSL_free(h->ssl);
	if (h->fd >= 0)
		close(h->fd);
	h->ssl = NULL;
	h->fd = -1;
	h->in.len = h->in.off = 0;
}

void https_free(struct https *h)
{
	hang_up(h);
	SSL_CTX_free(h->ctx);
	buf_free(&h->in);
	buf_free(&h->out);
	free(h);
}

static int dial(const struct target *t)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	const struct timeval patience = { .tv_sec = SECONDS };
	struct addrinfo *list = NULL;
	int fd = -1, on = 1;

	if (getaddrinfo(t->host, t->port, &hints, &list) != 0)
		return -1;
	for (const struct addrinfo *a = list; fd < 0 && a != NULL; a = a->ai_next) {
		fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);
		if (fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) != 0) {
			close(fd);
			fd = -1;
		}
	}
	freeaddrinfo(list);
	if (fd >= 0 && (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) != 0 ||
			       setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* A certificate for an address names it as one. */
static bool expect(SSL *ssl, const char *host)
{
	return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1 ||
	       (SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1);
}

static const char *call(struct https *h, const struct target *t)
{
	h->fd = dial(t);
	if (h->fd < 0)
		return "no connection";
	h->ssl = SSL_new(h->ctx);
	if (h->ssl == NULL || !expect(h->ssl, t->host) || SSL_set_fd(h->ssl, h->fd) != 1 ||
		SSL_connect(h->ssl) != 1) {
		hang_up(h);
		return "no TLS";
	}
	return NULL;
}

/* --- reading --- */

static bool more(struct https *h)
{
	int n;

	if (buf_reserve(&h->in, READ_AT_LEAST, NULL) != ACSR_OK)
		return false;
	n = SSL_read(h->ssl, h->in.p + h->in.len, (int)(h->in.cap - h->in.len - 1));
	if (n > 0)
		h->in.len += (size_t)n;
	return n > 0;
}

/* The line at the begin of what was read, without its end; NULL: none came. It stays until the next one. */
static char *line(struct https *h)
{
	size_t seen = 0;

	for (;;) {
		uint8_t *from = h->in.p + h->in.off, *end = NULL;

		if (buf_unread(&h->in) > seen)
			end = memchr(from + seen, '\n', buf_unread(&h->in) - seen);
		if (end != NULL) {
			h->in.off += (size_t)(end - from) + 1;
			*end = '\0';
			if (end > from && end[-1] == '\r')
				end[-1] = '\0';
			return (char *)from;
		}
		seen = buf_unread(&h->in);
		if (seen > HEAD_MAX || !more(h))
			return NULL;
	}
}

static bool take(struct https *h, size_t n, struct buf *out)
{
	struct bytes part;

	while (buf_unread(&h->in) < n)
		if (!more(h))
			return false;
	return buf_take(&h->in, n, &part, NULL) == ACSR_OK && buf_put(out, part.p, part.len, NULL) == ACSR_OK;
}

static bool take_chunks(struct https *h, struct buf *out)
{
	for (;;) {
		const char *size = line(h);
		size_t n = size != NULL ? strtoul(size, NULL, 16) : 0;

		if (size == NULL || n > BODY_MAX || !take(h, n, out) || line(h) == NULL)
			return false;
		if (n == 0)
			return true;
	}
}

struct framing {
	size_t length;
	bool chunked, close;
};

static const char *value_of(const char *text, const char *name)
{
	size_t n = strlen(name);

	return strncasecmp(text, name, n) == 0 ? text + n + strspn(text + n, " ") : NULL;
}

static void take_header(const char *text, struct framing *f, struct https_reply *out)
{
	const char *v;

	if ((v = value_of(text, "content-length:")) != NULL)
		f->length = strtoul(v, NULL, 10);
	else if ((v = value_of(text, "transfer-encoding:")) != NULL)
		f->chunked = strcasecmp(v, "chunked") == 0;
	else if ((v = value_of(text, "connection:")) != NULL)
		f->close = strcasecmp(v, "close") == 0;
	else if ((v = value_of(text, "location:")) != NULL)
		snprintf(out->location, sizeof(out->location), "%s", v);
	else if ((v = value_of(text, "replay-nonce:")) != NULL)
		snprintf(out->nonce, sizeof(out->nonce), "%s", v);
}

static const char *read_reply(struct https *h, bool head, struct https_reply *out)
{
	const char *text = line(h);
	struct framing f = { 0 };

	if (text == NULL || strncmp(text, "HTTP/1.1 ", 9) != 0)
		return "no answer";
	out->status = strtol(text + 9, NULL, 10);
	while ((text = line(h)) != NULL && *text != '\0')
		take_header(text, &f, out);
	if (text == NULL || f.length > BODY_MAX)
		return "the answer's head is not whole";
	if (!head && !(f.chunked ? take_chunks(h, &out->body) : take(h, f.length, &out->body)))
		return "the answer's body is not whole";
	if (f.close)
		hang_up(h);
	else
		buf_compact(&h->in);
	return NULL;
}

/* --- asking --- */

static bool send_request(struct https *h, const struct target *t, const struct buf *body, bool head)
{
	h->out.len = 0;
	if (buf_printf(&h->out, NULL, "%s %s HTTP/1.1\r\nHost: %s:%s\r\nUser-Agent: acme_client\r\n",
		    body != NULL ? "POST"
		    : head       ? "HEAD"
				 : "GET",
		    t->path, t->host, t->port) != ACSR_OK ||
		(body != NULL && buf_printf(&h->out, NULL,
					 "Content-Type: application/jose+json\r\nContent-Length: %zu\r\n",
					 body->len) != ACSR_OK) ||
		buf_putstr(&h->out, "\r\n", NULL) != ACSR_OK ||
		(body != NULL && buf_put(&h->out, body->p, body->len, NULL) != ACSR_OK))
		return false;
	return SSL_write(h->ssl, h->out.p, (int)h->out.len) == (int)h->out.len;
}

const char *https_ask(
	struct https *h, const char *url, const struct buf *body, bool head, struct https_reply *out)
{
	struct target t;
	const char *why;

	if (!split(url, &t))
		return "no https URL";
	out->status = 0;
	out->location[0] = '\0';
	out->body.len = out->body.off = 0;
	why = h->ssl == NULL ? call(h, &t) : NULL;
	if (why == NULL)
		why = send_request(h, &t, body, head) ? read_reply(h, head, out)
						      : "it did not take the request";
	if (why != NULL)
		hang_up(h);
	return why;
}
