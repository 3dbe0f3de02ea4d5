/* Start, connect, restart, stop. */
#include "roles.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "config.h"
#include "ended.h"
#include "program.h"
#include "statedir.h"

enum {
	FD_CONTROL = 3,
	FIRST_ROLE = ROLE_FRONT,
	STEADY_MS = 10000, /* a role that lived this long starts again at once */
	PAUSE_FIRST_MS = 250,
	PAUSE_MAX_MS = 5000,
	STOP_GRACE_MS = 8000 /* then SIGKILL */
};

struct child {
	struct roles *all;
	enum role role;
	pid_t pid; /* 0: not running */
	struct chan *control;
	bool ready, reloaded; /* reloaded: new settings were sent, for which it may end and begin anew */
	int64_t started_ms, pause_ms;
	uint64_t restarts;
	struct loop_timer *again;
};

struct roles {
	struct roles_setup s;
	struct child child[ROLE_COUNT];
	bool stopping, sweeping; /* sweeping: the hook has ended and may have left children behind */
	struct loop_timer *grace;
};

/* Who talks to whom. */
static const enum role links[][2] = { { ROLE_CORE, ROLE_FRONT }, { ROLE_CORE, ROLE_KEYMAKER },
	{ ROLE_CORE, ROLE_SIGNER }, { ROLE_CORE, ROLE_PROBER }, { ROLE_CORE, ROLE_COURIER },
	{ ROLE_CORE, ROLE_HOOK }, { ROLE_KEYMAKER, ROLE_FRONT }, { ROLE_KEYMAKER, ROLE_COURIER } };

static bool linked(enum role a, enum role b)
{
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		if ((links[i][0] == a && links[i][1] == b) || (links[i][0] == b && links[i][1] == a))
			return true;
	return false;
}

/* The hook's process is there only when there is a hook. */
static bool wanted(const struct roles *r, enum role role)
{
	return role != ROLE_HOOK || *conf_str(r->s.conf, "publish.hook") != '\0';
}

/* --- running the program --- */

/* In the child: put the passed descriptors at their places and run the program. Never returns. */
static void become(enum role role, const char *program, int control, const int listeners[2])
{
	int keep[3] = { control, listeners[0], listeners[1] };
	char *const argv[] = { (char *)(uintptr_t)program, NULL };

	setsid(); /* a Ctrl-C on the terminal is autocsrd's to handle, and nothing is typed from here */
	for (int i = 0; i < 3; i++) {
		/* First out of the way of 3..5, then into place. */
		if (keep[i] >= 0)
			keep[i] = fcntl(keep[i], F_DUPFD_CLOEXEC, 16);
	}
	for (int i = 0; i < 3; i++) {
		close(FD_CONTROL + i);
		if (keep[i] >= 0 && dup2(keep[i], FD_CONTROL + i) < 0)
			_exit(127);
	}
	signal(SIGPIPE, SIG_IGN);
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* The linker binds a library that does not ask for it at its first call, and saves the vector registers on
	 * the stack meanwhile, with what is in them of a key. */
	if (role == ROLE_KEYMAKER && setenv("LD_BIND_NOW", "1", 1) != 0)
		_exit(127);
	execv(program, argv);
	_exit(127);
}

/* --- messages --- */

static void tell_core(struct roles *r)
{
	struct msg_roles m = { 0 };
	struct acsr_err e;

	if (r->child[ROLE_CORE].control == NULL)
		return;
	for (int i = FIRST_ROLE; i < ROLE_COUNT; i++) {
		CLEANUP_STR char *line = NULL;
		const struct child *c = &r->child[i];

		if (!wanted(r, (enum role)i))
			continue;
		if (str_printf(&line, &e, "%s %d %llu %s", role_name((enum role)i), (int)c->pid,
			    (unsigned long long)c->restarts, c->ready ? "ready" : "starting") != ACSR_OK ||
			strv_add(&m.roles, line, &e) != ACSR_OK)
			break;
	}
	if (chan_send(r->child[ROLE_CORE].control, MSG_roles, 0, &m, -1, &e) != ACSR_OK)
		log_error(LOG_WARN, "roles.not-told", &e);
	strv_free(&m.roles);
}

