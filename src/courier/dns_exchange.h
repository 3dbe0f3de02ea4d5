/* One DNS message over TCP and its answer, on the event loop. */
#ifndef COURIER_DNS_EXCHANGE_H
#define COURIER_DNS_EXCHANGE_H

#include <sys/socket.h>

#include "base/buf.h"
#include "ipc/loop.h"

struct dns_server {
	struct sockaddr_storage addr;
	socklen_t len;
	char text[80]; /* for people: "192.0.2.1:53" */
};
/* A literal address with its port. "config.value" */
ACSR_MUST_USE enum acsr_result dns_server_parse(const char *s, struct dns_server *out, struct acsr_err *e);

struct dns_exchange;
/* The exchange is over and gone. answer.p is NULL when there is none; then why is "publish.dns-unreachable" (nothing was sent),
 * or "publish.unknown" (it was sent, and may have been done). */
typedef void dns_exchange_done_fn(void *arg, struct bytes answer, const struct acsr_err *why);

/* done is never called from here. The message is copied. */
ACSR_MUST_USE enum acsr_result dns_exchange_start(struct dns_exchange **out, struct loop *l,
	const struct dns_server *to, struct bytes message, int64_t limit_ms, dns_exchange_done_fn *done,
	void *arg, struct acsr_err *e);
void dns_exchange_free(struct dns_exchange *x); /* without done; NULL is fine */

#endif
