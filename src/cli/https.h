/*
 * One HTTPS exchange at a time, by libcurl: https only, TLS 1.2 or later, the peer always verified, no
 * redirects, a deadline for the whole exchange and a cap on the answer.
 */
#ifndef CLI_HTTPS_H
#define CLI_HTTPS_H

#include "base/buf.h"
#include "base/secret.h"

struct https;

/* `ca_file` (PEM) replaces the system's roots; NULL keeps them. Cookies are kept while it lives. */
ACSR_MUST_USE enum acsr_result https_new(struct https **out, const char *ca_file, struct acsr_err *e);
void https_free(struct https *h);

struct https_request {
	const char *method;
	const char *url;
	const struct acsr_secret *bearer; /* or NULL */
	const char *idempotency_key;      /* or NULL */
	const char *csrf;                 /* or NULL */
	const struct acsr_secret *body;   /* JSON, or NULL */
};

struct https_answer {
	long status;
	struct buf body;  /* at most 8 MB */
	long retry_after; /* seconds, 0 when not given */
	char sha256[65];  /* X-Archive-SHA256, "" when not given */
};

/* Any HTTP status is ACSR_OK. Errors: net.resolve net.connect net.timeout net.tls net.certificate net.large
 * net.io, input.ca-file. A failed exchange may have reached the server. Reuses a->body, which the caller
 * initialised. */
ACSR_MUST_USE enum acsr_result https_do(
	struct https *h, const struct https_request *req, struct https_answer *a, struct acsr_err *e);

/* Checks and normalises a server's address: https, a host, no user, query or fragment, no slash at the
 * end. input.server */
ACSR_MUST_USE enum acsr_result https_server(char **out, const char *text, struct acsr_err *e);
/* Percent-encoding (RFC 3986 2.1) of everything but unreserved characters; free() it. */
ACSR_MUST_USE enum acsr_result https_escape(char **out, const char *text, struct acsr_err *e);

#endif
