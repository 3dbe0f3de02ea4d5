/*
 * Everything that the program prints. Results go to standard output, progress and errors to
 * standard error. Whatever came from a file or a peer is made harmless first: control characters
 * and bidi overrides are written as \u001b, so that no certificate can repaint a terminal.
 */
#ifndef CLI_SAY_H
#define CLI_SAY_H

#include <stdio.h>

#include "cli/command.h"

/* A line to standard output; arguments must be safe (see say_safe). */
void say(const char *fmt, ...) ACSR_PRINTF(1, 2);
/* "Subject        CN=…": a label of fixed width and a value; nothing when the value is NULL or "". */
void say_field(const char *label, const char *value);
/* A line of progress to standard error, "autocsr: …", escaped. */
void say_progress(const char *fmt, ...) ACSR_PRINTF(1, 2);

/* A copy in which control characters, bidi controls and bytes that are not UTF-8 are spelled out.
 * free() it. NULL without memory, of which say_result tells; so for all of these. */
char *say_safe(const char *s);
/* The same for every string and member name of a document. A new reference. */
json_t *say_safe_json(const json_t *v);

/* Somebody else had no memory for what was to be printed: say_result fails. */
void say_lost(void);
bool say_was_lost(void);
/* The result: JSON, raw bytes or the command's own lines. sys.write, or sys.nomem when anything before could not
 * be said. */
ACSR_MUST_USE enum acsr_result say_result(struct cli *c, struct acsr_err *e);
/* One result of a batch, at once: a JSON document on a line of its own, or the command's own lines. A failure
 * of standard output shows at the end (say_result). */
void say_line(struct cli *c, const json_t *result);
/* The problem document (RFC 9457) of an error, with its exit code. A new reference. */
json_t *say_problem(const struct acsr_err *e);
/* An error: problem document on standard output with json, else text on standard error. */
void say_error(bool json, const struct acsr_err *e);

#endif
