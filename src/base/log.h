/*
 * Structured logs: one JSON object a line on standard error (RFC 8259), values escaped, so one
 * event is one line whatever a peer puts into a name. Only autocsrd and its roles log; libraries
 * return errors. There is no way to log a struct acsr_secret.
 *
 *   log_event(LOG_INFO, "order.created", "order", id, "names", names, NULL);
 *
 * writes {"time":"…","level":"info","role":"core","event":"order.created","order":"…","names":"…"}
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/err.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

enum log_level log_level_named(const char *name); /* "warn"; LOG_INFO for what is none */
void log_init(const char *role, enum log_level least);
/* Pairs of (name, value) strings up to a NULL name; a NULL value writes null. Lines are cut at 8 KB. */
void log_event(enum log_level level, const char *event, ...) __attribute__((sentinel));
/* The same with an error's id, text and field appended. */
void log_error(enum log_level level, const char *event, const struct acsr_err *e);

#endif
