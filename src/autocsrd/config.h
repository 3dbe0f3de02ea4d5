/* The configuration file: INI, every key known, every error with its file, line and remedy. */
#ifndef AUTOCSRD_CONFIG_H
#define AUTOCSRD_CONFIG_H

#include "ipc/conf.h"

/* Reads `path` and fills in all defaults, also those that derive from other keys (public_url, base_url).
 * Relative paths become absolute, from the current directory. Unknown sections or keys, repeated keys and bad
 * values are errors "config.…" whose text starts with "FILE:LINE: ". */
ACSR_MUST_USE enum acsr_result config_read(const char *path, struct conf *out, struct acsr_err *e);

/* The pairs that `role` may see. */
ACSR_MUST_USE enum acsr_result config_for_role(
	const struct conf *all, enum role role, struct strv *out, struct acsr_err *e);
/* "section.key=MARK" of every setting, for the audit log: the mark (16 hex digits) tells whether the value has changed, and
 * not what it is. */
ACSR_MUST_USE enum acsr_result config_marks(const struct conf *all, struct strv *out, struct acsr_err *e);

/* Of [publish], for config_read; the texts start with `path`. */
ACSR_MUST_USE enum acsr_result config_check_publish(
	const char *path, const struct conf *c, struct acsr_err *e);

#endif
