/* epoll, a list of timers in the order of their time, and nothing else. */
#include "ipc/loop.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clear.h"
#include "base/clock.h"

enum { EVENTS_A_TURN = 64 };

struct loop_watch {
	struct loop *loop;
	int fd;
	uint32_t events; /* as epoll has them */
	loop_fd_fn *fn;
	void *arg;
	bool dead; /* freed at the end of the turn, because epoll may still have an event for it */
	struct loop_watch *next_dead;
};

struct loop_timer {
	struct loop *loop;
	int64_t at;
	loop_fn *fn;
	void *arg;
	struct loop_timer *next, **prev;
};

struct loop {
	int epoll;
	bool stop;
	struct loop_timer *timers; /* soonest first */
	struct loop_watch *dead;
	loop_fn *turn_fn;
	void *turn_arg;
};

enum acsr_result loop_new(struct loop **out, struct acsr_err *e)
{
	struct loop *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return err_nomem(e);
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll < 0) {
		free(l);
		return err_errno(e, "sys.epoll", errno, "cannot make an event loop");
	}
	*out = l;
	return ACSR_OK;
}

static void bury(struct loop *l)
{
	while (l->dead != NULL) {
		struct loop_watch *w = l->dead;

		l->dead = w->next_dead;
		free(w);
	}
}

void loop_free(struct loop *l)
{
	if (l == NULL)
		return;
	while (l->timers != NULL)
		loop_cancel(l->timers);
	bury(l);
	close(l->epoll);
	free(l);
}

void loop_stop(struct loop *l)
{
	l->stop = true;
}

enum acsr_result loop_watch(struct loop *l, int fd, uint32_t events, loop_fd_fn *fn, void *arg,
	struct loop_watch **out, struct acsr_err *e)
{
	struct loop_watch *w = calloc(1, sizeof(*w));
	struct epoll_event ev = { .events = events, .data.ptr = w };

	if (w == NULL)
		return err_nomem(e);
	*w = (struct loop_watch){ .loop = l, .fd = fd, .events = events, .fn = fn, .arg = arg };
	if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &ev) != 0) {
		free(w);
		return err_errno(e, "sys.epoll", errno, "cannot watch descriptor %d", fd);
	}
	*out = w;
	return ACSR_OK;
}

void loop_watch_set(struct loop_watch *w, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = w };

	if (!w->dead && events != w->events && epoll_ctl(w->loop->epoll, EPOLL_CTL_MOD, w->fd, &ev) == 0)
		w->events = events;
}

void loop_unwatch(struct loop_watch *w)
{
	if (w == NULL || w->dead)
		return;
	epoll_ctl(w->loop->epoll, EPOLL_CTL_DEL, w->fd, NULL);
	w->dead = true;
	w->next_dead = w->loop->dead;
	w->loop->dead = w;
}

enum acsr_result loop_after(
	struct loop *l, int64_t ms, loop_fn *fn, void *arg, struct loop_timer **out, struct acsr_err *e)
{
	struct loop_timer *t = calloc(1, sizeof(*t));
	struct loop_timer **at = &l->timers;

	if (t == NULL)
		return err_nomem(e);
	*t = (struct loop_timer){
		.loop = l, .at = clock_mono_ms() + (ms > 0 ? ms : 0), .fn = fn, .arg = arg
	};
	while (*at != NULL && (*at)->at <= t->at)
		at = &(*at)->next;
	t->next = *at;
	t->prev = at;
	if (t->next != NULL)
		t->next->prev = &t->next;
	*at = t;
	*out = t;
	return ACSR_OK;
}

void loop_cancel(struct loop_timer *t)
{
	if (t == NULL)
		return;
	*t->prev = t->next;
	if (t->next != NULL)
		t->next->prev = t->prev;
	free(t);
}

void loop_every_turn(struct loop *l, loop_fn *fn, void *arg)
{
	l->turn_fn = fn;
	l->turn_arg = arg;
}

static int until_next_timer(const struct loop *l)
{
	int64_t left;

	if (l->timers == NULL)
		return -1;
	left = l->timers->at - clock_mono_ms();
	return left <= 0 ? 0 : left > 3600000 ? 3600000 : (int)left;
}

static void fire_timers(struct loop *l)
{
	int64_t now = clock_mono_ms();

	while (!l->stop && l->timers != NULL && l->timers->at <= now) {
		loop_fn *fn = l->timers->fn;
		void *arg = l->timers->arg;

		loop_cancel(l->timers);
		fn(arg);
	}
}

static enum acsr_result turn(struct loop *l, struct acsr_err *e)
{
	struct epoll_event ev[EVENTS_A_TURN];
	int n;

	/* What this turn copied may have been a code on its way; it might wait there for a long time. */
	clear_registers();
	n = epoll_wait(l->epoll, ev, EVENTS_A_TURN, until_next_timer(l));
	if (n < 0 && errno != EINTR)
		return err_errno(e, "sys.epoll", errno, "cannot wait for events");
	for (int i = 0; i < n && !l->stop; i++) {
		struct loop_watch *w = ev[i].data.ptr;

		if (!w->dead)
			w->fn(w->arg, ev[i].events);
	}
	fire_timers(l);
	if (l->turn_fn != NULL)
		l->turn_fn(l->turn_arg);
	bury(l);
	return ACSR_OK;
}

enum acsr_result loop_run(struct loop *l, struct acsr_err *e)
{
	l->stop = false;
	while (!l->stop)
		TRY(turn(l, e));
	return ACSR_OK;
}
