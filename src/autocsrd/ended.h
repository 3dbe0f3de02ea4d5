/* The end of a role, and of what it leaves behind. */
#ifndef AUTOCSRD_ENDED_H
#define AUTOCSRD_ENDED_H

#include <stdbool.h>
#include <sys/types.h>

#include "ipc/messages.h"

/* Before any role is started: from now on orphans of roles fall to this process, and whoever is its child already (a shell
 * before it may have had some) is left alone. */
void ended_prepare(void);
/* wait(2)'s status, into the log. */
void ended_log(enum role role, int status, bool wanted);
/* A killed role takes its children along (PR_SET_PDEATHSIG), but not theirs: the hook's command may have started some. Kill
 * every child that is_role does not know and that lives under the limits of a role. true: there were some, so look again
 * when the next child has ended. */
bool ended_sweep(bool (*is_role)(const void *arg, pid_t pid), const void *arg);

#endif