/* So that core can note in the audit log which settings are new. */
static void tell_settings(struct roles *r)
{
	struct msg_settings m = { 0 };
	struct acsr_err e;

	if (r->child[ROLE_CORE].control == NULL)
		return;
	if (config_marks(r->s.conf, &m.marks, &e) != ACSR_OK ||
		chan_send(r->child[ROLE_CORE].control, MSG_settings, 0, &m, -1, &e) != ACSR_OK)
		log_error(LOG_WARN, "settings.not-told", &e);
	strv_free(&m.marks);
}

static void check_all_ready(struct roles *r)
{
	for (int i = FIRST_ROLE; i < ROLE_COUNT; i++)
		if (!r->child[i].ready && wanted(r, (enum role)i))
			return;
	r->s.all_ready(r->s.arg);
}

static void on_message(void *arg, struct chan *c, struct msg *m)
{
	struct child *child = arg;
	const struct msg_fault *fault = m->body;

	(void)c;
	if (m->type == MSG_ready && !child->ready) {
		child->ready = true;
		if (child->role == ROLE_CORE)
			tell_settings(child->all);
		tell_core(child->all);
		check_all_ready(child->all);
	}
	/* Nobody has another killed with whom it has no business. */
	if (m->type == MSG_fault && fault->role >= FIRST_ROLE && fault->role < ROLE_COUNT &&
		linked(child->role, (enum role)fault->role)) {
		struct child *bad = &child->all->child[fault->role];

		log_event(LOG_ERROR, "role.fault", "fault-of", role_name(bad->role), "told-by",
			role_name(child->role), "reason", fault->reason, NULL);
		if (bad->pid > 0)
			kill(bad->pid, SIGKILL);
	}
}

/* The end of the channel; the end of the process follows as SIGCHLD, or is brought about. */
static void on_closed(void *arg, struct chan *c, const struct acsr_err *why)
{
	struct child *child = arg;

	(void)c;
	child->control = NULL;
	if (why != NULL) {
		log_error(LOG_ERROR, "role.protocol", why);
		if (child->pid > 0)
			kill(child->pid, SIGKILL);
	}
}

static const struct chan_ops ops = { on_message, on_closed };

static enum acsr_result send_config(struct child *c, struct acsr_err *e)
{
	const struct roles_setup *s = &c->all->s;
	char dir[4096];
	struct msg_config m = { .uid = statedir_uid(c->role),
		.gid = statedir_gid(c->role),
		.first_start = s->first_start,
		.state_dir = dir };
	enum acsr_result r;

	TRY(statedir_of(s->state, c->role, dir, e));
	TRY(config_for_role(s->conf, c->role, &m.keys, e));
	r = chan_send(c->control, MSG_config, 0, &m, -1, e);
	strv_free(&m.keys);
	return r;
}

/* --- connecting --- */

static void give_peer(struct child *to, enum role peer, int fd)
{
	struct msg_peer m = { .role = peer };
	struct acsr_err e;

	if (chan_send(to->control, MSG_peer, 0, &m, fd, &e) != ACSR_OK)
		log_error(LOG_WARN, "peer.not-given", &e);
}

static void link_pair(struct child *a, struct child *b)
{
	int pair[2];

	if (a->control == NULL || b->control == NULL)
		return;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0) {
		log_event(LOG_ERROR, "peer.socketpair", "text", strerror(errno), NULL);
		return;
	}
	give_peer(a, b->role, pair[0]);
	give_peer(b, a->role, pair[1]);
}

static void connect_child(struct child *c)
{
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		if (links[i][0] == c->role)
			link_pair(c, &c->all->child[links[i][1]]);
		else if (links[i][1] == c->role)
			link_pair(&c->all->child[links[i][0]], c);
	}
}

/* --- starting --- */

