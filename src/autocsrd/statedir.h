/* The state directory: one private subdirectory for each role that keeps files. */
#ifndef AUTOCSRD_STATEDIR_H
#define AUTOCSRD_STATEDIR_H

#include <sys/types.h>

#include "ipc/messages.h"

/* Users and groups of the roles. Started as root: the packaged user "autocsr-ROLE", else a number that
 * nobody else uses. Started by someone else: 0, which means to stay who we are. */
uid_t statedir_uid(enum role role);
gid_t statedir_gid(enum role role);

/* Make `state` (0700) and its subdirectories with their owners; refuse one that others can read.
 * *first: there was none before. Subdirectory of a role: "" when it keeps no
 * files. */
ACSR_MUST_USE enum acsr_result statedir_prepare(const char *state, bool *first, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result statedir_of(
	const char *state, enum role role, char out[4096], struct acsr_err *e);

/* Two services on one directory would spoil each other's work: the second is refused ("sys.state"). The lock
 * holds until *fd is closed. */
ACSR_MUST_USE enum acsr_result statedir_lock(const char *state, int *fd, struct acsr_err *e);

#endif
