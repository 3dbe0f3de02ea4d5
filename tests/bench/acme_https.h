/*
 * One connection that HTTP/1.1 requests go over one after another (RFC 9112), with TLS that is verified: what a client for
 * measurements needs and no more, so that its own work is small beside the server's. Blocking.
 */
#ifndef BENCH_ACME_HTTPS_H
#define BENCH_ACME_HTTPS_H

#include <stdbool.h>

#include "base/buf.h"

enum { HTTPS_URL = 2048 };

struct https;

/* What came back; `body` is reused from one request to the next. */
struct https_reply {
	long status;
	char location[HTTPS_URL], nonce[256]; /* "" when there is none */
	struct buf body;
};

/* ca_file: PEM, what the server's certificate must lead to. NULL: it cannot be read. Connects with the first request. */
struct https *https_new(const char *ca_file);
void https_free(struct https *h);
/* NULL body: GET, or HEAD. Else POST of application/jose+json. All URLs of one connection have the same host. Returns what went
 * wrong, or NULL. */
const char *https_ask(
	struct https *h, const char *url, const struct buf *body, bool head, struct https_reply *out);

#endif