static enum acsr_result spawn(struct child *c, int control, struct acsr_err *e)
{
	static const int nothing[2] = { -1, -1 };
	char program[4096];

	TRY(program_find(c->role, program, e));
	c->pid = fork();
	if (c->pid < 0) {
		c->pid = 0;
		return err_errno(e, "sys.fork", errno, "cannot fork");
	}
	if (c->pid == 0)
		become(c->role, program, control, c->role == ROLE_FRONT ? c->all->s.listeners : nothing);
	return ACSR_OK;
}

static enum acsr_result start_child(struct child *c, struct acsr_err *e)
{
	enum acsr_result r;
	int pair[2];

	c->ready = c->reloaded = false;
	c->started_ms = clock_mono_ms();
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0)
		return err_errno(e, "sys.socketpair", errno, "cannot make a control channel");
	r = spawn(c, pair[1], e);
	close(pair[1]);
	if (r != ACSR_OK) {
		close(pair[0]);
		return r;
	}
	TRY(chan_new(&c->control, c->all->s.loop, pair[0], ROLE_AUTOCSRD, c->role, &ops, c, e));
	TRY(send_config(c, e));
	connect_child(c);
	return ACSR_OK;
}

enum acsr_result roles_start(struct roles **out, const struct roles_setup *s, struct acsr_err *e)
{
	struct roles *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return err_nomem(e);
	r->s = *s;
	*out = r;
	ended_prepare();
	for (int i = FIRST_ROLE; i < ROLE_COUNT; i++)
		r->child[i] = (struct child){ .all = r, .role = (enum role)i, .pause_ms = PAUSE_FIRST_MS };
	for (int i = FIRST_ROLE; i < ROLE_COUNT; i++)
		if (wanted(r, (enum role)i))
			TRY(start_child(&r->child[i], e));
	tell_core(r);
	return ACSR_OK;
}

/* --- dying and starting again --- */

static void plan_restart(struct child *c, bool asked);

static void start_again(void *arg)
{
	struct child *c = arg;
	struct acsr_err e;

	c->again = NULL;
	if (!wanted(c->all, c->role))
		return;
	if (start_child(c, &e) != ACSR_OK) {
		log_error(LOG_ERROR, "role.not-started", &e);
		if (c->pid > 0)
			kill(c->pid, SIGKILL); /* it never got its settings; its end plans the next start */
		else
			plan_restart(c, false);
	}
	tell_core(c->all);
}

/* asked: it ended for its new settings; anything else is counted, and pauses grow. */
static void plan_restart(struct child *c, bool asked)
{
	struct acsr_err e;
	int64_t pause = 0;

	c->restarts += !asked;
	if (!asked && clock_mono_ms() - c->started_ms < STEADY_MS) {
		pause = c->pause_ms;
		c->pause_ms = c->pause_ms * 2 > PAUSE_MAX_MS ? PAUSE_MAX_MS : c->pause_ms * 2;
	} else if (!asked) {
		c->pause_ms = PAUSE_FIRST_MS;
	}
	if (loop_after(c->all->s.loop, pause, start_again, c, &c->again, &e) != ACSR_OK)
		log_error(LOG_ERROR, "role.not-planned", &e);
}

static bool anyone_left(const struct roles *r)
{
	for (int i = FIRST_ROLE; i < ROLE_COUNT; i++)
		if (r->child[i].pid > 0)
			return true;
	return false;
}

static void stop_next(struct roles *r);

static void child_ended(struct child *c, int status)
{
	bool asked = c->reloaded && WIFEXITED(status) && WEXITSTATUS(status) == 0;

	ended_log(c->role, status, c->all->stopping || asked);
	if (c->role == ROLE_HOOK) /* nobody else has grandchildren */
		c->all->sweeping = true;
	c->pid = 0;
	c->ready = false;
	chan_free(c->control);
	c->control = NULL;
	if (c->all->stopping)
		stop_next(c->all);
	else if (wanted(c->all, c->role))
		plan_restart(c, asked);
	else
		tell_core(c->all);
}

