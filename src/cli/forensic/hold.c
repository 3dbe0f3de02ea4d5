/* Stopping and letting go. */
#include "cli/forensic/hold.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>

#include "base/clock.h"

enum { STOP_MS = 3000, ROUNDS = 50 };

static bool is_held(const struct held *h, pid_t tid)
{
	for (size_t i = 0; i < h->n; i++)
		if (h->threads[i].tid == tid)
			return true;
	return false;
}

static void cannot(struct held *h, pid_t pid, const char *what, int errnum)
{
	h->unread++;
	if (h->why[0] == '\0')
		snprintf(h->why, sizeof(h->why), "process %d: %s: %s", (int)pid, what, strerror(errnum));
}

/* Waits until the thread has stopped. 1: it stands; 0: it has gone; -1: it does not stop. */
static int wait_stopped(struct held_thread *t)
{
	int64_t end = clock_mono_ms() + STOP_MS;
	struct timespec nap = { 0, 200000 };

	for (;;) {
		int status;
		pid_t got = waitpid(t->tid, &status, __WALL | WNOHANG);

		if (got < 0 || (got > 0 && !WIFSTOPPED(status)))
			return 0;
		if (got > 0) {
			/* A signal on its way stops the thread as well; it gets it afterwards. */
			if (status >> 16 == 0)
				t->signal = WSTOPSIG(status);
			return 1;
		}
		if (clock_mono_ms() > end)
			return -1;
		nanosleep(&nap, NULL);
	}
}

static void stop_thread(struct held *h, pid_t pid, pid_t tid)
{
	struct held_thread t = { pid, tid, 0 };

	if (ptrace(PTRACE_SEIZE, tid, NULL, NULL) != 0) {
		int why = errno;

		/* EPERM is also said of what is just ending. */
		if (why != ESRCH && !process_is_gone(tid))
			cannot(h, pid, "cannot be traced", why);
		return;
	}
	if (ptrace(PTRACE_INTERRUPT, tid, NULL, NULL) != 0) {
		if (errno != ESRCH)
			cannot(h, pid, "cannot be stopped", errno);
		return;
	}
	switch (wait_stopped(&t)) {
	case 1:
		h->threads[h->n++] = t;
		break;
	case -1:
		cannot(h, pid, "does not stop", ETIMEDOUT);
		break;
	default:
		break;
	}
}

/* Threads of a process that do not stand yet; true when there were any. */
static bool stop_process(struct held *h, const struct process *p)
{
	char path[64];
	const struct dirent *x;
	bool any = false;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)p->pid);
	d = opendir(path);
	while (d != NULL && (x = readdir(d)) != NULL && h->n < HELD_MAX) {
		pid_t tid = (pid_t)strtol(x->d_name, NULL, 10);
		size_t before = h->n;

		if (tid <= 0 || is_held(h, tid))
			continue;
		stop_thread(h, p->pid, tid);
		any = any || h->n != before;
	}
	if (d != NULL)
		closedir(d);
	return any;
}

enum acsr_result hold_all(struct held *h, pid_t root, struct acsr_err *e)
{
	bool more = true;

	*h = (struct held){ 0 };
	for (int round = 0; more && round < ROUNDS; round++) {
		more = false;
		h->unread = 0;
		TRY(processes_list(&h->processes, root, e));
		for (size_t i = 0; i < h->processes.n; i++)
			more = stop_process(h, &h->processes.v[i]) || more;
	}
	if (more || h->n == HELD_MAX)
		return err_set(e, "forensic.hold",
			"the service cannot be held still: it has %zu threads and "
			"more come",
			h->n);
	return ACSR_OK;
}

void hold_release(struct held *h)
{
	for (size_t i = h->n; i-- > 0;)
		(void)ptrace(PTRACE_DETACH, h->threads[i].tid, NULL, (void *)(intptr_t)h->threads[i].signal);
	h->n = 0;
}

bool hold_archive_is_normal(const struct process *p)
{
	return strcmp(p->name, "front") == 0 || strcmp(p->name, "courier") == 0 ||
	       strcmp(p->name, "keymaker worker") == 0;
}

void hold_search(struct held *h, struct search *s)
{
	if (h->unread > 0)
		search_unread(s, SURFACE_MEMORY, "%s", h->why);
	if (h->unread > 0)
		search_unread(s, SURFACE_REGISTERS, "%s", h->why);
	for (size_t i = 0; i < h->processes.n; i++) {
		const struct process *p = &h->processes.v[i];

		bool stands = false;

		for (size_t k = 0; k < h->n; k++) {
			if (h->threads[k].pid != p->pid)
				continue;
			registers_search(&h->threads[k], p, s);
			stands = true;
		}
		if (stands || !process_is_gone(p->pid))
			memory_search(h, p, s);
	}
}
