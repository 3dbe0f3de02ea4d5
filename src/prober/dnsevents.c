/* The two tables of functions that libunbound asks for, over epoll and our timers. */
#include "prober/dnsevents.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/time.h>
#include <unbound-event.h>

struct dns_events {
	struct ub_event_base base; /* first: libunbound knows us by it */
	struct loop *loop;
};

typedef void event_fn(int fd, short bits, void *arg);

struct event {
	struct ub_event head; /* first */
	struct dns_events *owner;
	int fd; /* -1: a timer alone */
	short bits;
	event_fn *fn;
	void *arg;
	struct loop_watch *watch;
	struct loop_timer *timer;
};

static struct event *event_of(struct ub_event *ev)
{
	return (struct event *)ev;
}

static void deactivate(struct event *v)
{
	loop_unwatch(v->watch);
	loop_cancel(v->timer);
	v->watch = NULL;
	v->timer = NULL;
}

/* Whoever is called may free the event: it is not touched after that. */
static void on_ready(void *arg, uint32_t events)
{
	struct event *v = arg;
	short bits = 0;

	if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0)
		bits |= UB_EV_READ;
	if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0)
		bits |= UB_EV_WRITE;
	if ((v->bits & UB_EV_PERSIST) == 0)
		deactivate(v);
	v->fn(v->fd, (short)(bits & v->bits), v->arg);
}

static void on_late(void *arg)
{
	struct event *v = arg;

	v->timer = NULL;
	if ((v->bits & UB_EV_PERSIST) == 0)
		deactivate(v);
	v->fn(v->fd, UB_EV_TIMEOUT, v->arg);
}

static int64_t ms_of(const struct timeval *tv)
{
	return (int64_t)tv->tv_sec * 1000 + (tv->tv_usec + 999) / 1000;
}

/* --- an event --- */

static void event_add_bits(struct ub_event *ev, short bits)
{
	event_of(ev)->bits |= bits;
}

static void event_del_bits(struct ub_event *ev, short bits)
{
	event_of(ev)->bits &= (short)~bits;
}

static void event_set_fd(struct ub_event *ev, int fd)
{
	event_of(ev)->fd = fd;
}

static void event_free(struct ub_event *ev)
{
	deactivate(event_of(ev));
	free(ev);
}

static int event_add(struct ub_event *ev, struct timeval *tv)
{
	struct event *v = event_of(ev);
	uint32_t events = ((v->bits & UB_EV_READ) != 0 ? (uint32_t)EPOLLIN : 0) |
			  ((v->bits & UB_EV_WRITE) != 0 ? (uint32_t)EPOLLOUT : 0);

	deactivate(v);
	if ((v->fd >= 0 && events != 0 &&
		    loop_watch(v->owner->loop, v->fd, events, on_ready, v, &v->watch, NULL) != ACSR_OK) ||
		(tv != NULL && (v->bits & UB_EV_TIMEOUT) != 0 &&
			loop_after(v->owner->loop, ms_of(tv), on_late, v, &v->timer, NULL) != ACSR_OK)) {
		deactivate(v);
		return -1;
	}
	return 0;
}

static int event_del(struct ub_event *ev)
{
	deactivate(event_of(ev));
	return 0;
}

static int event_add_timer(
	struct ub_event *ev, struct ub_event_base *base, event_fn *fn, void *arg, struct timeval *tv)
{
	struct event *v = event_of(ev);

	(void)base;
	v->fn = fn;
	v->arg = arg;
	v->bits |= UB_EV_TIMEOUT;
	return event_add(ev, tv);
}

static int no_signal(struct ub_event *ev, struct timeval *tv)
{
	(void)ev, (void)tv;
	return -1;
}

static void no_wouldblock(struct ub_event *ev, int bit)
{
	(void)ev, (void)bit;
}

static struct ub_event_vmt event_functions = { .add_bits = event_add_bits,
	.del_bits = event_del_bits,
	.set_fd = event_set_fd,
	.free = event_free,
	.add = event_add,
	.del = event_del,
	.add_timer = event_add_timer,
	.del_timer = event_del,
	.add_signal = no_signal,
	.del_signal = event_del,
	.winsock_unregister_wsaevent = event_free,
	.winsock_tcp_wouldblock = no_wouldblock };

/* --- the base --- */

static struct ub_event *new_event(struct ub_event_base *base, int fd, short bits, event_fn *fn, void *arg)
{
	struct event *v = calloc(1, sizeof(*v));

	if (v == NULL)
		return NULL;
	*v = (struct event){ .head = { .magic = UB_EVENT_MAGIC, .vmt = &event_functions },
		.owner = (struct dns_events *)base,
		.fd = fd,
		.bits = bits,
		.fn = fn,
		.arg = arg };
	return &v->head;
}

static struct ub_event *new_none(struct ub_event_base *base, int fd, event_fn *fn, void *arg)
{
	(void)base, (void)fd, (void)fn, (void)arg;
	return NULL;
}

static struct ub_event *new_winsock(struct ub_event_base *base, void *what, event_fn *fn, void *arg)
{
	(void)what;
	return new_none(base, -1, fn, arg);
}

static void base_free(struct ub_event_base *base)
{
	(void)base;
}

/* Ours is run elsewhere. */
static int base_dispatch(struct ub_event_base *base)
{
	(void)base;
	return -1;
}

static int base_exit(struct ub_event_base *base, struct timeval *tv)
{
	(void)base, (void)tv;
	return -1;
}

static struct ub_event_base_vmt base_functions = { .free = base_free,
	.dispatch = base_dispatch,
	.loopexit = base_exit,
	.new_event = new_event,
	.new_signal = new_none,
	.winsock_register_wsaevent = new_winsock };

enum acsr_result dns_events_new(struct dns_events **out, struct acsr_err *e)
{
	struct dns_events *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return err_nomem(e);
	d->base = (struct ub_event_base){ .magic = UB_EVENT_MAGIC, .vmt = &base_functions };
	*out = d;
	return ACSR_OK;
}

void dns_events_free(struct dns_events *d)
{
	free(d);
}

struct ub_event_base *dns_events_base(struct dns_events *d)
{
	return &d->base;
}

void dns_events_start(struct dns_events *d, struct loop *l)
{
	d->loop = l;
}
