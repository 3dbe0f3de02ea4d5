/* Forking, feeding and burying workers. The parent never reads what a worker writes. */
#include "pool.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/log.h"
#include "worker.h"

#define WARM_TYPE "rsa:2048"

enum { PIPE_BYTES = 64 * 1024, WORKER_MS = WORKER_SECONDS * 1000 };

enum worker_state { STATE_WARM, STATE_BUSY, STATE_ENDING };

struct worker {
	struct worker *next;
	struct pool *pool;
	pid_t pid;
	int pidfd;
	enum worker_state state;
	int order;           /* write end; -1 when closed */
	int result, archive; /* read ends; -1 when given away */
	char ticket[65];     /* of the order that it works for, "" until it has one */
	struct loop_watch *watch;
	struct loop_timer *timer; /* warm: the end of idleness; busy: of patience */
};

struct waiting {
	struct waiting *next;
	uint64_t id;
	struct msg_key_make order;
};

struct pool {
	struct proc *proc;
	struct pool_limits limits;
	size_t want_warm; /* falls as warm workers end unneeded */
	struct worker *workers;
	struct waiting *first, **last;
	size_t n_waiting;
};

static void on_end(void *arg, uint32_t events);
static void on_idle(void *arg);
static void on_overdue(void *arg);

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static size_t count(const struct pool *pool, enum worker_state state)
{
	size_t n = 0;

	for (const struct worker *w = pool->workers; w != NULL; w = w->next)
		n += w->state == state;
	return n;
}

static size_t count_all(const struct pool *pool)
{
	return count(pool, STATE_WARM) + count(pool, STATE_BUSY) + count(pool, STATE_ENDING);
}

/* --- one worker --- */

/* A pipe of the kernel's least size would block its writer for ever, because nobody reads until it is done.
 */
static enum acsr_result open_pipe(int ends[2], struct acsr_err *e)
{
	if (pipe2(ends, O_CLOEXEC) != 0)
		return err_errno(e, "busy.keymaker", errno, "cannot make a pipe");
	if (fcntl(ends[1], F_GETPIPE_SZ) >= PIPE_BYTES || fcntl(ends[1], F_SETPIPE_SZ, PIPE_BYTES) > 0)
		return ACSR_OK;
	close(ends[0]);
	close(ends[1]);
	return err_set(e, "busy.keymaker", "the kernel grants no more pipe memory");
}

struct pipes {
	int order[2], result[2], archive[2];
};

static void close_pipes(struct pipes *p)
{
	int *all = (int *)p;

	for (size_t i = 0; i < sizeof(*p) / sizeof(int); i++)
		close_fd(&all[i]);
}

static enum acsr_result open_pipes(struct pipes *p, struct acsr_err *e)
{
	*p = (struct pipes){ { -1, -1 }, { -1, -1 }, { -1, -1 } };
	if (open_pipe(p->order, e) == ACSR_OK && open_pipe(p->result, e) == ACSR_OK &&
		open_pipe(p->archive, e) == ACSR_OK)
		return ACSR_OK;
	close_pipes(p);
	return ACSR_FAIL;
}

static enum acsr_result fork_worker(
	struct worker *w, struct pipes *p, const char *ready_type, struct acsr_err *e)
{
	const struct worker_pipes theirs = { p->order[0], p->result[1], p->archive[1] };
	const struct worker_setup setup = { ready_type, w->pool->limits.lock_memory, w->pool->proc->sandbox };

	w->pid = fork();
	if (w->pid < 0)
		return err_errno(e, "busy.keymaker", errno, "cannot start a worker");
	if (w->pid == 0)
		worker_run(&theirs, &setup);
	close_fd(&p->order[0]);
	close_fd(&p->result[1]);
	close_fd(&p->archive[1]);
	w->order = p->order[1];
	w->result = p->result[0];
	w->archive = p->archive[0];
	return ACSR_OK;
}

static void release(struct worker *w)
{
	for (struct worker **at = &w->pool->workers; *at != NULL; at = &(*at)->next) {
		if (*at == w) {
			*at = w->next;
			break;
		}
	}
	loop_unwatch(w->watch);
	loop_cancel(w->timer);
	close_fd(&w->pidfd);
	close_fd(&w->order);
	close_fd(&w->result);
	close_fd(&w->archive);
	free(w);
}

