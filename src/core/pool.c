/* Threads, a bounded queue, and an eventfd that wakes the loop. */
#include "core/pool.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/request.h"

/* Of strangers, half: what they ask for must not keep those out who are known. */
enum { WAITING_MAX = 200, STRANGERS_MAX = 100 };

struct queue {
	struct task *first, **tail;
};

struct task {
	struct task *next;
	struct request *q;
	void (*work)(void *arg);
	step_fn *then;
	void *arg;
	void (*done)(void *arg);
	bool stranger;
};

struct pool {
	struct core *core;
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct queue known, strangers; /* the former goes first */
	struct task *finished;
	size_t waiting, waiting_strangers; /* of the loop's thread only */
	int wake;
};

static struct task *take(struct pool *p)
{
	struct queue *from;
	struct task *t;

	pthread_mutex_lock(&p->lock);
	while (p->known.first == NULL && p->strangers.first == NULL)
		pthread_cond_wait(&p->more, &p->lock);
	from = p->known.first != NULL ? &p->known : &p->strangers;
	t = from->first;
	from->first = t->next;
	if (from->first == NULL)
		from->tail = &from->first;
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
	p->waiting_strangers -= t->stranger;
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
	p->known.tail = &p->known.first;
	p->strangers.tail = &p->strangers.first;
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

static enum acsr_result enqueue(struct pool *p, const struct task *like, struct acsr_err *e)
{
	struct queue *to = like->stranger ? &p->strangers : &p->known;
	struct task *t;

	if (p->waiting >= WAITING_MAX || (like->stranger && p->waiting_strangers >= STRANGERS_MAX))
		return err_set(e, "busy.pool", "too much is being worked on at once, try again in a moment");
	t = calloc(1, sizeof(*t));
	if (t == NULL)
		return err_nomem(e);
	*t = *like;
	if (t->q != NULL)
		t->q->later = true;
	request_hold(t->q);
	p->waiting++;
	p->waiting_strangers += t->stranger;
	pthread_mutex_lock(&p->lock);
	*to->tail = t;
	to->tail = &t->next;
	pthread_cond_signal(&p->more);
	pthread_mutex_unlock(&p->lock);
	return ACSR_OK;
}

enum acsr_result pool_run(struct core *c, struct request *q, void (*work)(void *arg), step_fn *then,
	void *arg, void (*done)(void *arg), struct acsr_err *e)
{
	const struct task like = { .q = q, .work = work, .then = then, .arg = arg, .done = done };

	return enqueue(c->pool, &like, e);
}

enum acsr_result pool_run_last(struct core *c, struct request *q, void (*work)(void *arg), step_fn *then,
	void *arg, void (*done)(void *arg), struct acsr_err *e)
{
	const struct task like = {
		.q = q, .work = work, .then = then, .arg = arg, .done = done, .stranger = true
	};

	return enqueue(c->pool, &like, e);
}

enum acsr_result pool_run_reader(struct core *c, struct request *q, void (*work)(void *arg), step_fn *then,
	void *arg, void (*done)(void *arg), struct acsr_err *e)
{
	const struct task like = { .q = q, .work = work, .then = then, .arg = arg, .done = done };

	return enqueue(c->readers, &like, e);
}
