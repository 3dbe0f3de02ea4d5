/*
 * The HTTP server, as the rest of front sees it. libmicrohttpd is behind this header and nowhere else.
 *
 * It runs on the caller's event loop, single-threaded: a request is suspended until http_answer, however
 * long that takes. What libmicrohttpd 0.9.75 leaves open is closed here: total deadlines, body limits while
 * the body arrives, connections per address, hidden header lines, ambiguous framing (adapter.h).
 */
#ifndef FRONT_HTTP_H
#define FRONT_HTTP_H

#include "front/adapter.h"
#include "ipc/loop.h"

struct http_server;
struct http_exchange; /* one request and its answer */

struct http_config {
	int listen_fd;                             /* a listening socket; stays the caller's */
	bool tls;                                  /* with the identity of http_tls.h */
	unsigned max_connections, max_per_address; /* an IPv6 /64 counts as one address */
	int64_t request_ms; /* from the first byte (or the end of the answer before) to the last of the body
			     */
	int64_t answer_ms;  /* the longest that sending an answer may take */
	struct networks proxies; /* whose X-Forwarded-For is believed; they have no limit per address */
};

struct http_ops {
	/* A whole, well-formed request is in. Call http_answer once, now or later. */
	void (*request)(void *arg, struct http_exchange *x);
	/* The exchange is over and freed afterwards; `complete`: the whole answer went to the kernel. Called
	 * for requests that never became whole, too. */
	void (*done)(void *arg, struct http_exchange *x, bool complete);
};

ACSR_MUST_USE enum acsr_result http_server_new(struct http_server **out, struct loop *l,
	const struct http_config *config, const struct http_ops *ops, void *arg, struct acsr_err *e);
/* Takes no new connections from now on. */
void http_server_quiesce(struct http_server *s);
/* Connections are closed; every exchange that waits must have been answered. NULL is fine. */
void http_server_free(struct http_server *s);

/* The request; secrets and body may be taken or wiped by the caller, texts stay. */
struct msg_http_request *http_request(struct http_exchange *x);
const char *http_target(const struct http_exchange *x);        /* as sent */
const char *http_if_none_match(const struct http_exchange *x); /* "" when absent */

struct http_answer {
	unsigned status;
	const char *type;             /* Content-Type, "" for none */
	const struct strv *headers;   /* "Name: value", may be NULL; must have no control characters */
	struct buf *body;             /* taken and wiped afterwards; NULL for none */
	const struct bytes *constant; /* instead of body: bytes that outlive the server */
	bool cacheable;               /* do not add Cache-Control: no-store */
	bool close;                   /* close the connection afterwards */
};
/* Everything in *a is copied or taken. */
void http_answer(struct http_exchange *x, const struct http_answer *a);
/* A problem document with its status. */
void http_answer_problem(struct http_exchange *x, const struct acsr_err *why);

/* For logs, in done. */
unsigned http_status(const struct http_exchange *x); /* 0: no answer was sent */
uint64_t http_body_size(const struct http_exchange *x);
int64_t http_ms(const struct http_exchange *x); /* since its request line */

/* A place for the user of the exchange; NULL and 0 at first. */
struct http_tag {
	void *p;
	uint64_t n;
};
struct http_tag *http_tag(struct http_exchange *x);

#endif
