/*
 * HTTPS to other people's CAs: one exchange at a time as core asked for it, over libcurl on our loop.
 *
 * The server is verified against the roots of the request or the system's, by name, with TLS 1.2 or newer. No redirect is
 * followed, no proxy or netrc of the environment is used, no cookie is kept. Only addresses of the public Internet are
 * dialled, and those that the operator listed; the address is judged when the socket is made, whatever the name said
 * before. Of the answer's headers core gets those few that it asks about.
 */
#ifndef COURIER_HTTPS_H
#define COURIER_HTTPS_H

#include "ipc/conf.h"
#include "ipc/loop.h"

struct https;

struct https_settings {
	struct networks allowed; /* besides the public Internet */
	struct buf roots;        /* PEM: the system's; empty when there are none */
};

/* r is NULL when there was no answer, and why tells: net.url net.roots net.resolve net.address net.connect net.tls (the
 * request surely was not sent), net.timeout net.broken net.too-large (it may have been acted on). */
typedef void https_done_fn(
	void *arg, uint64_t id, const struct msg_https_response *r, const struct acsr_err *why);

/* settings is a loan for as long as the result lives. */
ACSR_MUST_USE enum acsr_result https_new(struct https **out, struct loop *l,
	const struct https_settings *settings, https_done_fn *done, void *arg, struct acsr_err *e);
void https_free(struct https *h); /* NULL is fine; nobody is told of what was under way */

/* Begin; m is copied. On ACSR_FAIL `done` is not called. */
ACSR_MUST_USE enum acsr_result https_ask(
	struct https *h, uint64_t id, const struct msg_https_request *m, struct acsr_err *e);
void https_forget(struct https *h); /* core is gone: end all, tell nobody */
bool https_idle(const struct https *h);

#endif