static bool is_role(const void *arg, pid_t pid)
{
	const struct roles *r = arg;

	for (int i = FIRST_ROLE; i < ROLE_COUNT; i++)
		if (r->child[i].pid == pid)
			return true;
	return false;
}

void roles_reap(struct roles *r)
{
	pid_t pid;
	int status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (int i = FIRST_ROLE; i < ROLE_COUNT; i++)
			if (r->child[i].pid == pid)
				child_ended(&r->child[i], status);
	r->sweeping = r->sweeping && ended_sweep(is_role, r);
	if (r->stopping && !anyone_left(r))
		r->s.all_gone(r->s.arg);
}

/* A hook came into the settings or went out of them. */
static void follow_wanted(struct roles *r)
{
	for (int i = FIRST_ROLE; i < ROLE_COUNT; i++) {
		struct child *c = &r->child[i];
		struct msg_stop m = { 0 };
		struct acsr_err e;

		if (wanted(r, c->role) && c->pid == 0 && c->again == NULL)
			start_again(c);
		else if (!wanted(r, c->role) && c->control != NULL &&
			 chan_send(c->control, MSG_stop, 0, &m, -1, &e) != ACSR_OK)
			kill(c->pid, SIGKILL);
	}
}

void roles_reload(struct roles *r)
{
	for (int i = FIRST_ROLE; i < ROLE_COUNT; i++) {
		struct msg_reload m = { 0 };
		struct acsr_err e;

		if (r->child[i].control == NULL)
			continue;
		if (config_for_role(r->s.conf, (enum role)i, &m.keys, &e) != ACSR_OK ||
			chan_send(r->child[i].control, MSG_reload, 0, &m, -1, &e) != ACSR_OK)
			log_error(LOG_ERROR, "reload.not-sent", &e);
		r->child[i].reloaded = true;
		strv_free(&m.keys);
	}
	follow_wanted(r);
	tell_settings(r);
}

/* --- stopping --- */

/* No new work first; then those who do core's work; the keeper of the data; the signer. */
static const enum role stop_order[] = { ROLE_FRONT, ROLE_COURIER, ROLE_HOOK, ROLE_PROBER, ROLE_KEYMAKER,
	ROLE_CORE, ROLE_SIGNER };

static void stop_next(struct roles *r)
{
	for (size_t i = 0; i < sizeof(stop_order) / sizeof(stop_order[0]); i++) {
		struct child *c = &r->child[stop_order[i]];
		struct msg_stop m = { 0 };
		struct acsr_err e;

		if (c->pid <= 0)
			continue;
		if (c->control == NULL || chan_send(c->control, MSG_stop, 0, &m, -1, &e) != ACSR_OK)
			kill(c->pid, SIGKILL);
		return;
	}
}

static void kill_rest(void *arg)
{
	struct roles *r = arg;

	r->grace = NULL;
	for (int i = FIRST_ROLE; i < ROLE_COUNT; i++) {
		if (r->child[i].pid > 0) {
			log_event(LOG_WARN, "role.killed", "killed", role_name((enum role)i), NULL);
			kill(r->child[i].pid, SIGKILL);
		}
	}
}

void roles_stop(struct roles *r)
{
	struct acsr_err e;

	if (r->stopping)
		return;
	r->stopping = true;
	for (int i = FIRST_ROLE; i < ROLE_COUNT; i++) {
		loop_cancel(r->child[i].again);
		r->child[i].again = NULL;
	}
	if (loop_after(r->s.loop, STOP_GRACE_MS, kill_rest, r, &r->grace, &e) != ACSR_OK)
		kill_rest(r);
	stop_next(r);
	if (!anyone_left(r))
		r->s.all_gone(r->s.arg);
}

void roles_free(struct roles *r)
{
	if (r == NULL)
		return;
	for (int i = FIRST_ROLE; i < ROLE_COUNT; i++)
		chan_free(r->child[i].control);
	free(r);
}
