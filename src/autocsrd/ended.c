/* Saying how a role ended, and killing its orphans. */
#include "ended.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/children.h"
#include "base/log.h"

static pid_t before[CHILDREN_MAX]; /* not ours */
static size_t n_before;

void ended_prepare(void)
{
	n_before = children_list(before);
	if (!children_told())
		log_event(LOG_WARN, "orphans.not-listed", "text",
			"the kernel does not list children (CONFIG_PROC_CHILDREN): what a killed hook leaves "
			"behind "
			"goes on",
			NULL);
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0)
		log_event(LOG_WARN, "orphans.not-ours", "text",
			"what a killed role leaves behind falls to another process", NULL);
}

void ended_log(enum role role, int status, bool wanted)
{
	char how[64];

	if (WIFSIGNALED(status))
		snprintf(how, sizeof(how), "signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		snprintf(how, sizeof(how), "exit status %d", WEXITSTATUS(status));
	log_event(wanted ? LOG_INFO : LOG_ERROR, "role.ended", "ended", role_name(role), "how", how, NULL);
}

/* Roles and all below them have no_new_privs; a stranger that fell to us (as the first process of a container) has not. What
 * cannot be read belongs to another user, as roles do. */
static bool is_confined(pid_t pid)
{
	char path[64], line[128];
	bool confined = true;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "re");
	if (f == NULL)
		return true;
	while (fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, "NoNewPrivs:", 11) == 0)
			confined = strchr(line, '1') != NULL;
	fclose(f);
	return confined;
}

static bool was_before(pid_t pid)
{
	for (size_t i = 0; i < n_before; i++)
		if (before[i] == pid)
			return true;
	return false;
}

bool ended_sweep(bool (*is_role)(const void *arg, pid_t pid), const void *arg)
{
	pid_t all[CHILDREN_MAX];
	size_t n = children_list(all), killed = 0;

	for (size_t i = 0; i < n; i++)
		if (!is_role(arg, all[i]) && !was_before(all[i]) && is_confined(all[i])) {
			kill(all[i], SIGKILL);
			killed++;
		}
	return killed > 0;
}
