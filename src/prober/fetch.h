/*
 * One GET to one checked address, on the event loop: libcurl's multi interface. No redirect is followed, no
 * proxy, cookie, netrc or cache is used, and no other address than the given one is ever connected to.
 */
#ifndef PROBER_FETCH_H
#define PROBER_FETCH_H

#include "ipc/loop.h"
#include "prober/url.h"

enum { FETCH_BODY = 64 * 1024, FETCH_HEADERS = 32 * 1024 };

struct fetcher;
struct fetch;

enum fetch_outcome {
	FETCH_DONE,
	FETCH_NO_CONNECTION, /* not even a connection: another address may do */
	FETCH_TIMEOUT,       /* connected, but the answer took too long */
	FETCH_TOO_LARGE,     /* body above FETCH_BODY, or headers above FETCH_HEADERS */
	FETCH_REFUSED,       /* curl was about to connect to another address than the checked one */
	FETCH_BROKEN         /* no HTTP, TLS trouble, closed too early */
};

/* Valid during the callback only. */
struct fetch_reply {
	enum fetch_outcome outcome;
	long status;
	const char *location; /* NULL: none; "" when there are several that differ */
	struct bytes body;    /* not read when there is a Location and the status is 3xx */
	const char *why;      /* curl's words for what is not FETCH_DONE */
	int64_t ms;           /* it took */
};

typedef void fetch_fn(void *arg, const struct fetch_reply *reply);

/* Before the sandbox: sets up libcurl and OpenSSL. `allowed` is a loan. */
ACSR_MUST_USE enum acsr_result fetcher_open(
	struct fetcher **out, const struct networks *allowed, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result fetcher_start(struct fetcher *f, struct loop *l, struct acsr_err *e);

/* GET u from addr, at most connect_ms until connected and ms in all; fn is called once, from the loop. TLS
 * certificates are not verified, as is usual for validation: the name is still to be proven. */
ACSR_MUST_USE enum acsr_result fetch_start(struct fetcher *f, const struct url *u, const struct netaddr *addr,
	int64_t connect_ms, int64_t ms, fetch_fn *fn, void *arg, struct fetch **out, struct acsr_err *e);
void fetch_cancel(struct fetch *t); /* NULL is fine; not after fn was called */

#endif
