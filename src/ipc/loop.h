/* The event loop of every process: descriptors by epoll, one-shot timers, one hook per turn. Single-threaded.
 */
#ifndef IPC_LOOP_H
#define IPC_LOOP_H

#include <stdint.h>

#include "base/err.h"

struct loop;
struct loop_watch;
struct loop_timer;

typedef void loop_fd_fn(void *arg, uint32_t events); /* EPOLLIN, EPOLLOUT, … */
typedef void loop_fn(void *arg);

ACSR_MUST_USE enum acsr_result loop_new(struct loop **out, struct acsr_err *e);
void loop_free(struct loop *l);

/* Runs until loop_stop. */
ACSR_MUST_USE enum acsr_result loop_run(struct loop *l, struct acsr_err *e);
void loop_stop(struct loop *l);

/* Watch fd (which stays the caller's) until loop_unwatch; a callback may unwatch any watch, its own too. */
ACSR_MUST_USE enum acsr_result loop_watch(struct loop *l, int fd, uint32_t events, loop_fd_fn *fn, void *arg,
	struct loop_watch **out, struct acsr_err *e);
void loop_watch_set(struct loop_watch *w, uint32_t events);
void loop_unwatch(struct loop_watch *w); /* NULL is fine */

/* Call fn once after ms milliseconds. The timer is gone when fn is called. */
ACSR_MUST_USE enum acsr_result loop_after(
	struct loop *l, int64_t ms, loop_fn *fn, void *arg, struct loop_timer **out, struct acsr_err *e);
void loop_cancel(struct loop_timer *t); /* NULL is fine; not after it fired */

/* fn runs at the end of every turn, after all events that were ready: the place for a group commit. */
void loop_every_turn(struct loop *l, loop_fn *fn, void *arg);

#endif
