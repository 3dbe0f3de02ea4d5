/* Threads, a bounded queue, and an eventfd that wakes the loop. */
#include "core/pool.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/request.h"

enum { WAITING_MAX = 200 };

struct task {
	struct task *next;
	struct request *q;
	void (*work)(void *arg);
	step_fn *then;
	void *arg;
	void (*done)(void *arg);
};

struct pool {
	struct core *core;
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct task *todo, **todo_tail, *finished;
	size_t waiting; /* of the loop's thread only */
	int wake;
};

static struct task *take(struct pool *p)
{
	struct task *t;

	pthread_mutex_lock(&p->lock);
	while (p->todo == NULL)
		pthread_cond_wait(&p->more, &p->lock);
	t = p->todo;
	p->todo = t->next;
	if (p->todo == NULL)
		p->todo_tail = &p->todo;
	pthread_mutex_unlock(&p->lock);
	return t;
}

static void give_back(struct pool *p, struct task *t)
{
	uint64_t one = 1;

	pthread_mutex_lock(&p->lock);
	t->next = p->finished;
	p->finished = t;
	pthread_mutex_unlock(&p->lock);
	while (write(p->wake, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

static void *thread_main(void *arg)
{
	struct pool *p = arg;

	for (;;) {
		struct task *t = take(p);

		t->work(t->arg);
		give_back(p, t);
	}
	return NULL;
}

static void finish_task(struct pool *p, struct task *t)
{
	p->waiting--;
	if (t->q != NULL && t->q->answered) {
		t->done(t->arg);
	} else {
		if (t->q != NULL)
			t->q->later = false;
		core_step(p->core, t->q, t->then, t->arg, t->done);
	}
	request_release(t->q);
	free(t);
}

static void on_wake(void *arg, uint32_t events)
{
	struct pool *p = arg;
	struct task *t;
	uint64_t n;

	(void)events;
	if (read(p->wake, &n, sizeof(n)) < 0)
		return;
	pthread_mutex_lock(&p->lock);
	t = p->finished;
	p->finished = NULL;
	pthread_mutex_unlock(&p->lock);
	while (t != NULL) {
		struct task *next = t->next;

		finish_task(p, t);
		t = next;
	}
}

enum acsr_result pool_new(struct pool **out, struct core *c, size_t threads, struct acsr_err *e)
{
	struct pool *p = calloc(1, sizeof(*p));
	struct loop_watch *w;

	if (p == NULL)
		return err_nomem(e);
	p->core = c;
	p->todo_tail = &p->todo;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->more, NULL);
	p->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (p->wake < 0)
		return err_errno(e, "sys.eventfd", errno, "cannot make an eventfd");
	TRY(loop_watch(c->proc->loop, p->wake, EPOLLIN, on_wake, p, &w, e));
	for (size_t i = 0; i < (threads != 0 ? threads : 1); i++) {
		pthread_t id;
		int why = pthread_create(&id, NULL, thread_main, p);

		if (why != 0)
			return err_errno(e, "sys.thread", why, "cannot start a thread");
		pthread_detach(id);
	}
	*out = p;
	return ACSR_OK;
}

enum acsr_result pool_run(struct core *c, struct request *q, void (*work)(void *arg), step_fn *then,
	void *arg, void (*done)(void *arg), struct acsr_err *e)
{
	struct pool *p = c->pool;
	struct task *t;

	if (p->waiting >= WAITING_MAX)
		return err_set(e, "busy.pool", "too many password checks at once, try again in a moment");
	t = calloc(1, sizeof(*t));
	if (t == NULL)
		return err_nomem(e);
	*t = (struct task){ .q = q, .work = work, .then = then, .arg = arg, .done = done };
	if (q != NULL)
		q->later = true;
	request_hold(q);
	p->waiting++;
	pthread_mutex_lock(&p->lock);
	*p->todo_tail = t;
	p->todo_tail = &t->next;
	pthread_cond_signal(&p->more);
	pthread_mutex_unlock(&p->lock);
	return ACSR_OK;
}
