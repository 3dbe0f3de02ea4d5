/*
 * RFC 9457 problem documents, for every process that answers HTTP, so that all of them look the same
 * (docs/API.md, "Errors"). Needs no JSON library.
 */
#ifndef BASE_PROBLEM_H
#define BASE_PROBLEM_H

#include "base/buf.h"

#define PROBLEM_TYPE "application/problem+json"

/* {"type":"urn:autocsr:error:ID","title":…,"status":…,"detail":…,"field":…,"source":…,"instance":…}; empty
 * members are left out. Title and status come from err_face. `instance` is the request id or NULL. */
ACSR_MUST_USE enum acsr_result problem_write(
	struct buf *out, const struct acsr_err *why, const char *instance, struct acsr_err *e);

/* Append s as a JSON string with its quotes; bytes that are not UTF-8 become U+FFFD. */
ACSR_MUST_USE enum acsr_result problem_put_json(struct buf *out, const char *s, struct acsr_err *e);

#endif
