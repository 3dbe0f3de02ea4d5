/*
 * The tiny web server of `--standalone`: answers GET and HEAD for exactly the paths of an order's validations
 * and 404 for everything else. A thread of its own; bounded connections, sizes and times.
 */
#ifndef CLI_RESPONDER_H
#define CLI_RESPONDER_H

#include "base/err.h"

struct responder;

/* Binds "127.0.0.1:5002", "[::1]:80", "0.0.0.0:80" and listens; answers nothing before responder_start.
 * usage.value for a bad address, net.listen when it cannot be bound. */
ACSR_MUST_USE enum acsr_result responder_open(
	struct responder **out, const char *address, struct acsr_err *e);
/* Copies. Before responder_start only. At most 128; path starts with a slash. */
ACSR_MUST_USE enum acsr_result responder_add(
	struct responder *r, const char *path, const char *content, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result responder_start(struct responder *r, struct acsr_err *e);
/* How many times a path was found and answered. */
unsigned responder_hits(const struct responder *r);
unsigned responder_port(const struct responder *r);
void responder_free(struct responder *r); /* stops the thread; NULL is fine */

#endif
