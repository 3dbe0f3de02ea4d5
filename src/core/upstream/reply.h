/* What another CA answered, read as the hostile input that it is. For call.c only. */
#ifndef CORE_UPSTREAM_REPLY_H
#define CORE_UPSTREAM_REPLY_H

#include "core/upstream/call.h"

/* Fill *r (clear it, whatever happened) and nonce ("" without, or with one that RFC 8555 6.5.1 does not allow). ACSR_FAIL
 * with the reason for anything but 2xx. A body that is no JSON object is no error here: the caller knows what it wants. */
ACSR_MUST_USE enum acsr_result reply_read(struct core *c, const struct upstream_issuer *i,
	const struct msg_https_response *m, struct upstream_reply *r, char nonce[257], struct acsr_err *e);
void reply_clear(struct upstream_reply *r);

/* A directory (7.1.1): set i->directory when it has what an order needs, each an https:// URL. */
ACSR_MUST_USE enum acsr_result reply_directory(
	struct upstream_issuer *i, const struct upstream_reply *r, struct acsr_err *e);

/* Seconds of a Retry-After: delta-seconds or an HTTP date (RFC 9110 10.2.3), from now; -1 when it is neither. */
int64_t reply_retry_after(const char *value, int64_t now);

/* May the issuer be asked that now? The errors of upstream_call. */
ACSR_MUST_USE enum acsr_result upstream_may_ask(
	struct core *c, const struct upstream_ask *a, struct acsr_err *e);

#endif
