/* The lists of attempts under way and of those that wait. */
#include "core/turn.h"

#include <string.h>

#include "core/request.h"

enum { WAITING_MAX = 64 };

static bool share(const struct throttle *a, const struct throttle *b)
{
	return strcmp(a->bucket, b->bucket) == 0 ||
	       (a->network[0] != '\0' && strcmp(a->network, b->network) == 0);
}

static bool is_held_up(const struct core *c, const struct throttle *of)
{
	for (const struct turn *t = c->turns.running; t != NULL; t = t->next)
		if (share(t->of, of))
			return true;
	return false;
}

void turn_begin(struct core *c, struct turn *t, const struct throttle *of)
{
	t->of = of;
	t->listed = true;
	t->next = c->turns.running;
	c->turns.running = t;
}

/* The first come is the first to be asked again. */
bool turn_wait(struct core *c, struct turn *t, const struct throttle *of, struct request *q, step_fn *run,
	void (*done)(void *arg), void *arg)
{
	struct turn **p = &c->turns.waiting;
	size_t n = 0;

	for (; *p != NULL; p = &(*p)->next)
		n++;
	if (n >= WAITING_MAX || !is_held_up(c, of))
		return false;
	*t = (struct turn){ .listed = true, .of = of, .q = q, .run = run, .done = done, .arg = arg };
	*p = t;
	q->later = true;
	request_hold(q);
	return true;
}

static bool take_out(struct turn **p, const struct turn *t)
{
	for (; *p != NULL; p = &(*p)->next) {
		if (*p != t)
			continue;
		*p = t->next;
		return true;
	}
	return false;
}

static void ask_again(struct core *c, struct turn *t)
{
	struct request *q = t->q;

	t->listed = false;
	core_step(c, q, t->run, t->arg, t->done);
	request_release(q);
}

void turn_end(struct core *c, struct turn *t)
{
	struct turn **p = &c->turns.waiting;

	if (!take_out(&c->turns.running, t))
		return;
	t->listed = false;
	while (*p != NULL) {
		struct turn *w = *p;

		if (!share(w->of, t->of)) {
			p = &w->next;
			continue;
		}
		*p = w->next;
		ask_again(c, w);
	}
}
