/*
 * From the head of an HTTP request to the message that core gets: a pure function, so that it can be tested
 * and fuzzed alone. Everything that could mean two things to two readers is refused here (request smuggling).
 */
#ifndef FRONT_ADAPTER_H
#define FRONT_ADAPTER_H

#include "ipc/conf.h"
#include "ipc/messages.h"

enum { REQUEST_FIELDS_MAX = 100 };

/* A header field as received; names and values are C strings (the server layer has refused NUL). */
struct request_field {
	const char *name, *value;
};

struct request_head {
	const char *method, *target, *version; /* "GET", "/x?y", "HTTP/1.1" */
	const struct request_field *fields;
	size_t nfields;
	size_t size;      /* bytes of the whole head on the wire */
	uint8_t peer[16]; /* address of the connection; v4 as v4-mapped v6 */
	bool plain;       /* not over TLS */
};

/* What the server layer itself needs to know. */
struct request_facts {
	uint64_t length; /* Content-Length, 0 when there is none */
	bool chunked;
};

/*
 * Fills *out (all but body and request_id) and *facts. On failure *out is cleared. Not checked here: whether
 * the path exists, the credentials, the body.
 *
 * Errors: "request.version" (not HTTP/1.0 or 1.1), "request.method", "request.method.unknown",
 * "request.headers" (head too large), "request.target…", "request.too-large" (Content-Length over
 * LIMIT_HTTP_BODY), and "request.header" for everything else.
 * X-Forwarded-For counts only when the peer is one of `proxies`: the last address in it that is no proxy.
 * Authorization and Cookie become secrets; only the cookies __Host-autocsr and __Host-autocsr-device are kept; a bad one of the latter is as none.
 */
ACSR_MUST_USE enum acsr_result adapter_read(const struct request_head *h, const struct networks *proxies,
	struct msg_http_request *out, struct request_facts *facts, struct acsr_err *e);

/* The value of the first field of that name, NULL when there is none. Case-insensitive. */
const char *adapter_field(const struct request_head *h, const char *name);
/* Print an address: "192.0.2.1", "2001:db8::1". out needs 46 bytes. */
void adapter_address_text(const uint8_t addr[16], char out[46]);

/* "GET, HEAD, …": what Allow says. */
#define REQUEST_ALLOW "GET, HEAD, POST, PUT, PATCH, DELETE"

#endif
