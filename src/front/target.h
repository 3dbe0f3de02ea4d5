/*
 * The request target, taken apart strictly (RFC 9112 3.2, RFC 3986 3.3). Every later check compares decoded
 * paths, so there must be exactly one way to write each.
 */
#ifndef FRONT_TARGET_H
#define FRONT_TARGET_H

#include "base/err.h"

enum { TARGET_PATH_MAX = 2048, TARGET_QUERY_MAX = 4096 };

/*
 * Origin-form only. *path: percent-decoded, starts with '/', UTF-8 without control characters, without empty,
 * "." or ".." segments (one '/' at the end is fine). *query: as sent, without '?', "" when there is none; its
 * percent signs are well-formed. Both are yours. Errors: "request.target", "request.target.long".
 * Refused, because proxies and programs read them differently: encoded slashes and backslashes, %00.
 */
ACSR_MUST_USE enum acsr_result target_read(const char *target, char **path, char **query, struct acsr_err *e);

#endif
