/*
 * The terminal itself (/dev/tty): questions whose answers must not be echoed, and secrets that must
 * not land in a pipe or a log by way of standard output.
 */
#ifndef CLI_TERM_H
#define CLI_TERM_H

#include "base/secret.h"

/* Ask without echo. Without a terminal: usage.terminal, which names `instead` ("--password-file").
 * `prompt` must be safe text of ours. */
ACSR_MUST_USE enum acsr_result term_ask_secret(
	struct acsr_secret **out, const char *prompt, const char *instead, struct acsr_err *e);
/* The same for a secret that is chosen now: *empty when Enter alone was the answer, which is not the same as none
 * (end of file, Ctrl-C). */
ACSR_MUST_USE enum acsr_result term_ask_new_secret(
	struct acsr_secret **out, const char *prompt, const char *instead, bool *empty, struct acsr_err *e);
/* Ask with echo; out is NUL-terminated. */
ACSR_MUST_USE enum acsr_result term_ask(
	char *out, size_t cap, const char *prompt, const char *instead, struct acsr_err *e);
/* The same, where an empty answer is one. */
ACSR_MUST_USE enum acsr_result term_ask_line(
	char *out, size_t cap, const char *prompt, const char *instead, struct acsr_err *e);
/* Show "label secret suffix" on the terminal, or on standard error when there is none. */
void term_show_secret(const char *label, const struct acsr_secret *s, const char *suffix);

#endif