/* Kill at once and bury; for a worker that nobody counts on. */
static void destroy(struct worker *w)
{
	if (w->pid > 0) {
		kill(w->pid, SIGKILL);
		while (waitpid(w->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	release(w);
}

static enum acsr_result watch_end(struct worker *w, struct acsr_err *e)
{
	w->pidfd = (int)syscall(SYS_pidfd_open, w->pid, 0);
	if (w->pidfd < 0)
		return err_errno(e, "busy.keymaker", errno, "cannot watch a worker");
	return loop_watch(w->pool->proc->loop, w->pidfd, EPOLLIN, on_end, w, &w->watch, e);
}

static enum acsr_result spawn(
	struct pool *pool, enum worker_state state, struct worker **out, struct acsr_err *e)
{
	struct worker *w = calloc(1, sizeof(*w));
	bool warm = state == STATE_WARM;
	struct pipes p;

	if (w == NULL)
		return err_nomem(e);
	*w = (struct worker){ .next = pool->workers, .pool = pool, .pidfd = -1, .state = state };
	w->order = w->result = w->archive = -1;
	pool->workers = w;
	if (open_pipes(&p, e) != ACSR_OK) {
		release(w);
		return ACSR_FAIL;
	}
	if (fork_worker(w, &p, warm ? WARM_TYPE : NULL, e) != ACSR_OK) {
		close_pipes(&p);
		release(w);
		return ACSR_FAIL;
	}
	if (watch_end(w, e) != ACSR_OK ||
		loop_after(pool->proc->loop, warm ? pool->limits.warm_idle_ms : WORKER_MS,
			warm ? on_idle : on_overdue, w, &w->timer, e) != ACSR_OK) {
		destroy(w);
		return ACSR_FAIL;
	}
	*out = w;
	return ACSR_OK;
}

/* Its order pipe closes, so it ends by itself; if not, patience ends too. */
static void dismiss(struct worker *w)
{
	w->state = STATE_ENDING;
	close_fd(&w->order);
	loop_cancel(w->timer);
	w->timer = NULL;
	if (loop_after(w->pool->proc->loop, WORKER_MS, on_overdue, w, &w->timer, NULL) != ACSR_OK)
		kill(w->pid, SIGKILL);
}

/* --- an order meets a worker --- */

/* The oldest has most likely finished its key. */
static struct worker *warm_worker(const struct pool *pool)
{
	struct worker *oldest = NULL;

	for (struct worker *w = pool->workers; w != NULL; w = w->next)
		if (w->state == STATE_WARM)
			oldest = w;
	return oldest;
}

static enum acsr_result make_busy(struct worker *w, struct acsr_err *e)
{
	loop_cancel(w->timer);
	w->timer = NULL;
	w->state = STATE_BUSY;
	return loop_after(w->pool->proc->loop, WORKER_MS, on_overdue, w, &w->timer, e);
}

/* Room for one more process; a warm worker gives way when the order cannot use it. */
static bool has_room(struct pool *pool)
{
	if (count_all(pool) >= pool->limits.max && warm_worker(pool) != NULL)
		destroy(warm_worker(pool));
	return count_all(pool) < pool->limits.max;
}

/* *out is NULL when there is no room. */
static enum acsr_result get_worker(
	struct pool *pool, const char *key_type, struct worker **out, struct acsr_err *e)
{
	*out = NULL;
	if (strcmp(key_type, WARM_TYPE) == 0) {
		pool->want_warm = pool->limits.warm;
		*out = warm_worker(pool);
		if (*out != NULL)
			return make_busy(*out, e);
	}
	if (!has_room(pool))
		return ACSR_OK;
	return spawn(pool, STATE_BUSY, out, e);
}

static enum acsr_result feed(
	struct worker *w, uint64_t id, const struct msg_key_make *order, struct acsr_err *e)
{
	CLEANUP_BUF struct buf frame = { 0 };

	buf_init(&frame, PIPE_BYTES);
	TRY(msg_encode(msg_desc(MSG_key_make), id, order, &frame, e));
	if (write(w->order, frame.p, frame.len) != (ssize_t)frame.len)
		return err_set(e, "busy.keymaker", "a worker ended before its order came, try again");
	close_fd(&w->order);
	return ACSR_OK;
}

/* The deliverer first: when it is down, no key is made. Descriptors are given away even on failure. */
static enum acsr_result hand_over(
	struct worker *w, uint64_t id, const struct msg_key_make *order, struct acsr_err *e)
{
	struct msg_archive a = { .ticket = order->ticket };
	struct msg_key_started s = { 0 };
	int archive = w->archive, result = w->result;
	struct proc *p = w->pool->proc;

	snprintf(w->ticket, sizeof(w->ticket), "%s", order->ticket);
	w->archive = -1;
	TRY(role_send(p, (enum role)order->deliver, MSG_archive, id, &a, archive, e));
	w->result = -1;
	TRY(role_send(p, ROLE_CORE, MSG_key_started, id, &s, result, e));
	return feed(w, id, order, e);
}

/* False: no room, nothing was done. */
static bool start(struct pool *pool, uint64_t id, const struct msg_key_make *order)
{
	struct acsr_err e = { 0 };
	struct worker *w = NULL;
	enum acsr_result r = ACSR_OK;

	if (pool->proc->peers[order->deliver] == NULL)
		r = role_send(pool->proc, (enum role)order->deliver, MSG_archive, id, NULL, -1, &e);
	if (r == ACSR_OK)
		r = get_worker(pool, order->key_type, &w, &e);
	if (r == ACSR_OK && w == NULL)
		return false;
	if (r == ACSR_OK)
		r = hand_over(w, id, order, &e);
	if (r == ACSR_OK)
		return true;
	role_send_failed(pool->proc, id, &e);
	if (w != NULL)
		destroy(w);
	return true;
}

/* --- the line --- */

static void enqueue(struct pool *pool, uint64_t id, struct msg_key_make *order)
{
	struct waiting *q = pool->n_waiting < POOL_QUEUE ? calloc(1, sizeof(*q)) : NULL;
	struct acsr_err e = { 0 };

	if (q == NULL) {
		(void)err_set(&e, "busy.keymaker", "too many keys are being made, try again in a moment");
		role_send_failed(pool->proc, id, &e);
		return;
	}
	q->id = id;
	q->order = *order;
	memset(order, 0, sizeof(*order));
	*pool->last = q;
	pool->last = &q->next;
	pool->n_waiting++;
}

static void drop_first(struct pool *pool)
{
	struct waiting *q = pool->first;

	pool->first = q->next;
	if (pool->first == NULL)
		pool->last = &pool->first;
	pool->n_waiting--;
	msg_clear(msg_desc(MSG_key_make), &q->order);
	free(q);
}

static void refill(struct pool *pool)
{
	struct acsr_err e = { 0 };
	struct worker *w;

	while (pool->first == NULL && count(pool, STATE_WARM) < pool->want_warm &&
		count_all(pool) < pool->limits.max) {
		if (spawn(pool, STATE_WARM, &w, &e) == ACSR_OK)
			continue;
		log_error(LOG_WARN, "keymaker.no-warm-worker", &e);
		return;
	}
}

static void go_on(struct pool *pool)
{
	while (pool->first != NULL && start(pool, pool->first->id, &pool->first->order))
		drop_first(pool);
	refill(pool);
}

void pool_order(struct pool *pool, uint64_t id, struct msg_key_make *order)
{
	if (pool->first != NULL || !start(pool, id, order))
		enqueue(pool, id, order);
}

/* --- events of a worker --- */

static void name_end(int status, char *how, size_t cap)
{
	if (!WIFEXITED(status))
		snprintf(how, cap, "killed by signal %d", WTERMSIG(status));
	else if (WEXITSTATUS(status) == WORKER_DONE)
		snprintf(how, cap, "done");
	else
		snprintf(how, cap, "failed at %s", worker_exit_name(WEXITSTATUS(status)));
}

/* For the receipt: the only process that had this key is no more. */
static void tell_gone(const struct worker *w, const char *how)
{
	struct msg_key_gone m = { .ticket = (char *)(uintptr_t)w->ticket, .how = (char *)(uintptr_t)how };
	struct acsr_err e = { 0 };

	if (w->ticket[0] != '\0' && w->pool->proc->peers[ROLE_CORE] != NULL &&
		role_send(w->pool->proc, ROLE_CORE, MSG_key_gone, 0, &m, -1, &e) != ACSR_OK)
		log_error(LOG_WARN, "keymaker.gone", &e);
}

static void report(const struct worker *w, int status)
{
	char how[64];

	name_end(status, how, sizeof(how));
	tell_gone(w, how);
	if (strcmp(how, "done") == 0)
		return;
	log_event(LOG_WARN, "keymaker.worker", "state", w->state == STATE_BUSY ? "busy" : "idle", "how", how,
		NULL);
}

/* A warm worker that cannot even be set up would be started again for ever. */
static void on_end(void *arg, uint32_t events)
{
	struct worker *w = arg;
	struct pool *pool = w->pool;
	int status = 0;

	(void)events;
	while (waitpid(w->pid, &status, 0) < 0 && errno == EINTR)
		;
	report(w, status);
	if (w->state == STATE_WARM)
		pool->want_warm = 0;
	release(w);
	go_on(pool);
}

static void on_idle(void *arg)
{
	struct worker *w = arg;

	w->timer = NULL;
	if (w->pool->want_warm > 0)
		w->pool->want_warm--;
	dismiss(w);
}

static void on_overdue(void *arg)
{
	struct worker *w = arg;

	w->timer = NULL;
	kill(w->pid, SIGKILL);
}

/* --- the pool --- */

void pool_set_limits(struct pool *pool, const struct pool_limits *limits)
{
	pool->limits = *limits;
	if (pool->limits.max == 0)
		pool->limits.max = 1;
	pool->want_warm = limits->warm;
	go_on(pool);
}

enum acsr_result pool_new(
	struct pool **out, struct proc *p, const struct pool_limits *limits, struct acsr_err *e)
{
	struct pool *pool = calloc(1, sizeof(*pool));

	if (pool == NULL)
		return err_nomem(e);
	*pool = (struct pool){ .proc = p };
	pool->last = &pool->first;
	pool_set_limits(pool, limits);
	*out = pool;
	return ACSR_OK;
}

void pool_forget(struct pool *pool)
{
	struct worker *next;

	while (pool->first != NULL)
		drop_first(pool);
	for (struct worker *w = pool->workers; w != NULL; w = next) {
		next = w->next;
		if (w->state == STATE_BUSY)
			destroy(w);
	}
}

void pool_free(struct pool *pool)
{
	if (pool == NULL)
		return;
	while (pool->first != NULL)
		drop_first(pool);
	while (pool->workers != NULL)
		destroy(pool->workers);
	free(pool);
}
