/*
 * stepper --child-of PID | --pid PID: walks a process from one system call to the next, as it is told on standard input.
 * --child-of takes the next process that PID forks, from its first instruction on, and lets PID go at once.
 *
 * It says "waiting" when it is in place, and after each step one line: "call NUMBER ARG0 ARG1 ARG2" (it stands before that
 * call), or "gone STATUS" (wait status) and ends. Commands, a line each:
 *   next        to the next system call
 *   copy DIR    all memory and registers, what only it can read too (target.h); says "copied" or "not copied"
 *   kill        SIGKILL, and let it end
 *   go          let it run untraced, and end
 */
#include "target.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <linux/ptrace.h>

static bool say_gone(int status)
{
	printf("gone %d\n", status);
	return false;
}

/* Runs to the entry of the next call. False: it has ended, and that was said. */
static bool to_next(pid_t pid, struct ptrace_syscall_info *info)
{
	int status = 0, sig = 0;

	for (;;) {
		if (ptrace(PTRACE_SYSCALL, pid, NULL, (void *)(uintptr_t)sig) != 0 ||
			waitpid(pid, &status, __WALL) != pid || !WIFSTOPPED(status))
			return say_gone(status);
		sig = 0;
		if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
			ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(*info), info);
			if (info->op == PTRACE_SYSCALL_INFO_ENTRY)
				return true;
		} else if (status >> 16 == 0) {
			sig = WSTOPSIG(status);
		}
	}
}

static bool next(pid_t pid)
{
	struct ptrace_syscall_info info;

	if (!to_next(pid, &info))
		return false;
	printf("call %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", (uint64_t)info.entry.nr,
		(uint64_t)info.entry.args[0], (uint64_t)info.entry.args[1], (uint64_t)info.entry.args[2]);
	return true;
}

/* At the entry of a call the copying takes another call's place; it comes to its own again afterwards. */
static bool copy(pid_t pid, const char *dir, bool in_call)
{
	struct target t = { .pid = pid, .tids = { pid }, .n = 1 };
	struct ptrace_syscall_info info;
	struct copy c;
	bool ok = copy_open(&c, dir, pid) && copy_registers(&c, &t) && copy_memory(&c, pid) &&
		  copy_inside(&c, pid, in_call);

	ok = copy_close(&c) && ok;
	if (in_call && !to_next(pid, &info))
		return false;
	printf(ok ? "copied\n" : "not copied\n");
	return true;
}

static void end_by_kill(pid_t pid)
{
	int status = 0;

	kill(pid, SIGKILL);
	while (waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status))
		ptrace(PTRACE_CONT, pid, NULL, NULL);
	say_gone(status);
}

static void obey(pid_t pid)
{
	char line[4096];
	bool in_call = false;

	while (fgets(line, sizeof(line), stdin) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (strcmp(line, "next") == 0) {
			if (!next(pid))
				return;
			in_call = true;
		} else if (strncmp(line, "copy ", 5) == 0) {
			if (!copy(pid, line + 5, in_call))
				return;
		} else {
			break;
		}
	}
	if (strcmp(line, "kill") == 0)
		end_by_kill(pid);
	else
		ptrace(PTRACE_DETACH, pid, NULL, NULL);
}

static const long options =
	PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEVFORK;

/* The next child of `parent`, stopped at its first instruction; 0: none came. */
static pid_t next_child(pid_t parent)
{
	unsigned long child = 0;
	int status;

	if (ptrace(PTRACE_SEIZE, parent, NULL, (void *)options) != 0)
		return 0;
	puts("waiting");
	for (;;) {
		if (waitpid(parent, &status, __WALL) != parent || !WIFSTOPPED(status))
			return 0;
		if (status >> 16 == PTRACE_EVENT_FORK || status >> 16 == PTRACE_EVENT_CLONE ||
			status >> 16 == PTRACE_EVENT_VFORK)
			break;
		ptrace(PTRACE_CONT, parent, NULL,
			(void *)(uintptr_t)(status >> 16 == 0 ? WSTOPSIG(status) : 0));
	}
	ptrace(PTRACE_GETEVENTMSG, parent, NULL, &child);
	ptrace(PTRACE_DETACH, parent, NULL, NULL);
	return waitpid((pid_t)child, &status, __WALL) == (pid_t)child ? (pid_t)child : 0;
}

static pid_t this_one(pid_t pid)
{
	int status;

	if (ptrace(PTRACE_SEIZE, pid, NULL, (void *)options) != 0 ||
		ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) != 0 || waitpid(pid, &status, __WALL) != pid)
		return 0;
	puts("waiting");
	return pid;
}

int main(int argc, char **argv)
{
	pid_t pid;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc != 3) {
		fprintf(stderr, "usage: stepper --child-of PID | --pid PID\n");
		return 2;
	}
	pid = (pid_t)strtol(argv[2], NULL, 10);
	pid = strcmp(argv[1], "--child-of") == 0 ? next_child(pid) : this_one(pid);
	if (pid == 0) {
		fprintf(stderr, "cannot trace it\n");
		return 1;
	}
	printf("at %d\n", (int)pid);
	obey(pid);
	return 0;
}
