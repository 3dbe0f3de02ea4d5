/* Fork, exec, listen, limit, and see that nothing stays. */
#include "hook/run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/children.h"
#include "base/str.h"
#include "hook/said.h"

enum { KEEP_OUTPUT = 2048, GRACE_MS = 2000, LATER = 75, NO_EXEC = 127, SWEEPS = 200 };

struct run {
	struct loop *loop;
	run_done_fn *done;
	void *arg;
	char *program;
	int64_t limit_ms;
	pid_t pid;
	int pidfd, output, failure; /* failure: brings errno when the program could not be run */
	struct loop_watch *end_watch, *output_watch;
	struct loop_timer *limit, *grace;
	bool late, stopped;
	struct buf said;
};

/* --- in the child --- */

static const char *const path_variable = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

static void child_signals(void)
{
	sigset_t none;

	for (int s = 1; s < 32; s++)
		signal(s, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* It shall not survive the process that watches over it, even when that one is killed. */
static void child_bind(pid_t parent)
{
	setsid();
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || getppid() != parent)
		_exit(NO_EXEC);
}

/* Never returns. `failure` is the greatest descriptor that stays; it closes when the program starts. */
static void child(
	pid_t parent, const int fd[3], int failure, char *const argv[], char *const envp[], rlim_t seconds)
{
	struct rlimit cpu = { seconds, seconds + 1 };
	int error;

	child_bind(parent);
	child_signals();
	umask(022);
	for (int i = 0; i < 3; i++)
		if (dup2(fd[i], i) < 0)
			_exit(NO_EXEC);
	if (dup2(failure, 3) < 0 || fcntl(3, F_SETFD, FD_CLOEXEC) != 0)
		_exit(NO_EXEC);
	if (syscall(SYS_close_range, 4, ~0U, 0) == 0 && chdir("/") == 0 && setrlimit(RLIMIT_CPU, &cpu) == 0)
		execve(argv[0], argv, envp);
	error = errno;
	if (write(3, &error, sizeof(error)) != (ssize_t)sizeof(error))
		_exit(NO_EXEC);
	_exit(NO_EXEC);
}

/* --- the end --- */

/* Whom init would inherit falls to us (PR_SET_CHILD_SUBREAPER), and we run one command at a time: all our children are
 * leftovers of this one. */
static bool kill_children(void)
{
	pid_t all[CHILDREN_MAX];
	size_t n = children_list(all);

	for (size_t i = 0; i < n; i++)
		kill(all[i], SIGKILL);
	return n > 0;
}

static void sweep(pid_t group)
{
	static const struct timespec moment = { .tv_nsec = 1000000 };

	kill(-group, SIGKILL);
	for (int i = 0; i < SWEEPS && kill_children(); i++) {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		nanosleep(&moment, NULL);
	}
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void run_free(struct run *r)
{
	loop_unwatch(r->end_watch);
	loop_unwatch(r->output_watch);
	loop_cancel(r->limit);
	loop_cancel(r->grace);
	close_fd(&r->pidfd);
	close_fd(&r->output);
	close_fd(&r->failure);
	buf_free(&r->said);
	free(r->program);
	free(r);
}

/* 0: its end; otherwise more may come. What is beyond the first part is read and thrown away. */
static ssize_t hear(struct run *r)
{
	uint8_t chunk[16384];
	ssize_t n = read(r->output, chunk, sizeof(chunk));
	size_t room = KEEP_OUTPUT - r->said.len;

	if (n <= 0)
		return n < 0 && (errno == EINTR || errno == EAGAIN) ? -1 : 0;
	if (buf_put(&r->said, chunk, (size_t)n < room ? (size_t)n : room, NULL) != ACSR_OK)
		return 0;
	return n;
}

static enum acsr_result judge(struct run *r, int status, int exec_error, const char *said, struct acsr_err *e)
{
	const char *sep = *said != '\0' ? ": " : "";

	if (exec_error != 0)
		return err_errno(e, "publish.hook", exec_error, "the hook %s cannot be run", r->program);
	if (r->stopped)
		return err_set(e, "busy.hook", "the service is stopping");
	if (r->late)
		return err_set(e, "publish.hook-slow",
			"the hook %s did not end within %lld seconds and was killed%s%s", r->program,
			(long long)r->limit_ms / 1000, sep, said);
	if (WIFSIGNALED(status))
		return err_set(e, "publish.hook", "the hook %s was ended by signal %d%s%s", r->program,
			WTERMSIG(status), sep, said);
	if (WEXITSTATUS(status) == LATER)
		return err_set(e, "publish.hook-later", "the hook %s asks to be tried again later%s%s",
			r->program, sep, said);
	if (WEXITSTATUS(status) != 0)
		return err_set(e, "publish.hook", "the hook %s ended with exit status %d%s%s", r->program,
			WEXITSTATUS(status), sep, said);
	return ACSR_OK;
}

static void on_end(void *arg, uint32_t events)
{
	struct run *r = arg;
	int status = 0, exec_error = 0;
	char said[SAID_MAX];
	struct acsr_err why;
	bool good;

	(void)events;
	if (waitpid(r->pid, &status, WNOHANG) != r->pid)
		return;
	sweep(r->pid);
	if (read(r->failure, &exec_error, sizeof(exec_error)) != (ssize_t)sizeof(exec_error))
		exec_error = 0;
	while (r->said.len < KEEP_OUTPUT && hear(r) > 0)
		;
	said_short((struct bytes){ r->said.p, r->said.len }, said);
	good = judge(r, status, exec_error, said, &why) == ACSR_OK;
	r->done(r->arg, said, good ? NULL : &why);
	run_free(r);
}

static void on_output(void *arg, uint32_t events)
{
	struct run *r = arg;

	(void)events;
	if (hear(r) != 0)
		return;
	loop_unwatch(r->output_watch);
	r->output_watch = NULL;
}

static void on_grace(void *arg)
{
	struct run *r = arg;

	r->grace = NULL;
	kill(-r->pid, SIGKILL);
	kill(r->pid, SIGKILL);
}

static void end_early(struct run *r)
{
	struct acsr_err e;

	kill(-r->pid, SIGTERM);
	if (r->grace == NULL && loop_after(r->loop, GRACE_MS, on_grace, r, &r->grace, &e) != ACSR_OK)
		on_grace(r);
}

static void on_limit(void *arg)
{
	struct run *r = arg;

	r->limit = NULL;
	r->late = true;
	end_early(r);
}

void run_kill(const struct run *r)
{
	if (r != NULL)
		sweep(r->pid);
}

void run_stop(struct run *r)
{
	r->stopped = true;
	end_early(r);
}

/* --- the start --- */

static enum acsr_result variables(const struct run_order *o, struct strv *env, struct acsr_err *e)
{
	const char *const pairs[][2] = { { "ACTION", o->action }, { "KIND", o->kind }, { "NAME", o->name },
		{ "VALUE", o->value } };

	TRY(strv_add(env, path_variable, e));
	TRY(strv_add(env, "LC_ALL=C.UTF-8", e));
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		CLEANUP_STR char *pair = NULL;

		TRY(str_printf(&pair, e, "AUTOCSR_%s=%s", pairs[i][0], pairs[i][1]));
		TRY(strv_add(env, pair, e));
	}
	return ACSR_OK;
}

static enum acsr_result fork_it(
	struct run *r, const struct run_order *o, char **envp, int output, int failure, struct acsr_err *e)
{
	char *const argv[] = { r->program, (char *)(uintptr_t)o->action, (char *)(uintptr_t)o->kind,
		(char *)(uintptr_t)o->name, (char *)(uintptr_t)o->value, NULL };
	const int fd[3] = { o->null_fd, output, output };
	pid_t parent = getpid();

	r->pid = fork();
	if (r->pid < 0)
		return err_errno(e, "busy.hook", errno, "cannot fork");
	if (r->pid == 0)
		child(parent, fd, failure, argv, envp, (rlim_t)(o->limit_ms / 1000 + 1));
	r->pidfd = (int)syscall(SYS_pidfd_open, r->pid, 0);
	return ACSR_OK;
}

static enum acsr_result launch(struct run *r, const struct run_order *o, struct acsr_err *e)
{
	int output[2] = { -1, -1 }, failure[2] = { -1, -1 };
	CLEANUP_STRV struct strv env = { 0 };
	enum acsr_result result;
	char *envp[16] = { 0 };

	TRY(variables(o, &env, e));
	memcpy(envp, env.v, env.n * sizeof(char *));
	if (pipe2(output, O_CLOEXEC | O_NONBLOCK) != 0 || pipe2(failure, O_CLOEXEC | O_NONBLOCK) != 0 ||
		fcntl(output[1], F_SETFL, 0) != 0)
		result = err_errno(e, "busy.hook", errno, "cannot make a pipe");
	else
		result = fork_it(r, o, envp, output[1], failure[1], e);
	close_fd(&output[1]);
	close_fd(&failure[1]);
	r->output = output[0];
	r->failure = failure[0];
	return result;
}

static enum acsr_result watch(struct run *r, struct acsr_err *e)
{
	if (r->pidfd < 0)
		return err_errno(e, "busy.hook", errno, "cannot watch a process");
	TRY(loop_watch(r->loop, r->pidfd, EPOLLIN, on_end, r, &r->end_watch, e));
	TRY(loop_watch(r->loop, r->output, EPOLLIN, on_output, r, &r->output_watch, e));
	return loop_after(r->loop, r->limit_ms, on_limit, r, &r->limit, e);
}

enum acsr_result run_start(struct run **out, struct loop *l, const struct run_order *o, run_done_fn *done,
	void *arg, struct acsr_err *e)
{
	struct run *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return err_nomem(e);
	*r = (struct run){ .loop = l,
		.done = done,
		.arg = arg,
		.limit_ms = o->limit_ms,
		.pidfd = -1,
		.output = -1,
		.failure = -1 };
	buf_init(&r->said, KEEP_OUTPUT);
	if (str_dup(&r->program, o->program, e) == ACSR_OK && launch(r, o, e) == ACSR_OK &&
		watch(r, e) == ACSR_OK) {
		*out = r;
		return ACSR_OK;
	}
	if (r->pid > 0) {
		kill(-r->pid, SIGKILL);
		kill(r->pid, SIGKILL);
		waitpid(r->pid, NULL, 0);
	}
	run_free(r);
	return ACSR_FAIL;
}
